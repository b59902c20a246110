// SPDX-License-Identifier: MIT
// stealq.h: a shard's queue of ready stealable tasks: one owner pushes, everybody takes the oldest.
//
// A bounded ring of slots, and an overflow list behind it, so that a push never fails.
//
// Ring: the owner writes a slot, then publishes the tail by release. Owner and thieves read a slot,
// then claim it by a compare-and-swap of the head; the slot's value counts only if that succeeds.
// Head and tail only grow, so a swap that succeeds proves that the slot was not reused meanwhile.
// Compared with a Chase-Lev deque the owner pays a locked instruction per pop, but it takes the
// oldest task, as tails want, and no fence is needed.
//
// Overflow: what finds the ring full goes to a list under a lock, and the rest of a chain stays
// behind one that did. Of two items that the owner pops, at least one makes room for the list's
// oldest one; so what comes later may go before a long list, but never keeps it waiting for long. A
// task that was woken thus need not wait until a whole batch has been started, which would take as
// many stacks as the batch has tasks (docs/adr/0016). Thieves may take from the list too, when the
// ring is empty: a task is never out of reach while its owner is busy.
#ifndef SPGI_BASE_STEALQ_H
#define SPGI_BASE_STEALQ_H

#include "base/atomic.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/spinlock.h"

struct spgi_stealq {
    spgi_a64 head; // next slot to take                             [any: CAS]
    char pad1[SPGI_CACHE_LINE - sizeof(uint64_t)];
    spgi_a64 tail;       // next slot to fill                     [owner writes]
    spgi_aptr *slots;    // mask + 1 entries
    uint64_t mask;       //                                       [const]
    spgi_a64 overflowed; // items in the list                     [written under lock]
    bool shared;         // there may be thieves                  [const]
    char pad2[SPGI_CACHE_LINE - 4 * sizeof(uint64_t) - sizeof(void *)];
    struct spgi_spinlock lock; // guards overflow
    struct spgi_fifo overflow;
    bool list_turn; // whose turn it is when both have items [owner]
};

// slots: entries (a power of two) that outlive the queue. shared: false where nobody but the owner
// ever takes, which then costs no locked instruction.
void spgi_stealq_init(struct spgi_stealq *queue, spgi_aptr *slots, uint64_t entries, bool shared);

// Owner only. Returns false when the item went to the overflow list. Ends with a sequentially
// consistent store when announce is set: the first half of the handshake with searchers
// (core/idle.h).
bool spgi_stealq_push(struct spgi_stealq *queue, struct spgi_link *item, bool announce);

// Owner only. Makes all earlier pushes visible before any later sequentially consistent load of the
// caller.
void spgi_stealq_announce(struct spgi_stealq *queue);

// Owner only. Appends a chain of n items linked by next, from first to last. Announces.
// Returns how many of them went to the overflow list.
uint64_t spgi_stealq_push_chain(struct spgi_stealq *queue, struct spgi_link *first,
                                struct spgi_link *last, uint64_t n);

// Owner only. Takes the oldest item of the ring, or of the list; NULL when there is none.
struct spgi_link *spgi_stealq_pop(struct spgi_stealq *queue);

// Thieves. Takes up to max of the oldest items of the ring, or of the list when that is empty, at
// most half of them (rounded up), into out.
// Returns how many; 0 when there are none, or when another taker was quicker (*lost is then true).
unsigned spgi_stealq_steal(struct spgi_stealq *queue, struct spgi_link **out, unsigned max,
                           bool *lost);

// Owner only: a moment's look.
static inline bool spgi_stealq_empty(struct spgi_stealq *queue)
{
    return load_relaxed(&queue->head) == load_relaxed(&queue->tail) &&
           load_relaxed(&queue->overflowed) == 0;
}

// Owner only: an item of the ring that will be popped soon, NULL if there is none. Its address
// only: somebody else may have it already.
static inline void *spgi_stealq_soon(struct spgi_stealq *queue)
{
    uint64_t at = load_relaxed(&queue->head) + SPGI_SOON;
    return at < load_relaxed(&queue->tail) ? load_relaxed(&queue->slots[at & queue->mask]) : NULL;
}

// Anybody: a moment's look, sequentially consistent: the second half of the handshake.
uint64_t spgi_stealq_size(struct spgi_stealq *queue);

// Anybody: a number that changes whenever the head of the ring is taken.
static inline uint64_t spgi_stealq_head(struct spgi_stealq *queue)
{
    return load_relaxed(&queue->head);
}

#endif
