// SPDX-License-Identifier: MIT
// test_small.c: the smallest of everything with loads far beyond it: rings of 8, one CPU, many more
// shards than CPUs.
#include "streams.h"

#include <poll.h>
#include <sched.h>

enum { RING = 8 };

// ---- Small rings ----

static int receives_one(void *arg)
{
    char byte = 0;
    REQUIRE_CODE(spg_recv(*(spg_fd *)arg, &byte, 1, 0, patience()), 1);
    return byte;
}

static int receives_and_is_stopped(void *arg)
{
    char byte;
    ssize_t n = spg_recv(*(spg_fd *)arg, &byte, 1, 0, SPG_NEVER);
    REQUIRE_CODE(n, -ECANCELED);
    return 0;
}

// Thousands of ops in flight at once through rings of 8: all of them complete.
static int floods_rings(void *arg CK_ATTRIBUTE_UNUSED)
{
    size_t count = scaled_tasks(4000, 200);
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &(spg_attr){.place = SPG_ROUND_ROBIN}, receives_one, &ends[0], 0,
                           count));
    AWAIT(ops_in_flight(spg_runtime()) >= count);
    char *bytes = calloc(1, count);
    REQUIRE(bytes != NULL);
    REQUIRE_CODE(spg_send_all(ends[1], bytes, count, 0, patience()), count);
    REQUIRE_OK(spg_scope_close(&scope));
    free(bytes);
    // As many cancels at once: there is always room for them.
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &(spg_attr){.place = SPG_ROUND_ROBIN}, receives_and_is_stopped,
                           &ends[0], 0, count));
    AWAIT(ops_in_flight(spg_runtime()) >= count);
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_OK(spg_scope_close(&scope));
    close_pair(ends);
    return 0;
}

START_TEST(rings_of_eight_carry_thousands_of_ops)
{
    spg_options options = test_options(2);
    options.sq_entries = RING;
    options.cq_entries = _i == 0 ? RING : 2 * RING;
    spg_rt *rt = start_runtime(&options);
    spg_options effective;
    REQUIRE_OK(spg_options_effective(rt, &effective));
    REQUIRE_EQ(effective.sq_entries, RING);
    REQUIRE_EQ(effective.cq_entries, options.cq_entries);
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, floods_rings, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(rt);
}
END_TEST

// Completions that come all at once, while the shard is busy: more than its queue holds.
static int overflows_completions(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { WAITERS = 200 };
    spg_fd ends[2];
    spg_rt *rt = spg_runtime();
    open_socket_pair(ends, SOCK_STREAM);
    spg_attr attr = {.place = SPG_PINNED, .shard = SPG_HERE};
    spg_scope scope;
    for (int round = 0; round < 5; round++) {
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        REQUIRE_OK(spg_spawn_n(&scope, &attr, receives_one, &ends[0], 0, WAITERS));
        AWAIT(ops_in_flight(rt) >= WAITERS);
        char bytes[WAITERS] = {0};
        REQUIRE_CODE(send(spg_fd_number(ends[1]), bytes, sizeof bytes, 0), WAITERS);
        // Holds the shard, so that nobody reaps meanwhile.
        for (spg_time until = spg_after(3 * SPG_MS); spg_now() < until;) {
        }
        REQUIRE_OK(spg_scope_close(&scope));
    }
    close_pair(ends);
    return 0;
}

START_TEST(a_completion_queue_that_overflows_loses_nothing)
{
    spg_options options = test_options(1);
    options.sq_entries = RING;
    options.cq_entries = RING;
    run_root(&options, overflows_completions, NULL);
}
END_TEST

START_TEST(a_completion_queue_smaller_than_submissions_is_explained_or_works)
{
    char text[256] = "";
    spg_options options = test_options(1);
    options.sq_entries = 64;
    options.cq_entries = 16;
    options.error_text = text;
    options.error_bytes = sizeof text;
    spg_rt *rt = NULL;
    int code = spg_create(&options, &rt);
    if (code == 0) {
        end_runtime(rt);
        return;
    }
    REQUIRE_CODE(code, -EINVAL);
    REQUIRE(strstr(text, "cq_entries") != NULL && strstr(text, "16") != NULL);
}
END_TEST

