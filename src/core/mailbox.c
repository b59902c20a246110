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
    bool destroyed; // some: their destroy functions may have done anything
    struct spgi_mailbox *open; // ends with this one; NULL: it is closed, and stays so
};

// Whether what was destroyed has closed the mailbox: it may serve somebody else by now.
static bool is_over(const struct taking *taking)
{
    return taking->destroyed && taking->open && !spgi_mailbox_is(taking->open, taking->gen);
}

// A message that nobody will receive: the oldest of the queue, whose slot is given back before its
// destroy function runs, which may publish, close this mailbox, or otherwise lead here again.
static __attribute__((noinline)) void destroy_oldest(struct spgi_shard *shard,
                                                     struct spgi_msgq *queue)
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
        taking->destroyed = true;
        credited = true;
        if (is_over(taking)) {
            break;
        }
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
    for (uint32_t i = 0; i < lanes && !is_over(taking); i++) {
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

// Under mailboxes_lock.
static void take_out(struct spgi_mailbox *mailbox)
{
    spgi_ring_list_remove(&mailbox->closed);
    spgi_ring_list_init(&mailbox->closed);
}

static void put_back(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    pthread_mutex_lock(&shard->rt->mailboxes_lock);
    spgi_ring_list_append(&shard->closed_mailboxes, &mailbox->closed);
    pthread_mutex_unlock(&shard->rt->mailboxes_lock);
}

// Destroys what was sent to a mailbox that has been closed.
static void drain(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    struct taking nothing = {.shard = shard, .gen = spgi_mailbox_gen(load_seqcst(&mailbox->word))};
    take(mailbox, &nothing);
}

// The mailbox is closed, and in no list: what still comes is destroyed.
static void empty(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
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

void spgi_mailbox_look(struct spgi_mailbox *mailbox)
{
    bool due;
    do {
        bool wanted = !spgi_waitlist_empty(&mailbox->waiters);
        bool called = spgi_tallies_call_due(mailbox);
        called = call_receiver(mailbox) || called;
        if (called || (!wanted && !spgi_tallies_wanted(mailbox))) {
            return; // who was called looks again when it is done
        }
        spgi_alarm_arm(&mailbox->arrived);
        due = (wanted && has_messages(mailbox)) || spgi_tallies_due(mailbox);
    } while (due);
}

static bool is_closed_here(const struct spgi_shard *shard, uint64_t word)
{
    return !(word & SPGI_MAILBOX_OPEN) && spgi_mailbox_shard(word) == shard->index;
}

// Somebody has sent, with an old handle, to a mailbox that is closed. Not if it is in no list: then
// this shard is about to empty it, and was led here by what it destroys.
static void look_closed(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    struct spg_rt *rt = shard->rt;
    pthread_mutex_lock(&rt->mailboxes_lock);
    uint64_t word = load_relaxed(&mailbox->word);
    bool taken = is_closed_here(shard, word) && !spgi_ring_list_empty(&mailbox->closed);
    if (taken) {
        take_out(mailbox);
    }
    pthread_mutex_unlock(&rt->mailboxes_lock);
    if (taken) {
        empty(shard, mailbox);
        put_back(shard, mailbox);
    }
}

static bool is_open_here(const struct spgi_shard *shard, uint64_t word)
{
    return word & SPGI_MAILBOX_OPEN && spgi_mailbox_shard(word) == shard->index;
}

// The mailbox is closed, or was when the alarm was rung, or it has moved: then the ring is for the
// shard that has it.
static __attribute__((noinline)) void rang_late(struct spgi_shard *shard,
                                                struct spgi_mailbox *mailbox)
{
    if (is_closed_here(shard, load_seqcst(&mailbox->word))) {
        look_closed(shard, mailbox);
    }
    uint64_t word = load_seqcst(&mailbox->word);
    if (is_open_here(shard, word)) {
        spgi_mailbox_look(mailbox);
    } else if (!is_closed_here(shard, word)) {
        spgi_alarm_arm(&mailbox->arrived);
        spgi_alarm_ring(&mailbox->arrived);
    }
}

static void rang(struct spgi_shard *shard, struct spgi_alarm *alarm)
{
    struct spgi_mailbox *mailbox = SPGI_CONTAINER(alarm, struct spgi_mailbox, arrived);
    if (is_open_here(shard, load_seqcst(&mailbox->word))) {
        spgi_mailbox_look(mailbox);
    } else {
        rang_late(shard, mailbox);
    }
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
    if (waiter->listed) {
        spgi_tallies_call_due(mailbox);
    }
    return spgi_waitlist_wait(shard, &mailbox->waiters, waiter, SPGI_WAIT_MESSAGE, deadline);
}

// Waits for its turn, and then for messages. Returns 0, or why it stopped.
static int receive_in_turn(struct spgi_shard *shard, struct spgi_mailbox *mailbox,
                           struct taking *taking, spg_time deadline)
{
    struct spgi_waiter waiter;
    spgi_waiter_init(&waiter, 0);
    int error = 0;
    bool is = true;
    while (is && !error && taking->taken == 0) {
        error = wait_for_message(shard, mailbox, &waiter, deadline);
        is = spgi_mailbox_is(mailbox, taking->gen);
        if (is && !error && spgi_waitlist_turn(&mailbox->waiters, &waiter)) {
            take(mailbox, taking);
            is = !is_over(taking);
        }
    }
    spgi_waitlist_leave(&waiter);
    if (is) {
        spgi_mailbox_look(mailbox); // whoever is called cares for the rest
    }
    return error || is ? error : -ESRCH;
}

ssize_t spgi_mailbox_receive(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                             spg_msg *out, size_t n, spg_time deadline)
{
    int error = spgi_wait_refused(shard->running);
    if (error) {
        return error;
    }
    bool is = true; // its caller has seen that
    if (shard->outbox.staged != 0) {
        spgi_lanes_publish_all(shard);      // it may have sent to itself
        is = spgi_mailbox_is(mailbox, gen); // else closed by what was destroyed
    }
    struct taking taking = {
        .shard = shard, .gen = gen, .out = out, .room = n, .open = mailbox};
    if (is && spgi_waitlist_empty(&mailbox->waiters)) { // else behind those who wait
        take(mailbox, &taking);
        is = !is_over(&taking); // likewise
    }
    if (is && taking.taken == 0) {
        error = receive_in_turn(shard, mailbox, &taking, deadline);
    }
    return taking.taken > 0 ? (ssize_t)taking.taken : is ? error : -ESRCH;
}

// ---- Opening and closing ---------------------------------------------------------------------

static spg_mailbox handle_of(const struct spgi_mailbox *mailbox, uint64_t gen)
{
    uint64_t place = (uint64_t)mailbox->rt->slot << SPGI_MAILBOX_INDEX_BITS | mailbox->index;
    return (spg_mailbox){place << SPGI_MAILBOX_GEN_BITS | gen};
}

// Of a closed one.
static uint64_t word_of(uint64_t shard, uint64_t gen)
{
    return shard << SPGI_MAILBOX_SHARD_SHIFT | (gen & SPGI_MAILBOX_GEN_MASK) << 1;
}

// Under mailboxes_lock. A slot that was closed on that shard; NULL: there is none.
static struct spgi_mailbox *reuse(struct spg_rt *rt, uint32_t shard)
{
    struct spgi_node *list = &rt->shards[shard]->closed_mailboxes;
    if (spgi_ring_list_empty(list)) {
        return NULL;
    }
    struct spgi_mailbox *mailbox = SPGI_CONTAINER(list->next, struct spgi_mailbox, closed);
    take_out(mailbox);
    return mailbox;
}

// Under mailboxes_lock. A slot that was closed on another shard.
static struct spgi_mailbox *take_over(struct spg_rt *rt)
{
    struct spgi_mailbox *mailbox = NULL;
    for (uint32_t i = 0; !mailbox && i < rt->shard_count; i++) {
        mailbox = reuse(rt, i);
    }
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
        .lanes = calloc(rt->shard_count, sizeof *mailbox->lanes),
        .outside.generation = UINT64_MAX,
    };
    if (!mailbox->lanes) {
        free(mailbox);
        return NULL;
    }
    pthread_mutex_init(&mailbox->outside.lock, NULL);
    spgi_ring_list_init(&mailbox->waiters);
    spgi_ring_list_init(&mailbox->closed);
    spgi_alarm_init(&mailbox->arrived, rt->shards[shard], rang);
    store_relaxed(&mailbox->word, word_of(shard, rt->first_mailbox_generation));
    store_release(&rt->mailboxes[rt->mailbox_count], mailbox); // pairs with spgi_mailbox_of
    rt->mailbox_count++;
    return mailbox;
}

int spgi_mailbox_open(struct spg_rt *rt, uint32_t shard, uint64_t capacity, spg_mailbox *out)
{
    pthread_mutex_lock(&rt->mailboxes_lock);
    struct spgi_mailbox *mailbox = reuse(rt, shard);
    bool full = !mailbox && rt->mailbox_count == SPG_MAX_MAILBOXES;
    if (!mailbox) {
        mailbox = full ? take_over(rt) : add(rt, shard);
    }
    if (mailbox) {
        uint64_t gen = spgi_mailbox_gen(load_relaxed(&mailbox->word));
        store_relaxed(&mailbox->capacity, capacity);
        store_relaxed(&mailbox->arrived.shard, rt->shards[shard]);
        store_seqcst(&mailbox->word, word_of(shard, gen) | SPGI_MAILBOX_OPEN);
        *out = handle_of(mailbox, gen);
    }
    pthread_mutex_unlock(&rt->mailboxes_lock);
    return mailbox ? 0 : full ? -EAGAIN : -ENOMEM;
}

void spgi_mailbox_close(struct spgi_shard *shard, struct spgi_mailbox *mailbox)
{
    uint64_t next = spgi_mailbox_gen(load_relaxed(&mailbox->word)) + 1;
    store_seqcst(&mailbox->word, word_of(shard->index, next));
    spgi_waitlist_wake_all(&mailbox->waiters);
    spgi_tallies_wake_all(mailbox);
    empty(shard, mailbox); // senders that wait get room, and see that it is closed
    spgi_tallies_clear(mailbox);
    put_back(shard, mailbox);
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
        uint64_t gen = spgi_mailbox_gen(load_relaxed(&mailbox->word));
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
