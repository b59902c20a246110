// SPDX-License-Identifier: MIT
// test_messages.c: contract C11: messages between two shards keep their order, and staged ones are
// published when their sender suspends, yields or returns, at 64 staged, or at a flush.
#include "streams.h"

enum { SHARDS = 3 };

static spg_mailbox opened(unsigned shard, size_t capacity)
{
    spg_mailbox box = {0};
    REQUIRE_OK(spg_mailbox_open(shard, capacity, &box));
    return box;
}

// ---- Order ----

typedef struct sender {
    spg_mailbox box;
    uint32_t tag; // its number
    uint64_t seed;
    uint64_t count;
    bool flushes; // and moves; else it is pinned
} sender;

// Messages are numbered; between them the sender suspends, yields, and flushes, as it comes.
static int sends_in_order(void *arg)
{
    sender *own = arg;
    for (uint64_t i = 0; i < own->count; i++) {
        REQUIRE_OK(spg_send(own->box, own->tag, i, patience()));
        if (own->flushes) {
            REQUIRE_OK(spg_flush(patience()));
        } else if (random_below(&own->seed, 8) == 0) {
            REQUIRE_OK(spg_yield());
        } else if (random_below(&own->seed, 32) == 0) {
            REQUIRE_OK(spg_sleep(spg_after(SPG_US)));
        }
    }
    return 0;
}

typedef struct receiver {
    spg_mailbox box;
    uint64_t count;
    bool whole; // one sender, who may have moved: its order holds whatever the shard
} receiver;

static int receives_in_order(void *arg)
{
    receiver *own = arg;
    uint64_t next[SHARDS] = {0};
    uint64_t next_of_all = 0;
    for (uint64_t got = 0; got < own->count;) {
        spg_msg messages[7];
        ssize_t n = spg_receive(own->box, messages, 7, patience());
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++, got++) {
            REQUIRE(messages[i].from < SHARDS);
            uint64_t *expected = own->whole ? &next_of_all : &next[messages[i].from];
            REQUIRE_EQ(messages[i].value, *expected);
            (*expected)++;
        }
    }
    return 0;
}

// A sender on each shard, two receivers: six pairs, and lanes that are full at times.
TASK_TEST(c11_messages_between_two_shards_keep_their_order, SHARDS)
{
    uint64_t count = scaled(20000, 200);
    receiver to[2];
    sender from[2 * SHARDS];
    spg_task tasks[2 + 2 * SHARDS];
    size_t n = 0;
    for (uint32_t i = 0; i < 2; i++) {
        spg_attr there = pinned_to(i);
        to[i] = (receiver){.box = opened(i, 16), .count = SHARDS * count};
        tasks[n++] = spawned(&there, receives_in_order, &to[i]);
    }
    for (uint32_t i = 0; i < 2 * SHARDS; i++) {
        spg_attr there = pinned_to(i / 2);
        from[i] = (sender){.box = to[i % 2].box, .seed = random_stream(i), .count = count};
        tasks[n++] = spawned(&there, sends_in_order, &from[i]);
    }
    for (size_t i = 0; i < n; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    return 0;
}

static int moves_and_flushes(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint64_t count = scaled(2000, 50);
    spg_attr there = pinned_to(1);
    receiver to = {.box = opened(1, 16), .count = count, .whole = true};
    sender from = {.box = to.box, .seed = 1, .count = count, .flushes = true};
    spg_task receiving = spawned(&there, receives_in_order, &to);
    spg_task sending = spawned(&(spg_attr){0}, sends_in_order, &from);
    REQUIRE_OK(joined(sending));
    return joined(receiving);
}

START_TEST(c11_a_task_that_flushes_keeps_order_across_migrations)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(11) | 1; // it moves each time that it suspends
    run_root(&options, moves_and_flushes, NULL);
}
END_TEST

// ---- Publication ----

// What the sender does after it has sent; then it, or a task behind it, holds the shard until the
// receiver has everything. So nothing that comes later can have published it.
enum way { SUSPENDS, YIELDS, RETURNS, SENDS_64, FLUSHES, WAYS };

typedef struct publication {
    enum way way;
    spg_mailbox box;
    spg_fd never[2]; // nothing is written to until the receiver has done it
    atomic_int received;
    int count;
} publication;

static void hold_shard(publication *own)
{
    for (spg_time limit = patience(); atomic_load(&own->received) < own->count;) {
        if (spg_now() > limit) {
            ck_abort_msg("way %d: %d of %d messages came", own->way, atomic_load(&own->received),
                         own->count);
        }
    }
}