// ---- Few CPUs ----

static int adds(void *arg)
{
    atomic_fetch_add((atomic_long *)arg, 1);
    return spg_yield();
}

static int passes_bytes(void *arg)
{
    spg_fd *ends = arg;
    char byte;
    for (int i = 0; i < 20; i++) {
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
        REQUIRE_CODE(spg_socket_send(ends[1], &byte, 1, 0, patience()), 1);
    }
    return 0;
}

// A byte goes round through a task on each shard.
static void goes_round(uint32_t shards)
{
    enum { MOST = 16 };
    spg_fd links[MOST + 1][2];
    spg_fd hops[MOST][2];
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint32_t i = 0; i <= shards; i++) {
        open_socket_pair(links[i], SOCK_STREAM);
    }
    for (uint32_t i = 0; i < shards; i++) {
        hops[i][0] = links[i][1];
        hops[i][1] = links[i + 1][0];
        spg_attr attr = pinned_to(i);
        REQUIRE_OK(spg_spawn(&attr, passes_bytes, hops[i], NULL));
    }
    for (char i = 0; i < 20; i++) {
        char byte = i;
        REQUIRE_CODE(spg_socket_send(links[0][0], &byte, 1, 0, patience()), 1);
        REQUIRE_CODE(spg_recv(links[shards][1], &byte, 1, 0, patience()), 1);
        REQUIRE_EQ(byte, i);
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (uint32_t i = 0; i <= shards; i++) {
        close_pair(links[i]);
    }
}

static int loads_all_shards(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint32_t shards = spg_shards(spg_runtime());
    size_t count = scaled_tasks(20000, 500);
    atomic_long sum = 0;
    goes_round(shards);
    for (int place = SPG_STEALABLE; place <= SPG_ROUND_ROBIN; place++) {
        spg_attr attr = {.place = (enum spg_place)place, .shard = shards - 1, .key = 3};
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        REQUIRE_OK(spg_spawn_n(&scope, &attr, adds, &sum, 0, count / 5));
        REQUIRE_OK(spg_scope_close(&scope));
    }
    REQUIRE_EQ(atomic_load(&sum), count / 5 * 5);
    return 0;
}

START_TEST(sixteen_shards_share_the_cpus)
{
    spg_options options = test_options(16);
    run_root(&options, loads_all_shards, NULL);
}
END_TEST

static void use_one_cpu(void)
{
    cpu_set_t mask;
    REQUIRE_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &mask)) {
            CPU_ZERO(&mask);
            CPU_SET(cpu, &mask);
            break;
        }
    }
    REQUIRE_EQ(sched_setaffinity(0, sizeof mask, &mask), 0);
}

START_TEST(one_cpu_is_enough)
{
    static const uint32_t shards[] = {0, 1, 3, 8};
    static const enum spg_idle idle[] = {SPG_IDLE_PARK, SPG_IDLE_PARK, SPG_IDLE_POLL,
                                         SPG_IDLE_SPIN};
    use_one_cpu();
    spg_options options = test_options(shards[_i]);
    options.idle = idle[_i];
    run_root(&options, loads_all_shards, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: small");
    TCase *tests = add_tests(suite, "small", 60);
    tcase_add_loop_test(tests, rings_of_eight_carry_thousands_of_ops, 0, 2);
    tcase_add_test(tests, a_completion_queue_that_overflows_loses_nothing);
    tcase_add_test(tests, a_completion_queue_smaller_than_submissions_is_explained_or_works);
    tcase_add_test(tests, sixteen_shards_share_the_cpus);
    tcase_add_loop_test(tests, one_cpu_is_enough, 0, 4);
    return run_suite("test_small", suite);
}
