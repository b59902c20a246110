// SPDX-License-Identifier: MIT
// budget.h: the memory one query may hold, counted over all its partial states.

#ifndef LOGQ_QUERY_BUDGET_H
#define LOGQ_QUERY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// May be used by several threads at once. It counts what is asked for, not what malloc adds.
struct budget {
    size_t limit;
    atomic_size_t used;
};

static inline void budget_init(struct budget *budget, size_t limit_bytes)
{
    budget->limit = limit_bytes;
    atomic_init(&budget->used, 0);
}

// False when that would go beyond the limit; nothing is taken then.
static inline bool budget_take(struct budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_add_explicit(&budget->used, bytes, memory_order_relaxed);
    if (bytes <= budget->limit && before <= budget->limit - bytes) {
        return true;
    }
    atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
    return false;
}

static inline void budget_give(struct budget *budget, size_t bytes)
{
    atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
}

#endif
