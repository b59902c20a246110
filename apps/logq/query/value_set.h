// SPDX-License-Identifier: MIT
// value_set.h: a fixed set of strings that is asked often.

#ifndef LOGQ_QUERY_VALUE_SET_H
#define LOGQ_QUERY_VALUE_SET_H

#include "data/arena.h"
#include "data/bytes.h"

#include <stdint.h>

struct value_set {
    struct bytes *values; // those the set was made of, in their order
    uint32_t count;
    uint32_t *slots; // index + 1 into values, or 0; open addressing
    uint32_t mask;
    uint64_t seed;
};

// The values and what they point to must outlive the set. False when memory is out.
bool value_set_init(struct value_set *set, struct bytes *values, uint32_t count, uint64_t seed,
                    struct arena *arena);

bool value_set_has(const struct value_set *set, struct bytes value);

#endif
