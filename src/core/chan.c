// SPDX-License-Identifier: MIT
// chan.c: sending to channels and receiving from them; the protocol is in chan.h.
#include "core/chan.h"

#include "base/assert.h"
#include "core/fiber.h"
#include "core/registry.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/wait.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(struct spg_chan, capacity) == SPGI_CACHE_LINE, "what changes is one line");

// What calls that need not wait do without: kept out of them, so that they stay short.
#define SELDOM __attribute__((noinline, cold))

// A task that waits; on its stack.
struct waiter {
    struct spgi_node node;    // in its side's list                            [lock]
    struct spgi_link woken;   // in the list of those to be made ready         [who has claimed it]
    struct spgi_task *task;   //                                               [const]
    struct spg_chan *chan;    //                                               [const]
    uint64_t claim;           // of this wait, armed                           [const once linked]
    enum spgi_chan_side side; //                                               [const]
    unsigned char *at;        // the next item to be sent, or place for one    [lock]
    size_t left;              // items, or places                              [lock]
    int code;                 // -EPIPE: the channel is closed                 [lock]
};

static struct waiter *waiter_of(struct spgi_node *node)
{
    return SPGI_CONTAINER(node, struct waiter, node);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// ---- Items, under the lock -------------------------------------------------------------------

// One item: small ones are most of the traffic, and want no call.
static inline void copy_one(void *to, const void *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
    } else if (bytes == 4) {
        memcpy(to, from, 4);
    } else if (bytes == 16) {
        memcpy(to, from, 16);
    } else {
        memcpy(to, from, bytes);
    }
}

static inline uint32_t stored(struct spg_chan *chan)
{
    return load_relaxed(&chan->depth);
}

static inline uint32_t room(struct spg_chan *chan)
{
    return chan->capacity - stored(chan);
}

// From a place of the ring on, and around its end.
static SELDOM void copy_in(struct spg_chan *chan, size_t place, const unsigned char *items,
                           size_t n)
{
    size_t bytes = chan->item_bytes;
    size_t straight = smaller(n, chan->capacity - place);
    memcpy(chan->items + place * bytes, items, straight * bytes);
    memcpy(chan->items, items + straight * bytes, (n - straight) * bytes);
}

static SELDOM void copy_out(const struct spg_chan *chan, unsigned char *out, size_t n)
{
    size_t bytes = chan->item_bytes;
    size_t straight = smaller(n, chan->capacity - chan->first);
    memcpy(out, chan->items + chan->first * bytes, straight * bytes);
    memcpy(out + straight * bytes, chan->items, (n - straight) * bytes);
}

// Into the ring, which has room for n, and holds depth.
static inline void store(struct spg_chan *chan, const unsigned char *items, size_t n,
                         uint32_t depth)
{
    size_t place = (size_t)chan->first + depth;
    place = place < chan->capacity ? place : place - chan->capacity;
    if (n == 1) {
        copy_one(chan->items + place * chan->item_bytes, items, chan->item_bytes);
    } else {
        copy_in(chan, place, items, n);
    }
    chan->sent += n;
    store_relaxed(&chan->depth, depth + (uint32_t)n);
}

// Out of the ring, which holds depth: n or more.
static inline void fetch(struct spg_chan *chan, unsigned char *out, size_t n, uint32_t depth)
{
    if (n == 1) {
        copy_one(out, chan->items + chan->first * (size_t)chan->item_bytes, chan->item_bytes);
    } else {
        copy_out(chan, out, n);
    }
    size_t first = chan->first + n;
    chan->first = (uint32_t)(first < chan->capacity ? first : first - chan->capacity);
    store_relaxed(&chan->depth, depth - (uint32_t)n);
}

// From a sender straight to a receiver, past the ring, which is empty.
static inline void hand_over(struct spg_chan *chan, unsigned char *to, const unsigned char *from,
                             size_t n)
{
    copy_one(to, from, chan->item_bytes * n);
    chan->sent += n;
}

// ---- Waiters, under the lock -----------------------------------------------------------------

// S2, H1. Release and acquire: of two that claim, the one that comes second knows that it does.
static bool claim_wait(struct spgi_task *task, uint64_t claim)
{
    return cas_acqrel(&task->wait.claim, &claim, claim & ~SPGI_CHAN_ARMED);
}

static bool is_unclaimed(struct waiter *waiter)
{
    return load_relaxed(&waiter->task->wait.claim) == waiter->claim;
}

