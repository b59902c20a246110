// SPDX-License-Identifier: MIT
// eventcount.c: the steps are in eventcount.h.
#include "sys/eventcount.h"

#include "sys/futex.h"

uint64_t spgi_eventcount_prepare(struct spgi_eventcount *count)
{
    uint64_t key = load_seqcst(&count->events); // first: what clears `waiting` below changes it
    store_seqcst(&count->waiting, 1u);
    return key;
}

void spgi_eventcount_wait(struct spgi_eventcount *count, uint64_t key, int64_t until_ns)
{
    spgi_futex_wait(spgi_futex_low(&count->events), (uint32_t)key, until_ns);
}

void spgi_eventcount_notify(struct spgi_eventcount *count)
{
    if (load_seqcst(&count->waiting)) {
        store_seqcst(&count->waiting, 0u); // before the number changes: see prepare
        add_seqcst(&count->events, 1u);
        spgi_futex_wake(spgi_futex_low(&count->events));
    }
}
