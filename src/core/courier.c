// SPDX-License-Identifier: MIT
// courier.c: the kernel lane; the protocol is in courier.h.
#include "core/courier.h"

#include "core/alarm.h"
#include "core/lane.h"
#include "core/mailbox.h"
#include "core/op.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(SPG_URING_CREDITS <= 64, "a bit each");

// ---- Credits ---------------------------------------------------------------------------------

// P1. NULL: none is free.
static struct spgi_parcel *take_parcel(struct spgi_courier *courier)
{
    uint64_t free = load_seqcst(&courier->free);
    while (free != 0) {
        uint64_t lowest = free & (~free + 1);
        // Acquire: the receiver has copied what was in it (pairs with spgi_parcel_credit).
        if (cas_seqcst(&courier->free, &free, free & ~lowest)) {
            struct spgi_parcel *parcel = &courier->parcels[__builtin_ctzll(lowest)];
            parcel->order = courier->from ? ++courier->from->outbox.sent : 0;
            return parcel;
        }
    }
    return NULL;
}

void spgi_parcel_credit(struct spgi_parcel *parcel)
{
    struct spgi_courier *courier = parcel->courier;
    store_relaxed(&parcel->sent, 0u);
    or_seqcst(&courier->free, UINT64_C(1) << (parcel - courier->parcels)); // R4
    if (courier->from) {
        spgi_alarm_ring(&courier->credit);
    } else {
        spgi_eventcount_notify(&courier->credited);
    }
}

static uint64_t busy(struct spgi_courier *courier)
{
    return ~load_seqcst(&courier->free) & courier->to->courier_credits;
}

// Calls the first of those who wait for a parcel. False: there is nothing for it.
static bool call_sender(struct spgi_courier *courier)
{
    struct spgi_node *list = &courier->waiters;
    if (spgi_waitlist_empty(list) || spgi_waitlist_called(list)) {
        return !spgi_waitlist_empty(list); // it looks on when it has its own
    }
    bool calls = load_seqcst(&courier->free) != 0;
    if (calls) {
        spgi_waitlist_call(list);
    }
    return calls;
}

// Wakes those whose wait is over; while others wait, the alarm stays armed.
static void look(struct spgi_shard *shard, struct spgi_courier *courier)
{
    bool changed;
    do {
        uint64_t seen = busy(courier); // first: what is woken below saw it
        bool flush_wanted = spgi_lanes_wake_flushed(shard) && seen != 0;
        bool room_wanted = !call_sender(courier) && !spgi_waitlist_empty(&courier->waiters);
        if (!flush_wanted && !room_wanted) {
            return;
        }
        spgi_alarm_arm(&courier->credit);
        changed = busy(courier) != seen;
    } while (changed);
}

static void credit_rang(struct spgi_shard *shard, struct spgi_alarm *alarm)
{
    look(shard, SPGI_CONTAINER(alarm, struct spgi_courier, credit));
}

// Of a shard; NULL: it has sent none there.
static struct spgi_courier *courier_to(struct spgi_shard *shard, uint32_t to)
{
    return load_relaxed(&shard->rt->shards[to]->couriers[shard->index]); // its own writing
}

bool spgi_couriers_flushed(struct spgi_shard *shard, uint64_t sent)
{
    for (uint32_t i = 0; i < shard->rt->shard_count; i++) {
        struct spgi_courier *courier = courier_to(shard, i);
        for (uint64_t left = courier ? busy(courier) : 0; left != 0; left &= left - 1) {
            if (courier->parcels[__builtin_ctzll(left)].order <= sent) {
                return false;
            }
        }
    }
    return true;
}

void spgi_couriers_arm(struct spgi_shard *shard)
{
    for (uint32_t i = 0; i < shard->rt->shard_count; i++) {
        struct spgi_courier *courier = courier_to(shard, i);
        if (courier && busy(courier) != 0) {
            spgi_alarm_arm(&courier->credit);
        }
    }
}

// ---- Couriers --------------------------------------------------------------------------------

// From a shard, or NULL: from outside, to a shard; made at its first use. NULL: no memory.
static struct spgi_courier *courier_between(struct spgi_shard *from, struct spgi_shard *to)
{
    spgi_aptr *place = &to->couriers[from ? from->index : to->rt->shard_count];
    void *found = load_acquire(place);
    if (found) {
        return found;
    }
    struct spgi_courier *courier = calloc(1, sizeof *courier);
    if (!courier) {
        return NULL;
    }
    courier->from = from;
    courier->to = to;
    store_relaxed(&courier->free, to->courier_credits);
    spgi_ring_list_init(&courier->waiters);
    spgi_alarm_init(&courier->credit, from, credit_rang);
    for (uint32_t i = 0; i < SPG_URING_CREDITS; i++) {
        courier->parcels[i].courier = courier;
    }
    // Threads may race for theirs; a shard is alone. Release: pairs with the acquire above.
    // Sequentially consistent: a thread that makes one while mailboxes are shut sees that, or the
    // one who shuts sees it (spgi_couriers_shut).
    if (!cas_seqcst(place, &found, courier)) {
        free(courier);
        return found;
    }
    return courier;
}

void spgi_couriers_shut(struct spgi_shard *shard)
{
    struct spgi_courier *courier = load_seqcst(&shard->couriers[shard->rt->shard_count]);
    if (courier) {
        spgi_eventcount_notify(&courier->credited);
    }
}