static void enlist(struct waiter *waiter)
{
    spgi_ring_list_append(&waiter->chan->queues[waiter->side], &waiter->node);
    waiter->chan->waiting[waiter->side]++;
}

static void unlink_waiter(struct waiter *waiter)
{
    spgi_ring_list_remove(&waiter->node);
    waiter->chan->waiting[waiter->side]--;
}

// S3, of one that was claimed.
static void let_go(struct waiter *waiter, struct spgi_fifo *woken)
{
    unlink_waiter(waiter);
    spgi_fifo_push(woken, &waiter->woken);
}

static inline bool has_waiters(const struct spg_chan *chan, enum spgi_chan_side side)
{
    return chan->queues[side].next != &chan->queues[side];
}

// Without the lock, S5. The list is the caller's, but its links are in the waiters.
static SELDOM void wake_all(struct spgi_fifo *woken)
{
    struct spgi_shard *self = spgi_shard_self();
    struct spgi_link *link;
    while ((link = spgi_fifo_pop(woken)) != NULL) {
        struct spgi_task *task = SPGI_CONTAINER(link, struct waiter, woken)->task;
        // A runtime in which a task waits does not end; but once this one is ready it may, while
        // this thread still rings the bell.
        uint32_t slot = task->rt->slot;
        bool held = (!self || self->rt != task->rt) && spgi_registry_hold(slot);
        spgi_ready(task);
        if (held) {
            spgi_registry_let_go(slot);
        }
    }
}

static inline void wake(struct spgi_fifo *woken)
{
    if (woken->head) {
        wake_all(woken);
    }
}

// ---- Moving items, under the lock ------------------------------------------------------------

static SELDOM size_t give_to_waiters(struct spg_chan *chan, const unsigned char *items, size_t n,
                                     struct spgi_fifo *woken)
{
    struct spgi_node *queue = &chan->queues[SPGI_CHAN_RECEIVERS];
    size_t done = 0;
    for (struct spgi_node *node = queue->next; node != queue && done < n;) {
        struct waiter *waiter = waiter_of(node);
        node = node->next;
        if (claim_wait(waiter->task, waiter->claim)) {
            size_t some = smaller(n - done, waiter->left);
            hand_over(chan, waiter->at, items + done * chan->item_bytes, some);
            waiter->left -= some;
            done += some;
            let_go(waiter, woken);
        }
    }
    return done;
}

// Puts in what there is a place for. Returns how many.
static inline size_t put(struct spg_chan *chan, const unsigned char *items, size_t n,
                         struct spgi_fifo *woken)
{
    size_t done = 0;
    if (__builtin_expect(has_waiters(chan, SPGI_CHAN_RECEIVERS), 0)) {
        done = give_to_waiters(chan, items, n, woken);
    }
    uint32_t depth = stored(chan);
    size_t some = smaller(n - done, chan->capacity - depth);
    if (some > 0) {
        store(chan, items + done * chan->item_bytes, some, depth);
    }
    return done + some;
}

// The caller has taken `done` of the n that it has places for; if these are fewer, the ring is
// empty.
static SELDOM size_t take_from_waiters(struct spg_chan *chan, unsigned char *out, size_t done,
                                       size_t n, struct spgi_fifo *woken)
{
    struct spgi_node *queue = &chan->queues[SPGI_CHAN_SENDERS];
    size_t bytes = chan->item_bytes;
    for (struct spgi_node *node = queue->next; node != queue;) {
        struct waiter *waiter = waiter_of(node);
        node = node->next;
        size_t direct = smaller(n - done, waiter->left);
        size_t ringed = smaller(waiter->left - direct, room(chan));
        bool all = direct + ringed == waiter->left;
        if (all ? !claim_wait(waiter->task, waiter->claim) : !is_unclaimed(waiter)) {
            continue;
        }
        if (direct > 0) {
            hand_over(chan, out + done * bytes, waiter->at, direct);
        }
        if (ringed > 0) {
            store(chan, waiter->at + direct * bytes, ringed, stored(chan));
        }
        done += direct;
        waiter->at += (direct + ringed) * bytes;
        waiter->left -= direct + ringed;
        if (!all) {
            break; // and the ring is full
        }
        let_go(waiter, woken);
    }
    return done;
}