static int holds_shard(void *arg)
{
    hold_shard(arg);
    return 0;
}

static int sends_and_goes_on(void *arg)
{
    publication *own = arg;
    char byte;
    spg_flush_ticket ticket;
    if (own->way == RETURNS) {
        spg_attr here = pinned_to(0);
        REQUIRE_OK(spg_spawn(&here, holds_shard, own, NULL));
    }
    for (int i = 0; i < own->count; i++) {
        REQUIRE_OK(spg_send(own->box, 0, (uint64_t)i, SPG_NOW));
    }
    switch (own->way) {
    case SUSPENDS:
        REQUIRE_CODE(spg_recv(own->never[0], &byte, 1, 0, patience()), 1);
        REQUIRE_EQ(atomic_load(&own->received), own->count);
        break;
    case YIELDS:
        REQUIRE_OK(spg_yield());
        hold_shard(own);
        break;
    case SENDS_64:
        hold_shard(own);
        break;
    case FLUSHES:
        REQUIRE_OK(spg_flush_begin(&ticket));
        hold_shard(own);
        break;
    case RETURNS:
    case WAYS:
        break;
    }
    return 0;
}

static int receives_all(void *arg)
{
    publication *own = arg;
    for (int i = 0; i < own->count; i++) {
        spg_msg message;
        REQUIRE_CODE(spg_receive(own->box, &message, 1, patience()), 1);
        REQUIRE_EQ(message.value, (uint64_t)i);
        atomic_fetch_add(&own->received, 1);
    }
    REQUIRE_CODE(spg_socket_send(own->never[1], "x", 1, 0, patience()), 1);
    return 0;
}

static int publishes(void *arg)
{
    publication own = {.way = *(enum way *)arg, .box = opened(1, 0)};
    own.count = own.way == SENDS_64 ? (int)SPG_MSG_BATCH : 3;
    open_socket_pair(own.never, SOCK_STREAM);
    spg_attr there = pinned_to(1);
    spg_attr here = pinned_to(0);
    spg_scope scope; // also of the task that is left behind
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn(&there, receives_all, &own, NULL));
    REQUIRE_OK(spg_spawn(&here, sends_and_goes_on, &own, NULL));
    REQUIRE_OK(spg_scope_close(&scope));
    close_pair(own.never);
    return 0;
}

START_TEST(c11_staged_messages_are_published)
{
    spg_options options = ordered_options(2);
    enum way way = (enum way)_i;
    run_root(&options, publishes, &way);
}
END_TEST

// Until then they are staged: a sender that goes on shows nothing.
static int stages(void *arg)
{
    publication *own = arg;
    for (int i = 0; i < (int)SPG_MSG_BATCH - 1; i++) {
        REQUIRE_OK(spg_send(own->box, 0, (uint64_t)i, SPG_NOW));
    }
    atomic_store(&own->received, 1);
    for (spg_time limit = patience(); atomic_load(&own->received) == 1;) {
        REQUIRE(spg_now() < limit);
    }
    return 0;
}

static int looks_in_vain(void *arg)
{
    publication *own = arg;
    spg_msg message;
    AWAIT(atomic_load(&own->received) == 1);
    REQUIRE_CODE(spg_receive(own->box, &message, 1, SPG_NOW), -ETIME);
    atomic_store(&own->received, 2);
    REQUIRE_CODE(spg_receive(own->box, &message, 1, patience()), 1); // published at its return
    return 0;
}

TASK_TEST(c11_fewer_than_64_stay_staged_until_then, 2)
{
    publication own = {.box = opened(1, 0)};
    spg_attr there = pinned_to(1);
    spg_attr here = pinned_to(0);
    spg_task looking = spawned(&there, looks_in_vain, &own);
    spg_task staging = spawned(&here, stages, &own);
    REQUIRE_OK(joined(staging));
    return joined(looking);
}

int main(void)
{
    Suite *suite = suite_create("contract C11");
    TCase *tests = add_tests(suite, "messages", 90);
    tcase_add_test(tests, c11_messages_between_two_shards_keep_their_order);
    tcase_add_test(tests, c11_a_task_that_flushes_keeps_order_across_migrations);
    tcase_add_loop_test(tests, c11_staged_messages_are_published, 0, WAYS);
    tcase_add_test(tests, c11_fewer_than_64_stay_staged_until_then);
    return run_suite("test_messages", suite);
}
