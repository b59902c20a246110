// SPDX-License-Identifier: MIT
// test_runtime.c: making, running and ending runtimes.
#include "streams.h"

#include <sched.h>
#include <sys/prctl.h>

static int gives_argument(void *arg)
{
    return (int)(intptr_t)arg;
}

START_TEST(run_gives_the_result_of_the_root_task)
{
    spg_options options = test_options(2);
    int result = 0;
    REQUIRE_OK(spg_run(&options, gives_argument, (void *)(intptr_t)42, &result));
    REQUIRE_EQ(result, 42);
    REQUIRE_OK(spg_run(&options, gives_argument, (void *)(intptr_t)-42, &result));
    REQUIRE_EQ(result, -42);
    REQUIRE_OK(spg_run(&options, gives_argument, NULL, NULL));
    REQUIRE_OK(spg_run(NULL, gives_argument, (void *)(intptr_t)1, &result));
    REQUIRE_EQ(result, 1);
}
END_TEST

START_TEST(outside_a_task_there_is_no_runtime)
{
    REQUIRE(spg_runtime() == NULL);
    REQUIRE_EQ(spg_shards(NULL), 0);
    REQUIRE_CODE(spg_shutdown(NULL, NULL, SPG_NOW), -EINVAL);
    REQUIRE_OK(spg_destroy(NULL));
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", SPG_VERSION_MAJOR, SPG_VERSION_MINOR,
             SPG_VERSION_PATCH);
    REQUIRE_EQ(strcmp(spg_version(), version), 0);
}
END_TEST

typedef struct sighting {
    spg_rt *expected;
    char thread[16];
    cpu_set_t cpus;
    int shard;
} sighting;

static int look_around(void *arg)
{
    sighting *seen = arg;
    REQUIRE(spg_runtime() == seen->expected);
    REQUIRE_EQ(prctl(PR_GET_NAME, seen->thread), 0);
    REQUIRE_EQ(sched_getaffinity(0, sizeof seen->cpus, &seen->cpus), 0);
    seen->shard = spg_shard();
    REQUIRE_OK(spg_yield());
    REQUIRE(spg_runtime() == seen->expected);
    REQUIRE_EQ(spg_shard(), seen->shard);
    return 0;
}

// What a task sees that is pinned to the shard.
static sighting seen_on(spg_rt *rt, uint32_t shard)
{
    sighting seen = {.expected = rt};
    spg_attr attr = pinned_to(shard);
    spg_task task;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, look_around, &seen, &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_OK(result);
    REQUIRE_EQ(seen.shard, shard);
    return seen;
}

START_TEST(several_runtimes_live_side_by_side)
{
    enum { COUNT = 4 };
    spg_rt *rts[COUNT];
    size_t threads = count_threads();
    size_t fds = count_fds();
    for (uint32_t i = 0; i < COUNT; i++) {
        spg_options options = test_options(i + 1);
        rts[i] = start_runtime(&options);
        REQUIRE_EQ(spg_shards(rts[i]), i + 1);
    }
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            seen_on(rts[i], round % (i + 1));
        }
    }
    // Not in the order of creation.
    end_runtime(rts[1]);
    end_runtime(rts[3]);
    seen_on(rts[2], 2);
    end_runtime(rts[0]);
    seen_on(rts[2], 1);
    end_runtime(rts[2]);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

START_TEST(threads_carry_prefix_and_number)
{
    spg_rt *plain = start_runtime(&(spg_options){.shards = 2});
    REQUIRE_EQ(strcmp(seen_on(plain, 0).thread, "spg-0"), 0);
    REQUIRE_EQ(strcmp(seen_on(plain, 1).thread, "spg-1"), 0);
    end_runtime(plain);

    spg_rt *named = start_runtime(&(spg_options){.shards = 2, .thread_prefix = "query"});
    REQUIRE_EQ(strcmp(seen_on(named, 1).thread, "query-1"), 0);
    end_runtime(named);

    spg_rt *cut = start_runtime(
        &(spg_options){.shards = 1, .thread_prefix = "a-prefix-of-more-than-fifteen-bytes"});
    REQUIRE_EQ(strncmp(seen_on(cut, 0).thread, "a-prefix-of-m", 13), 0);
    end_runtime(cut);
}
END_TEST

