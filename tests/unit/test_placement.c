// SPDX-License-Identifier: MIT
// test_placement.c: where tasks start and stay, for all five placements and for batches.
#include "support.h"

#define SHARDS 4

// A task that notes where it started, and fails when it is moved although it must stay.
typedef struct visit {
    atomic_int started_on;
    atomic_int runs;
} visit;

static int notes_start(void *arg)
{
    visit *seen = arg;
    atomic_fetch_add(&seen->runs, 1);
    atomic_store(&seen->started_on, spg_shard());
    return 0;
}

static int stays(void *arg)
{
    visit *seen = arg;
    int home = spg_shard();
    atomic_fetch_add(&seen->runs, 1);
    atomic_store(&seen->started_on, home);
    for (int i = 0; i < 10; i++) {
        REQUIRE_OK(spg_yield());
        REQUIRE_EQ(spg_shard(), home);
    }
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_EQ(spg_shard(), home);
    return 0;
}

TASK_TEST(pinned_starts_and_stays_on_its_shard, SHARDS)
{
    visit seen[SHARDS * 8] = {0};
    spg_task tasks[SHARDS * 8];
    for (uint32_t i = 0; i < SHARDS * 8; i++) {
        spg_attr attr = pinned_to(i % SHARDS);
        tasks[i] = spawned(&attr, stays, &seen[i]);
    }
    for (uint32_t i = 0; i < SHARDS * 8; i++) {
        REQUIRE_OK(joined(tasks[i]));
        REQUIRE_EQ(atomic_load(&seen[i].started_on), i % SHARDS);
        REQUIRE_EQ(atomic_load(&seen[i].runs), 1);
    }
    return 0;
}

// The documented hash, from its words: the product as a number of 64 bits, its high half times the
// count of shards, the high half of that.
static uint32_t documented_shard(uint64_t key, uint32_t shards)
{
    uint64_t product = key * 0x9E3779B97F4A7C15u;
    return (uint32_t)(((product >> 32) * (uint64_t)shards) >> 32);
}

START_TEST(sticky_hash_is_the_documented_one)
{
    uint64_t state = random_stream(1);
    for (int i = 0; i < 100000; i++) {
        uint64_t key = i < 1000 ? (uint64_t)i : random_next(&state);
        uint32_t shards = 1 + random_below(&state, SPG_MAX_SHARDS);
        uint32_t shard = spg_sticky_shard(key, shards);
        REQUIRE(shard < shards);
        REQUIRE_EQ(shard, documented_shard(key, shards));
    }
    REQUIRE_EQ(spg_sticky_shard(12345, 0), 0);
    // Fixed points, so that the hash cannot change together with this test.
    REQUIRE_EQ(spg_sticky_shard(0, 16), 0);
    REQUIRE_EQ(spg_sticky_shard(1, 16), 9);
    REQUIRE_EQ(spg_sticky_shard(2, 16), 3);
    REQUIRE_EQ(spg_sticky_shard(3, 16), 13);
}
END_TEST

TASK_TEST(sticky_runs_where_its_key_says, SHARDS)
{
    enum { KEYS = 64 };
    visit seen[KEYS] = {0};
    spg_task tasks[KEYS];
    for (uint64_t key = 0; key < KEYS; key++) {
        spg_attr attr = {.place = SPG_STICKY, .key = key};
        tasks[key] = spawned(&attr, stays, &seen[key]);
    }
    for (uint64_t key = 0; key < KEYS; key++) {
        REQUIRE_OK(joined(tasks[key]));
        REQUIRE_EQ(atomic_load(&seen[key].started_on), spg_sticky_shard(key, SHARDS));
    }
    return 0;
}

TASK_TEST(round_robin_takes_the_shards_in_turn_and_stays, SHARDS)
{
    enum { TASKS = SHARDS * 6 };
    visit seen[TASKS] = {0};
    spg_task tasks[TASKS];
    spg_attr attr = {.place = SPG_ROUND_ROBIN};
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = spawned(&attr, stays, &seen[i]);
    }
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    int first = atomic_load(&seen[0].started_on);
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].started_on), (first + i) % SHARDS);
    }
    return 0;
}

TASK_TEST(round_robin_batch_is_spread_evenly, SHARDS)
{
    enum { TASKS = SHARDS * 25 };
    static visit seen[TASKS];
    spg_attr attr = {.place = SPG_ROUND_ROBIN};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &attr, stays, seen, sizeof seen[0], TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    int on_shard[SHARDS] = {0};
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].runs), 1);
        on_shard[atomic_load(&seen[i].started_on)]++;
    }
    for (int shard = 0; shard < SHARDS; shard++) {
        REQUIRE_EQ(on_shard[shard], TASKS / SHARDS);
    }
    return 0;
}

