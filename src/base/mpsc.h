// SPDX-License-Identifier: MIT
// mpsc.h: the errands of a shard: an intrusive queue with many producers and one consumer.
//
// Producers push onto a linked stack with a compare-and-swap; the consumer takes everything at once
// and turns it round, so that items come out in the order in which they went in. Compared with a
// queue that swaps its tail there is no window in which an item is in the queue but cannot be
// reached yet, and the consumer pays one exchange for a whole batch.
//
// A push is sequentially consistent, because it is the first half of the park handshake: a producer
// publishes, then looks whether the consumer sleeps (core/park.h).
#ifndef SPGI_BASE_MPSC_H
#define SPGI_BASE_MPSC_H

#include "base/atomic.h"
#include "base/list.h"

struct spgi_mpsc {
    spgi_aptr top; // newest item, a struct spgi_link
};

// Any thread. The link must be in no other queue.
static inline void spgi_mpsc_push(struct spgi_mpsc *queue, struct spgi_link *link)
{
    void *top = load_relaxed(&queue->top);
    do {
        link->next = top;
    } while (!cas_seqcst(&queue->top, &top, link)); // pairs with the exchange in spgi_mpsc_take
}

// Whether there is something to take. Sequentially consistent: the second look before sleep.
static inline bool spgi_mpsc_pending(struct spgi_mpsc *queue)
{
    return load_seqcst(&queue->top) != NULL;
}

// Everything that has been pushed, newest first, linked by next. Several may take: each item goes
// to one of them.
static inline struct spgi_link *spgi_mpsc_take_newest(struct spgi_mpsc *queue)
{
    return load_relaxed(&queue->top) ? xchg_acqrel(&queue->top, NULL) : NULL; // pairs with the push
}

// Consumer only. Everything that has been pushed, oldest first, linked by next.
static inline struct spgi_link *spgi_mpsc_take(struct spgi_mpsc *queue)
{
    if (!load_relaxed(&queue->top)) {
        return NULL;
    }
    struct spgi_link *newest = xchg_acqrel(&queue->top, NULL); // pairs with the push
    struct spgi_link *oldest = NULL;
    while (newest) {
        struct spgi_link *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

#endif