// Takes out what there is, and fills up. Returns how many.
static inline size_t take(struct spg_chan *chan, unsigned char *out, size_t n,
                          struct spgi_fifo *woken)
{
    uint32_t depth = stored(chan);
    size_t done = smaller(n, depth);
    if (done > 0) {
        fetch(chan, out, done, depth);
    }
    if (__builtin_expect(has_waiters(chan, SPGI_CHAN_SENDERS), 0)) {
        done = take_from_waiters(chan, out, done, n, woken);
    }
    return done;
}

// ---- Waiting ---------------------------------------------------------------------------------

// W3 to W6. From the unlock on, others may wake the task, on another thread: nothing of it is
// touched after that, its stack, with the waiter, included.
static bool commit(struct spgi_shard *shard, struct spgi_task *task, void *arg)
{
    (void)shard;
    struct waiter *waiter = arg;
    struct spg_chan *chan = waiter->chan;
    struct spgi_fifo woken = {0};
    bool sends = waiter->side == SPGI_CHAN_SENDERS;
    spgi_spinlock_lock(&chan->lock);
    size_t moved = 0;
    if (!sends) {
        moved = take(chan, waiter->at, waiter->left, &woken);
    } else if (!chan->closed) {
        moved = put(chan, waiter->at, waiter->left, &woken);
    }
    waiter->at += moved * chan->item_bytes;
    waiter->left -= moved;
    bool done = sends ? waiter->left == 0 : moved > 0;
    bool waits = !done && !chan->closed;
    if (waits) {
        uint64_t last = load_relaxed(&task->wait.claim);
        SPGI_ASSERT(!(last & SPGI_CHAN_ARMED));
        waiter->claim = (last + 2) | SPGI_CHAN_ARMED;
        // Release: who kicks the task, and reads it, sees the word of this wait, or a later one.
        store_release(&task->wait.claim, waiter->claim);
        enlist(waiter);
    } else if (!done) {
        waiter->code = -EPIPE;
    }
    spgi_spinlock_unlock(&chan->lock);
    wake(&woken);
    return waits;
}

void spgi_chan_stop_at(struct spgi_task *task, uint64_t claim, int reason)
{
    if (!(claim & SPGI_CHAN_ARMED) || !claim_wait(task, claim)) {
        return;
    }
    struct waiter *waiter = task->wait.subject;
    struct spg_chan *chan = waiter->chan;
    spgi_spinlock_lock(&chan->lock);
    unlink_waiter(waiter);
    spgi_spinlock_unlock(&chan->lock);
    task->wait.reason = reason;
    spgi_ready(task);
}

// The wait's own deadline, which holds the task in this wait while it fires.
static void stop(struct spgi_shard *home, struct spgi_task *task, int reason)
{
    (void)home;
    spgi_chan_stop_at(task, load_acquire(&task->wait.claim), reason); // pairs with W5
}

// Waits until n more items are sent, or one is received, or the wait is stopped. Returns how many
// items that makes with those that are done, if any; else why it ended.
static __attribute__((noinline)) ssize_t wait_in(struct spgi_shard *shard, spg_chan *chan,
                                                 enum spgi_chan_side side, unsigned char *at,
                                                 size_t n, size_t done, spg_time deadline)
{
    struct spgi_task *task = shard->running;
    struct waiter waiter = {.task = task, .chan = chan, .side = side, .at = at, .left = n};
    bool late = deadline == SPG_NOW || (deadline != SPG_NEVER && deadline <= spgi_clock_now());
    task->wait.subject = &waiter;
    int error = late ? -ETIME : spgi_wait_begin(shard, task, SPGI_WAIT_CHANNEL, deadline, stop);
    if (!error) {
        spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, commit, &waiter);
        int reason = spgi_wait_end(task);
        error = reason ? reason : waiter.code;
    }
    done += n - waiter.left;
    return done > 0 ? (ssize_t)done : error;
}

// ---- Sending and receiving -------------------------------------------------------------------

// Whether there is nothing for the caller, as far as can be seen without the lock, and it would
// wait for ever: then it is enough to look when it waits.
static inline bool is_to_wait(struct spg_chan *chan, uint32_t depth, spg_time deadline)
{
    return deadline == SPG_NEVER && chan->capacity > 0 && stored(chan) == depth;
}

// Returns whether there is nothing left to wait for.
static inline bool send_now(struct spg_chan *chan, const void *items, size_t n, size_t *sent)
{
    struct spgi_fifo woken = {0};
    spgi_spinlock_lock(&chan->lock);
    bool closed = chan->closed;
    *sent = closed ? 0 : put(chan, items, n, &woken);
    spgi_spinlock_unlock(&chan->lock);
    wake(&woken);
    return closed || *sent == n;
}

