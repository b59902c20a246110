// SPDX-License-Identifier: MIT
// crowding.c: looking at the kernel's account of a thread.
#include "core/crowding.h"

#include "base/limits.h"
#include "sys/thread.h"

void spgi_crowding_begin(struct spgi_crowding *crowding, int64_t now)
{
    *crowding = (struct spgi_crowding){.account = -1, .since = now};
}

void spgi_crowding_end(struct spgi_crowding *crowding)
{
    spgi_thread_account_close(crowding->account);
    crowding->account = -1;
}

bool spgi_is_crowded(struct spgi_crowding *crowding, int64_t now)
{
    int64_t span = now - crowding->since;
    if (span < SPGI_CROWDING_SPAN_NS) {
        return crowding->crowded;
    }
    if (crowding->account < 0) {
        crowding->account = spgi_thread_account_open();
    }
    int64_t waited = spgi_thread_waited(crowding->account);
    crowding->crowded = (waited - crowding->waited_ns) * SPGI_CROWDING_SHARE > span;
    crowding->waited_ns = waited;
    crowding->since = now;
    return crowding->crowded;
}
