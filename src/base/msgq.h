// SPDX-License-Identifier: MIT
// msgq.h: a bounded queue of messages from one sender to one receiver, published in batches.
//
// The sender fills slots and keeps count of them in `staged`; nobody sees them until it publishes
// the tail. The receiver copies slots out, then publishes the head: that is the credit for the
// sender to fill them again. Each side remembers what it saw last of the other's index, and looks
// again only when that is used up, so that the cache lines go back and forth once per batch.
//
// Both publications are sequentially consistent: each is the first half of a handshake with a peer
// that is about to wait (core/alarm.h).
//
// The sender may replace the slots while the queue is empty: the receiver reads `slots` only after
// it has seen a tail beyond its head, which is published later.
#ifndef SPGI_BASE_MSGQ_H
#define SPGI_BASE_MSGQ_H

#include "base/atomic.h"
#include "base/limits.h"

#include <stddef.h>

struct spgi_msg_slot {
    uint32_t tag;
    uint32_t generation; // of the mailbox it is for
    uint64_t value;
    void (*destroy)(void *);
    uint64_t order; // of all that its sender has sent
};

struct spgi_msgq {
    spgi_a64 tail;               // slots published                       [sender writes]
    uint64_t staged;             // slots filled                          [sender]
    uint64_t head_seen;          //                                       [sender]
    uint64_t capacity;           // slots that may be filled              [sender]
    struct spgi_msg_slot *slots; // mask + 1                              [sender writes, see above]
    uint64_t mask;               //                                       [likewise]
    char pad1[SPGI_CACHE_LINE - 5 * sizeof(uint64_t) - sizeof(void *)];
    spgi_a64 head;      // slots taken                                    [receiver writes]
    uint64_t tail_seen; //                                                [receiver]
    char pad2[SPGI_CACHE_LINE - 2 * sizeof(uint64_t)];
};

// Sender. Whether there is room for one more; sequentially consistent: the second look before a
// wait.
static inline bool spgi_msgq_has_room(struct spgi_msgq *queue)
{
    queue->head_seen = load_seqcst(&queue->head);
    return queue->staged - queue->head_seen < queue->capacity;
}

// Sender. False: there is no room.
static inline bool spgi_msgq_stage(struct spgi_msgq *queue, const struct spgi_msg_slot *slot)
{
    if (queue->staged - queue->head_seen >= queue->capacity) {
        // Acquire: the receiver has copied what was in the slot (pairs with spgi_msgq_credit).
        queue->head_seen = load_acquire(&queue->head);
        if (queue->staged - queue->head_seen >= queue->capacity) {
            return false;
        }
    }
    queue->slots[queue->staged & queue->mask] = *slot;
    queue->staged++;
    return true;
}

// Sender. Makes what is staged visible. False: nothing was staged.
static inline bool spgi_msgq_publish(struct spgi_msgq *queue)
{
    if (load_relaxed(&queue->tail) == queue->staged) {
        return false;
    }
    store_seqcst(&queue->tail, queue->staged); // pairs with spgi_msgq_take and has_messages
    return true;
}

// Sender. How many of its messages, staged ones included, have not been taken.
static inline uint64_t spgi_msgq_untaken(struct spgi_msgq *queue)
{
    queue->head_seen = load_seqcst(&queue->head);
    return queue->staged - queue->head_seen;
}

// Sender. The order of the oldest message that has not been taken; there must be one.
static inline uint64_t spgi_msgq_oldest(struct spgi_msgq *queue)
{
    return queue->slots[queue->head_seen & queue->mask].order; // its own writing: nobody else's
}

// Receiver. Whether something is published; sequentially consistent: the second look before a wait.
static inline bool spgi_msgq_has_messages(struct spgi_msgq *queue)
{
    queue->tail_seen = load_seqcst(&queue->tail);
    return queue->tail_seen != load_relaxed(&queue->head);
}

// Receiver. The message that lies `ahead` of the oldest one; NULL: there is none.
static inline const struct spgi_msg_slot *spgi_msgq_peek(struct spgi_msgq *queue, uint64_t ahead)
{
    uint64_t at = load_relaxed(&queue->head) + ahead;
    if (at == queue->tail_seen) {
        queue->tail_seen = load_acquire(&queue->tail); // pairs with spgi_msgq_publish
        if (at == queue->tail_seen) {
            return NULL;
        }
    }
    return &queue->slots[at & queue->mask];
}

// Receiver. Gives n slots back that it has copied.
static inline void spgi_msgq_credit(struct spgi_msgq *queue, uint64_t n)
{
    store_seqcst(&queue->head, load_relaxed(&queue->head) + n); // pairs with stage and has_room
}

#endif
