// SPDX-License-Identifier: MIT
// test_bounds.c: contract C7 (everything has a named limit, a wake cannot fail) and C8 (an idle
// runtime is parked).
#include "streams.h"

#include <pthread.h>

// ---- C7 ----

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

START_TEST(c7_tasks_beyond_the_limit_are_refused)
{
    enum { LIMIT = 100 };
    spg_options options = test_options(2);
    options.max_tasks = LIMIT;
    spg_rt *rt = start_runtime(&options);
    for (int i = 0; i < LIMIT; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, NULL));
    }
    for (int i = 0; i < LIMIT; i++) {
        REQUIRE_CODE(spg_spawn_in(rt, NULL, sleeps, NULL, NULL), -EAGAIN);
    }
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE_EQ(stats.spawned, LIMIT);
    REQUIRE_EQ(stats.spawn_refused, LIMIT);
    spg_report report;
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW));
    REQUIRE_EQ(report.cancelled, LIMIT);
    end_runtime(rt);
}
END_TEST

static int runs(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int waits_for_signal(void *arg)
{
    spg_timer *gate = arg;
    return spg_timer_wait(gate, SPG_NEVER);
}

// A queue of 8 takes any number of tasks that become ready at once.
static int wakes_many_at_once(void *arg CK_ATTRIBUTE_UNUSED)
{
    size_t count = scaled_tasks(5000, 200);
    atomic_int ran = 0;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, runs, &ran, 0, count));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&ran), count);
    // All waits of a scope end at the same moment.
    spg_timer *gates = calloc(count, sizeof *gates);
    REQUIRE(gates != NULL);
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, waits_for_signal, gates, sizeof *gates, count));
    REQUIRE_OK(spg_sleep(soon()));
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    free(gates);
    return 0;
}

START_TEST(c7_waking_a_task_never_fails)
{
    spg_options options = test_options(2);
    options.queue_entries = 8;
    spg_rt *rt = start_runtime(&options);
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, wakes_many_at_once, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE(stats.queue_overflow > 0);
    end_runtime(rt);
}
END_TEST

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool open;
} gate;

static int waits_at_gate(void *arg)
{
    gate *at = arg;
    pthread_mutex_lock(&at->lock);
    while (!at->open) {
        pthread_cond_wait(&at->moved, &at->lock);
    }
    pthread_mutex_unlock(&at->lock);
    return 0;
}

typedef struct knocker {
    gate *at;
    atomic_int *refused;
} knocker;

static int knocks(void *arg)
{
    knocker *own = arg;
    int code = spg_blocking(waits_at_gate, own->at, NULL, SPG_NEVER);
    REQUIRE(code == 0 || code == -EAGAIN);
    atomic_fetch_add(own->refused, code == -EAGAIN);
    return 0;
}

enum { THREADS = 2, QUEUE = 5, KNOCKERS = 40 };

static int overloads_the_pool(void *arg CK_ATTRIBUTE_UNUSED)
{
    gate at = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    atomic_int refused = 0;
    knocker own = {&at, &refused};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, knocks, &own, 0, KNOCKERS));
    // Some may have been refused while a thread was still on its way to its job.
    AWAIT(atomic_load(&refused) >= KNOCKERS - THREADS - QUEUE);
    pthread_mutex_lock(&at.lock);
    at.open = true;
    pthread_cond_broadcast(&at.moved);
    pthread_mutex_unlock(&at.lock);
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE(atomic_load(&refused) <= KNOCKERS - QUEUE);
    return 0;
}

START_TEST(c7_blocking_jobs_beyond_the_queue_are_refused)
{
    spg_options options = test_options(2);
    options.blocking_threads = THREADS;
    options.blocking_queue = QUEUE;
    run_root(&options, overloads_the_pool, NULL);
}
END_TEST

START_TEST(c7_local_keys_are_bounded)
{
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    for (int i = 0; i < SPG_LOCAL_KEYS; i++) {
        REQUIRE(spg_local_key(rt, NULL) >= 0);
    }
    REQUIRE_CODE(spg_local_key(rt, NULL), -EAGAIN);
    end_runtime(rt);
}
END_TEST

// ---- C8 ----

typedef struct idleness {
    uint64_t switches; // voluntary, of all threads
    double cpu;        // seconds
    spg_stats stats;
} idleness;

