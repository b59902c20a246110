// SPDX-License-Identifier: MIT
// test_lifetime.c: contract C9 (shutdown: drain, cancel, reap, report) and C10 (several runtimes,
// foreign threads).
#include "streams.h"

#include <pthread.h>
#include <signal.h>

// ---- C9 ----

typedef struct outcome {
    atomic_int code;
    atomic_bool begun;
} outcome;

static int finishes_soon(void *arg)
{
    outcome *own = arg;
    atomic_store(&own->begun, true);
    atomic_store(&own->code, spg_sleep(later()));
    return 0;
}

static int waits_until_cancelled(void *arg)
{
    outcome *own = arg;
    atomic_store(&own->begun, true);
    atomic_store(&own->code, spg_sleep(SPG_NEVER));
    return 0;
}

START_TEST(c9_shutdown_drains_first)
{
    enum { TASKS = 10 };
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    outcome all[TASKS] = {0};
    for (int i = 0; i < TASKS; i++) {
        atomic_store(&all[i].code, 1);
        REQUIRE_OK(spg_spawn_in(rt, NULL, finishes_soon, &all[i], NULL));
        AWAIT_OUTSIDE(atomic_load(&all[i].begun));
    }
    spg_report report;
    REQUIRE_OK(spg_shutdown(rt, &report, patience()));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_OK(atomic_load(&all[i].code)); // slept to its end
    }
    REQUIRE_EQ(report.drained, TASKS);
    REQUIRE_EQ(report.cancelled, 0);
    REQUIRE_EQ(report.tasks, 0);
    REQUIRE_EQ(report.ops, 0);
    REQUIRE_EQ(report.entries, 0);
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

START_TEST(c9_what_does_not_drain_is_cancelled)
{
    enum { TASKS = 10 };
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    outcome quick = {0};
    outcome all[TASKS] = {0};
    REQUIRE_OK(spg_spawn_in(rt, NULL, finishes_soon, &quick, NULL));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, waits_until_cancelled, &all[i], NULL));
    }
    spg_report report;
    spg_time deadline = spg_after((int64_t)(2e9 * time_factor()));
    REQUIRE_OK(spg_shutdown(rt, &report, deadline));
    REQUIRE_OK(atomic_load(&quick.code));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_CODE(atomic_load(&all[i].code), -ECANCELED);
    }
    REQUIRE_EQ(report.drained, 1);
    REQUIRE_EQ(report.cancelled, TASKS);
    REQUIRE_EQ(report.tasks, 0);
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

static int receives_forever(void *arg)
{
    outcome *own = arg;
    spg_fd ends[2];
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    atomic_store(&own->begun, true);
    atomic_store(&own->code, (int)spg_recv(ends[0], &byte, 1, 0, SPG_NEVER));
    close_pair(ends);
    return 0;
}

START_TEST(c9_every_op_is_reaped)
{
    enum { TASKS = 50 };
    spg_options options = test_options(3);
    spg_rt *rt = start_runtime(&options);
    outcome all[TASKS] = {0};
    size_t fds = count_fds();
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, receives_forever, &all[i], NULL));
    }
    AWAIT_OUTSIDE(ops_in_flight(rt) >= TASKS);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NOW));
    require_at_rest(rt);
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_CODE(atomic_load(&all[i].code), -ECANCELED);
    }
    REQUIRE_EQ(count_fds(), fds); // the tasks could close what they had
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

// Takes no notice of being cancelled until it is told to end.
static int is_stubborn(void *arg)
{
    atomic_bool *end = arg;
    while (!atomic_load(end)) {
        spg_yield();
    }
    return 0;
}

static int blocks_a_thread(void *arg)
{
    atomic_bool *end = arg;
    while (!atomic_load(end)) {
        nap();
    }
    return 0;
}

static int waits_for_a_thread(void *arg)
{
    return spg_blocking(blocks_a_thread, arg, NULL, SPG_NEVER);
}

