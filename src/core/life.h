// SPDX-License-Identifier: MIT
// life.h: the life word of a task slot: generation, who joins it, and how far it has come.
//
//   bits 0-5   DONE      the task's function has returned, its result is written; or: slot free
//              HANDLE    somebody holds the right to join; else the task frees its slot itself
//              CANCELED  the task was cancelled; TIMED_OUT: by its scope's deadline. Never both.
//   bits 6-27  joiner    slot index of the task that joins, plus 1; JOINER_THREAD: a foreign thread
//   bits 28-63 generation; moved on when the slot is freed, so that old handles no longer match
//
// Everything about joining is decided by read-modify-writes of this one word:
// - A joiner registers only after its own context has been saved (the scheduler does it for it, on
//   the far side of the switch), and only while DONE is unset. Whoever clears the registration owns
//   the joiner's wake-up: either the finishing task, which sets DONE, or the joiner's home shard,
//   which withdraws it for a deadline or a cancellation. So the joiner resumes exactly once.
// - HANDLE and DONE together say who frees the slot: the joiner, once it sees DONE; whoever gives
//   the handle up, if DONE was set; else the finishing task, if HANDLE is unset.
#ifndef SPGI_CORE_LIFE_H
#define SPGI_CORE_LIFE_H

#include "base/atomic.h"
#include "base/limits.h"

#define SPGI_LIFE_DONE UINT64_C(1)
#define SPGI_LIFE_HANDLE UINT64_C(2)
#define SPGI_LIFE_CANCELED UINT64_C(4)
#define SPGI_LIFE_TIMED_OUT UINT64_C(8)
#define SPGI_LIFE_STOPPED (SPGI_LIFE_CANCELED | SPGI_LIFE_TIMED_OUT)
#define SPGI_LIFE_JOINER_SHIFT 6
#define SPGI_LIFE_JOINER_MASK                                                                      \
    (((UINT64_C(1) << SPGI_TASK_INDEX_BITS) - 1) << SPGI_LIFE_JOINER_SHIFT)
#define SPGI_LIFE_GEN_SHIFT 28
#define SPGI_JOINER_THREAD ((1u << SPGI_TASK_INDEX_BITS) - 1)

static inline uint64_t spgi_life_gen(uint64_t life)
{
    return life >> SPGI_LIFE_GEN_SHIFT;
}

static inline uint32_t spgi_life_joiner(uint64_t life)
{
    return (uint32_t)((life & SPGI_LIFE_JOINER_MASK) >> SPGI_LIFE_JOINER_SHIFT);
}

// What a joiner finds.
enum spgi_join {
    SPGI_JOIN_STALE,   // no such task any more
    SPGI_JOIN_TAKEN,   // somebody else is joining
    SPGI_JOIN_RUNNING, // not done yet
    SPGI_JOIN_DONE,    // done: the result can be read
};

static inline enum spgi_join spgi_join_look(uint64_t life, uint64_t gen)
{
    if (spgi_life_gen(life) != gen || !(life & SPGI_LIFE_HANDLE)) {
        return SPGI_JOIN_STALE;
    }
    if (spgi_life_joiner(life) != 0) {
        return SPGI_JOIN_TAKEN;
    }
    return life & SPGI_LIFE_DONE ? SPGI_JOIN_DONE : SPGI_JOIN_RUNNING;
}

// Registers a joiner (slot index + 1, or JOINER_THREAD). RUNNING: it is registered now. DONE: the
// handle is consumed, and the slot is the caller's to free.
static inline enum spgi_join spgi_join_register(spgi_a64 *word, uint64_t gen, uint32_t joiner)
{
    uint64_t life =
        load_acquire(word); // pairs with spgi_life_finish: DONE means the result is there
    for (;;) {
        enum spgi_join found = spgi_join_look(life, gen);
        uint64_t next = life | (uint64_t)joiner << SPGI_LIFE_JOINER_SHIFT;
        if (found == SPGI_JOIN_DONE) {
            next = life & ~SPGI_LIFE_HANDLE; // of two joiners that see DONE, one gets the slot
        } else if (found != SPGI_JOIN_RUNNING) {
            return found;
        }
        // Release: the joiner's saved context and wait are read by whoever wakes it.
        if (cas_acqrel(word, &life, next)) {
            return found;
        }
    }
}

// Takes the registration back. True: it was still there, and the caller now owns the joiner's
// wake-up. False: the task has finished, and its finisher wakes the joiner.
static inline bool spgi_join_withdraw(spgi_a64 *word, uint64_t gen, uint32_t joiner)
{
    uint64_t life = load_acquire(word);
    while (spgi_life_gen(life) == gen && !(life & SPGI_LIFE_DONE) &&
           spgi_life_joiner(life) == joiner) {
        if (cas_acqrel(word, &life, life & ~SPGI_LIFE_JOINER_MASK)) {
            return true;
        }
    }
    return false;
}

// The task's function has returned. Returns the word before: its joiner must be woken, if there is
// one; if HANDLE is unset, the caller frees the slot; else it must not touch it any more. A joiner
// that was registered frees the slot when it resumes; until then others see it as TAKEN.
static inline uint64_t spgi_life_finish(spgi_a64 *word)
{
    // Release: the result, for whoever sees DONE. Acquire: the joiner's context, from its
    // registration. The bit is not set before, so adding sets it: one instruction, where or would
    // be a loop.
    return add_acqrel(word, SPGI_LIFE_DONE);
}

enum spgi_detach { SPGI_DETACH_STALE, SPGI_DETACH_TAKEN, SPGI_DETACH_RUNNING, SPGI_DETACH_DONE };

// Gives the right to join up. DONE: the slot is the caller's to free.
static inline enum spgi_detach spgi_life_detach(spgi_a64 *word, uint64_t gen)
{
    uint64_t life = load_acquire(word);
    for (;;) {
        enum spgi_join found = spgi_join_look(life, gen);
        if (found == SPGI_JOIN_STALE) {
            return SPGI_DETACH_STALE;
        }
        if (found == SPGI_JOIN_TAKEN) {
            return SPGI_DETACH_TAKEN;
        }
        if (cas_acqrel(word, &life, life & ~SPGI_LIFE_HANDLE)) {
            return found == SPGI_JOIN_DONE ? SPGI_DETACH_DONE : SPGI_DETACH_RUNNING;
        }
    }
}

// Marks the task as stopped, with CANCELED or TIMED_OUT; the first one stays. True: this call did.
// Sequentially consistent: the first half of the handshake with a wait that begins (core/wait.h).
static inline bool spgi_life_stop(spgi_a64 *word, uint64_t gen, uint64_t reason)
{
    uint64_t life = load_seqcst(word);
    while (spgi_life_gen(life) == gen && !(life & (SPGI_LIFE_DONE | SPGI_LIFE_STOPPED))) {
        if (cas_seqcst(word, &life, life | reason)) {
            return true;
        }
    }
    return false;
}

#endif
