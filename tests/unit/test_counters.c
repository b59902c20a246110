// SPDX-License-Identifier: MIT
// test_counters.c: each counter that no other test names has a scenario in which it must move, and,
// where that is told apart from another one, one in which it must not.
#include "streams.h"

enum { TASKS = 300, PIPES = 64 };

static spg_stats all_stats(void)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    return stats;
}

static int nothing(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

static void spin_for(spg_time ns)
{
    for (spg_time until = spg_after(ns); spg_now() < until;) {
    }
}

// Runs fn as a task pinned to shard 0 of a runtime with these options.
static void run_pinned(const spg_options *options, spg_fn *fn)
{
    spg_rt *rt = start_runtime(options);
    spg_attr attr = pinned_to(0);
    spg_task task;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, fn, NULL, &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(rt);
}

// ---- Bells ----

// Two tasks, one after the other, for a shard that may sleep.
static int rings_twice(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_attr there = pinned_to(1);
    spg_task first = spawned(&there, nothing, NULL);
    spg_task second = spawned(&there, nothing, NULL);
    REQUIRE_OK(joined(first));
    return joined(second);
}

static int rings_a_sleeper(void *arg)
{
    AWAIT(rings_twice(arg) == 0 && all_stats().doorbells_coalesced > 0);
    return 0;
}

START_TEST(a_wake_under_way_is_enough_for_two)
{
    spg_options options = ordered_options(2);
    options.steal.disabled = true; // nor does the other shard wake up to look around
    run_pinned(&options, rings_a_sleeper);
}
END_TEST

static int rings_often(void *arg)
{
    for (size_t i = 0; i < scaled(1000, 100); i++) {
        REQUIRE_OK(rings_twice(arg));
    }
    REQUIRE_EQ(all_stats().doorbells_sent, 0);
    REQUIRE_EQ(all_stats().doorbells_coalesced, 0);
    return 0;
}

START_TEST(no_wake_is_spared_where_nobody_sleeps)
{
    spg_options options = ordered_options(2);
    options.idle = SPG_IDLE_POLL;
    run_pinned(&options, rings_often);
}
END_TEST

// ---- Waking ----

static int joins_children(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_stats before = all_stats();
    for (int i = 0; i < TASKS; i++) {
        spg_attr here = pinned_to(0);
        REQUIRE_OK(joined(spawned(&here, nothing, NULL)));
    }
    spg_stats after = all_stats();
    // Each child when it was spawned; each time the joiner, by its last child, at once.
    REQUIRE(after.wakes_local - before.wakes_local >= 2 * (uint64_t)TASKS);
    REQUIRE(after.next_slot - before.next_slot > 0);
    REQUIRE_EQ(after.wakes_remote, before.wakes_remote);
    return 0;
}

START_TEST(joins_on_one_shard_wake_locally_and_next)
{
    spg_options options = ordered_options(1);
    run_pinned(&options, joins_children);
}
END_TEST

static int joins_far_children(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_stats before = all_stats();
    spg_attr there = pinned_to(1);
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_OK(joined(spawned(&there, nothing, NULL)));
    }
    spg_stats after = all_stats();
    REQUIRE(after.wakes_remote - before.wakes_remote >= TASKS);
    REQUIRE(after.errands_run - before.errands_run >= TASKS);
    return 0;
}

START_TEST(joins_across_shards_wake_remotely)
{
    spg_options options = ordered_options(2);
    run_pinned(&options, joins_far_children);
}
END_TEST

// ---- Idling ----

static int naps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(spg_after(2 * SPG_MS));
}

static void require_spins(enum spg_idle idle, bool spins)
{
    spg_options options = ordered_options(1);
    options.idle = idle;
    spg_rt *rt = start_runtime(&options);
    spg_stats stats;
    for (int i = 0; i < 5; i++) {
        spg_task task;
        REQUIRE_OK(spg_spawn_in(rt, NULL, naps, NULL, &task));
        REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    }
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE_EQ(stats.spins > 0, spins);
    end_runtime(rt);
}

START_TEST(spinning_is_counted_where_it_was_asked_for)
{
    require_spins(SPG_IDLE_SPIN, true);
    require_spins(SPG_IDLE_PARK, false); // idle times of 2 ms: it has never paid
}
END_TEST

// ---- Stealing ----

static int short_work(void *arg CK_ATTRIBUTE_UNUSED)
{
    spin_for(SPG_US / 2);
    return 0;
}

static int crowds(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, short_work, NULL, 0, 1000));
    return spg_scope_close(&scope);
}

START_TEST(thieves_get_in_each_others_way)
{
    if (spg_cpus_usable() < 2) {
        SKIP("threads that run at once are needed, and there is one CPU");
    }
    spg_options options = ordered_options(3);
    options.steal.batch = 1;
    spg_rt *rt = start_runtime(&options);
    spg_stats stats = {0};
    spg_time limit = patience();
    while (stats.steal_lost == 0) {
        spg_task task;
        REQUIRE(spg_now() < limit);
        REQUIRE_OK(spg_spawn_in(rt, NULL, crowds, NULL, &task));
        REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
        REQUIRE_OK(spg_stats_get(rt, &stats));
    }
    end_runtime(rt);
}
END_TEST