ssize_t spgi_chan_send(struct spgi_shard *shard, spg_chan *chan, const void *items, size_t n,
                       spg_time deadline)
{
    struct spgi_task *task = shard->running;
    int refused = spgi_wait_refused(task);
    if (refused) {
        return refused;
    }
    size_t done = 0;
    if (!is_to_wait(chan, chan->capacity, deadline) && send_now(chan, items, n, &done)) {
        return done > 0 ? (ssize_t)done : -EPIPE;
    }
    // What is sent is only read.
    unsigned char *at = (unsigned char *)(uintptr_t)items + done * chan->item_bytes;
    return wait_in(shard, chan, SPGI_CHAN_SENDERS, at, n - done, done, deadline);
}

// As send_now.
static inline bool receive_now(struct spg_chan *chan, void *items, size_t n, size_t *received)
{
    struct spgi_fifo woken = {0};
    spgi_spinlock_lock(&chan->lock);
    bool closed = chan->closed;
    *received = take(chan, items, n, &woken);
    spgi_spinlock_unlock(&chan->lock);
    wake(&woken);
    return closed || *received > 0;
}

ssize_t spgi_chan_receive(struct spgi_shard *shard, spg_chan *chan, void *items, size_t n,
                          spg_time deadline)
{
    struct spgi_task *task = shard->running;
    int refused = spgi_wait_refused(task);
    if (refused) {
        return refused;
    }
    size_t done = 0;
    if (!is_to_wait(chan, 0, deadline) && receive_now(chan, items, n, &done)) {
        return done > 0 ? (ssize_t)done : -EPIPE;
    }
    return wait_in(shard, chan, SPGI_CHAN_RECEIVERS, items, n, 0, deadline);
}

// ---- Opening and closing ---------------------------------------------------------------------

int spgi_chan_open(size_t item_bytes, size_t capacity, spg_chan **out)
{
    struct spg_chan *chan;
    if (posix_memalign((void **)&chan, SPGI_CACHE_LINE, sizeof *chan + item_bytes * capacity)) {
        return -ENOMEM;
    }
    *chan = (struct spg_chan){
        .capacity = (uint32_t)capacity,
        .item_bytes = (uint32_t)item_bytes,
        .process = spgi_thread_process(),
    };
    spgi_ring_list_init(&chan->queues[SPGI_CHAN_SENDERS]);
    spgi_ring_list_init(&chan->queues[SPGI_CHAN_RECEIVERS]);
    *out = chan;
    return 0;
}

static void end_waits(struct spgi_node *queue, struct spgi_fifo *woken)
{
    for (struct spgi_node *node = queue->next; node != queue;) {
        struct waiter *waiter = waiter_of(node);
        node = node->next;
        if (claim_wait(waiter->task, waiter->claim)) {
            waiter->code = -EPIPE;
            let_go(waiter, woken);
        }
    }
}

void spgi_chan_close(spg_chan *chan)
{
    struct spgi_fifo woken = {0};
    spgi_spinlock_lock(&chan->lock);
    chan->closed = true;
    end_waits(&chan->queues[SPGI_CHAN_SENDERS], &woken);
    end_waits(&chan->queues[SPGI_CHAN_RECEIVERS], &woken);
    spgi_spinlock_unlock(&chan->lock);
    wake(&woken);
}

int spgi_chan_free(spg_chan *chan)
{
    spgi_spinlock_lock(&chan->lock);
    bool busy = has_waiters(chan, SPGI_CHAN_SENDERS) || has_waiters(chan, SPGI_CHAN_RECEIVERS);
    spgi_spinlock_unlock(&chan->lock);
    if (!busy) {
        free(chan);
    }
    return busy ? -EBUSY : 0;
}

void spgi_chan_stats(spg_chan *chan, spg_chan_stats *out)
{
    spgi_spinlock_lock(&chan->lock);
    *out = (spg_chan_stats){
        .depth = stored(chan),
        .capacity = chan->capacity,
        .item_bytes = chan->item_bytes,
        .closed = chan->closed,
        .waiting_senders = chan->waiting[SPGI_CHAN_SENDERS],
        .waiting_receivers = chan->waiting[SPGI_CHAN_RECEIVERS],
        .sent = chan->sent,
        .received = chan->sent - stored(chan),
    };
    spgi_spinlock_unlock(&chan->lock);
}
