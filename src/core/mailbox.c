// SPDX-License-Identifier: MIT
// mailbox.c: the table of mailboxes, and their receiving side; the rules are in mailbox.h.
#include "core/mailbox.h"

#include "core/alarm.h"
#include "core/courier.h"
#include "core/lane.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/tally.h"
#include "core/wait.h"
#include "core/waitlist.h"

#include <errno.h>
#include <stdlib.h>

// ---- Taking ----------------------------------------------------------------------------------

// What is being received.
struct taking {
    struct spgi_shard *shard;
    uint64_t gen; // messages of other generations are destroyed
    spg_msg *out;
    size_t room;
    size_t taken;
};

// A message that nobody will receive: the oldest of the queue, whose slot is given back before its
// destroy function runs, which may publish, close this mailbox, or otherwise lead here again.
static void destroy_oldest(struct spgi_shard *shard, struct spgi_msgq *queue)
{
    const struct spgi_msg_slot slot = *spgi_msgq_peek(queue, 0);
    spgi_msgq_credit(queue, 1);
    SPGI_COUNT(shard, messages_destroyed);
    if (slot.destroy) {
        slot.destroy((void *)(uintptr_t)slot.value);
    }
}

// Most lanes are empty most of the time.
static inline bool has_some(struct spgi_msgq *queue)
{
    return spgi_msgq_peek(queue, 0) != NULL;
}

// Takes from a queue while there is room. Returns whether slots were given back.
static bool take_from(struct spgi_msgq *queue, uint32_t from, struct taking *taking)
{
    const struct spgi_msg_slot *slot;
    uint64_t ahead = 0; // copied, and not given back yet
    bool credited = false;
    while ((slot = spgi_msgq_peek(queue, ahead)) != NULL) {
        if (slot->generation == (uint32_t)taking->gen) {
            if (taking->taken == taking->room) {
                break;
            }
            taking->out[taking->taken++] = (spg_msg){
                .tag = slot->tag, .from = from, .value = slot->value, .destroy = slot->destroy};
            ahead++;
            continue;
        }
        if (ahead > 0) {
            spgi_msgq_credit(queue, ahead);
            ahead = 0;
        }
        destroy_oldest(taking->shard, queue);
        credited = true;
    }
    if (ahead > 0) {
        spgi_msgq_credit(queue, ahead);
    }
    return credited || ahead > 0;
}

// What came by way of the kernel.
static void take_parcels(struct spgi_mailbox *mailbox, struct taking *taking)
{
    struct spgi_link *link;
    while ((link = mailbox->parcels.head) != NULL) {
        struct spgi_parcel *parcel = SPGI_CONTAINER(link, struct spgi_parcel, link);
        struct spgi_shard *from = parcel->courier->from;
        if (parcel->gen != taking->gen) {
            SPGI_COUNT(taking->shard, messages_destroyed);
        } else if (taking->taken < taking->room) {
            taking->out[taking->taken++] = (spg_msg){.tag = parcel->tag,
                                                     .from = from ? from->index : SPG_OUTSIDE,
                                                     .value = parcel->value};
        } else {
            return;
        }
        spgi_fifo_pop(&mailbox->parcels);
        spgi_parcel_credit(parcel);
    }
}

// From a shard; behind the shards come the lane of threads outside, and the kernel lane.
static void take_lane(struct spgi_mailbox *mailbox, uint32_t from, struct taking *taking)
{
    uint32_t shards = mailbox->rt->shard_count;
    if (from == shards) {
        if (has_some(&mailbox->outside.queue) &&
            take_from(&mailbox->outside.queue, SPG_OUTSIDE, taking)) {
            spgi_lane_outside_credited(&mailbox->outside);
        }
    } else if (from > shards) {
        take_parcels(mailbox, taking);
    } else {
        struct spgi_lane *lane = load_acquire(&mailbox->lanes[from]); // pairs with lane_into
        if (lane && has_some(&lane->queue) && take_from(&lane->queue, from, taking)) {
            spgi_lane_credited(taking->shard, lane);
        }
    }
}

// Takes from all lanes, each time from another one first.
static void take(struct spgi_mailbox *mailbox, struct taking *taking)
{
    uint32_t lanes = mailbox->rt->shard_count + 2;
    uint32_t first = mailbox->turn++ % lanes;
    for (uint32_t i = 0; i < lanes; i++) {
        take_lane(mailbox, first + i < lanes ? first + i : first + i - lanes, taking);
    }
    SPGI_COUNT_N(taking->shard, messages_received, taking->taken);
}

// Sequentially consistent: the second look before a wait.
static bool has_messages(struct spgi_mailbox *mailbox)
{
    for (uint32_t i = 0; i < mailbox->rt->shard_count; i++) {
        struct spgi_lane *lane = load_seqcst(&mailbox->lanes[i]);
        if (lane && spgi_msgq_has_messages(&lane->queue)) {
            return true;
        }
    }
    return mailbox->parcels.head || spgi_msgq_has_messages(&mailbox->outside.queue);
}

// ---- Waking ----------------------------------------------------------------------------------