START_TEST(c9_what_is_left_is_reported_by_name)
{
    spg_options options = test_options(2);
    options.reap_ns = 50 * SPG_MS;
    spg_rt *rt = start_runtime(&options);
    atomic_bool end = false;
    spg_attr attr = {.name = "stubborn", .place = SPG_PINNED, .shard = 1};
    REQUIRE_OK(spg_spawn_in(rt, &attr, is_stubborn, &end, NULL));
    attr = (spg_attr){.name = "thread user"};
    REQUIRE_OK(spg_spawn_in(rt, &attr, waits_for_a_thread, &end, NULL));
    spg_stats stats;
    do {
        nap();
        REQUIRE_OK(spg_stats_get(rt, &stats));
    } while (stats.blocking_jobs == 0);
    struct timespec moment = {0, (long)(100e6)};
    nanosleep(&moment, NULL); // until the job runs
    for (int round = 0; round < 2; round++) {
        spg_report report;
        REQUIRE_CODE(spg_shutdown(rt, &report, SPG_NOW), -EBUSY);
        REQUIRE_EQ(report.tasks, 2);
        REQUIRE_EQ(report.entries, 2);
        int stubborn = strcmp(report.left[1].task, "stubborn") == 0;
        const spg_leftover *loop = &report.left[stubborn];
        const spg_leftover *user = &report.left[!stubborn];
        REQUIRE_EQ(strcmp(loop->task, "stubborn"), 0);
        REQUIRE_EQ(strcmp(loop->wait, "running"), 0);
        REQUIRE_EQ(loop->shard, 1);
        REQUIRE_EQ(loop->fd, -1);
        REQUIRE(loop->age_ns >= 0);
        REQUIRE_EQ(strcmp(user->task, "thread user"), 0);
        REQUIRE_EQ(strcmp(user->wait, "blocking"), 0);
        REQUIRE_EQ(user->fd, -1);
        REQUIRE(user->age_ns > 0);
    }
    REQUIRE_CODE(spg_destroy(rt), -EBUSY); // nothing is freed ...
    REQUIRE_EQ(spg_shards(rt), 2);
    atomic_store(&end, true);
    AWAIT_OUTSIDE(spg_shutdown(rt, NULL, SPG_NOW) == 0); // ... and it may be called again
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

static int spawns_while_draining(atomic_int *steps)
{
    outcome inner = {0};
    REQUIRE_CODE(spg_spawn(NULL, waits_until_cancelled, &inner, NULL), -ESHUTDOWN);
    REQUIRE_CODE(spg_spawn_n(NULL, NULL, waits_until_cancelled, &inner, 0, 2), -ESHUTDOWN);
    REQUIRE_CODE(spg_spawn_in(spg_runtime(), NULL, waits_until_cancelled, &inner, NULL),
                 -ESHUTDOWN);
    REQUIRE(!atomic_load(&inner.begun));
    atomic_fetch_add(steps, 1);
    // Into a scope of its own it may spawn: it joins what it has begun.
    spg_scope scope;
    atomic_bool end = true;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, is_stubborn, &end, 0, 20));
    REQUIRE_OK(spg_spawn(NULL, is_stubborn, &end, NULL));
    REQUIRE_OK(spg_scope_close(&scope));
    atomic_fetch_add(steps, 1);
    return 0;
}

typedef struct closing {
    spg_rt *rt;
    atomic_int steps;
    atomic_bool begun;
} closing;

static int waits_for_the_end_of_admission(void *arg)
{
    closing *own = arg;
    atomic_store(&own->begun, true);
    for (;;) {
        // A task of the root scope: refused from the first moment of shutdown on.
        spg_attr attr = {.name = "probe"};
        atomic_bool end = true;
        spg_task probe;
        int code = spg_spawn(&attr, is_stubborn, &end, &probe);
        if (code == -ESHUTDOWN) {
            break;
        }
        REQUIRE_OK(code);
        REQUIRE_OK(joined(probe));
    }
    return spawns_while_draining(&own->steps);
}

START_TEST(c9_admission_stops_but_work_begun_is_finished)
{
    spg_options options = test_options(2);
    closing own = {.rt = start_runtime(&options)};
    REQUIRE_OK(spg_spawn_in(own.rt, NULL, waits_for_the_end_of_admission, &own, NULL));
    AWAIT_OUTSIDE(atomic_load(&own.begun));
    REQUIRE_OK(spg_shutdown(own.rt, NULL, patience()));
    REQUIRE_EQ(atomic_load(&own.steps), 2);
    require_at_rest(own.rt);
    REQUIRE_OK(spg_destroy(own.rt));
}
END_TEST

