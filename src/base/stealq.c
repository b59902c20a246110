// SPDX-License-Identifier: MIT
// stealq.c: the queue of ready stealable tasks; the protocol is in stealq.h.
#include "base/stealq.h"

void spgi_stealq_init(struct spgi_stealq *queue, spgi_aptr *slots, uint64_t entries, bool shared)
{
    *queue = (struct spgi_stealq){.slots = slots, .mask = entries - 1, .shared = shared};
}

static bool push_ring(struct spgi_stealq *queue, struct spgi_link *item)
{
    uint64_t tail = load_relaxed(&queue->tail);
    // Acquire: the slot is reused only after the taker that moved the head has read it.
    if (tail - load_acquire(&queue->head) > queue->mask) {
        return false;
    }
    store_relaxed(&queue->slots[tail & queue->mask], item);
    store_release(&queue->tail, tail + 1); // pairs with the acquire in claim
    return true;
}

static void push_overflow(struct spgi_stealq *queue, struct spgi_link *item)
{
    spgi_spinlock_lock(&queue->lock);
    spgi_fifo_push(&queue->overflow, item);
    store_seqcst(&queue->overflowed, load_relaxed(&queue->overflowed) + 1);
    spgi_spinlock_unlock(&queue->lock);
}

// The tail is owner-written: storing its own value again is the barrier that searchers pair with.
void spgi_stealq_announce(struct spgi_stealq *queue)
{
    if (queue->shared) {
        store_seqcst(&queue->tail, load_relaxed(&queue->tail)); // pairs with spgi_stealq_size
    }
}

bool spgi_stealq_push(struct spgi_stealq *queue, struct spgi_link *item, bool announce)
{
    bool in_ring = push_ring(queue, item);
    if (!in_ring) {
        push_overflow(queue, item);
    }
    if (announce) {
        spgi_stealq_announce(queue);
    }
    return in_ring;
}

// How many of n items go into the ring: chains leave it half empty, for what becomes ready while
// they wait.
static uint64_t share_of_ring(const struct spgi_stealq *queue, uint64_t size, uint64_t n)
{
    uint64_t half = (queue->mask + 1) / 2;
    uint64_t room = size < half ? half - size : 0;
    return n < room ? n : room;
}

uint64_t spgi_stealq_push_chain(struct spgi_stealq *queue, struct spgi_link *first,
                                struct spgi_link *last, uint64_t n)
{
    if (load_relaxed(&queue->overflowed) == 0) {
        uint64_t tail = load_relaxed(&queue->tail);
        uint64_t share = share_of_ring(queue, tail - load_acquire(&queue->head), n);
        uint64_t filled = 0;
        for (; filled < share; filled++) {
            struct spgi_link *next = first->next;
            store_relaxed(&queue->slots[(tail + filled) & queue->mask], first);
            first = next;
        }
        store_release(&queue->tail, tail + filled); // pairs with the acquire in claim
        n -= filled;
    }
    if (n > 0) {
        last->next = NULL;
        spgi_spinlock_lock(&queue->lock);
        if (queue->overflow.head) {
            queue->overflow.tail->next = first;
        } else {
            queue->overflow.head = first;
        }
        queue->overflow.tail = last;
        store_seqcst(&queue->overflowed, load_relaxed(&queue->overflowed) + n);
        spgi_spinlock_unlock(&queue->lock);
    }
    spgi_stealq_announce(queue);
    return n;
}

// Takes up to max items from the list. Returns how many.
static unsigned pop_overflow(struct spgi_stealq *queue, struct spgi_link **out, uint64_t max)
{
    if (load_relaxed(&queue->overflowed) == 0) {
        return 0;
    }
    unsigned n = 0;
    spgi_spinlock_lock(&queue->lock);
    while (n < max && (out[n] = spgi_fifo_pop(&queue->overflow)) != NULL) {
        n++;
    }
    store_relaxed(&queue->overflowed, load_relaxed(&queue->overflowed) - n);
    __builtin_prefetch(queue->overflow.head);
    spgi_spinlock_unlock(&queue->lock);
    return n;
}

// Owner only: moves up to n items of the list into the ring, oldest first, if there is room.
static void refill_ring(struct spgi_stealq *queue, uint64_t n)
{
    spgi_spinlock_lock(&queue->lock);
    uint64_t left = load_relaxed(&queue->overflowed);
    struct spgi_link *item;
    for (; n > 0 && (item = queue->overflow.head) != NULL; n--) {
        struct spgi_link *next =
            item->next; // read first: a taker may use the link once it is pushed
        if (!push_ring(queue, item)) {
            break;
        }
        queue->overflow.head = next;
        left--;
    }
    __builtin_prefetch(queue->overflow.head);
    store_relaxed(&queue->overflowed, left);
    spgi_spinlock_unlock(&queue->lock);
}

// Owner only, when it has just made room in the ring: that becomes the turn of the list's items.
static void take_turns(struct spgi_stealq *queue)
{
    uint64_t low = (queue->mask + 1) / SPGI_RING_LOW;
    uint64_t size = load_relaxed(&queue->tail) - load_relaxed(&queue->head);
    queue->list_turn = !queue->list_turn;
    if (size < low / 2) {
        refill_ring(queue, low - size);
    } else if (queue->list_turn) {
        refill_ring(queue, 1);
    }
}

struct spgi_link *spgi_stealq_pop(struct spgi_stealq *queue)
{
    uint64_t head = load_relaxed(&queue->head);
    if (!queue->shared && head != load_relaxed(&queue->tail)) {
        void *item = load_relaxed(&queue->slots[head & queue->mask]);
        store_relaxed(&queue->head, head + 1);
        if (load_relaxed(&queue->overflowed) != 0) {
            take_turns(queue);
        }
        return item;
    }
    while (head != load_relaxed(&queue->tail)) {
        void *item = load_relaxed(&queue->slots[head & queue->mask]);
        // Acquire and release: the item's contents come from its last runner by way of the push;
        // the slot may be refilled once the head has moved (pairs with push_ring).
        if (cas_acqrel(&queue->head, &head, head + 1)) {
            if (load_relaxed(&queue->overflowed) != 0) {
                take_turns(queue);
            }
            return item;
        }
    }
    struct spgi_link *item;
    return pop_overflow(queue, &item, 1) > 0 ? item : NULL;
}

unsigned spgi_stealq_steal(struct spgi_stealq *queue, struct spgi_link **out, unsigned max,
                           bool *lost)
{
    *lost = false;
    uint64_t head = load_acquire(&queue->head);
    uint64_t tail = load_acquire(&queue->tail); // pairs with the release in push_ring
    if (head >= tail) {
        uint64_t listed = (load_relaxed(&queue->overflowed) + 1) / 2;
        return pop_overflow(queue, out, listed < max ? listed : max);
    }
    uint64_t half = (tail - head + 1) / 2;
    unsigned n = half < max ? (unsigned)half : max;
    for (unsigned i = 0; i < n; i++) {
        out[i] = load_relaxed(&queue->slots[(head + i) & queue->mask]);
    }
    if (!cas_acqrel(&queue->head, &head, head + n)) {
        *lost = true;
        return 0;
    }
    return n;
}

uint64_t spgi_stealq_size(struct spgi_stealq *queue)
{
    uint64_t head = load_seqcst(&queue->head);
    uint64_t tail = load_seqcst(&queue->tail); // pairs with spgi_stealq_announce
    uint64_t in_ring = tail > head ? tail - head : 0;
    return in_ring + load_seqcst(&queue->overflowed);
}
