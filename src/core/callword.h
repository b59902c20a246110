// SPDX-License-Identifier: MIT
// callword.h: the state word of a call at a boundary: who holds its slot, and how it ended.
//
//   bits 0-3   outcome   enum spg_outcome; PENDING until it is decided, then it stays
//   bit  4     CALLER    the caller, or the holder of its ticket, holds the slot
//   bit  5     SERVER    a server holds it: it has taken the request
//   bits 16-63 generation; moved on when the slot is free again, so that old names no longer match
//
// Everything that can happen to a call is one read-modify-write of this word:
//
//      step       needs              does                              left to do by who did it
//   1  begin      free               CALLER                            fill, then queue it
//   2  take       PENDING, no server SERVER                            serve it
//   3  finish     PENDING, SERVER    ANSWERED or DROPPED; no SERVER    tell the caller
//   4  abandon    PENDING            EXPIRED (no server), TIMED_OUT,   take it out of the queue;
//                                    CANCELED, CLOSED, SHUT_DOWN       tell the caller
//   5  late       decided, SERVER    no SERVER                         free it if no CALLER is left
//   6  fetch      decided, CALLER    no CALLER                         free it if no SERVER is left
//   7  free       neither            generation + 1, PENDING           give the slot to the next
//
// - 3 and 4 exclude each other, so a call ends exactly once, and both sides learn the same.
// - 5 and 6 exclude each other in who sees the other's bit gone, so a slot is freed exactly once.
// - The request is written before it is queued, and belongs to the server from 2 to 3 or 5. The
//   reply is written before 3, by who holds SERVER, and read after 3 by who holds CALLER.
// - Queues, and who waits for what, are under the boundary's lock; so 2 and 4 need no retry there.
#ifndef SPGI_CORE_CALLWORD_H
#define SPGI_CORE_CALLWORD_H

#include "base/atomic.h"

#include <spargio/boundary.h>

#define SPGI_CALL_OUTCOME UINT64_C(0xF)
#define SPGI_CALL_CALLER UINT64_C(0x10)
#define SPGI_CALL_SERVER UINT64_C(0x20)
#define SPGI_CALL_GEN_SHIFT 16
#define SPGI_CALL_GEN_MASK ((UINT64_C(1) << 48) - 1)

static inline enum spg_outcome spgi_call_outcome(uint64_t word)
{
    return (enum spg_outcome)(word & SPGI_CALL_OUTCOME);
}

static inline uint64_t spgi_call_gen(uint64_t word)
{
    return word >> SPGI_CALL_GEN_SHIFT;
}

// Step 1. Returns the generation.
static inline uint64_t spgi_call_begin(spgi_a64 *word)
{
    return spgi_call_gen(or_acqrel(word, SPGI_CALL_CALLER));
}

// Step 2. False: it has ended, or is another one.
static inline bool spgi_call_take(spgi_a64 *word, uint64_t gen)
{
    uint64_t seen = load_acquire(word);
    while (spgi_call_gen(seen) == gen && spgi_call_outcome(seen) == SPG_CALL_PENDING &&
           !(seen & SPGI_CALL_SERVER)) {
        if (cas_acqrel(word, &seen, seen | SPGI_CALL_SERVER)) {
            return true;
        }
    }
    return false;
}

// Steps 3 and 5. Returns the word before; if its outcome was PENDING, the call ends with this one.
// Not that generation, or no SERVER in it: nothing was done.
static inline uint64_t spgi_call_finish(spgi_a64 *word, uint64_t gen, enum spg_outcome outcome)
{
    uint64_t seen = load_acquire(word);
    while (spgi_call_gen(seen) == gen && seen & SPGI_CALL_SERVER) {
        uint64_t next = seen & ~SPGI_CALL_SERVER;
        if (spgi_call_outcome(seen) == SPG_CALL_PENDING) {
            next |= (uint64_t)outcome;
        }
        if (cas_acqrel(word, &seen, next)) { // release: the reply
            break;
        }
    }
    return seen;
}

// Step 4. Returns how it ends now; PENDING: it had ended already, or is another one.
static inline enum spg_outcome spgi_call_abandon(spgi_a64 *word, uint64_t gen,
                                                 enum spg_outcome outcome)
{
    uint64_t seen = load_acquire(word);
    while (spgi_call_gen(seen) == gen && spgi_call_outcome(seen) == SPG_CALL_PENDING) {
        bool taken = seen & SPGI_CALL_SERVER;
        enum spg_outcome next =
            outcome == SPG_CALL_TIMED_OUT && !taken ? SPG_CALL_EXPIRED : outcome;
        if (cas_acqrel(word, &seen, seen | (uint64_t)next)) {
            return next;
        }
    }
    return SPG_CALL_PENDING;
}

// Step 6. Returns whether the slot is the caller's to free: no server holds it.
static inline bool spgi_call_fetch(spgi_a64 *word)
{
    return !(and_acqrel(word, ~SPGI_CALL_CALLER) & SPGI_CALL_SERVER);
}

// Step 7.
static inline void spgi_call_free(spgi_a64 *word)
{
    uint64_t next = (spgi_call_gen(load_relaxed(word)) + 1) & SPGI_CALL_GEN_MASK;
    store_release(word, (next ? next : 1) << SPGI_CALL_GEN_SHIFT);
}

// What an outcome is to the caller, and, if the call has ended without it, to the server.
int spgi_call_code(enum spg_outcome outcome);

#endif
