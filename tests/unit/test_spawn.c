// SPDX-License-Identifier: MIT
// test_spawn.c: what spawning refuses and accepts: arguments, limits, batches, foreign threads.
#include "support.h"

#include <pthread.h>

static int counts(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

TASK_TEST(wrong_arguments_are_refused_without_effect, 2)
{
    atomic_int runs = 0;
    spg_task out = {123};
    spg_attr attr = pinned_to(2);
    REQUIRE_CODE(spg_spawn(&attr, counts, &runs, &out), -EINVAL);
    attr = (spg_attr){.place = SPG_STEALABLE_ON, .shard = 1000};
    REQUIRE_CODE(spg_spawn(&attr, counts, &runs, &out), -EINVAL);
    attr = (spg_attr){.place = (enum spg_place)5};
    REQUIRE_CODE(spg_spawn(&attr, counts, &runs, &out), -EINVAL);
    REQUIRE_CODE(spg_spawn_n(NULL, &attr, counts, &runs, 0, 3), -EINVAL);
    REQUIRE_CODE(spg_spawn(NULL, NULL, &runs, &out), -EINVAL);
    REQUIRE_CODE(spg_spawn_n(NULL, NULL, NULL, &runs, 0, 3), -EINVAL);
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    attr = (spg_attr){.scope = &scope};
    REQUIRE_CODE(spg_spawn_in(spg_runtime(), &attr, counts, &runs, &out), -EINVAL);
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_CODE(spg_spawn_in(NULL, NULL, counts, &runs, &out), -EINVAL);
    REQUIRE_EQ(out.v, 123);
    REQUIRE_OK(spg_yield());
    REQUIRE_EQ(atomic_load(&runs), 0);
    return 0;
}

START_TEST(outside_a_task_only_spawn_in_works)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    atomic_int runs = 0;
    spg_task task = {5};
    REQUIRE_CODE(spg_spawn(NULL, counts, &runs, &task), -EPERM);
    REQUIRE_CODE(spg_spawn_n(NULL, NULL, counts, &runs, 0, 2), -EPERM);
    spg_attr attr = {.place = SPG_PINNED, .shard = SPG_HERE};
    REQUIRE_CODE(spg_spawn_in(rt, &attr, counts, &runs, &task), -EINVAL);
    attr.place = SPG_STEALABLE_ON;
    REQUIRE_CODE(spg_spawn_in(rt, &attr, counts, &runs, &task), -EINVAL);
    attr.shard = 2;
    REQUIRE_CODE(spg_spawn_in(rt, &attr, counts, &runs, &task), -EINVAL);
    REQUIRE_CODE(spg_spawn_in(rt, NULL, NULL, &runs, &task), -EINVAL);
    REQUIRE_EQ(task.v, 5);
    attr.shard = 1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, counts, &runs, &task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    REQUIRE_OK(spg_spawn_in(rt, NULL, counts, &runs, NULL)); // detached
    end_runtime(rt);
    REQUIRE_EQ(atomic_load(&runs), 2);
}
END_TEST

static int gives_index(void *arg)
{
    return *(int *)arg;
}

TASK_TEST(a_batch_strides_over_its_base, 2)
{
    enum { TASKS = 100 };
    struct {
        atomic_int runs;
        char padding[28];
    } seen[TASKS] = {0};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, counts, seen, sizeof seen[0], TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].runs), 1);
    }
    // Stride 0: all get the same argument; no task at all is a batch, too.
    atomic_int runs = 0;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(NULL, NULL, counts, &runs, 0, TASKS));
    REQUIRE_OK(spg_spawn_n(NULL, NULL, counts, NULL, 0, 0));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&runs), TASKS);
    return 0;
}

TASK_TEST(the_scope_argument_comes_before_that_of_the_attributes, 2)
{
    int code = -77;
    spg_scope outer;
    spg_scope inner;
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    spg_attr attr = {.scope = &inner};
    REQUIRE_OK(spg_spawn_n(&outer, &attr, gives_index, &code, 0, 1));
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE_CODE(spg_scope_close(&outer), -77);
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    attr.scope = &outer;
    REQUIRE_OK(spg_spawn_n(NULL, &attr, gives_index, &code, 0, 1));
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE_CODE(spg_scope_close(&outer), -77);
    return 0;
}

