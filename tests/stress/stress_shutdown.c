// SPDX-License-Identifier: MIT
// stress_shutdown.c: shutdown at any moment: while foreign threads spawn and join, and while tasks
// wait for sockets, timers, threads and each other.
#include "streams.h"

#include <pthread.h>

enum { SPAWNERS = 3 };

typedef struct life {
    spg_rt *rt;
    uint64_t seed;
    atomic_ulong spawners;
    atomic_ulong accepted;
    atomic_ulong started;
    atomic_ulong ended;
} life;

static void require_one_of(int code, int one, int other)
{
    if (code != 0 && code != one && code != other) {
        ck_abort_msg("it gave %d (%s)", code, spg_strerror(code));
    }
}

static int sleeps(life *in CK_ATTRIBUTE_UNUSED, uint64_t *state)
{
    return spg_sleep(spg_after(random_below(state, 2000) * SPG_US));
}

static int receives(life *in CK_ATTRIBUTE_UNUSED, uint64_t *state CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    int code = (int)spg_recv(ends[0], &byte, 1, 0, SPG_NEVER);
    close_pair(ends);
    return code;
}

static int blocks(void *arg)
{
    struct timespec pause = {0, (long)(*(uint64_t *)arg % 300000)};
    nanosleep(&pause, NULL);
    return 0;
}

static int uses_a_thread(life *in CK_ATTRIBUTE_UNUSED, uint64_t *state)
{
    uint64_t length = random_next(state);
    return spg_blocking(blocks, &length, NULL, SPG_NEVER);
}

static int waits_for_timer(life *in CK_ATTRIBUTE_UNUSED, uint64_t *state CK_ATTRIBUTE_UNUSED)
{
    spg_timer timer = {0};
    return spg_timer_wait(&timer, SPG_NEVER);
}

static int yields(life *in CK_ATTRIBUTE_UNUSED, uint64_t *state)
{
    int code = 0;
    for (uint32_t i = random_below(state, 50); i > 0 && code == 0; i--) {
        code = spg_yield();
    }
    return code;
}

static int works(void *arg);

static int spawns(life *in, uint64_t *state)
{
    spg_scope scope;
    int code = spg_scope_open(&scope, SPG_NEVER);
    REQUIRE_OK(code);
    for (uint32_t i = random_below(state, 5); i > 0; i--) {
        code = spg_spawn(NULL, works, in, NULL);
        if (code == 0) {
            atomic_fetch_add(&in->accepted, 1);
        } else if (code != -ESHUTDOWN) {
            require_one_of(code, -EAGAIN, -ECANCELED);
        }
    }
    code = spg_scope_close(&scope);
    require_one_of(code, -EAGAIN, -ECANCELED);
    return code;
}

typedef int activity(life *in, uint64_t *state);

static activity *const activities[] = {sleeps, receives, uses_a_thread, waits_for_timer,
                                       yields, yields,   spawns,        sleeps};

// Does one thing, which shutdown may cut short.
static int works(void *arg)
{
    life *in = arg;
    uint64_t state = in->seed ^ (atomic_fetch_add(&in->started, 1) * 0x9E3779B97F4A7C15u);
    int code = activities[random_below(&state, 8)](in, &state);
    require_one_of(code, -EAGAIN, -ECANCELED);
    atomic_fetch_add(&in->ended, 1);
    return code;
}

static void *spawns_from_outside(void *arg)
{
    life *in = arg;
    uint64_t state = in->seed + atomic_fetch_add(&in->spawners, 1);
    for (;;) {
        spg_attr attr = {.place = (enum spg_place)random_below(&state, 5),
                         .shard = random_below(&state, spg_shards(in->rt)),
                         .key = random_next(&state)};
        spg_task task;
        bool keep = random_below(&state, 4) == 0;
        int code = spg_spawn_in(in->rt, &attr, works, in, keep ? &task : NULL);
        require_one_of(code, -EAGAIN, -ESHUTDOWN);
        if (code == -ESHUTDOWN) {
            return NULL;
        }
        if (code == -EAGAIN) {
            nap();
            continue;
        }
        atomic_fetch_add(&in->accepted, 1);
        if (keep && random_below(&state, 2) == 0) {
            REQUIRE_OK(spg_cancel(task));
            REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
        } else if (keep) {
            code = spg_join(task, NULL, spg_after(random_below(&state, 300) * SPG_US));
            require_one_of(code, -ETIME, -ETIME);
            if (code == -ETIME) {
                REQUIRE_OK(spg_detach(task));
            }
        }
    }
}

static spg_time random_deadline(uint64_t *state)
{
    switch (random_below(state, 3)) {
    case 0:
        return SPG_NOW;
    case 1:
        return spg_after(random_below(state, 3000) * SPG_US);
    default:
        return spg_after(20 * SPG_MS);
    }
}

static void live(uint64_t *state)
{
    spg_options options = test_options(1 + random_below(state, 4));
    options.max_tasks = 200 + random_below(state, 2000);
    if (options.max_tasks > TSAN_STACKS / 4 && UNDER_TSAN) {
        options.max_tasks = TSAN_STACKS / 4;
    }
    options.blocking_threads = 4;
    options.blocking_queue = 4000;
    options.reap_ns = 60 * SPG_S;
    life in = {.rt = start_runtime(&options), .seed = random_next(state)};
    pthread_t threads[SPAWNERS];
    for (int i = 0; i < SPAWNERS; i++) {
        REQUIRE_EQ(pthread_create(&threads[i], NULL, spawns_from_outside, &in), 0);
    }
    struct timespec pause = {0, (long)random_below(state, 5000000)};
    nanosleep(&pause, NULL);
    spg_report report;
    int code = spg_shutdown(in.rt, &report, random_deadline(state));
    if (code != 0) {
        ck_abort_msg("shutdown: %s, %llu tasks left, first '%s' waits for '%s'",
                     spg_strerror(code), (unsigned long long)report.tasks, report.left[0].task,
                     report.left[0].wait);
    }
    for (int i = 0; i < SPAWNERS; i++) {
        REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
    }
    REQUIRE_EQ(atomic_load(&in.started), atomic_load(&in.accepted));
    REQUIRE_EQ(atomic_load(&in.ended), atomic_load(&in.accepted));
    require_at_rest(in.rt);
    REQUIRE_OK(spg_destroy(in.rt));
}

START_TEST(shutdown_may_come_at_any_moment)
{
    uint64_t state = random_stream(400);
    size_t rounds = scaled(400, 4);
    size_t threads = count_threads();
    size_t fds = count_fds();
    for (size_t i = 0; i < rounds; i++) {
        live(&state);
        REQUIRE_EQ(count_fds(), fds);
    }
    REQUIRE_THREADS(threads);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: shutdown");
    TCase *tests = add_tests(suite, "shutdown", 120);
    tcase_add_test(tests, shutdown_may_come_at_any_moment);
    return run_suite("stress_shutdown", suite);
}
