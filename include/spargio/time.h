// SPDX-License-Identifier: MIT
// time.h: absolute monotonic time, sleeping, and timers that can be moved.
//
// All times are absolute nanoseconds of CLOCK_MONOTONIC, as in libdill: one deadline can be passed
// down through many calls without arithmetic.
#ifndef SPARGIO_TIME_H
#define SPARGIO_TIME_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// No deadline.
#define SPG_NEVER ((spg_time)INT64_MAX)
// The result if it is there already, else -ETIME: the call does not suspend.
#define SPG_NOW ((spg_time)0)

#define SPG_US ((int64_t)1000)
#define SPG_MS ((int64_t)1000000)
#define SPG_S ((int64_t)1000000000)

// The time now.
// Any thread. Does not suspend. Returns nanoseconds; never fails.
SPG_API spg_time spg_now(void);

// The time ns nanoseconds from now, saturating: a sum that overflows is SPG_NEVER, and ns <= 0
// gives a time that has passed.
// Any thread. Does not suspend. Returns the time; never fails.
SPG_API spg_time spg_after(int64_t ns);

// Suspends the calling task until the given time; SPG_NEVER sleeps until cancelled.
// Tasks only.
// Returns 0 when the time has come; -ECANCELED; -ETIME if the scope's deadline comes first; -EPERM
// outside a task.
SPG_API SPG_SUSPENDS int spg_sleep(spg_time until);

// A timer in the caller's memory that can be moved while somebody waits for it. Zeroed memory is a
// timer that is not set. The fields are the library's.
typedef struct spg_timer {
    uint64_t opaque[10];
} spg_timer;

// Sets or moves the timer: a task that waits for it now waits for the new time. SPG_NEVER unsets
// it.
// Tasks of one runtime only, from any of its shards. Does not suspend.
// Returns 0; -EPERM outside a task; -EINVAL when timer is NULL.
SPG_API int spg_timer_set(spg_timer *timer, spg_time when);

// Waits until the timer's time has come, as it is set by then. One task at a time may wait for a
// timer; the memory must stay until it has returned.
// Tasks only.
// Returns 0 when the timer has elapsed; -ETIME when deadline or the scope's deadline comes first;
// -ECANCELED; -EBUSY when another task waits for it; -EPERM outside a task; -EINVAL when timer is
// NULL.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_timer_wait(spg_timer *timer, spg_time deadline);

SPG_END_DECLS

#endif