static int starts_where_it_was_put(void *arg CK_ATTRIBUTE_UNUSED)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        visit seen = {0};
        spg_attr attr = {.place = SPG_STEALABLE_ON, .shard = shard};
        REQUIRE_OK(joined(spawned(&attr, notes_start, &seen)));
        REQUIRE_EQ(atomic_load(&seen.started_on), shard);
        REQUIRE_EQ(atomic_load(&seen.runs), 1);
    }
    int here = spg_shard();
    visit seen[2] = {0};
    REQUIRE_OK(joined(spawned(&(spg_attr){0}, notes_start, &seen[0])));
    REQUIRE_EQ(atomic_load(&seen[0].started_on), here);
    spg_task task;
    REQUIRE_OK(spg_spawn(NULL, notes_start, &seen[1], &task));
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(atomic_load(&seen[1].started_on), here);
    return 0;
}

START_TEST(stealable_starts_where_it_is_put_when_nobody_steals)
{
    spg_options options = ordered_options(SHARDS);
    options.steal.disabled = true;
    run_root(&options, starts_where_it_was_put, NULL);
}
END_TEST

// Runs until it was seen on every shard: it can only end if a ready task may go anywhere.
static int wanders(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint32_t seen = 0;
    spg_time limit = patience();
    while (seen != (1u << SHARDS) - 1) {
        seen |= 1u << spg_shard();
        REQUIRE(spg_now() < limit);
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

START_TEST(a_stealable_task_that_is_moved_resumes_anywhere)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = options.shuffle_seed != 0 ? options.shuffle_seed : 1;
    run_root(&options, wanders, NULL);
}
END_TEST

enum { CROWD = 8 };

// Keeps its shard without a break until others have run what it has spawned there.
static int hogs(void *arg)
{
    visit *seen = arg;
    spg_attr attr = {.place = SPG_STEALABLE_ON, .shard = SPG_HERE};
    spg_task tasks[CROWD];
    for (int i = 0; i < CROWD; i++) {
        tasks[i] = spawned(&attr, notes_start, &seen[i]);
    }
    for (int i = 0; i < CROWD; i++) {
        while (atomic_load(&seen[i].runs) == 0) {
        }
    }
    for (int i = 0; i < CROWD; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    return 0;
}

START_TEST(tasks_behind_a_hog_are_stolen)
{
    spg_options options = ordered_options(2); // shuffling would move them by itself
    visit seen[CROWD] = {0};
    spg_rt *rt = start_runtime(&options);
    spg_attr attr = pinned_to(1);
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, hogs, seen, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    for (int i = 0; i < CROWD; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].runs), 1);
        REQUIRE_EQ(atomic_load(&seen[i].started_on), 0);
    }
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE(stats.stolen >= CROWD);
    end_runtime(rt);
}
END_TEST

static int spawns_here(void *arg CK_ATTRIBUTE_UNUSED)
{
    int home = spg_shard(); // this task is pinned
    visit seen = {0};
    spg_attr attr = {.place = SPG_PINNED, .shard = SPG_HERE};
    REQUIRE_OK(joined(spawned(&attr, stays, &seen)));
    REQUIRE_EQ(atomic_load(&seen.started_on), home);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(spg_runtime(), &attr, stays, &seen, &task));
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(atomic_load(&seen.started_on), home);
    attr.place = SPG_STEALABLE_ON;
    REQUIRE_OK(joined(spawned(&attr, notes_start, &seen)));
    REQUIRE_EQ(atomic_load(&seen.runs), 3);
    return 0;
}

TASK_TEST(here_is_the_shard_of_the_caller, SHARDS)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        spg_attr attr = pinned_to(shard);
        REQUIRE_OK(joined(spawned(&attr, spawns_here, NULL)));
    }
    return 0;
}

TASK_TEST(a_batch_goes_where_its_attributes_say, SHARDS)
{
    enum { TASKS = 40 };
    visit seen[TASKS] = {0};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    spg_attr attr = pinned_to(2);
    REQUIRE_OK(spg_spawn_n(&scope, &attr, stays, seen, sizeof seen[0], TASKS / 2));
    attr = (spg_attr){.place = SPG_STICKY, .key = 99};
    REQUIRE_OK(
        spg_spawn_n(NULL, &attr, stays, &seen[TASKS / 2], sizeof seen[0], TASKS - TASKS / 2));
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].runs), 1);
        REQUIRE_EQ(atomic_load(&seen[i].started_on),
                   i < TASKS / 2 ? 2 : spg_sticky_shard(99, SHARDS));
    }
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("placement");
    TCase *tests = add_tests(suite, "placement", 30);
    tcase_add_test(tests, pinned_starts_and_stays_on_its_shard);
    tcase_add_test(tests, sticky_hash_is_the_documented_one);
    tcase_add_test(tests, sticky_runs_where_its_key_says);
    tcase_add_test(tests, round_robin_takes_the_shards_in_turn_and_stays);
    tcase_add_test(tests, round_robin_batch_is_spread_evenly);
    tcase_add_test(tests, stealable_starts_where_it_is_put_when_nobody_steals);
    tcase_add_test(tests, a_stealable_task_that_is_moved_resumes_anywhere);
    tcase_add_test(tests, tasks_behind_a_hog_are_stolen);
    tcase_add_test(tests, here_is_the_shard_of_the_caller);
    tcase_add_test(tests, a_batch_goes_where_its_attributes_say);
    return run_suite("test_placement", suite);
}