// Destroys what was sent to a mailbox that has been closed.
static void drain(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    struct taking nothing = {.shard = shard, .gen = load_seqcst(&mailbox->word) >> 1};
    take(mailbox, &nothing);
}

// The mailbox is closed: nobody waits any more, and what still comes is destroyed.
static void look_closed(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    spgi_waitlist_wake_all(&mailbox->waiters);
    spgi_tallies_wake_all(mailbox);
    do {
        drain(shard, mailbox);
        spgi_alarm_arm(&mailbox->arrived);
    } while (!(load_seqcst(&mailbox->word) & SPGI_MAILBOX_OPEN) && has_messages(mailbox));
}

// Whether one was called now, or before and has not looked yet.
static bool call_receiver(struct spgi_mailbox *mailbox)
{
    struct spgi_node *list = &mailbox->waiters;
    if (spgi_waitlist_empty(list) || spgi_waitlist_called(list)) {
        return !spgi_waitlist_empty(list);
    }
    bool calls = has_messages(mailbox);
    if (calls) {
        spgi_waitlist_call(list);
    }
    return calls;
}

void spgi_mailbox_look(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    for (;;) {
        if (!(load_seqcst(&mailbox->word) & SPGI_MAILBOX_OPEN)) {
            look_closed(shard, mailbox);
            return;
        }
        bool wanted = !spgi_waitlist_empty(&mailbox->waiters);
        bool called = spgi_tallies_call_due(mailbox) | call_receiver(mailbox);
        if (called || (!wanted && !spgi_tallies_wanted(mailbox))) {
            return; // who was called looks again when it is done
        }
        spgi_alarm_arm(&mailbox->arrived);
        bool due = (wanted && has_messages(mailbox)) || spgi_tallies_due(mailbox);
        if (!due && load_seqcst(&mailbox->word) & SPGI_MAILBOX_OPEN) {
            return;
        }
    }
}

static void rang(struct spgi_shard *shard, struct spgi_alarm *alarm)
{
    spgi_mailbox_look(shard, SPGI_CONTAINER(alarm, struct spgi_mailbox, arrived));
}

// ---- Receiving -------------------------------------------------------------------------------

static int wait_for_message(struct spgi_shard *shard, struct spgi_mailbox *mailbox,
                            struct spgi_waiter *waiter, spg_time deadline)
{
    if (deadline == SPG_NOW) {
        return -ETIME;
    }
    spgi_alarm_arm(&mailbox->arrived);
    if (spgi_waitlist_turn(&mailbox->waiters, waiter) && has_messages(mailbox)) {
        return 0;
    }
    // Called in vain, for messages of an older mailbox: the alarm was not armed meanwhile.
    spgi_tallies_call_due(mailbox);
    return spgi_waitlist_wait(shard, &mailbox->waiters, waiter, SPGI_WAIT_MESSAGE, deadline);
}

ssize_t spgi_mailbox_receive(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                             spg_msg *out, size_t n, spg_time deadline)
{
    int error = spgi_wait_refused(shard->running);
    if (error) {
        return error;
    }
    spgi_lanes_publish(shard); // it may have sent to itself
    struct taking taking = {.shard = shard, .gen = gen, .out = out, .room = n};
    struct spgi_waiter waiter;
    spgi_waiter_init(&waiter, 0);
    bool waited = false;
    for (;;) {
        if (!spgi_mailbox_is(mailbox, gen)) {
            error = -ESRCH;
            break;
        }
        if (spgi_waitlist_turn(&mailbox->waiters, &waiter)) { // else behind those who wait
            take(mailbox, &taking);
        }
        if (taking.taken > 0) {
            break;
        }
        if (!spgi_mailbox_is(mailbox, gen)) { // closed by what was destroyed
            error = -ESRCH;
            break;
        }
        error = wait_for_message(shard, mailbox, &waiter, deadline);
        waited = true;
        if (error) {
            break;
        }
    }
    spgi_waitlist_leave(&waiter);
    if (waited || !spgi_waitlist_empty(&mailbox->waiters)) {
        spgi_mailbox_look(shard, mailbox); // whoever is called cares for the rest
    }
    return taking.taken > 0 ? (ssize_t)taking.taken : error;
}

// ---- Opening and closing ---------------------------------------------------------------------

static spg_mailbox handle_of(const struct spgi_mailbox *mailbox, uint64_t gen)
{
    uint64_t place = (uint64_t)mailbox->rt->slot << SPGI_MAILBOX_INDEX_BITS | mailbox->index;
    return (spg_mailbox){place << SPGI_MAILBOX_GEN_BITS | gen};
}

// Under mailboxes_lock. A slot that was closed on the same shard: its alarm stays where it is.
static struct spgi_mailbox *reuse(struct spg_rt *rt, uint32_t shard)
{
    struct spgi_node *list = &rt->shards[shard]->closed_mailboxes;
    if (spgi_ring_list_empty(list)) {
        return NULL;
    }
    struct spgi_mailbox *mailbox = SPGI_CONTAINER(list->next, struct spgi_mailbox, closed);
    spgi_ring_list_remove(&mailbox->closed);
    return mailbox;
}

