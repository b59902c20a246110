// SPDX-License-Identifier: MIT
// test_steal.c: each knob of stealing is seen to act, through the counters.
#include "support.h"

enum { CROWD = 400, PAIRS = 3 };

typedef struct crowd {
    atomic_int ran;
    atomic_int elsewhere; // of these, on another shard than that of the hog
    int count;
    int patience; // rounds the hog holds its shard at most
    int home;
} crowd;

// Long enough for a thief to come by between two of them.
static void spin_for(spg_time ns)
{
    for (spg_time until = spg_after(ns); spg_now() < until;) {
    }
}

static int member(void *arg)
{
    crowd *all = arg;
    spin_for(2 * SPG_US);
    atomic_fetch_add(&all->elsewhere, spg_shard() != all->home);
    atomic_fetch_add(&all->ran, 1);
    return 0;
}

// Queues a crowd on its own shard and keeps the shard busy meanwhile, so that thieves find it.
static int hogs(void *arg)
{
    crowd *all = arg;
    all->home = spg_shard();
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    spg_attr attr = {.place = SPG_STEALABLE_ON, .shard = SPG_HERE};
    REQUIRE_OK(spg_spawn_n(&scope, &attr, member, all, 0, (size_t)all->count));
    for (int i = 0; i < all->patience && atomic_load(&all->ran) < all->count; i++) {
        spin_for(20 * SPG_US);
    }
    return spg_scope_close(&scope);
}

// One hog after the other, until it is enough; gives the counters.
static spg_stats steal_load(spg_options *options, int count, int patience, int rounds)
{
    options->shuffle_seed = 0; // which would move tasks by itself
    spg_rt *rt = start_runtime(options);
    crowd all = {.count = count, .patience = patience};
    for (int i = 0; i < rounds; i++) {
        atomic_store(&all.ran, 0);
        spg_attr attr = pinned_to((uint32_t)i % options->shards);
        spg_task hog;
        int result = -1;
        REQUIRE_OK(spg_spawn_in(rt, &attr, hogs, &all, &hog));
        REQUIRE_OK(spg_join(hog, &result, SPG_NEVER));
        REQUIRE_OK(result);
        REQUIRE_EQ(atomic_load(&all.ran), count);
    }
    spg_stats stats;
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    REQUIRE_OK(spg_stats_get(rt, &stats));
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
    REQUIRE(stats.stolen >= (uint64_t)atomic_load(&all.elsewhere));
    return stats;
}

START_TEST(stealing_is_on_by_default)
{
    spg_options options = test_options(2);
    spg_stats stats = steal_load(&options, CROWD, 100000, 4);
    REQUIRE(stats.stolen > 0);
    REQUIRE(stats.steal_searches > 0);
    REQUIRE(stats.steal_scans > 0);
    REQUIRE_EQ(stats.stolen, stats.stolen_by_depth + stats.stolen_by_age);
}
END_TEST

START_TEST(disabled_moves_nothing)
{
    spg_options options = test_options(2);
    options.steal.disabled = true;
    spg_stats stats = steal_load(&options, CROWD, 100, 10);
    REQUIRE_EQ(stats.stolen, 0);
    REQUIRE_EQ(stats.migrations, 0);
}
END_TEST

START_TEST(margin_and_age_decide_together)
{
    // Deep enough is never, and so is old enough: nothing is taken.
    spg_options options = test_options(2);
    options.steal.margin = 60000;
    options.steal.age_ns = 3600 * SPG_S;
    spg_stats stats = steal_load(&options, CROWD, 200, 10);
    REQUIRE_EQ(stats.stolen, 0);
    REQUIRE(stats.steal_young > 0);
    // Old at once: all that is taken is taken for its age.
    options.steal.age_ns = 1;
    stats = steal_load(&options, CROWD, 100000, 4);
    REQUIRE(stats.stolen_by_age > 0);
    REQUIRE_EQ(stats.stolen_by_depth, 0);
    // Never old, but deep: for its depth.
    options.steal.margin = 2;
    options.steal.age_ns = 3600 * SPG_S;
    stats = steal_load(&options, CROWD, 1000, 10);
    REQUIRE(stats.stolen_by_depth > 0);
    REQUIRE_EQ(stats.stolen_by_age, 0);
}
END_TEST