// ---- The limit of tasks ----

enum { LIMIT = 64 };

static int sleeps(void *arg)
{
    int code = spg_sleep(SPG_NEVER);
    if (arg != NULL) {
        atomic_fetch_add((atomic_int *)arg, 1);
    }
    return code == -ECANCELED ? 0 : code;
}

static spg_stats stats_now(spg_rt *rt)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    return stats;
}

// One that is refused leaves no trace but the counter of refusals.
static void refuse_one(spg_rt *rt)
{
    atomic_int runs = 0;
    spg_task out = {9};
    spg_stats before = stats_now(rt);
    REQUIRE_CODE(spg_spawn_in(rt, NULL, counts, &runs, &out), -EAGAIN);
    REQUIRE_EQ(out.v, 9);
    spg_stats after = stats_now(rt);
    REQUIRE_EQ(after.spawned, before.spawned);
    REQUIRE_EQ(after.spawn_refused, before.spawn_refused + 1);
    REQUIRE_EQ(atomic_load(&runs), 0);
}

START_TEST(the_limit_is_exact_and_reusable)
{
    spg_options options = test_options(2);
    options.max_tasks = LIMIT;
    spg_rt *rt = start_runtime(&options);
    spg_task tasks[LIMIT];
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < LIMIT; i++) {
            spg_attr attr = pinned_to(i % 2);
            REQUIRE_OK(spg_spawn_in(rt, &attr, sleeps, NULL, &tasks[i]));
        }
        refuse_one(rt);
        refuse_one(rt);
        // Each end makes room for exactly one.
        for (int i = 0; i < 5; i++) {
            REQUIRE_OK(spg_cancel(tasks[i]));
            REQUIRE_OK(spg_join(tasks[i], NULL, SPG_NEVER));
            REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &tasks[i]));
            refuse_one(rt);
        }
        for (int i = 0; i < LIMIT; i++) {
            REQUIRE_OK(spg_cancel(tasks[i]));
            REQUIRE_OK(spg_join(tasks[i], NULL, SPG_NEVER));
        }
    }
    end_runtime(rt);
}
END_TEST

static int waits_in_scope(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

// All that may exist, this task included, in one call; one more is refused.
static int spawns_all_at_once(void *arg)
{
    const size_t *limit = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_CODE(spg_spawn_n(&scope, NULL, waits_in_scope, NULL, 0, *limit), -EAGAIN);
    REQUIRE_OK(spg_spawn_n(&scope, NULL, waits_in_scope, NULL, 0, *limit - 1));
    REQUIRE_CODE(spg_spawn_n(&scope, NULL, waits_in_scope, NULL, 0, 1), -EAGAIN);
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

// What a thread has spawned into and freed is there for tasks, to the last one, and the other way.
START_TEST(threads_and_tasks_share_the_limit)
{
    size_t limit = scaled_tasks(2000, 300);
    spg_options options = test_options(2);
    options.max_tasks = (uint32_t)limit;
    spg_rt *rt = start_runtime(&options);
    spg_task *tasks = calloc(limit, sizeof *tasks);
    REQUIRE(tasks != NULL);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < limit; i++) {
            REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &tasks[i]));
        }
        refuse_one(rt);
        for (size_t i = 0; i < limit; i++) {
            REQUIRE_OK(spg_cancel(tasks[i]));
            REQUIRE_OK(spg_join(tasks[i], NULL, SPG_NEVER));
        }
        REQUIRE_OK(spg_spawn_in(rt, NULL, spawns_all_at_once, &limit, &tasks[0]));
        REQUIRE_OK(spg_join(tasks[0], NULL, SPG_NEVER));
    }
    free(tasks);
    end_runtime(rt);
}
END_TEST

// ---- Long batches ----

struct crowd {
    spg_scope *scope;
    atomic_int started;
    atomic_int at_return; // of the first one: how many had started
};

static int yields_once(void *arg)
{
    struct crowd *crowd = arg;
    bool first = atomic_fetch_add(&crowd->started, 1) == 0;
    REQUIRE_OK(spg_yield());
    if (first) {
        atomic_store(&crowd->at_return, atomic_load(&crowd->started));
    }
    return 0;
}

