// SPDX-License-Identifier: MIT
// test_blocking.c: calls on the bounded pool of threads.
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

// A door that jobs wait behind, each on a thread of the pool.
typedef struct door {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int waiting; // jobs inside
    int most;    // and the most there were at once
    int calls;   // of the function
    bool open;
} door;

#define CLOSED_DOOR                                                                                \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER                       \
    }

static int waits_at_door(void *arg)
{
    door *at = arg;
    pthread_mutex_lock(&at->lock);
    at->calls++;
    at->waiting++;
    at->most = at->waiting > at->most ? at->waiting : at->most;
    pthread_cond_broadcast(&at->moved);
    while (!at->open) {
        pthread_cond_wait(&at->moved, &at->lock);
    }
    at->waiting--;
    pthread_mutex_unlock(&at->lock);
    return 21;
}

static void open_door(door *at)
{
    pthread_mutex_lock(&at->lock);
    at->open = true;
    pthread_cond_broadcast(&at->moved);
    pthread_mutex_unlock(&at->lock);
}

static int waiting_at(door *at)
{
    pthread_mutex_lock(&at->lock);
    int waiting = at->waiting;
    pthread_mutex_unlock(&at->lock);
    return waiting;
}

static int calls_of(door *at)
{
    pthread_mutex_lock(&at->lock);
    int calls = at->calls;
    pthread_mutex_unlock(&at->lock);
    return calls;
}

// A task that goes through the door and notes what the call gave.
typedef struct visitor {
    door *at;
    int code;
    int result;
    spg_time deadline;
} visitor;

static int visits(void *arg)
{
    visitor *me = arg;
    me->result = -1;
    me->code = spg_blocking(waits_at_door, me->at, &me->result, me->deadline);
    return me->code;
}

static spg_task visit(visitor *me, door *at, spg_time deadline)
{
    *me = (visitor){.at = at, .deadline = deadline};
    return spawned(&(spg_attr){0}, visits, me);
}

static int looks_around(void *arg)
{
    pthread_t *thread = arg;
    *thread = pthread_self();
    REQUIRE_EQ(spg_self().v, 0);
    REQUIRE(spg_runtime() == NULL);
    REQUIRE_CODE(spg_shard(), -EPERM);
    REQUIRE_CODE(spg_yield(), -EPERM);
    REQUIRE_CODE(spg_sleep(SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_spawn(NULL, looks_around, NULL, NULL), -EPERM);
    REQUIRE_CODE(spg_blocking(looks_around, NULL, NULL, SPG_NEVER), -EPERM);
    REQUIRE(spg_scope_current() == NULL);
    return -7;
}

START_TEST(outside_a_task_there_is_no_pool)
{
    REQUIRE_CODE(spg_blocking(looks_around, NULL, NULL, SPG_NEVER), -EPERM);
}
END_TEST

TASK_TEST(the_call_runs_on_another_thread_and_gives_its_result, 2)
{
    pthread_t thread = pthread_self();
    pthread_t here = pthread_self();
    int result = 0;
    REQUIRE_CODE(spg_blocking(NULL, NULL, &result, SPG_NEVER), -EINVAL);
    REQUIRE_OK(spg_blocking(looks_around, &thread, &result, SPG_NEVER));
    REQUIRE_EQ(result, -7);
    REQUIRE(!pthread_equal(thread, here));
    REQUIRE_OK(spg_blocking(looks_around, &thread, NULL, SPG_NEVER));
    return 0;
}

typedef struct surroundings {
    cpu_set_t cpus;
    char thread[16];
} surroundings;

static int notes_its_thread(void *arg)
{
    surroundings *seen = arg;
    int code = sched_getaffinity(0, sizeof seen->cpus, &seen->cpus);
    return code ? code : prctl(PR_GET_NAME, seen->thread);
}

static int asks_for_pool_thread(void *arg)
{
    int result = -1;
    REQUIRE_OK(spg_blocking(notes_its_thread, arg, &result, SPG_NEVER));
    return result;
}

// A shard is pinned to its CPU; the jobs that it sends away are not.
START_TEST(pool_threads_run_on_all_cpus_and_carry_a_name)
{
    cpu_set_t all;
    surroundings seen = {0};
    REQUIRE_OK(sched_getaffinity(0, sizeof all, &all));
    if (CPU_COUNT(&all) < 2) {
        SKIP("one CPU cannot show where a thread may run");
    }
    uint32_t cpu = 0;
    while (!CPU_ISSET(cpu, &all)) {
        cpu++;
    }
    spg_options options = test_options(1);
    options.cpus = &cpu;
    options.cpu_count = 1;
    options.thread_prefix = "jobs";
    run_root(&options, asks_for_pool_thread, &seen);
    REQUIRE(CPU_EQUAL(&seen.cpus, &all));
    REQUIRE_EQ(strcmp(seen.thread, "jobs-1000"), 0);
}
END_TEST

static int counts(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1);
}