START_TEST(the_longest_streak_in_vain_is_a_maximum)
{
    spg_options options = ordered_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_stats total;
    AWAIT_OUTSIDE(spg_stats_get(rt, &total) == 0 && total.steal_streak_max > 0);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    uint64_t most = 0;
    REQUIRE_OK(spg_stats_get(rt, &total)); // first: shards may still look around
    for (uint32_t shard = 0; shard < 2; shard++) {
        spg_stats one;
        REQUIRE_OK(spg_stats_shard(rt, shard, &one));
        REQUIRE(one.steal_streak_max <= one.steal_searches);
        most = one.steal_streak_max > most ? one.steal_streak_max : most;
    }
    REQUIRE(total.steal_streak_max <= most);
    REQUIRE_OK(spg_destroy(rt));
    options.steal.disabled = true;
    rt = start_runtime(&options);
    REQUIRE_OK(spg_stats_get(rt, &total));
    REQUIRE_EQ(total.steal_streak_max, 0);
    end_runtime(rt);
}
END_TEST

// ---- Ops ----

static int reads_byte(void *arg)
{
    char byte;
    return spg_recv(*(spg_fd *)arg, &byte, 1, 0, patience()) == 1 ? 0 : -EIO;
}

static int fills_the_ring(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[PIPES][2];
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int i = 0; i < PIPES; i++) {
        open_socket_pair(ends[i], SOCK_STREAM);
        REQUIRE_OK(spg_spawn(NULL, reads_byte, &ends[i][0], NULL));
    }
    AWAIT(all_stats().ops == PIPES); // AWAIT sleeps by a timer, which is no op
    for (int i = 0; i < PIPES; i++) {
        REQUIRE_CODE(spg_socket_send(ends[i][1], "x", 1, 0, patience()), 1);
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < PIPES; i++) {
        close_pair(ends[i]);
    }
    return 0;
}

START_TEST(a_small_ring_is_full_at_times)
{
    if (time_factor() > 1) {
        SKIP("too slow here to prepare eight requests within one pass, of 100 us");
    }
    spg_options options = ordered_options(1);
    options.sq_entries = 8;
    spg_rt *rt = start_runtime(&options);
    spg_stats stats = {0};
    for (spg_time limit = patience(); stats.sq_full == 0;) { // unless it is held up in each pass
        spg_task task;
        int result = -1;
        REQUIRE(spg_now() < limit);
        REQUIRE_OK(spg_spawn_in(rt, NULL, fills_the_ring, NULL, &task));
        REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
        REQUIRE_OK(result);
        REQUIRE_OK(spg_stats_get(rt, &stats));
    }
    end_runtime(rt);
}
END_TEST

// ---- Messages ----

static int sends_until_full(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { ROOM = 8, TAKEN = 3 };
    spg_mailbox box;
    spg_msg got[TAKEN];
    REQUIRE_OK(spg_mailbox_open(SPG_HERE, ROOM, &box));
    for (uint64_t i = 0; i < ROOM; i++) {
        REQUIRE_OK(spg_send(box, 1, i, SPG_NOW));
    }
    REQUIRE_EQ(all_stats().lanes_full, 0);
    REQUIRE_CODE(spg_send(box, 1, ROOM, SPG_NOW), -EAGAIN);
    REQUIRE_EQ(all_stats().lanes_full, 1);
    REQUIRE_CODE(spg_receive(box, got, TAKEN, patience()), TAKEN);
    spg_stats stats = all_stats();
    REQUIRE_EQ(stats.messages_sent, ROOM);
    REQUIRE_EQ(stats.messages_received, TAKEN);
    REQUIRE_EQ(stats.messages_destroyed, 0);
    REQUIRE(stats.message_batches > 0);
    REQUIRE_OK(spg_mailbox_close(box));
    AWAIT(all_stats().messages_destroyed == ROOM - TAKEN);
    return 0;
}

START_TEST(messages_are_counted_sent_received_destroyed_and_refused)
{
    spg_options options = ordered_options(1);
    run_pinned(&options, sends_until_full);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("counters");
    TCase *tests = add_tests(suite, "counters", 90);
    tcase_add_test(tests, a_wake_under_way_is_enough_for_two);
    tcase_add_test(tests, no_wake_is_spared_where_nobody_sleeps);
    tcase_add_test(tests, joins_on_one_shard_wake_locally_and_next);
    tcase_add_test(tests, joins_across_shards_wake_remotely);
    tcase_add_test(tests, spinning_is_counted_where_it_was_asked_for);
    tcase_add_test(tests, thieves_get_in_each_others_way);
    tcase_add_test(tests, the_longest_streak_in_vain_is_a_maximum);
    tcase_add_test(tests, a_small_ring_is_full_at_times);
    tcase_add_test(tests, messages_are_counted_sent_received_destroyed_and_refused);
    return run_suite("test_counters", suite);
}