// Under mailboxes_lock.
static struct spgi_mailbox *add(struct spg_rt *rt, uint32_t shard)
{
    struct spgi_mailbox *mailbox;
    if (posix_memalign((void **)&mailbox, SPGI_CACHE_LINE, sizeof *mailbox) != 0) {
        return NULL;
    }
    *mailbox = (struct spgi_mailbox){
        .rt = rt,
        .index = rt->mailbox_count,
        .shard = shard,
        .lanes = calloc(rt->shard_count, sizeof *mailbox->lanes),
        .outside.generation = UINT64_MAX,
    };
    if (!mailbox->lanes) {
        free(mailbox);
        return NULL;
    }
    pthread_mutex_init(&mailbox->outside.lock, NULL);
    spgi_ring_list_init(&mailbox->waiters);
    spgi_alarm_init(&mailbox->arrived, rt->shards[shard], rang);
    store_relaxed(&mailbox->word, rt->first_mailbox_generation << 1);
    store_release(&rt->mailboxes[rt->mailbox_count], mailbox); // pairs with spgi_mailbox_of
    rt->mailbox_count++;
    return mailbox;
}

int spgi_mailbox_open(struct spg_rt *rt, uint32_t shard, uint64_t capacity, spg_mailbox *out)
{
    pthread_mutex_lock(&rt->mailboxes_lock);
    struct spgi_mailbox *mailbox = reuse(rt, shard);
    bool full = !mailbox && rt->mailbox_count == SPG_MAX_MAILBOXES;
    mailbox = mailbox || full ? mailbox : add(rt, shard);
    if (mailbox) {
        uint64_t gen = load_relaxed(&mailbox->word) >> 1;
        store_relaxed(&mailbox->capacity, capacity);
        store_seqcst(&mailbox->word, gen << 1 | SPGI_MAILBOX_OPEN);
        *out = handle_of(mailbox, gen);
    }
    pthread_mutex_unlock(&rt->mailboxes_lock);
    return mailbox ? 0 : full ? -EAGAIN : -ENOMEM;
}

void spgi_mailbox_close(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    struct spg_rt *rt = mailbox->rt;
    uint64_t next = (load_relaxed(&mailbox->word) >> 1) + 1;
    store_seqcst(&mailbox->word, (next & SPGI_MAILBOX_GEN_MASK) << 1);
    look_closed(shard, mailbox); // senders that wait get room, and see that it is closed
    spgi_tallies_clear(mailbox);
    pthread_mutex_lock(&rt->mailboxes_lock);
    spgi_ring_list_append(&shard->closed_mailboxes, &mailbox->closed);
    pthread_mutex_unlock(&rt->mailboxes_lock);
}

// ---- The table -------------------------------------------------------------------------------

spg_mailbox spgi_mailbox_default(struct spg_rt *rt, uint32_t shard)
{
    return handle_of(load_acquire(&rt->mailboxes[shard]), rt->first_mailbox_generation);
}

void spgi_mailboxes_shut(struct spg_rt *rt)
{
    store_seqcst(&rt->mailboxes_shut, 1u);
    pthread_mutex_lock(&rt->mailboxes_lock); // a mailbox that is added later finds them shut
    for (uint32_t i = 0; i < rt->mailbox_count; i++) {
        struct spgi_mailbox *mailbox = load_relaxed(&rt->mailboxes[i]);
        spgi_eventcount_notify(&mailbox->outside.credited);
    }
    pthread_mutex_unlock(&rt->mailboxes_lock);
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        spgi_couriers_shut(rt->shards[i]);
    }
}

int spgi_mailboxes_init(struct spg_rt *rt, uint64_t first_generation)
{
    rt->first_mailbox_generation = first_generation;
    rt->mailboxes = calloc(SPG_MAX_MAILBOXES, sizeof *rt->mailboxes);
    for (uint32_t i = 0; rt->mailboxes && i < rt->shard_count; i++) {
        spg_mailbox own;
        if (spgi_mailbox_open(rt, i, rt->options.mailbox_capacity, &own) < 0) {
            return -ENOMEM;
        }
    }
    return rt->mailboxes ? 0 : -ENOMEM;
}

uint64_t spgi_mailboxes_fini(struct spg_rt *rt)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < rt->mailbox_count; i++) {
        struct spgi_mailbox *mailbox = load_relaxed(&rt->mailboxes[i]);
        uint64_t gen = load_relaxed(&mailbox->word) >> 1;
        uint64_t used = (gen - rt->first_mailbox_generation + 1) & SPGI_MAILBOX_GEN_MASK;
        most = used > most ? used : most;
        for (uint32_t shard = 0; shard < rt->shard_count; shard++) {
            spgi_lane_free(load_relaxed(&mailbox->lanes[shard]));
        }
        spgi_msgq_free(&mailbox->outside.queue);
        pthread_mutex_destroy(&mailbox->outside.lock);
        free((void *)mailbox->lanes);
        free(mailbox);
    }
    free((void *)rt->mailboxes);
    return (rt->first_mailbox_generation + most) & SPGI_MAILBOX_GEN_MASK;
}