static int blocks(void *arg)
{
    int result = -1;
    return spg_blocking(counts, arg, &result, SPG_NEVER);
}

TASK_TEST(many_tasks_share_the_pool, 3)
{
    atomic_int runs = 0;
    size_t count = scaled_tasks(1000, 100);
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, blocks, &runs, 0, count));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&runs), count);
    return 0;
}

// ---- Bounds ----

static spg_options pool_options(uint32_t threads, uint32_t queue)
{
    spg_options options = test_options(2);
    options.blocking_threads = threads;
    options.blocking_queue = queue;
    return options;
}

static int fills_threads(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { THREADS = 3, JOBS = 12 };
    door at = CLOSED_DOOR;
    visitor visitors[JOBS];
    spg_task tasks[JOBS];
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = visit(&visitors[i], &at, SPG_NEVER);
    }
    AWAIT(waiting_at(&at) == THREADS); // it has grown to the limit ...
    REQUIRE_OK(spg_sleep(later()));
    REQUIRE_EQ(waiting_at(&at), THREADS); // ... and not beyond
    open_door(&at);
    for (int i = 0; i < JOBS; i++) {
        REQUIRE_OK(joined(tasks[i]));
        REQUIRE_EQ(visitors[i].result, 21);
    }
    REQUIRE_EQ(at.most, THREADS);
    REQUIRE_EQ(at.calls, JOBS);
    return 0;
}

START_TEST(threads_are_bounded)
{
    spg_options options = pool_options(3, 100);
    run_root(&options, fills_threads, NULL);
}
END_TEST

static int fills_queue(void *arg CK_ATTRIBUTE_UNUSED)
{
    door at = CLOSED_DOOR;
    visitor visitors[4];
    spg_task tasks[4];
    spg_stats before;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &before));
    tasks[0] = visit(&visitors[0], &at, SPG_NEVER);
    AWAIT(waiting_at(&at) == 1);
    spg_stats now;
    for (int i = 1; i < 3; i++) {
        tasks[i] = visit(&visitors[i], &at, SPG_NEVER);
    }
    do {
        REQUIRE_OK(spg_yield());
        REQUIRE_OK(spg_stats_get(spg_runtime(), &now));
    } while (now.blocking_jobs < before.blocking_jobs + 3);
    // One runs, two wait: the queue is full.
    int result = -5;
    REQUIRE_CODE(spg_blocking(waits_at_door, &at, &result, SPG_NEVER), -EAGAIN);
    REQUIRE_EQ(result, -5);
    REQUIRE_OK(spg_stats_get(spg_runtime(), &now));
    REQUIRE_EQ(now.blocking_jobs - before.blocking_jobs, 3);
    REQUIRE_EQ(now.blocking_refused - before.blocking_refused, 1);
    open_door(&at);
    for (int i = 0; i < 3; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    REQUIRE_EQ(at.calls, 3);
    REQUIRE_OK(spg_blocking(waits_at_door, &at, &result, SPG_NEVER)); // room again
    REQUIRE_EQ(result, 21);
    return 0;
}

START_TEST(a_full_queue_refuses)
{
    spg_options options = pool_options(1, 2);
    run_root(&options, fills_queue, NULL);
}
END_TEST

// ---- Deadlines and cancels ----

static int stops_jobs(void *arg CK_ATTRIBUTE_UNUSED)
{
    door at = CLOSED_DOOR;
    visitor first;
    visitor cancelled;
    visitor late;
    visitor after;
    spg_task running = visit(&first, &at, SPG_NEVER);
    AWAIT(waiting_at(&at) == 1); // the only thread is taken
    spg_task one = visit(&cancelled, &at, SPG_NEVER);
    spg_task two = visit(&late, &at, soon());
    spg_task three = visit(&after, &at, SPG_NEVER);
    REQUIRE_OK(spg_sleep(soon()));
    REQUIRE_OK(spg_cancel(one));
    REQUIRE_CODE(joined(one), -ECANCELED);
    REQUIRE_EQ(cancelled.result, -1);
    REQUIRE_CODE(joined(two), -ETIME);
    REQUIRE_EQ(late.result, -1);
    REQUIRE_CODE(spg_blocking(waits_at_door, &at, NULL, SPG_NOW), -ETIME);
    REQUIRE_EQ(calls_of(&at), 1);
    open_door(&at);
    REQUIRE_OK(joined(running));
    REQUIRE_OK(joined(three));
    REQUIRE_EQ(calls_of(&at), 2); // those taken out were never called
    return 0;
}

