// SPDX-License-Identifier: MIT
// lane.c: the sending side of mailboxes; what it promises is in lane.h.
#include "core/lane.h"

#include "base/assert.h"
#include "core/alarm.h"
#include "core/courier.h"
#include "core/mailbox.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>

static struct spgi_lane *lane_of_link(struct spgi_link *link)
{
    return SPGI_CONTAINER(link, struct spgi_lane, lanes_link);
}

// ---- The queue of a lane ---------------------------------------------------------------------

// Gives an empty queue of the sender room for `capacity` messages. False: no memory.
static bool resize(struct spgi_msgq *queue, uint64_t capacity)
{
    if (queue->capacity == capacity) {
        return true;
    }
    uint64_t slots = 1;
    while (slots < capacity) {
        slots *= 2;
    }
    struct spgi_msg_slot *memory = calloc(slots, sizeof *memory);
    if (!memory) {
        return false;
    }
    free(queue->slots);
    queue->slots = memory;
    queue->mask = slots - 1;
    queue->capacity = capacity;
    return true;
}

// Makes the queue fit the mailbox that lives in the slot now. Returns 0; -ENOMEM; -EAGAIN: what was
// sent to the one before must be taken out first.
static int adopt(struct spgi_msgq *queue, uint64_t *generation, struct spgi_mailbox *mailbox,
                 uint64_t gen)
{
    if (*generation == gen) {
        return 0;
    }
    if (spgi_msgq_untaken(queue) > 0) {
        return -EAGAIN;
    }
    if (!resize(queue, load_relaxed(&mailbox->capacity))) {
        return -ENOMEM;
    }
    *generation = gen;
    return 0;
}

// Stages as many as there is room for. Returns how many.
static size_t stage(struct spgi_msgq *queue, uint64_t gen, uint64_t *order, const spg_msg *messages,
                    size_t n)
{
    size_t staged = 0;
    for (; staged < n; staged++) {
        const spg_msg *message = &messages[staged];
        struct spgi_msg_slot slot = {
            .tag = message->tag,
            .generation = (uint32_t)gen,
            .value = message->value,
            .destroy = message->destroy,
            .order = *order + 1,
        };
        if (!spgi_msgq_stage(queue, &slot)) {
            break;
        }
        ++*order;
    }
    return staged;
}

// ---- Publishing ------------------------------------------------------------------------------

void spgi_lanes_publish_all(struct spgi_shard *shard)
{
    struct spgi_outbox *outbox = &shard->outbox;
    struct spgi_link *link;
    outbox->staged = 0;
    while ((link = spgi_fifo_pop(&outbox->dirty)) != NULL) {
        struct spgi_lane *lane = SPGI_CONTAINER(link, struct spgi_lane, dirty_link);
        lane->dirty = false;
        if (spgi_msgq_publish(&lane->queue)) {
            SPGI_COUNT(shard, message_batches);
            spgi_alarm_ring_from(shard, &lane->mailbox->arrived);
        }
    }
}

static void note_staged(struct spgi_shard *shard, struct spgi_lane *lane, size_t n)
{
    struct spgi_outbox *outbox = &shard->outbox;
    if (n > 0 && !lane->dirty) {
        lane->dirty = true;
        spgi_fifo_push(&outbox->dirty, &lane->dirty_link);
    }
    outbox->staged += (uint32_t)n;
    SPGI_COUNT_N(shard, messages_sent, n);
    if (outbox->staged >= SPG_MSG_BATCH) {
        spgi_lanes_publish_all(shard);
    }
}

// ---- Credits ---------------------------------------------------------------------------------

static bool has_room(struct spgi_lane *lane)
{
    uint64_t word = load_seqcst(&lane->mailbox->word);
    bool gone = !spgi_mailbox_opened(word, lane->generation);
    // A closed mailbox ends the wait. One that is new in its slot wants the queue empty.
    return gone ? !(word & SPGI_MAILBOX_OPEN) || spgi_msgq_untaken(&lane->queue) == 0
                : spgi_msgq_has_room(&lane->queue);
}

static bool is_flushed(struct spgi_shard *shard, uint64_t sent)
{
    for (struct spgi_link *link = shard->outbox.lanes.head; link; link = link->next) {
        struct spgi_msgq *queue = &lane_of_link(link)->queue;
        if (spgi_msgq_untaken(queue) > 0 && spgi_msgq_oldest(queue) <= sent) {
            return false;
        }
    }
    return spgi_couriers_flushed(shard, sent);
}

bool spgi_lanes_wake_flushed(struct spgi_shard *shard)
{
    struct spgi_node *list = &shard->outbox.flushes;
    // In the order of their tickets, but for tickets that were kept back: look at all.
    for (struct spgi_node *node = list->next; node != list;) {
        struct spgi_waiter *waiter = SPGI_CONTAINER(node, struct spgi_waiter, node);
        node = node->next;
        if (is_flushed(shard, waiter->until)) {
            spgi_waitlist_wake(waiter);
        }
    }
    return !spgi_waitlist_empty(list);
}

