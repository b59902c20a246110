// SPDX-License-Identifier: MIT
// test_batch.c: a spawn of many tasks is published once for each shard that gets any, in order.
#include "support.h"

enum { SHARDS = 3, TASKS = 300 };

static spg_stats stats_of(uint32_t shard)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_shard(spg_runtime(), shard, &stats));
    return stats;
}

static int nothing(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

// Numbers are taken as the tasks run.
static atomic_int order_taken[SHARDS];
static int order[SHARDS][TASKS];

static int notes_order(void *arg)
{
    int shard = spg_shard();
    order[shard][atomic_fetch_add(&order_taken[shard], 1)] = *(int *)arg;
    return 0;
}

static void require_order(int shard, int count)
{
    REQUIRE_EQ(atomic_load(&order_taken[shard]), count);
    for (int i = 1; i < count; i++) {
        REQUIRE(order[shard][i] > order[shard][i - 1]);
    }
    atomic_store(&order_taken[shard], 0);
}

// One publication for each shard, and at most one bell.
static void spawn_batch(const spg_attr *attr, spg_fn *fn, uint64_t shards)
{
    static int numbers[TASKS];
    spg_stats before[SHARDS];
    spg_scope scope;
    for (uint32_t i = 0; i < SHARDS; i++) {
        before[i] = stats_of(i);
    }
    for (int i = 0; i < TASKS; i++) {
        numbers[i] = i;
    }
    REQUIRE_OK(spg_scope_open(&scope, patience()));
    REQUIRE_OK(spg_spawn_n(&scope, attr, fn, numbers, sizeof numbers[0], TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(stats_of(1).errands_run - before[1].errands_run, 1);
    REQUIRE_EQ(stats_of(2).errands_run - before[2].errands_run, shards == 2);
    REQUIRE(stats_of(0).doorbells_sent - before[0].doorbells_sent <= shards);
    REQUIRE(stats_of(0).wakes_remote - before[0].wakes_remote >= TASKS / SHARDS * shards);
}

static int spawns_batches(void *arg CK_ATTRIBUTE_UNUSED)
{
    for (int round = 0; round < 20; round++) {
        spg_attr there = pinned_to(1);
        spawn_batch(&there, notes_order, 1);
        require_order(1, TASKS);
        spg_attr in_turn = {.place = SPG_ROUND_ROBIN};
        spawn_batch(&in_turn, notes_order, 2);
        for (int shard = 0; shard < SHARDS; shard++) {
            require_order(shard, TASKS / SHARDS);
        }
        spg_attr first_there = {.place = SPG_STEALABLE_ON, .shard = 1};
        spawn_batch(&first_there, nothing, 1);
        spg_attr sticky = {.place = SPG_STICKY};
        while (spg_sticky_shard(sticky.key, SHARDS) != 1) {
            sticky.key++;
        }
        spawn_batch(&sticky, notes_order, 1);
        require_order(1, TASKS);
        REQUIRE_OK(spg_sleep(spg_after(SPG_MS))); // so that the others fall asleep
    }
    return 0;
}

START_TEST(a_batch_is_published_once_per_shard)
{
    spg_options options = ordered_options(SHARDS);
    options.steal.disabled = true; // thieves ring bells, too
    spg_rt *rt = start_runtime(&options);
    spg_attr attr = pinned_to(0);
    spg_task task;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, spawns_batches, NULL, &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tests = add_tests(suite, "batch", 30);
    tcase_add_test(tests, a_batch_is_published_once_per_shard);
    return run_suite("test_batch", suite);
}
