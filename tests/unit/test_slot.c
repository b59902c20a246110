// SPDX-License-Identifier: MIT
// test_slot.c: slots of mailboxes that are used again, with what was left in them.
#include "mailboxes.h"

#include <pthread.h>
#include <stdatomic.h>

// ---- Destroyed by those who come next --------------------------------------------------------

enum { OWNED = 2 };

typedef struct owned {
    spg_mailbox old;
    spg_mailbox again; // in the same slot
    void (*first)(struct owned *self);
    int destroyed;
} owned;

static owned now;

// The first one does something that looks at the slot again.
static void destroys(void *pointer)
{
    free(pointer);
    if (++now.destroyed == 1) {
        now.first(&now);
    }
}

static void send_owned(spg_mailbox to)
{
    void *pointer = malloc(8);
    REQUIRE(pointer != NULL);
    REQUIRE_OK(spg_send_owned(to, 0, pointer, destroys, SPG_NOW));
}

static void closes_again(owned *self)
{
    REQUIRE_OK(spg_mailbox_close(self->again));
}

static void publishes(owned *self)
{
    (void)self;
    spg_flush_ticket unused;
    REQUIRE_OK(spg_flush_begin(&unused));
}

// What is staged when a mailbox is closed is found by the next one in its slot.
static void leave_some_behind(void (*first)(owned *self))
{
    now = (owned){.old = opened(0, 8), .first = first};
    for (int i = 0; i < OWNED; i++) {
        send_owned(now.old);
    }
    REQUIRE_OK(spg_mailbox_close(now.old));
    REQUIRE_EQ(now.destroyed, 0);
    now.again = opened(0, 8);
}

TASK_TEST(a_mailbox_may_be_closed_by_what_it_destroys, 1)
{
    spg_msg message;
    leave_some_behind(closes_again);
    REQUIRE_CODE(spg_receive(now.again, &message, 1, SPG_NOW), -ESRCH);
    REQUIRE_EQ(now.destroyed, OWNED);
    return 0;
}

TASK_TEST(what_is_destroyed_may_publish, 1)
{
    uint64_t sum;
    now = (owned){.old = opened(0, 8), .first = publishes};
    REQUIRE_OK(spg_tally_open(now.old, 0, 1));
    send_owned(now.old);
    REQUIRE_CODE(spg_tally_take(now.old, 0, &sum, soon()), -ETIME); // leaves the alarm armed
    send_owned(now.old);                                            // staged
    REQUIRE_OK(spg_mailbox_close(now.old));
    REQUIRE_EQ(now.destroyed, OWNED);
    return 0;
}

// ---- From shard to shard ---------------------------------------------------------------------

static spg_mailbox *open_many(unsigned shard, size_t count)
{
    spg_mailbox *boxes = calloc(count, sizeof *boxes);
    REQUIRE(boxes != NULL);
    for (size_t i = 0; i < count; i++) {
        boxes[i] = opened(shard, 1);
    }
    return boxes;
}

typedef struct boxes {
    spg_mailbox *all;
    size_t count;
} boxes;

static int closes_all(void *arg)
{
    const boxes *self = arg;
    for (size_t i = 0; i < self->count; i++) {
        REQUIRE_OK(spg_mailbox_close(self->all[i]));
    }
    return 0;
}

static int receives_one(void *arg)
{
    const spg_mailbox *box = arg;
    return (int)received(*box).value;
}

static int is_elsewhere(void *arg)
{
    const spg_mailbox *box = arg;
    spg_msg message;
    return (int)spg_receive(*box, &message, 1, SPG_NOW);
}

static void carries_one(spg_mailbox box, uint32_t shard, uint32_t other)
{
    REQUIRE_CODE(run_on(other, is_elsewhere, &box), -EXDEV);
    spg_attr there = pinned_to(shard);
    spg_task receiver = spawned(&there, receives_one, &box);
    REQUIRE_OK(spg_send(box, 0, 5, patience()));
    REQUIRE_EQ(joined(receiver), 5);
}

// All slots were of one shard, then all are of the other one.
TASK_TEST(slots_are_used_by_whatever_shard_wants_them, SHARDS)
{
    boxes many = {.count = SPG_MAX_MAILBOXES - SHARDS};
    for (uint32_t round = 0; round < 2 * SHARDS; round++) {
        uint32_t shard = round % SHARDS;
        many.all = open_many(shard, many.count);
        spg_mailbox more;
        REQUIRE_CODE(spg_mailbox_open(shard, 1, &more), -EAGAIN);
        carries_one(many.all[many.count - 1], shard, !shard);
        REQUIRE_OK(run_on(shard, closes_all, &many));
        REQUIRE_CODE(spg_send(many.all[0], 0, 0, SPG_NOW), -ESRCH);
        free(many.all);
    }
    return 0;
}