TASK_TEST(a_task_that_runs_again_does_not_wait_for_a_whole_batch, 1)
{
    enum { TASKS = 5000 }; // more than the queue's ring takes
    struct crowd crowd = {0};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, yields_once, &crowd, 0, TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&crowd.started), TASKS);
    REQUIRE(atomic_load(&crowd.at_return) < TASKS / 2);
    return 0;
}

static int stops_the_crowd(void *arg)
{
    struct crowd *crowd = arg;
    if (atomic_fetch_add(&crowd->started, 1) == 0) {
        REQUIRE_OK(spg_scope_cancel(crowd->scope));
    }
    int code = spg_sleep(SPG_NEVER);
    REQUIRE_CODE(code, -ECANCELED);
    return 0;
}

// Its first tasks may run while the last ones are set up: a stop in between reaches all.
TASK_TEST(a_batch_can_be_stopped_while_it_is_spawned, 2)
{
    size_t count = scaled_tasks(5000, 600);
    for (int round = 0; round < 20; round++) {
        spg_scope scope;
        struct crowd crowd = {.scope = &scope};
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        REQUIRE_OK(spg_spawn_n(&scope, NULL, stops_the_crowd, &crowd, 0, count));
        REQUIRE_OK(spg_scope_close(&scope));
        REQUIRE_EQ(atomic_load(&crowd.started), count);
    }
    return 0;
}

// From a task on each shard in turn, so that what one shard gave up must be found by the other.
static int fills_up(void *arg)
{
    atomic_int *ended = arg;
    spg_task tasks[LIMIT - 1]; // this task counts, too
    for (int i = 0; i < LIMIT - 1; i++) {
        tasks[i] = spawned(&(spg_attr){.place = SPG_ROUND_ROBIN}, sleeps, ended);
    }
    spg_task out = {9};
    REQUIRE_CODE(spg_spawn(NULL, sleeps, ended, &out), -EAGAIN);
    REQUIRE_CODE(spg_spawn_n(NULL, NULL, sleeps, ended, 0, 1), -EAGAIN);
    REQUIRE_EQ(out.v, 9);
    for (int i = 0; i < LIMIT - 1; i++) {
        REQUIRE_OK(spg_cancel(tasks[i]));
        REQUIRE_OK(joined(tasks[i]));
    }
    return 0;
}

START_TEST(the_limit_is_exact_from_every_shard)
{
    spg_options options = test_options(3);
    options.max_tasks = LIMIT;
    spg_rt *rt = start_runtime(&options);
    atomic_int ended = 0;
    for (uint32_t shard = 0; shard < 6; shard++) {
        spg_attr attr = pinned_to(shard % 3);
        spg_task filler;
        int result = -1;
        REQUIRE_OK(spg_spawn_in(rt, &attr, fills_up, &ended, &filler));
        REQUIRE_OK(spg_join(filler, &result, SPG_NEVER));
        REQUIRE_OK(result);
    }
    end_runtime(rt);
    REQUIRE_EQ(atomic_load(&ended), 6 * (LIMIT - 1));
}
END_TEST

static int spawns_batches_at_the_limit(void *arg)
{
    atomic_int *runs = arg;
    spg_rt *rt = spg_runtime();
    spg_scope scope;
    for (int round = 0; round < 10; round++) {
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        // One more than fits: none is started.
        spg_stats before = stats_now(rt);
        REQUIRE_CODE(spg_spawn_n(&scope, NULL, counts, runs, 0, LIMIT), -EAGAIN);
        REQUIRE_CODE(spg_spawn_n(&scope, NULL, counts, runs, 0, (size_t)1 << 40), -EAGAIN);
        REQUIRE_CODE(spg_spawn_n(&scope, NULL, counts, runs, 0, SIZE_MAX), -EAGAIN);
        spg_stats after = stats_now(rt);
        REQUIRE_EQ(after.spawned, before.spawned);
        REQUIRE(after.spawn_refused > before.spawn_refused);
        REQUIRE_EQ(atomic_load(runs), round * (LIMIT - 1));
        // As many as there may be: closing the last round's scope has given their places back.
        REQUIRE_OK(spg_spawn_n(&scope, NULL, counts, runs, 0, LIMIT - 1));
        REQUIRE_OK(spg_scope_close(&scope));
        REQUIRE_EQ(atomic_load(runs), (round + 1) * (LIMIT - 1));
    }
    return 0;
}