// Whether one was called now, or before and has not looked yet.
static bool call_for_room(struct spgi_lane *lane)
{
    struct spgi_node *list = &lane->room;
    if (spgi_waitlist_empty(list) || spgi_waitlist_called(list)) {
        return !spgi_waitlist_empty(list); // it looks again when it has sent
    }
    bool calls = has_room(lane);
    if (calls) {
        spgi_waitlist_call(list);
    }
    return calls;
}

// Wakes those whose wait is over; while others wait, the alarm stays armed.
static void look(struct spgi_shard *shard, struct spgi_lane *lane)
{
    bool changed;
    do {
        uint64_t untaken = spgi_msgq_untaken(&lane->queue); // first: what is woken below saw it
        bool flush_wanted = spgi_lanes_wake_flushed(shard) && untaken > 0;
        bool room_wanted = !call_for_room(lane) && !spgi_waitlist_empty(&lane->room);
        if (!room_wanted && !flush_wanted) {
            return;
        }
        spgi_alarm_arm(&lane->credit);
        changed = spgi_msgq_untaken(&lane->queue) != untaken || (room_wanted && has_room(lane));
    } while (changed);
}

static void credit_rang(struct spgi_shard *shard, struct spgi_alarm *alarm)
{
    look(shard, SPGI_CONTAINER(alarm, struct spgi_lane, credit));
}

void spgi_lane_credited(struct spgi_shard *shard, struct spgi_lane *lane)
{
    spgi_alarm_ring_from(shard, &lane->credit);
}

// ---- Sending from a shard --------------------------------------------------------------------

// The shard's lane into a mailbox, made at its first use; NULL: no memory.
static struct spgi_lane *lane_into(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    struct spgi_lane *lane = load_relaxed(&mailbox->lanes[shard->index]); // its own writing
    if (lane) {
        return lane;
    }
    if (posix_memalign((void **)&lane, SPGI_CACHE_LINE, sizeof *lane) != 0) {
        return NULL;
    }
    *lane = (struct spgi_lane){.mailbox = mailbox, .generation = UINT64_MAX};
    spgi_ring_list_init(&lane->room);
    spgi_alarm_init(&lane->credit, shard, credit_rang);
    spgi_fifo_push(&shard->outbox.lanes, &lane->lanes_link);
    // Sequentially consistent, as the tail after it: the receiver's second look must see both.
    store_seqcst(&mailbox->lanes[shard->index], lane);
    return lane;
}

// Suspends until there may be room. Returns 0, -EAGAIN, -ETIME, -ECANCELED.
static int wait_for_room(struct spgi_shard *shard, struct spgi_lane *lane,
                         struct spgi_waiter *waiter, spg_time deadline)
{
    SPGI_COUNT(shard, lanes_full);
    spgi_lanes_publish(shard); // so that the receiver makes some
    if (deadline == SPG_NOW) {
        return -EAGAIN;
    }
    spgi_alarm_arm(&lane->credit);
    if (spgi_waitlist_turn(&lane->room, waiter) && has_room(lane)) {
        return 0;
    }
    return spgi_waitlist_wait(shard, &lane->room, waiter, SPGI_WAIT_ROOM, deadline);
}

// One try. Returns 0, -EAGAIN: there is no room for all of them; -ESRCH; -ENOMEM.
static inline __attribute__((always_inline)) int send_now(struct spgi_shard *shard,
                                                          struct spgi_lane *lane, uint64_t gen,
                                                          const spg_msg *messages, size_t n,
                                                          size_t *sent)
{
    if (!spgi_mailbox_is(lane->mailbox, gen)) {
        return -ESRCH;
    }
    int error = adopt(&lane->queue, &lane->generation, lane->mailbox, gen);
    if (error) {
        return error;
    }
    size_t staged = stage(&lane->queue, gen, &shard->outbox.sent, messages + *sent, n - *sent);
    note_staged(shard, lane, staged);
    *sent += staged;
    return *sent == n ? 0 : -EAGAIN;
}

// Waits for its turn, and then for room. Returns as send_now, or why it stopped waiting.
static int send_in_turn(struct spgi_shard *shard, struct spgi_lane *lane, uint64_t gen,
                        const spg_msg *messages, size_t n, size_t *sent, spg_time deadline)
{
    struct spgi_waiter waiter;
    int why;
    spgi_waiter_init(&waiter, 0);
    while ((why = wait_for_room(shard, lane, &waiter, deadline)) == 0) {
        bool turn = spgi_waitlist_turn(&lane->room, &waiter);
        why = turn || !spgi_mailbox_is(lane->mailbox, gen)
                  ? send_now(shard, lane, gen, messages, n, sent)
                  : -EAGAIN;
        if (why != -EAGAIN) {
            break;
        }
    }
    spgi_waitlist_leave(&waiter);
    if (!spgi_waitlist_empty(&lane->room)) {
        look(shard, lane);
    }
    return why;
}