// The CPUs of the process in ascending order; gives how many.
static size_t own_cpus(uint32_t *cpus, size_t room)
{
    cpu_set_t mask;
    size_t count = 0;
    REQUIRE_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && count < room; cpu++) {
        if (CPU_ISSET(cpu, &mask)) {
            cpus[count++] = (uint32_t)cpu;
        }
    }
    return count;
}

START_TEST(shards_are_pinned_in_the_callers_order)
{
    uint32_t cpus[4];
    size_t count = own_cpus(cpus, 4);
    uint32_t backwards[4];
    for (size_t i = 0; i < count; i++) {
        backwards[i] = cpus[count - 1 - i];
    }
    // One shard more than CPUs: the list starts again.
    spg_options options = test_options((uint32_t)count + 1);
    options.cpus = backwards;
    options.cpu_count = count;
    spg_rt *rt = start_runtime(&options);
    memset(backwards, 0xFF, sizeof backwards); // it was copied
    for (uint32_t shard = 0; shard <= count; shard++) {
        sighting seen = seen_on(rt, shard);
        REQUIRE_EQ(CPU_COUNT(&seen.cpus), 1);
        REQUIRE(CPU_ISSET(cpus[count - 1 - shard % count], &seen.cpus));
    }
    end_runtime(rt);
}
END_TEST

START_TEST(without_a_list_shards_are_not_pinned)
{
    cpu_set_t mask;
    REQUIRE_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    spg_rt *rt = start_runtime(&(spg_options){.shards = 2});
    sighting seen = seen_on(rt, 1);
    REQUIRE(CPU_EQUAL(&seen.cpus, &mask));
    end_runtime(rt);
}
END_TEST

START_TEST(a_cpu_that_cannot_be_used_is_named_and_nothing_is_left)
{
    uint32_t cpus[3];
    REQUIRE(own_cpus(cpus, 1) == 1);
    cpus[1] = cpus[0];
    cpus[2] = 1021; // no machine of ours has it
    size_t threads = count_threads();
    size_t fds = count_fds();
    char text[512] = "";
    spg_options options = {
        .shards = 3, .cpus = cpus, .cpu_count = 3, .error_text = text, .error_bytes = sizeof text};
    spg_rt *rt = NULL;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    REQUIRE(rt == NULL);
    REQUIRE(strstr(text, "1021") != NULL);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
    // Far outside of what a mask can hold.
    cpus[2] = 4000000000u;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    REQUIRE(strstr(text, "4000000000") != NULL);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

static int end_own_runtime(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_report report;
    REQUIRE_CODE(spg_shutdown(spg_runtime(), &report, SPG_NOW), -EDEADLK);
    REQUIRE_CODE(spg_destroy(spg_runtime()), -EDEADLK);
    // Nothing has happened: new tasks are admitted.
    spg_task child = spawned(&(spg_attr){0}, gives_argument, (void *)(intptr_t)3);
    REQUIRE_EQ(joined(child), 3);
    return 0;
}

START_TEST(a_task_cannot_end_its_own_runtime)
{
    spg_options options = test_options(2);
    run_root(&options, end_own_runtime, NULL);
}
END_TEST

START_TEST(after_shutdown_nothing_is_admitted)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_report report;
    memset(&report, 0xFF, sizeof report);
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NEVER));
    REQUIRE_EQ(report.tasks, 0);
    REQUIRE_EQ(report.ops, 0);
    REQUIRE_EQ(report.entries, 0);
    REQUIRE_EQ(report.cancelled, 0);
    spg_task task = {77};
    REQUIRE_CODE(spg_spawn_in(rt, NULL, gives_argument, NULL, &task), -ESHUTDOWN);
    REQUIRE_EQ(task.v, 77);
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW)); // again
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

static int sleeps_until_cancelled(void *arg)
{
    atomic_int *code = arg;
    atomic_store(code, spg_sleep(SPG_NEVER));
    return 0;
}

START_TEST(destroy_alone_cancels_what_runs)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    atomic_int code = 1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps_until_cancelled, &code, NULL));
    REQUIRE_OK(spg_destroy(rt));
    REQUIRE_CODE(atomic_load(&code), -ECANCELED);
}
END_TEST