// The phases of a shutdown, as they show in what spawns give.
static int spawns_until_cancelled(void *arg)
{
    closing *own = arg;
    spg_scope scope;
    spg_scope stopped;
    static atomic_bool end = true; // tasks of the root scope may outlast this one
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&stopped, SPG_NEVER));
    REQUIRE_OK(spg_scope_cancel(&stopped));
    atomic_store(&own->begun, true);
    // A task of the scope asks from outside, where spg_spawn_in puts what it starts.
    AWAIT(spg_spawn_in(own->rt, NULL, is_stubborn, &end, NULL) == -ESHUTDOWN);
    int code = spg_spawn(NULL, is_stubborn, &end, NULL);
    REQUIRE(code == -ECANCELED || code == -ESHUTDOWN); // -ECANCELED: as long as others may end
    REQUIRE_OK(spg_scope_close(&stopped));
    spg_time limit = patience();
    while ((code = spg_spawn(NULL, is_stubborn, &end, NULL)) == 0 && spg_now() < limit) {
        atomic_fetch_add(&own->steps, 1);
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_CODE(code, -ESHUTDOWN); // not -ECANCELED, at no moment
    AWAIT(spg_cancelled() == -ECANCELED);
    REQUIRE_CODE(spg_spawn(NULL, is_stubborn, &end, NULL), -ESHUTDOWN);
    REQUIRE_CODE(spg_spawn_n(&scope, NULL, is_stubborn, &end, 0, 2), -ESHUTDOWN);
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(c9_what_spawns_give_tells_the_phase)
{
    size_t rounds = scaled(20, 3);
    for (size_t round = 0; round < rounds; round++) {
        spg_options options = test_options(2);
        closing own = {.rt = start_runtime(&options)};
        spg_task task;
        int result = -1;
        REQUIRE_OK(spg_spawn_in(own.rt, NULL, spawns_until_cancelled, &own, &task));
        AWAIT_OUTSIDE(atomic_load(&own.begun));
        REQUIRE_OK(spg_shutdown(own.rt, NULL, soon()));
        REQUIRE_OK(spg_join(task, &result, SPG_NOW));
        REQUIRE_OK(result);
        require_at_rest(own.rt);
        REQUIRE_OK(spg_destroy(own.rt));
    }
}
END_TEST

// ---- C10 ----

static int gives_own_runtime(void *arg)
{
    *(spg_rt **)arg = spg_runtime();
    return spg_yield();
}

typedef struct other_side {
    spg_rt *other;
    atomic_int calls;
} other_side;

static int counts(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

// A task of one runtime spawns into another, as any thread may.
static int spawns_across(void *arg)
{
    other_side *to = arg;
    for (int i = 0; i < 50; i++) {
        REQUIRE_OK(spg_spawn_in(to->other, NULL, counts, &to->calls, NULL));
        spg_attr attr = {.place = SPG_PINNED, .shard = SPG_HERE};
        REQUIRE_CODE(spg_spawn_in(to->other, &attr, counts, &to->calls, NULL), -EINVAL);
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

START_TEST(c10_runtimes_do_not_disturb_each_other)
{
    spg_options options = test_options(2);
    spg_rt *one = start_runtime(&options);
    spg_rt *two = start_runtime(&options);
    spg_rt *seen = NULL;
    spg_task task;
    REQUIRE_OK(spg_spawn_in(one, NULL, gives_own_runtime, &seen, &task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    REQUIRE(seen == one);
    other_side to = {.other = two};
    REQUIRE_OK(spg_spawn_in(one, NULL, spawns_across, &to, &task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    end_runtime(one);
    REQUIRE_OK(spg_spawn_in(two, NULL, gives_own_runtime, &seen, &task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    REQUIRE(seen == two);
    end_runtime(two);
    REQUIRE_EQ(atomic_load(&to.calls), 50);
}
END_TEST

typedef struct caller {
    spg_rt *rt;
    atomic_int *calls;
} caller;

static void *calls_in(void *arg)
{
    caller *own = arg;
    size_t rounds = scaled(2000, 50);
    for (size_t i = 0; i < rounds; i++) {
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = (uint32_t)(i % 2), .key = i};
        spg_task task;
        REQUIRE_OK(spg_spawn_in(own->rt, &attr, counts, own->calls, &task));
        REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    }
    return NULL;
}

START_TEST(c10_foreign_threads_spawn_and_join)
{
    enum { CALLERS = 4 };
    spg_options options = test_options(2);
    atomic_int calls = 0;
    caller own = {.rt = start_runtime(&options), .calls = &calls};
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        REQUIRE_EQ(pthread_create(&threads[i], NULL, calls_in, &own), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
    }
    end_runtime(own.rt);
    REQUIRE_EQ(atomic_load(&calls), scaled(2000, 50) * CALLERS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C9-C10");
    TCase *tests = add_tests(suite, "lifetime", 60);
    tcase_add_test(tests, c9_shutdown_drains_first);
    tcase_add_test(tests, c9_what_does_not_drain_is_cancelled);
    tcase_add_test(tests, c9_every_op_is_reaped);
    tcase_add_test(tests, c9_what_is_left_is_reported_by_name);
    tcase_add_test(tests, c9_admission_stops_but_work_begun_is_finished);
    tcase_add_test(tests, c9_what_spawns_give_tells_the_phase);
    tcase_add_test(tests, c10_runtimes_do_not_disturb_each_other);
    tcase_add_test(tests, c10_foreign_threads_spawn_and_join);
    return run_suite("test_lifetime", suite);
}