// Searches that found something: those that did not are counted by reason.
static uint64_t fruitful_scans(const spg_stats *stats)
{
    return stats->steal_scans - stats->steal_empty - stats->steal_young;
}

START_TEST(batch_bounds_what_is_taken_at_once)
{
    spg_options options = test_options(2);
    options.steal.batch = 1;
    options.steal.age_ns = 3600 * SPG_S; // what a busy shard takes for its age is no scan
    spg_stats stats = steal_load(&options, CROWD, 1000, 10);
    REQUIRE(stats.stolen > 0);
    REQUIRE(stats.stolen <= fruitful_scans(&stats));
    options.steal.batch = 16;
    stats = steal_load(&options, CROWD, 1000, 10);
    REQUIRE(stats.stolen > fruitful_scans(&stats));
    REQUIRE(stats.stolen <= 16 * fruitful_scans(&stats));
}
END_TEST

START_TEST(budget_bounds_the_victims_of_a_search)
{
    // Nothing can be taken, so that every search goes to its end.
    spg_options options = test_options(4);
    options.steal.margin = 60000;
    options.steal.age_ns = 3600 * SPG_S;
    options.steal.budget = 1;
    spg_stats stats = steal_load(&options, CROWD, 200, 20);
    REQUIRE(stats.steal_searches > 0);
    REQUIRE(stats.steal_scans <= stats.steal_searches);
    options.steal.budget = 3;
    stats = steal_load(&options, CROWD, 200, 20);
    REQUIRE(stats.steal_scans > stats.steal_searches);
    REQUIRE(stats.steal_scans <= 3 * stats.steal_searches);
}
END_TEST

START_TEST(stride_is_the_distance_between_victims)
{
    // Of three victims, a stride of three is the same one each time: where the first look finds
    // nothing, the others do not either. So a search that is not in vain takes one look.
    spg_options options = test_options(4);
    options.steal.age_ns = 3600 * SPG_S;
    double later_finds[2];
    for (int i = 0; i < 2; i++) {
        options.steal.victim_stride = i == 0 ? 1 : 3;
        spg_stats stats = steal_load(&options, CROWD, 1000, 20);
        double found = (double)fruitful_scans(&stats);
        double in_vain = (double)stats.steal_searches - found;
        REQUIRE(found > 0);
        later_finds[i] = ((double)stats.steal_scans - 3 * in_vain - found) / found;
    }
    REQUIRE(later_finds[0] > 0.3);
    REQUIRE(later_finds[1] < 0.3);
}
END_TEST

// Searches skipped per search, where nothing can ever be taken and idle shards search all the time.
static double skipped_per_search(spg_options *options)
{
    options->idle = SPG_IDLE_POLL;
    options->steal.margin = 60000;
    options->steal.age_ns = 3600 * SPG_S;
    spg_stats stats = steal_load(options, CROWD, 300, 10);
    REQUIRE(stats.steal_searches > 0);
    return (double)stats.steal_backoff / (double)stats.steal_searches;
}

START_TEST(backoff_max_bounds_what_is_skipped)
{
    spg_options options = test_options(2);
    options.steal.backoff_max = 1;
    REQUIRE(skipped_per_search(&options) <= 1);
    options.steal.backoff_max = 64;
    REQUIRE(skipped_per_search(&options) > 2);
    REQUIRE(skipped_per_search(&options) <= 64);
}
END_TEST

START_TEST(backoff_min_is_skipped_at_least)
{
    spg_options options = test_options(2);
    options.steal.backoff_max = 65536;
    double one = skipped_per_search(&options);
    options.steal.backoff_min = 5000;
    REQUIRE(skipped_per_search(&options) > 3 * one);
}
END_TEST

START_TEST(fail_cost_makes_the_backoff_grow)
{
    spg_options options = test_options(2);
    options.steal.backoff_max = 65536;
    double one = skipped_per_search(&options);
    options.steal.fail_cost = 1000;
    REQUIRE(skipped_per_search(&options) > 3 * one);
}
END_TEST

