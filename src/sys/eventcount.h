// SPDX-License-Identifier: MIT
// eventcount.h: threads without a shard that sleep until a condition, which is elsewhere, may hold.
//
//   sleeper                                     whoever makes it hold
//   S1 key = prepare                            N1 make the condition hold (seq_cst)
//   S2 look at the condition (seq_cst)          N2 notify: nothing but a load when nobody waits
//   S3 wait(key)
// Either S2 sees N1, or N2 sees that somebody prepares; then the key is stale, and S3 returns.
#ifndef SPGI_SYS_EVENTCOUNT_H
#define SPGI_SYS_EVENTCOUNT_H

#include "base/atomic.h"

#include <stdint.h>

struct spgi_eventcount {
    spgi_a32 waiting; // somebody has prepared since the last notification that found one
    spgi_a64 events;  // notifications that found one
};

// S1. The key for spgi_eventcount_wait.
uint64_t spgi_eventcount_prepare(struct spgi_eventcount *count);

// S3. Blocks the thread until a notification, or the absolute CLOCK_MONOTONIC time (INT64_MAX:
// without limit). May return early: look at the condition again.
void spgi_eventcount_wait(struct spgi_eventcount *count, uint64_t key, int64_t until_ns);

// N2. Wakes all.
void spgi_eventcount_notify(struct spgi_eventcount *count);

#endif
