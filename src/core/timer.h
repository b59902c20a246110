// SPDX-License-Identifier: MIT
// timer.h: deadlines in user space: one heap per shard, under a lock, so that any shard may disarm.
//
// A timer is armed on the shard of the caller and fires on that shard's thread. The task it is for
// may be woken by another shard meanwhile, resume there, and disarm from there: that is why there
// is a lock, which is almost never contended. No timer request ever goes to the kernel: a sleeping
// shard bounds its wait by the first timer.
//
//   shard, at the time                       whoever disarms
//   F1 lock, take it out, state = FIRING     D1 lock; ARMED: take it out, IDLE; unlock: done
//   F2 unlock, fire                          D2 FIRING: unlock, wait until the state is IDLE
//   F3 state = IDLE
//
// So fire runs at most once per arming, and never after a disarm has returned.
#ifndef SPGI_CORE_TIMER_H
#define SPGI_CORE_TIMER_H

#include "core/types.h"

void spgi_timers_init(struct spgi_timers *timers);

// Shard's own thread. The timer must be idle. Never fails.
void spgi_timer_arm(struct spgi_shard *shard, struct spgi_timer *timer, spg_time when,
                    void (*fire)(struct spgi_shard *, struct spgi_timer *));

// Shard's own thread, after arming a timer that others may move: makes it visible before any later
// sequentially consistent load of the caller. Pairs with the first look of spgi_timer_move.
void spgi_timer_announce(struct spgi_timer *timer);

// Any thread, but not from fire itself. True: it had been armed, and will not fire.
bool spgi_timer_disarm(struct spgi_timer *timer);

// Any thread. Moves a timer that is armed to *when; wakes its shard if that sleeps past the new
// time. False: it is not armed any more. *when is read under the timers' lock: of several who set
// it and move, whoever moves last moves to the time that was set last.
bool spgi_timer_move(struct spgi_timer *timer, spgi_a64 *when);

// Shard's own thread. Fires all timers up to now. Returns how many.
unsigned spgi_timers_fire(struct spgi_shard *shard, int64_t now);

// When the first timer is due; INT64_MAX: there is none. Sequentially consistent: part of the
// second look before sleep.
int64_t spgi_timers_next(struct spgi_timers *timers);

// Whether it is neither armed nor firing.
static inline bool spgi_timer_idle(struct spgi_timer *timer)
{
    return load_acquire(&timer->state) == SPGI_TIMER_IDLE; // pairs with the release in F3 and D1
}

#endif