// One slot is left. Shards take it in turn, while tasks and a thread send to whoever had it last.
typedef struct moving {
    _Atomic uint64_t box;
    _Atomic bool over;
    atomic_uint turn; // of shards
    atomic_uint made;
    atomic_uint freed;
    unsigned rounds;
} moving;

static moving slot;

static void counts(void *pointer)
{
    free(pointer);
    atomic_fetch_add(&slot.freed, 1);
}

static void receive_a_few(spg_mailbox box)
{
    spg_msg messages[4];
    for (int i = 0; i < 3; i++) {
        ssize_t n = spg_receive(box, messages, 4, spg_after(20 * SPG_US));
        REQUIRE(n > 0 || n == -ETIME);
        for (ssize_t k = 0; k < n; k++) {
            messages[k].destroy((void *)(uintptr_t)messages[k].value);
        }
    }
}

static int takes_the_slot(void *arg)
{
    (void)arg;
    for (unsigned done = 0; done < slot.rounds;) {
        spg_mailbox box;
        bool mine = atomic_load(&slot.turn) % SHARDS == (unsigned)spg_shard();
        // Not there while the shard that had it destroys what has come.
        int code = mine ? spg_mailbox_open(SPG_HERE, 2, &box) : -EAGAIN;
        if (code == 0) {
            atomic_store(&slot.box, box.v);
            receive_a_few(box);
            REQUIRE_OK(spg_mailbox_close(box));
            atomic_fetch_add(&slot.turn, 1);
            done++;
        }
        REQUIRE(code == 0 || code == -EAGAIN);
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static void send_some(void)
{
    void *pointer = malloc(8);
    REQUIRE(pointer != NULL);
    spg_mailbox box = {atomic_load(&slot.box)};
    int code = spg_send_owned(box, 0, pointer, counts, spg_after(20 * SPG_US));
    REQUIRE(code == 0 || code == -ESRCH || code == -ETIME);
    if (code == 0) {
        atomic_fetch_add(&slot.made, 1);
    } else {
        free(pointer);
    }
}

static int sends_to_the_slot(void *arg)
{
    (void)arg;
    while (!atomic_load(&slot.over)) {
        send_some();
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static void *sends_from_outside(void *arg)
{
    (void)arg;
    while (!atomic_load(&slot.over)) {
        send_some();
    }
    return NULL;
}

static int moves_a_slot(void *arg)
{
    (void)arg;
    boxes many = {.count = SPG_MAX_MAILBOXES - SHARDS - 1};
    many.all = open_many(0, many.count);
    pthread_t thread;
    spg_task takers[SHARDS];
    spg_task senders[SHARDS];
    for (uint32_t i = 0; i < SHARDS; i++) {
        spg_attr there = pinned_to(i);
        takers[i] = spawned(&there, takes_the_slot, NULL);
        senders[i] = spawned(&there, sends_to_the_slot, NULL);
    }
    REQUIRE_EQ(pthread_create(&thread, NULL, sends_from_outside, NULL), 0);
    for (uint32_t i = 0; i < SHARDS; i++) {
        REQUIRE_OK(joined(takers[i]));
    }
    atomic_store(&slot.over, true);
    for (uint32_t i = 0; i < SHARDS; i++) {
        REQUIRE_OK(joined(senders[i]));
    }
    REQUIRE_EQ(pthread_join(thread, NULL), 0);
    free(many.all);
    return 0;
}

START_TEST(a_slot_moves_while_others_send)
{
    spg_options options = test_options(SHARDS);
    slot.rounds = (unsigned)scaled(5000, 50);
    run_root(&options, moves_a_slot, NULL);
    REQUIRE_EQ(slot.freed, slot.made); // each once: with the runtime, if not before
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slot");
    TCase *tests = add_tests(suite, "slot", 60);
    tcase_add_test(tests, a_mailbox_may_be_closed_by_what_it_destroys);
    tcase_add_test(tests, what_is_destroyed_may_publish);
    tcase_add_test(tests, slots_are_used_by_whatever_shard_wants_them);
    tcase_add_test(tests, a_slot_moves_while_others_send);
    return run_suite("test_slot", suite);
}