// A task that never suspends is told, too, and with it those that wait on other shards.
static int computes_until_cancelled(void *arg)
{
    atomic_int *running = arg;
    atomic_store(running, 1);
    while (!spg_cancelled()) {
    }
    return 0;
}

START_TEST(shutdown_tells_a_task_that_computes)
{
    spg_options options = test_options(2);
    options.reap_ns = 30 * SPG_S;
    spg_rt *rt = start_runtime(&options);
    atomic_int running = 0;
    atomic_int code = 1;
    spg_attr first = pinned_to(0);
    spg_attr second = pinned_to(1);
    REQUIRE_OK(spg_spawn_in(rt, &first, computes_until_cancelled, &running, NULL));
    REQUIRE_OK(spg_spawn_in(rt, &second, sleeps_until_cancelled, &code, NULL));
    while (atomic_load(&running) == 0) {
    }
    spg_report report;
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW));
    REQUIRE_EQ(report.cancelled, 2);
    REQUIRE_EQ(report.tasks, 0);
    REQUIRE_CODE(atomic_load(&code), -ECANCELED);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

static int sleeps_a_little(void *arg)
{
    atomic_int *code = arg;
    atomic_store(code, spg_sleep(soon()));
    return 0;
}

typedef struct leaving {
    spg_fn *child;
    atomic_int code;
} leaving;

static int leaves_a_child(void *arg)
{
    leaving *left = arg;
    REQUIRE_OK(spg_spawn(NULL, left->child, &left->code, NULL));
    return 5;
}

START_TEST(run_drains_what_the_root_task_leaves)
{
    spg_options options = test_options(2);
    options.drain_ns = 60 * SPG_S;
    leaving left = {.child = sleeps_a_little, .code = 1};
    int result = 0;
    REQUIRE_OK(spg_run(&options, leaves_a_child, &left, &result));
    REQUIRE_EQ(result, 5);
    REQUIRE_OK(atomic_load(&left.code));
}
END_TEST

START_TEST(run_cancels_at_once_when_told_not_to_drain)
{
    spg_options options = test_options(2);
    options.drain_ns = -1;
    leaving left = {.child = sleeps_until_cancelled, .code = 1};
    REQUIRE_OK(spg_run(&options, leaves_a_child, &left, NULL));
    REQUIRE_CODE(atomic_load(&left.code), -ECANCELED);
}
END_TEST

START_TEST(run_cancels_when_draining_has_taken_too_long)
{
    spg_options options = test_options(2);
    options.drain_ns = 5 * SPG_MS;
    leaving left = {.child = sleeps_until_cancelled, .code = 1};
    REQUIRE_OK(spg_run(&options, leaves_a_child, &left, NULL));
    REQUIRE_CODE(atomic_load(&left.code), -ECANCELED);
}
END_TEST