size_t spgi_lane_send(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                      const spg_msg *messages, size_t n, int *why, spg_time deadline)
{
    size_t sent = 0;
    *why = spgi_wait_refused(shard->running);
    if (*why) {
        return 0;
    }
    struct spgi_lane *lane = lane_into(shard, mailbox);
    if (!lane) {
        *why = -ENOMEM;
        return 0;
    }
    // Else others wait already: behind them.
    bool turn = spgi_waitlist_empty(&lane->room) || !spgi_mailbox_is(mailbox, gen);
    *why = turn ? send_now(shard, lane, gen, messages, n, &sent) : -EAGAIN;
    if (*why == -EAGAIN) {
        *why = send_in_turn(shard, lane, gen, messages, n, &sent, deadline);
    }
    return sent;
}

int spgi_lanes_flush(struct spgi_shard *shard, uint64_t sent, spg_time deadline)
{
    int refused = spgi_wait_refused(shard->running);
    if (refused) {
        return refused;
    }
    spgi_lanes_publish(shard);
    if (is_flushed(shard, sent)) {
        return 0;
    }
    if (deadline == SPG_NOW) {
        return -ETIME;
    }
    for (struct spgi_link *link = shard->outbox.lanes.head; link; link = link->next) {
        spgi_alarm_arm(&lane_of_link(link)->credit);
    }
    spgi_couriers_arm(shard);
    if (is_flushed(shard, sent)) {
        return 0;
    }
    struct spgi_waiter waiter;
    spgi_waiter_init(&waiter, sent);
    return spgi_waitlist_wait(shard, &shard->outbox.flushes, &waiter, SPGI_WAIT_FLUSH, deadline);
}

// ---- Sending from elsewhere ------------------------------------------------------------------

void spgi_lane_outside_credited(struct spgi_outside_lane *lane)
{
    spgi_eventcount_notify(&lane->credited); // the head was published before
}

// Under the lock, which it leaves while it sleeps. Returns 0 when there may be room, or -ETIME.
static int sleep_for_room(struct spgi_mailbox *mailbox, uint64_t gen, spg_time deadline)
{
    struct spgi_outside_lane *lane = &mailbox->outside;
    uint64_t key = spgi_eventcount_prepare(&lane->credited);
    bool room = lane->generation == gen ? spgi_msgq_has_room(&lane->queue)
                                        : spgi_msgq_untaken(&lane->queue) == 0;
    if (room || !spgi_mailbox_is(mailbox, gen) || spgi_mailboxes_are_shut(mailbox->rt)) {
        return 0;
    }
    if (deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        return -ETIME;
    }
    pthread_mutex_unlock(&lane->lock);
    spgi_eventcount_wait(&lane->credited, key, deadline);
    pthread_mutex_lock(&lane->lock);
    return 0;
}

// Under the lock. As send_now.
static int send_outside_now(struct spgi_mailbox *mailbox, uint64_t gen, const spg_msg *messages,
                            size_t n, size_t *sent)
{
    struct spgi_outside_lane *lane = &mailbox->outside;
    if (spgi_mailboxes_are_shut(mailbox->rt)) {
        return -ESHUTDOWN;
    }
    if (!spgi_mailbox_is(mailbox, gen)) {
        return -ESRCH;
    }
    int error = adopt(&lane->queue, &lane->generation, mailbox, gen);
    if (error) {
        return error;
    }
    *sent += stage(&lane->queue, gen, &lane->order, messages + *sent, n - *sent);
    if (spgi_msgq_publish(&lane->queue)) {
        spgi_alarm_ring(&mailbox->arrived);
    }
    return *sent == n ? 0 : -EAGAIN;
}

size_t spgi_lane_send_outside(struct spgi_mailbox *mailbox, uint64_t gen, const spg_msg *messages,
                              size_t n, int *why, spg_time deadline)
{
    struct spgi_outside_lane *lane = &mailbox->outside;
    size_t sent = 0;
    pthread_mutex_lock(&lane->lock);
    do {
        *why = send_outside_now(mailbox, gen, messages, n, &sent);
        if (*why != -EAGAIN || deadline == SPG_NOW) {
            break;
        }
        *why = sleep_for_room(mailbox, gen, deadline);
    } while (*why == 0);
    pthread_mutex_unlock(&lane->lock);
    return sent;
}

// ---- Setting up and taking apart -------------------------------------------------------------

void spgi_outbox_init(struct spgi_outbox *outbox)
{
    *outbox = (struct spgi_outbox){0};
    spgi_ring_list_init(&outbox->flushes);
}

void spgi_msgq_free(struct spgi_msgq *queue)
{
    for (uint64_t at = load_relaxed(&queue->head); at != queue->staged; at++) {
        const struct spgi_msg_slot *slot = &queue->slots[at & queue->mask];
        if (slot->destroy) {
            slot->destroy((void *)(uintptr_t)slot->value);
        }
    }
    free(queue->slots);
}

void spgi_lane_free(struct spgi_lane *lane)
{
    if (lane) {
        spgi_msgq_free(&lane->queue);
        free(lane);
    }
}