void spgi_couriers_free(struct spgi_shard *shard)
{
    for (uint32_t i = 0; shard->couriers && i <= shard->rt->shard_count; i++) {
        free(load_relaxed(&shard->couriers[i]));
    }
    free((void *)shard->couriers);
}

// ---- Arriving --------------------------------------------------------------------------------

static void arrived(struct spgi_shard *shard, struct spgi_parcel *parcel)
{
    bool sent =
        load_acquire(&parcel->sent); // R2: the kernel has ordered it; this tells the language
    SPGI_CHECK(sent);
    SPGI_COUNT(shard, parcels_received);
    struct spgi_mailbox *mailbox = parcel->mailbox;
    if (!spgi_mailbox_is(mailbox, parcel->gen)) {
        SPGI_COUNT(shard, messages_destroyed);
        spgi_parcel_credit(parcel);
        return;
    }
    spgi_fifo_push(&mailbox->parcels, &parcel->link);
    spgi_mailbox_look(mailbox);
}

void spgi_courier_arrived(struct spgi_shard *shard, uint32_t number)
{
    struct spgi_courier *courier = load_acquire(&shard->couriers[number / SPG_URING_CREDITS]);
    arrived(shard, &courier->parcels[number % SPG_URING_CREDITS]);
}

// ---- Sending ---------------------------------------------------------------------------------

// P1 in a task. Returns 0, or why there is none.
static int wait_for_parcel(struct spgi_shard *shard, struct spgi_courier *courier,
                           struct spgi_parcel **out, spg_time deadline)
{
    struct spgi_node *list = &courier->waiters;
    struct spgi_waiter waiter;
    spgi_waiter_init(&waiter, 0);
    int error = spgi_wait_refused(shard->running);
    *out = NULL;
    // Others wait already: behind them.
    while (!error && !(spgi_waitlist_turn(list, &waiter) && (*out = take_parcel(courier)))) {
        SPGI_COUNT(shard, lanes_full);
        if (deadline == SPG_NOW) {
            error = -EAGAIN;
            break;
        }
        spgi_alarm_arm(&courier->credit);
        if (!spgi_waitlist_turn(list, &waiter) || load_seqcst(&courier->free) == 0) {
            error = spgi_waitlist_wait(shard, list, &waiter, SPGI_WAIT_ROOM, deadline);
        }
    }
    spgi_waitlist_leave(&waiter);
    if (!spgi_waitlist_empty(list)) {
        look(shard, courier); // whoever is called cares for the rest
    }
    return error;
}

// P1 in a thread.
static int sleep_for_parcel(struct spgi_courier *courier, struct spgi_parcel **out,
                            spg_time deadline)
{
    for (;;) {
        uint64_t key = spgi_eventcount_prepare(&courier->credited);
        if (spgi_mailboxes_are_shut(courier->to->rt)) {
            return -ESHUTDOWN;
        }
        *out = take_parcel(courier);
        if (*out) {
            return 0;
        }
        if (deadline == SPG_NOW) {
            return -EAGAIN;
        }
        if (deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
            return -ETIME;
        }
        spgi_eventcount_wait(&courier->credited, key, deadline);
    }
}

static uint64_t parcel_data(const struct spgi_parcel *parcel)
{
    const struct spgi_courier *courier = parcel->courier;
    uint32_t sender = courier->from ? courier->from->index : courier->to->rt->shard_count;
    uint32_t number = sender * SPG_URING_CREDITS + (uint32_t)(parcel - courier->parcels);
    return spgi_user_data(SPGI_KIND_PARCEL, 0, number);
}

static void brought_by_errand(struct spgi_shard *shard, struct spgi_errand *errand)
{
    arrived(shard, SPGI_CONTAINER(errand, struct spgi_parcel, errand));
}

// P3.
static int hand_over(struct spgi_shard *shard, struct spgi_parcel *parcel)
{
    struct spgi_shard *to = parcel->courier->to;
    uint64_t data = parcel_data(parcel);
    if (!shard && !to->takes_threads) { // an errand brings it, and an eventfd wakes the shard
        parcel->errand.run = brought_by_errand;
        spgi_shard_post(to, &parcel->errand);
        return 0;
    }
    if (!shard) {
        return spgi_ring_bell_from_thread(to->ring_fd, data);
    }
    struct spgi_request request = {.opcode = SPGI_OP_RING_BELL, .fd = to->ring_fd, .offset = data};
    // Not to be stopped: once the kernel has taken it, it will arrive.
    return spgi_op_run(shard, shard->running, &request, NULL, false, SPG_NEVER);
}

int spgi_courier_send(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                      uint32_t tag, uint64_t value, spg_time deadline)
{
    uint64_t word = load_seqcst(&mailbox->word);
    if (!spgi_mailbox_opened(word, gen)) {
        return -ESRCH;
    }
    struct spgi_shard *to = mailbox->rt->shards[spgi_mailbox_shard(word)];
    struct spgi_courier *courier = courier_between(shard, to);
    if (!courier) {
        return -ENOMEM;
    }
    struct spgi_parcel *parcel;
    int error = shard ? wait_for_parcel(shard, courier, &parcel, deadline)
                      : sleep_for_parcel(courier, &parcel, deadline);
    if (error) {
        return error;
    }
    parcel->mailbox = mailbox;
    parcel->gen = gen;
    parcel->tag = tag;
    parcel->value = value;
    store_release(&parcel->sent, 1u); // P2; pairs with R2
    error = spgi_mailbox_is(mailbox, gen) ? hand_over(shard, parcel) : -ESRCH;
    if (error) {
        spgi_parcel_credit(parcel); // P4
    }
    return error;
}