START_TEST(a_job_that_has_not_started_is_never_called)
{
    spg_options options = pool_options(1, 8);
    run_root(&options, stops_jobs, NULL);
}
END_TEST

typedef struct aftermath {
    visitor visit;
    int next_wait;
} aftermath;

static int visits_and_waits_again(void *arg)
{
    aftermath *me = arg;
    visits(&me->visit);
    me->next_wait = spg_sleep(spg_now());
    return 0;
}

TASK_TEST(a_job_that_has_started_ends_by_itself, 2)
{
    for (int by_cancel = 0; by_cancel < 2; by_cancel++) {
        door at = CLOSED_DOOR;
        spg_time deadline = by_cancel ? SPG_NEVER : later();
        aftermath after = {.visit = {.at = &at, .deadline = deadline}};
        spg_task task = spawned(&(spg_attr){0}, visits_and_waits_again, &after);
        AWAIT(waiting_at(&at) == 1);
        if (by_cancel) {
            REQUIRE_OK(spg_cancel(task));
        } else {
            REQUIRE_OK(spg_sleep(deadline));
        }
        REQUIRE_OK(spg_sleep(soon()));
        REQUIRE_CODE(spg_done(task), 0); // it waits for its job
        open_door(&at);
        REQUIRE_OK(joined(task));
        REQUIRE_OK(after.visit.code);
        REQUIRE_EQ(after.visit.result, 21);
        REQUIRE_CODE(after.next_wait, by_cancel ? -ECANCELED : 0);
        REQUIRE_EQ(at.calls, 1);
    }
    return 0;
}

// ---- Threads come as needed, and go ----

static int meets_all(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { JOBS = 8 };
    door at = CLOSED_DOOR;
    visitor visitors[JOBS];
    spg_task tasks[JOBS];
    size_t threads = count_threads();
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = visit(&visitors[i], &at, SPG_NEVER);
    }
    AWAIT(waiting_at(&at) == JOBS); // a thread for each
    REQUIRE(count_threads() >= threads + JOBS);
    open_door(&at);
    for (int i = 0; i < JOBS; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    AWAIT(count_threads() <= threads); // idle ones have ended
    int result = -1;
    REQUIRE_OK(spg_blocking(waits_at_door, &at, &result, SPG_NEVER)); // a new one comes
    REQUIRE_EQ(result, 21);
    return 0;
}

START_TEST(threads_come_as_needed_and_retire_when_idle)
{
    spg_options options = pool_options(16, 16);
    options.blocking_idle_ns = 20 * SPG_MS;
    run_root(&options, meets_all, NULL);
}
END_TEST

// Idle threads of the pool end with the runtime, however long they may stay.
START_TEST(the_pool_ends_with_its_runtime)
{
    size_t threads = count_threads();
    spg_options options = pool_options(16, 1000);
    options.blocking_idle_ns = 3600 * SPG_S;
    for (int i = 0; i < 3; i++) {
        run_root(&options, many_tasks_share_the_pool_root, NULL);
        REQUIRE_THREADS(threads);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blocking");
    TCase *tests = add_tests(suite, "blocking", 30);
    tcase_add_test(tests, outside_a_task_there_is_no_pool);
    tcase_add_test(tests, the_call_runs_on_another_thread_and_gives_its_result);
    tcase_add_test(tests, pool_threads_run_on_all_cpus_and_carry_a_name);
    tcase_add_test(tests, many_tasks_share_the_pool);
    tcase_add_test(tests, threads_are_bounded);
    tcase_add_test(tests, a_full_queue_refuses);
    tcase_add_test(tests, a_job_that_has_not_started_is_never_called);
    tcase_add_test(tests, a_job_that_has_started_ends_by_itself);
    tcase_add_test(tests, threads_come_as_needed_and_retire_when_idle);
    tcase_add_test(tests, the_pool_ends_with_its_runtime);
    return run_suite("test_blocking", suite);
}
