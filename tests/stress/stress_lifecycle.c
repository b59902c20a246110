// SPDX-License-Identifier: MIT
// stress_lifecycle.c: a thousand runtimes, one after the other. Threads, descriptors and memory
// stay what they are after the first few; handles of one are never those of another.
#include "streams.h"

#include <pthread.h>

enum { WARM_UP = 50 };

// What a thousand runtimes may leave in resident memory, all together: less than one page each.
#define MEMORY_SLACK_KIB 2048

static int returns(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

static int waits_a_little(void *arg CK_ATTRIBUTE_UNUSED)
{
    int code = spg_sleep(spg_after(20 * SPG_US));
    return code == -ECANCELED ? 0 : code;
}

// Uses some of everything that a runtime has to give back.
static int works(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    spg_fd ends[2];
    char byte;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, waits_a_little, NULL, 0, 1 + random_below(&state, 20)));
    REQUIRE_OK(spg_scope_close(&scope));
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_after(20 * SPG_US)), -ETIME);
    REQUIRE_CODE(spg_socket_send(ends[1], "x", 1, 0, patience()), 1);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
    close_pair(ends);
    if (random_below(&state, 4) == 0) {
        REQUIRE_OK(spg_blocking(returns, NULL, NULL, SPG_NEVER));
    }
    // Left for shutdown.
    for (uint32_t i = random_below(&state, 4); i > 0; i--) {
        REQUIRE_OK(spg_spawn(NULL, waits_a_little, NULL, NULL));
    }
    return 0;
}

static void live_once(uint64_t *state)
{
    spg_options options = test_options(1 + random_below(state, 4));
    options.sq_entries = 8u << random_below(state, 4);
    uint64_t seed = random_next(state);
    spg_rt *rt = start_runtime(&options);
    spg_task root;
    int result = -1;
    switch (random_below(state, 3)) {
    case 0: // never used
        REQUIRE_OK(spg_destroy(rt));
        return;
    case 1: // without shutdown
        REQUIRE_OK(spg_spawn_in(rt, NULL, works, &seed, &root));
        REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
        REQUIRE_OK(result);
        REQUIRE_OK(spg_destroy(rt));
        return;
    default:
        REQUIRE_OK(spg_spawn_in(rt, NULL, works, &seed, &root));
        REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
        REQUIRE_OK(result);
        end_runtime(rt);
    }
}

START_TEST(a_thousand_runtimes_leave_nothing_behind)
{
    uint64_t state = random_stream(300);
    size_t rounds = scaled(1000, 10);
    size_t threads = count_threads();
    for (int i = 0; i < WARM_UP && i < (int)rounds; i++) {
        live_once(&state);
    }
    size_t fds = count_fds();
    REQUIRE_THREADS(threads);
    size_t memory = resident_kib();
    for (size_t i = 0; i < rounds; i++) {
        live_once(&state);
        REQUIRE_EQ(count_fds(), fds);
    }
    REQUIRE_THREADS(threads);
    // Sanitizers keep freed memory back on purpose.
    if (!under_sanitizer()) {
        size_t now = resident_kib();
        if (now > memory + MEMORY_SLACK_KIB) {
            ck_abort_msg("resident memory grew from %zu to %zu KiB", memory, now);
        }
    }
}
END_TEST

// Several at a time, ended in another order than they were begun.
START_TEST(overlapping_runtimes_leave_nothing_behind)
{
    enum { ALIVE = 6 };
    uint64_t state = random_stream(301);
    size_t rounds = scaled(300, 10);
    spg_rt *alive[ALIVE] = {0};
    size_t fds = count_fds();
    size_t threads = count_threads();
    for (size_t i = 0; i < rounds; i++) {
        spg_rt **slot = &alive[random_below(&state, ALIVE)];
        if (*slot == NULL) {
            spg_options options = test_options(1 + random_below(&state, 3));
            *slot = start_runtime(&options);
        } else {
            uint64_t seed = random_next(&state);
            spg_task root;
            REQUIRE_OK(spg_spawn_in(*slot, NULL, works, &seed, &root));
            REQUIRE_OK(spg_join(root, NULL, SPG_NEVER));
            end_runtime(*slot);
            *slot = NULL;
        }
    }
    for (int i = 0; i < ALIVE; i++) {
        REQUIRE_OK(spg_destroy(alive[i]));
    }
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

typedef struct asker {
    pthread_t thread;
    spg_task stale;
    atomic_bool *end;
    uint32_t question;
} asker;

// Whatever runtime has the place of the gone one by now, or is about to have it or to leave it.
static void *asks_for_a_stale_task(void *arg)
{
    asker *self = arg;
    char name[32];
    while (!atomic_load(self->end)) {
        switch (self->question++ % 5) {
        case 0:
            REQUIRE_CODE(spg_done(self->stale), -ESRCH);
            break;
        case 1:
            REQUIRE_CODE(spg_name(self->stale, name, sizeof name), -ESRCH);
            break;
        case 2:
            REQUIRE_CODE(spg_cancel(self->stale), -ESRCH);
            break;
        case 3:
            REQUIRE_CODE(spg_join(self->stale, NULL, SPG_NEVER), -ESRCH);
            break;
        default:
            REQUIRE_CODE(spg_detach(self->stale), -ESRCH);
        }
    }
    return NULL;
}

// A handle outlives its runtime; asking about it is answered while others come and go in its place.
START_TEST(stale_handles_are_refused_while_runtimes_come_and_go)
{
    enum { ASKERS = 2 };
    size_t rounds = scaled(1000, 100);
    atomic_bool end = false;
    asker askers[ASKERS];
    spg_options options = test_options(1);
    options.sq_entries = 8;
    spg_rt *rt = start_runtime(&options);
    for (uint32_t i = 0; i < ASKERS; i++) {
        askers[i] = (asker){.end = &end, .question = i};
        REQUIRE_OK(spg_spawn_in(rt, NULL, returns, NULL, &askers[i].stale));
        REQUIRE_OK(spg_join(askers[i].stale, NULL, SPG_NEVER));
    }
    REQUIRE_OK(spg_destroy(rt));
    for (uint32_t i = 0; i < ASKERS; i++) {
        REQUIRE_OK(pthread_create(&askers[i].thread, NULL, asks_for_a_stale_task, &askers[i]));
    }
    for (size_t i = 0; i < rounds; i++) {
        rt = start_runtime(&options);
        spg_task task;
        REQUIRE_OK(spg_spawn_in(rt, NULL, returns, NULL, &task));
        REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
        REQUIRE_OK(spg_destroy(rt));
    }
    atomic_store(&end, true);
    for (uint32_t i = 0; i < ASKERS; i++) {
        REQUIRE_OK(pthread_join(askers[i].thread, NULL));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: lifecycle");
    TCase *tests = add_tests(suite, "lifecycle", 120);
    tcase_add_test(tests, a_thousand_runtimes_leave_nothing_behind);
    tcase_add_test(tests, overlapping_runtimes_leave_nothing_behind);
    tcase_add_test(tests, stale_handles_are_refused_while_runtimes_come_and_go);
    return run_suite("stress_lifecycle", suite);
}