START_TEST(a_batch_is_all_or_none)
{
    spg_options options = test_options(2);
    options.max_tasks = LIMIT;
    atomic_int runs = 0;
    run_root(&options, spawns_batches_at_the_limit, &runs);
}
END_TEST

// ---- Foreign threads ----

enum { THREADS = 4 };

typedef struct flood {
    spg_rt *rt;
    size_t tasks;
    atomic_int *runs;
} flood;

static void *spawns_from_outside(void *arg)
{
    flood *load = arg;
    for (size_t i = 0; i < load->tasks; i++) {
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = (uint32_t)(i % 3), .key = i};
        spg_task task;
        REQUIRE_OK(spg_spawn_in(load->rt, &attr, counts, load->runs, i % 2 == 0 ? &task : NULL));
        if (i % 2 == 0) {
            REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
        }
    }
    return NULL;
}

START_TEST(many_threads_spawn_at_once)
{
    spg_options options = test_options(3);
    spg_rt *rt = start_runtime(&options);
    atomic_int runs = 0;
    flood load = {.rt = rt, .tasks = scaled(4000, 100), .runs = &runs};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(pthread_create(&threads[i], NULL, spawns_from_outside, &load), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
    }
    end_runtime(rt);
    REQUIRE_EQ(atomic_load(&runs), load.tasks * THREADS);
}
END_TEST

// ---- More than the ring of a queue holds, and nobody who steals from it ----

typedef struct meeting {
    int wanted;
    int there;
} meeting;

static int yields_until_all_are_there(void *arg)
{
    meeting *all = arg;
    all->there++;
    while (all->there < all->wanted) {
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static int meets(void *arg)
{
    meeting *all = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, patience()));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, yields_until_all_are_there, all, 0, (size_t)all->wanted));
    return spg_scope_close(&scope);
}

START_TEST(tasks_that_yield_let_those_begin_that_overflow)
{
    spg_options options = test_options(1);
    options.queue_entries = 8;
    meeting all = {.wanted = 100};
    int result = -1;
    REQUIRE_OK(spg_run(&options, meets, &all, &result));
    REQUIRE_OK(result);
}
END_TEST

START_TEST(attributes_of_an_older_header_are_filled_up)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    atomic_int runs = 0;
    spg_attr attr = {.place = SPG_STICKY, .key = 5};
    attr.name = (const char *)(uintptr_t)1; // beyond the size given: not to be looked at
    attr.scope = (struct spg_scope *)(uintptr_t)1;
    REQUIRE_OK(spg_spawn_in_sized(rt, &attr, offsetof(spg_attr, name), counts, &runs, NULL));
    end_runtime(rt);
    REQUIRE_EQ(atomic_load(&runs), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spawn");
    TCase *tests = add_tests(suite, "spawn", 30);
    tcase_add_test(tests, wrong_arguments_are_refused_without_effect);
    tcase_add_test(tests, outside_a_task_only_spawn_in_works);
    tcase_add_test(tests, a_batch_strides_over_its_base);
    tcase_add_test(tests, the_scope_argument_comes_before_that_of_the_attributes);
    tcase_add_test(tests, the_limit_is_exact_and_reusable);
    tcase_add_test(tests, the_limit_is_exact_from_every_shard);
    tcase_add_test(tests, threads_and_tasks_share_the_limit);
    tcase_add_test(tests, a_batch_is_all_or_none);
    tcase_add_test(tests, a_task_that_runs_again_does_not_wait_for_a_whole_batch);
    tcase_add_test(tests, a_batch_can_be_stopped_while_it_is_spawned);
    tcase_add_test(tests, many_threads_spawn_at_once);
    tcase_add_test(tests, tasks_that_yield_let_those_begin_that_overflow);
    tcase_add_test(tests, attributes_of_an_older_header_are_filled_up);
    return run_suite("test_spawn", suite);
}
