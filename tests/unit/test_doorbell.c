// SPDX-License-Identifier: MIT
// test_doorbell.c: what it takes to tell a receiver: nothing while it is awake, one doorbell per
// sleep else.
#include "mailboxes.h"

#include <stdatomic.h>

typedef struct telling {
    spg_mailbox box;
    uint32_t count;
    atomic_uint got;
    atomic_bool over;
} telling;

static spg_stats stats_now(void)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    return stats;
}

static spg_stats stats_of(uint32_t shard)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_shard(spg_runtime(), shard, &stats));
    return stats;
}

// Published by itself.
static void send_one(const telling *self, uint64_t value)
{
    spg_flush_ticket unused;
    REQUIRE_OK(spg_send(self->box, 0, value, patience()));
    REQUIRE_OK(spg_flush_begin(&unused));
}

// ---- Awake -----------------------------------------------------------------------------------

static int polls(void *arg)
{
    telling *self = arg;
    spg_msg message;
    while (!atomic_load(&self->over)) {
        if (spg_receive(self->box, &message, 1, SPG_NOW) == 1) {
            atomic_fetch_add(&self->got, 1);
        }
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

TASK_TEST(a_receiver_that_is_awake_gets_no_doorbell, SHARDS)
{
    spg_pin();
    uint32_t other = 1 - (uint32_t)spg_shard();
    telling all = {.box = opened(other, 0), .count = (uint32_t)scaled(10000, 200)};
    spg_attr there = pinned_to(other);
    spg_task receiver = spawned(&there, polls, &all);
    send_one(&all, 0);
    AWAIT(atomic_load(&all.got) == 1); // it runs, and goes on doing so
    spg_stats before = stats_now();
    for (uint32_t i = 1; i < all.count; i++) {
        send_one(&all, i);
        if (i % 64 == 0) { // so that there is room
            while (atomic_load(&all.got) <= i) {
                REQUIRE_OK(spg_yield());
            }
        }
    }
    while (atomic_load(&all.got) < all.count) {
        REQUIRE_OK(spg_yield());
    }
    spg_stats after = stats_now();
    REQUIRE_EQ(after.messages_sent - before.messages_sent, all.count - 1);
    REQUIRE_EQ(after.doorbells_sent, before.doorbells_sent);
    REQUIRE_EQ(after.doorbells_coalesced, before.doorbells_coalesced);
    REQUIRE_EQ(after.ops_submitted, before.ops_submitted);
    atomic_store(&all.over, true);
    REQUIRE_OK(joined(receiver));
    spg_unpin();
    return 0;
}

// ---- Asleep ----------------------------------------------------------------------------------

static int receives_all(void *arg)
{
    telling *self = arg;
    for (uint32_t i = 0; i < self->count; i++) {
        REQUIRE_EQ(received(self->box).value, i);
        atomic_fetch_add(&self->got, 1);
    }
    return 0;
}

// The other shard has nothing to do, and sleeps.
static void let_sleep(void)
{
    spg_stats before;
    spg_stats after = stats_of(FAR);
    do {
        before = after;
        nap();
        nap();
        after = stats_of(FAR);
    } while (after.parks != before.parks || after.passes != before.passes);
}

static int tells_a_sleeper(void *arg CK_ATTRIBUTE_UNUSED)
{
    telling all = {.box = opened(FAR, 0), .count = (uint32_t)scaled(200, 20)};
    spg_attr there = pinned_to(FAR);
    spg_task receiver = spawned(&there, receives_all, &all);
    REQUIRE_OK(spg_yield());
    let_sleep();
    uint64_t bells = stats_now().doorbells_sent;
    spg_stats before = stats_of(FAR);
    for (uint32_t i = 0; i < all.count - 1; i++) {
        send_one(&all, i);
        while (i % 4 == 0 && atomic_load(&all.got) <= i) { // else it may sleep again, or not
            REQUIRE_OK(spg_yield());
        }
    }
    while (atomic_load(&all.got) < all.count - 1) {
        REQUIRE_OK(spg_yield());
    }
    let_sleep();
    bells = stats_now().doorbells_sent - bells;
    spg_stats after = stats_of(FAR);
    uint64_t sleeps = after.parks - before.parks;
    uint64_t cut = after.parks_cut - before.parks_cut; // these may have been rung as well
    REQUIRE(sleeps >= 1);
    REQUIRE(bells >= sleeps); // each was ended by one
    REQUIRE(bells <= sleeps + cut);
    send_one(&all, all.count - 1);
    REQUIRE_OK(joined(receiver));
    return 0;
}

START_TEST(a_receiver_that_sleeps_gets_one_doorbell_per_sleep)
{
    spg_options options = ordered_options(SHARDS);
    options.steal.watch_ns = SPG_MAX_STEAL_NS; // idle shards do not get up by themselves
    spg_rt *rt = start_runtime(&options);
    spg_attr here = pinned_to(0);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &here, tells_a_sleeper, NULL, &task));
    REQUIRE_OK(joined(task));
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("doorbell");
    TCase *tests = add_tests(suite, "doorbell", 60);
    tcase_add_test(tests, a_receiver_that_is_awake_gets_no_doorbell);
    tcase_add_test(tests, a_receiver_that_sleeps_gets_one_doorbell_per_sleep);
    return run_suite("test_doorbell", suite);
}