// As many as there may be: then a refusal that says so, and no harm to those there are.
START_TEST(runtimes_are_bounded)
{
    enum { MOST = 200 };
    static spg_rt *rts[MOST];
    size_t fds = count_fds();
    size_t threads = count_threads();
    char text[512] = "";
    spg_options options = test_options(1);
    options.sq_entries = 8;
    options.error_text = text;
    options.error_bytes = sizeof text;
    int count = 0;
    int code = 0;
    while (count < MOST && code == 0) {
        code = spg_create(&options, &rts[count]);
        count += code == 0;
    }
    REQUIRE(count >= 8);
    REQUIRE(count <= (int)SPG_MAX_RUNTIMES);
    if (count == SPG_MAX_RUNTIMES) {
        REQUIRE_CODE(code, -EAGAIN);
        REQUIRE(strstr(text, "63 runtimes") != NULL);
        REQUIRE(strstr(text, "SPG_MAX_RUNTIMES") != NULL);
    } else { // the machine has a lower limit
        REQUIRE(strlen(text) > 10);
        REQUIRE(code == -EAGAIN || code == -ENOMEM || code == -EMFILE);
    }
    for (int i = 0; i < count; i++) {
        seen_on(rts[i], 0);
    }
    REQUIRE_OK(spg_destroy(rts[0]));
    REQUIRE_OK(spg_create(&options, &rts[0])); // room again
    for (int i = 0; i < count; i++) {
        end_runtime(rts[i]);
    }
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

enum { KEPT = 64 };

// Descriptors whose numbers the next runtime opens again, and the handles they had.
static spg_fd kept_fds[2];
static spg_task kept[KEPT];

static int keeps_handles(void *arg CK_ATTRIBUTE_UNUSED)
{
    size_t rounds = scaled((1u << 20) + KEPT, 10 * KEPT); // of one slot, the hottest
    for (size_t i = 0; i < rounds; i++) {
        spg_task *task = &kept[i % KEPT];
        REQUIRE_OK(spg_spawn(NULL, gives_argument, NULL, task));
        REQUIRE_OK(joined(*task));
    }
    open_pipe(kept_fds);
    close_pair(kept_fds);
    return 0;
}

static int outlasts_stale_handles(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { NEW = 200 };
    static spg_task tasks[NEW];
    spg_fd ends[2];
    char byte;
    for (int i = 0; i < NEW; i++) {
        tasks[i] = spawned(&(spg_attr){0}, sleeps, NULL);
    }
    open_pipe(ends);
    for (int i = 0; i < KEPT; i++) {
        REQUIRE_CODE(spg_cancel(kept[i]), -ESRCH);
        REQUIRE_CODE(spg_done(kept[i]), -ESRCH);
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE_CODE(spg_read_at(kept_fds[i], &byte, 1, SPG_CURRENT, SPG_NOW), -EBADF);
        REQUIRE_CODE(spg_close(kept_fds[i]), -EBADF);
    }
    close_pair(ends);
    for (int i = 0; i < NEW; i++) {
        REQUIRE_CODE(spg_done(tasks[i]), 0);
        REQUIRE_OK(spg_cancel(tasks[i]));
        REQUIRE_CODE(joined(tasks[i]), -ECANCELED);
    }
    return 0;
}

// Not even when a slot has had more tasks than any other one will have.
START_TEST(handles_of_a_runtime_name_nothing_of_the_next)
{
    spg_options options = test_options(1);
    run_root(&options, keeps_handles, NULL);
    for (int i = 0; i < 3; i++) {
        run_root(&options, outlasts_stale_handles, NULL);
    }
}
END_TEST

START_TEST(nothing_of_a_runtime_outlives_it)
{
    size_t threads = count_threads();
    size_t fds = count_fds();
    for (uint32_t round = 0; round < 5; round++) {
        spg_options options = test_options(round + 1);
        spg_rt *rt = start_runtime(&options);
        seen_on(rt, round);
        end_runtime(rt);
        REQUIRE_EQ(count_fds(), fds);
        REQUIRE_THREADS(threads);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime");
    TCase *tests = add_tests(suite, "runtime", 20);
    tcase_add_test(tests, run_gives_the_result_of_the_root_task);
    tcase_add_test(tests, outside_a_task_there_is_no_runtime);
    tcase_add_test(tests, several_runtimes_live_side_by_side);
    tcase_add_test(tests, threads_carry_prefix_and_number);
    tcase_add_test(tests, shards_are_pinned_in_the_callers_order);
    tcase_add_test(tests, without_a_list_shards_are_not_pinned);
    tcase_add_test(tests, a_cpu_that_cannot_be_used_is_named_and_nothing_is_left);
    tcase_add_test(tests, a_task_cannot_end_its_own_runtime);
    tcase_add_test(tests, after_shutdown_nothing_is_admitted);
    tcase_add_test(tests, destroy_alone_cancels_what_runs);
    tcase_add_test(tests, shutdown_tells_a_task_that_computes);
    tcase_add_test(tests, run_drains_what_the_root_task_leaves);
    tcase_add_test(tests, run_cancels_at_once_when_told_not_to_drain);
    tcase_add_test(tests, run_cancels_when_draining_has_taken_too_long);
    tcase_add_test(tests, runtimes_are_bounded);
    tcase_add_test(tests, handles_of_a_runtime_name_nothing_of_the_next);
    tcase_add_test(tests, nothing_of_a_runtime_outlives_it);
    return run_suite("test_runtime", suite);
}
