// SPDX-License-Identifier: MIT
// park.h: the handshake between a shard that goes to sleep and those who bring it work.
//
// The place where a wake-up could get lost. Both sides write, then look:
//
//   shard                                       producer
//   S1 state = PARKED          (seq_cst)        P1 publish work: errand pushed, ...    (seq_cst)
//   S2 look at everything that could have       P2 look at state                       (seq_cst)
//      become true since it last looked         P3 if PARKED: PARKED -> RUNG, and ring the bell
//   S3 nothing: sleep until the bell, a
//      completion or the next timer
//   S4 state = RUNNING, then drain
//
// In the single order of sequentially consistent accesses either P1 comes before S2, and the shard
// sees the work, or S1 comes before P2, and the producer sees the sleeper. With acquire and release
// alone both can miss.
//
// The bell rings once per sleep: only the producer that moves PARKED to RUNG rings it. S4 comes
// before the drain: work published after the drain finds RUNNING, and is seen at the next S2.
// RUNG_TO_SEARCH says that the sleeper has been given the searcher's token (core/idle.h).
#ifndef SPGI_CORE_PARK_H
#define SPGI_CORE_PARK_H

#include "base/atomic.h"

enum spgi_park_state {
    SPGI_RUNNING = 0,
    SPGI_PARKED = 1,
    SPGI_RUNG = 2,
    SPGI_RUNG_TO_SEARCH = 3,
};

struct spgi_park {
    spgi_a32 state; // enum spgi_park_state
};

// Shard, S1.
static inline void spgi_park_begin(struct spgi_park *park)
{
    store_seqcst(&park->state, (uint32_t)SPGI_PARKED); // pairs with the load in spgi_park_ring
}

// Shard, S4, or to give up before S3. Returns the state that ended the sleep: PARKED if nobody
// rang.
static inline enum spgi_park_state spgi_park_end(struct spgi_park *park)
{
    return (enum spgi_park_state)xchg_seqcst(&park->state, (uint32_t)SPGI_RUNNING);
}

// Shard, between S1 and S3: whether the bell has been rung already, so that S3 need not be entered.
static inline bool spgi_park_rung(struct spgi_park *park)
{
    return load_seqcst(&park->state) != SPGI_PARKED;
}

// Producer, P2 and P3, after its sequentially consistent publication. Returns true when the caller
// must ring the bell; false when the shard is awake, or another producer is ringing.
static inline bool spgi_park_ring(struct spgi_park *park, enum spgi_park_state how)
{
    if (load_seqcst(&park->state) != SPGI_PARKED) {
        return false;
    }
    uint32_t expected = SPGI_PARKED;
    return cas_seqcst(&park->state, &expected, (uint32_t)how);
}

// Producer, after spgi_park_ring said no: whether that is because a bell is on its way. A hint.
static inline bool spgi_park_is_rung(struct spgi_park *park)
{
    return load_relaxed(&park->state) >= SPGI_RUNG;
}

#endif