static int does_nothing(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

// Looks for work, made or skipped, per time that a shard had nothing to do.
static double looks_per_idle_time(uint32_t probes)
{
    enum { PULSES = 200 };
    spg_options options = ordered_options(2);
    options.steal.probes = probes;
    spg_rt *rt = start_runtime(&options);
    for (uint32_t i = 0; i < PULSES; i++) {
        spg_attr attr = pinned_to(i % 2);
        spg_task task;
        REQUIRE_OK(spg_spawn_in(rt, &attr, does_nothing, NULL, &task));
        REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    }
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    end_runtime(rt);
    return (double)(stats.steal_searches + stats.steal_backoff) /
           (double)(stats.parks + stats.parks_cut + 1);
}

START_TEST(probes_are_made_before_a_shard_parks)
{
    double few = looks_per_idle_time(1);
    double many = looks_per_idle_time(2000);
    REQUIRE(many > 3 * few);
    REQUIRE(many > 100);
}
END_TEST

START_TEST(watch_says_how_often_to_look_at_busy_shards)
{
    spg_options options = test_options(2);
    options.steal.disabled = false;
    options.steal.watch_ns = 50 * SPG_US;
    options.steal.age_ns = 3600 * SPG_S; // nothing is taken: the watcher stays idle
    options.steal.margin = 60000;
    spg_stats stats = steal_load(&options, CROWD, 500, 20);
    REQUIRE(stats.watches > 0);
    options.steal.watch_ns = 3600 * SPG_S;
    stats = steal_load(&options, CROWD, 500, 20);
    REQUIRE_EQ(stats.watches, 0);
}
END_TEST

// Pairs of tasks that become ready on the same shard in the same pass: one is pinned, the other can
// be stolen. All of them keep their shards until every one that can be stolen has run, or for long.
typedef struct pairs {
    spg_time due;
    atomic_int waiting; // for those that can be stolen
    atomic_int gave_up;
} pairs;

static void keep_shard(pairs *all)
{
    spg_time limit = spg_after((int64_t)(300e6 * time_factor()));
    while (atomic_load(&all->waiting) > 0) {
        if (spg_now() > limit) {
            atomic_store(&all->gave_up, 1);
            break;
        }
    }
}

static int keeps_shard(void *arg)
{
    pairs *all = arg;
    REQUIRE_OK(spg_sleep(all->due));
    keep_shard(all);
    return 0;
}

static int stolen_or_late(void *arg)
{
    pairs *all = arg;
    REQUIRE_OK(spg_sleep(all->due));
    atomic_fetch_sub(&all->waiting, 1);
    keep_shard(all);
    return 0;
}

// As many shards are idle, and asleep, as there are pairs. Now and then a task may not be where it
// should be in time: behind the errands, or the timer, of a shard that is kept already.
static void pass_over(uint32_t count)
{
    enum { ROUNDS = 20 };
    int late = 0;
    spg_options options = ordered_options(2 * count);
    spg_rt *rt = start_runtime(&options);
    for (int round = 0; round < ROUNDS; round++) {
        pairs all = {.due = spg_after((int64_t)(20e6 * time_factor()))};
        atomic_init(&all.waiting, (int)count);
        atomic_init(&all.gave_up, 0);
        spg_task tasks[2 * PAIRS];
        for (uint32_t i = 0; i < count; i++) {
            spg_attr pinned = pinned_to(i);
            spg_attr stealable = {.place = SPG_STEALABLE_ON, .shard = i};
            REQUIRE_OK(spg_spawn_in(rt, &pinned, keeps_shard, &all, &tasks[2 * i]));
            REQUIRE_OK(spg_spawn_in(rt, &stealable, stolen_or_late, &all, &tasks[2 * i + 1]));
        }
        for (uint32_t i = 0; i < 2 * count; i++) {
            REQUIRE_OK(spg_join(tasks[i], NULL, SPG_NEVER));
        }
        late += atomic_load(&all.gave_up);
    }
    end_runtime(rt);
    REQUIRE(late <= ROUNDS / 5);
}

START_TEST(a_task_that_is_passed_over_is_taken)
{
    pass_over(1);
}
END_TEST

// Whoever takes the first one no longer looks for the others: somebody else must.
START_TEST(a_watcher_that_goes_to_work_is_replaced)
{
    pass_over(PAIRS);
}
END_TEST

// A shard that is stuck in a task, and peers that are never idle: they run one short task after the
// other, so that none of them ever searches or watches.
typedef struct stuck {
    atomic_int busy; // peers that have come to their work
    atomic_int ended;
    atomic_int child_ran;
    uint32_t shards;
} stuck;

static int is_never_idle(void *arg)
{
    stuck *all = arg;
    for (bool first = true; atomic_load(&all->ended) == 0; first = false) {
        atomic_fetch_add(&all->busy, first);
        spin_for(50 * SPG_US);
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static int has_run(void *arg)
{
    stuck *all = arg;
    atomic_store(&all->child_ran, spg_shard() + 1);
    return 0;
}

static int is_stuck(void *arg)
{
    stuck *all = arg;
    AWAIT(atomic_load(&all->busy) == (int)all->shards - 1);
    for (int i = 0; i < 10; i++) {
        spg_task child;
        atomic_store(&all->child_ran, 0);
        REQUIRE_OK(spg_spawn(NULL, has_run, all, &child));
        for (spg_time limit = patience(); atomic_load(&all->child_ran) == 0;) {
            REQUIRE(spg_now() < limit); // this task goes on: only another shard can run it
        }
        REQUIRE(atomic_load(&all->child_ran) != 1);
        REQUIRE_OK(joined(child));
    }
    atomic_store(&all->ended, 1);
    return 0;
}

static void relieve_stuck(uint32_t shards)
{
    spg_options options = ordered_options(shards);
    spg_rt *rt = start_runtime(&options);
    stuck all = {.shards = shards};
    spg_task tasks[8];
    REQUIRE(shards <= 8);
    for (uint32_t i = 0; i < shards; i++) {
        spg_attr attr = pinned_to(i);
        REQUIRE_OK(spg_spawn_in(rt, &attr, i == 0 ? is_stuck : is_never_idle, &all, &tasks[i]));
    }
    for (uint32_t i = 0; i < shards; i++) {
        int result = -1;
        REQUIRE_OK(spg_join(tasks[i], &result, SPG_NEVER));
        REQUIRE_OK(result);
    }
    end_runtime(rt);
}

START_TEST(a_busy_peer_relieves_one_that_is_stuck)
{
    relieve_stuck(2);
}
END_TEST

// Each of them has more peers than it looks at between two passes.
START_TEST(many_busy_peers_relieve_one_that_is_stuck)
{
    relieve_stuck(8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("steal");
    TCase *tests = add_tests(suite, "steal", 30);
    tcase_add_test(tests, stealing_is_on_by_default);
    tcase_add_test(tests, disabled_moves_nothing);
    tcase_add_test(tests, margin_and_age_decide_together);
    tcase_add_test(tests, batch_bounds_what_is_taken_at_once);
    tcase_add_test(tests, budget_bounds_the_victims_of_a_search);
    tcase_add_test(tests, stride_is_the_distance_between_victims);
    tcase_add_test(tests, backoff_max_bounds_what_is_skipped);
    tcase_add_test(tests, backoff_min_is_skipped_at_least);
    tcase_add_test(tests, fail_cost_makes_the_backoff_grow);
    tcase_add_test(tests, probes_are_made_before_a_shard_parks);
    tcase_add_test(tests, watch_says_how_often_to_look_at_busy_shards);
    tcase_add_test(tests, a_task_that_is_passed_over_is_taken);
    tcase_add_test(tests, a_watcher_that_goes_to_work_is_replaced);
    tcase_add_test(tests, a_busy_peer_relieves_one_that_is_stuck);
    tcase_add_test(tests, many_busy_peers_relieve_one_that_is_stuck);
    return run_suite("test_steal", suite);
}
