// SPDX-License-Identifier: MIT
// alarm.h: telling a shard that something has changed that it waits for, once per wait.
//
// Whoever waits lives on one shard; those who change things are anywhere. An alarm keeps the cost
// of a change that nobody waits for at one load, and never posts its errand twice.
//
//   the shard                                   others
//   A1 state = ARMED, unless POSTED (seq_cst)   B1 change something                  (seq_cst)
//   A2 look at the things           (seq_cst)   B2 look at the state                 (seq_cst)
//   A3 nothing there: wait                      B3 ARMED -> POSTED: post the errand
//
// Either A2 sees the change, or B2 sees ARMED, or POSTED: then the errand is on its way. On the
// shard, the errand sets the state to IDLE and calls `rang`, which looks at the things, wakes those
// whose wait is over, and, if others still wait, starts over with A1.
//
// When the shard itself changes the thing, it needs no errand: ARMED -> IDLE, and `rang` at once.
//
// An alarm that stays armed though nobody waits any more costs one errand later. Its memory lives
// as long as the runtime.
#ifndef SPGI_CORE_ALARM_H
#define SPGI_CORE_ALARM_H

#include "core/types.h"

enum spgi_alarm_state { SPGI_ALARM_IDLE, SPGI_ALARM_ARMED, SPGI_ALARM_POSTED };

// shard: where it is armed, and rang is called.
void spgi_alarm_init(struct spgi_alarm *alarm, struct spgi_shard *shard,
                     void (*rang)(struct spgi_shard *, struct spgi_alarm *));

// The shard's own thread: A1.
static inline void spgi_alarm_arm(struct spgi_alarm *alarm)
{
    uint32_t idle = SPGI_ALARM_IDLE;
    cas_seqcst(&alarm->state, &idle, (uint32_t)SPGI_ALARM_ARMED); // pairs with B2
}

// Posts the errand, if it is armed.
void spgi_alarm_post(struct spgi_alarm *alarm);

// Calls rang, if it is armed. The shard's own thread.
void spgi_alarm_run(struct spgi_shard *self, struct spgi_alarm *alarm);

// Any thread, after B1.
static inline void spgi_alarm_ring(struct spgi_alarm *alarm)
{
    if (load_seqcst(&alarm->state) == SPGI_ALARM_ARMED) { // pairs with A1
        spgi_alarm_post(alarm);
    }
}

// As spgi_alarm_ring, from the thread of a shard, which may be the alarm's own.
static inline void spgi_alarm_ring_from(struct spgi_shard *self, struct spgi_alarm *alarm)
{
    if (load_relaxed(&alarm->shard) != self) {
        spgi_alarm_ring(alarm);
    } else if (load_relaxed(&alarm->state) == SPGI_ALARM_ARMED) { // its own writing, or POSTED
        spgi_alarm_run(self, alarm);
    }
}

#endif