static idleness idleness_now(spg_rt *rt)
{
    struct rusage usage;
    idleness now;
    REQUIRE_EQ(getrusage(RUSAGE_SELF, &usage), 0);
    now.switches = (uint64_t)usage.ru_nvcsw;
    now.cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
              (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    REQUIRE_OK(spg_stats_get(rt, &now.stats));
    return now;
}

static int sleeps_for_long(void *arg)
{
    // Different times, so that the timers are many, too.
    return spg_sleep(spg_after(3600 * SPG_S + (int64_t)(uintptr_t)arg)) == -ECANCELED ? 0 : 1;
}

static int puts_to_sleep(void *arg)
{
    size_t count = *(size_t *)arg;
    for (size_t i = 0; i < count; i++) {
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = (uint32_t)(i % 2), .key = i};
        REQUIRE_OK(spg_spawn(&attr, sleeps_for_long, (void *)(uintptr_t)(i * 1000), NULL));
    }
    return 0;
}

START_TEST(c8_a_runtime_with_10k_sleepers_is_parked)
{
    size_t count = scaled_tasks(10000, 1000);
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    REQUIRE_OK(spg_spawn_in(rt, NULL, puts_to_sleep, &count, NULL));
    spg_stats stats;
    do {
        nap();
        REQUIRE_OK(spg_stats_get(rt, &stats));
    } while (stats.timers < count);
    // Whatever spinning there is has ended after this.
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    idleness before = idleness_now(rt);
    nanosleep(&second, NULL);
    idleness after = idleness_now(rt);
    // Two shards and one second: a loop that polls would make thousands of all of these.
    REQUIRE(after.switches - before.switches <= 100);
    REQUIRE(after.stats.passes - before.stats.passes <= 100);
    REQUIRE(after.stats.enters - before.stats.enters <= 100);
    REQUIRE(after.stats.parks - before.stats.parks <= 100);
    REQUIRE(after.stats.watches - before.stats.watches <= 100);
    REQUIRE(after.cpu - before.cpu <= 0.5);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NOW));
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

START_TEST(c8_a_runtime_without_tasks_is_parked)
{
    spg_options options = test_options(4);
    spg_rt *rt = start_runtime(&options);
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    idleness before = idleness_now(rt);
    nanosleep(&second, NULL);
    idleness after = idleness_now(rt);
    REQUIRE(after.switches - before.switches <= 100);
    REQUIRE(after.stats.passes - before.stats.passes <= 100);
    REQUIRE(after.stats.enters - before.stats.enters <= 100);
    REQUIRE(after.cpu - before.cpu <= 0.5);
    REQUIRE(after.stats.parks > 0);
    end_runtime(rt);
}
END_TEST

// Every shard wakes from deep sleep, whichever way it is called.
START_TEST(c8_a_parked_shard_wakes_for_each_kind_of_work)
{
    spg_options options = test_options(3);
    spg_rt *rt = start_runtime(&options);
    atomic_int ran = 0;
    int expected = 0;
    size_t rounds = scaled(300, 10);
    for (size_t i = 0; i < rounds; i++) {
        for (uint32_t shard = 0; shard < 3; shard++) {
            spg_attr attr = {.place = i % 2 ? SPG_PINNED : SPG_STEALABLE_ON, .shard = shard};
            spg_task task;
            REQUIRE_OK(spg_spawn_in(rt, &attr, runs, &ran, &task));
            REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
            expected++;
        }
        if (i % 8 == 0) {
            nap();
        }
    }
    REQUIRE_EQ(atomic_load(&ran), expected);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C7-C8");
    TCase *tests = add_tests(suite, "bounds", 60);
    tcase_add_test(tests, c7_tasks_beyond_the_limit_are_refused);
    tcase_add_test(tests, c7_waking_a_task_never_fails);
    tcase_add_test(tests, c7_blocking_jobs_beyond_the_queue_are_refused);
    tcase_add_test(tests, c7_local_keys_are_bounded);
    tcase_add_test(tests, c8_a_runtime_with_10k_sleepers_is_parked);
    tcase_add_test(tests, c8_a_runtime_without_tasks_is_parked);
    tcase_add_test(tests, c8_a_parked_shard_wakes_for_each_kind_of_work);
    return run_suite("test_bounds", suite);
}
