// SPDX-License-Identifier: MIT
// test_execution.c: contract C1 (each task runs once), C2 (ring affinity), C3 (staying and moving).
#include "streams.h"

#include <pthread.h>

// ---- C1 ----

// A task's account: how often it ran, and whether the spawn was accepted.
typedef struct account {
    atomic_int runs;
    bool accepted;
} account;

static int runs_once(void *arg)
{
    account *own = arg;
    atomic_fetch_add(&own->runs, 1);
    spg_sleep(spg_after(10 * SPG_US)); // may be refused: that is no reason not to run
    return 0;
}

static void settle(const account *accounts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (atomic_load(&accounts[i].runs) != accounts[i].accepted) {
            ck_abort_msg("task %zu: %s, but ran %d times", i,
                         accounts[i].accepted ? "accepted" : "refused",
                         atomic_load(&accounts[i].runs));
        }
    }
}

typedef struct load {
    account *accounts;
    size_t count;
    uint64_t seed;
    spg_rt *rt;
} load;

static spg_attr random_place(uint64_t *state, uint32_t shards)
{
    return (spg_attr){.place = (enum spg_place)random_below(state, 5),
                      .shard = random_below(state, shards),
                      .key = random_next(state)};
}

// Spawns tasks, cancels some of them before and some after their start, and loses the rest.
static int spawns_and_cancels(void *arg)
{
    load *all = arg;
    uint64_t state = all->seed;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (size_t i = 0; i < all->count; i++) {
        spg_attr attr = random_place(&state, spg_shards(spg_runtime()));
        spg_task task;
        int code = spg_spawn(&attr, runs_once, &all->accounts[i], &task);
        REQUIRE(code == 0 || code == -EAGAIN || code == -ECANCELED);
        all->accounts[i].accepted = code == 0;
        uint32_t choice = random_below(&state, 8);
        if (code != 0 || choice == 0) {
            spg_yield();
        }
        if (code == 0 && choice < 3) {
            REQUIRE_OK(spg_cancel(task));
        }
        if (code == 0) {
            REQUIRE_OK(spg_detach(task));
        }
        if (i == all->count / 8 * 7) {
            REQUIRE_OK(spg_scope_cancel(&scope)); // the last ones are refused
        }
    }
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

static load new_load(size_t count, uint64_t number)
{
    load all = {.accounts = calloc(count, sizeof(account)),
                .count = count,
                .seed = random_stream(number)};
    REQUIRE(all.accounts != NULL);
    return all;
}

START_TEST(c1_each_accepted_task_runs_once_under_stealing_and_cancels)
{
    load all = new_load(scaled_tasks(50000, 1000), 11);
    spg_options options = test_options(4);
    run_root(&options, spawns_and_cancels, &all);
    settle(all.accounts, all.count);
    free(all.accounts);
}
END_TEST

START_TEST(c1_each_accepted_task_runs_once_under_overload)
{
    load all = new_load(scaled(50000, 1000), 12);
    spg_options options = test_options(3);
    options.max_tasks = 32;
    options.queue_entries = 8;
    run_root(&options, spawns_and_cancels, &all);
    settle(all.accounts, all.count);
    free(all.accounts);
}
END_TEST

static void *spawns_until_refused(void *arg)
{
    load *all = arg;
    uint64_t state = all->seed;
    for (size_t i = 0; i < all->count; i++) {
        spg_attr attr = random_place(&state, spg_shards(all->rt));
        int code = spg_spawn_in(all->rt, &attr, runs_once, &all->accounts[i], NULL);
        REQUIRE(code == 0 || code == -EAGAIN || code == -ESHUTDOWN);
        all->accounts[i].accepted = code == 0;
        if (code == -ESHUTDOWN) {
            break;
        }
    }
    return NULL;
}

START_TEST(c1_each_accepted_task_runs_once_when_shutdown_comes_between)
{
    enum { THREADS = 3, ROUNDS = 10 };
    spg_options options = test_options(2);
    options.max_tasks = 2000;
    for (int round = 0; round < ROUNDS; round++) {
        load loads[THREADS];
        pthread_t threads[THREADS];
        spg_rt *rt = start_runtime(&options);
        for (int i = 0; i < THREADS; i++) {
            loads[i] = new_load(1000000, 20u + (uint64_t)i);
            loads[i].rt = rt;
            REQUIRE_EQ(pthread_create(&threads[i], NULL, spawns_until_refused, &loads[i]), 0);
        }
        nap();
        REQUIRE_OK(spg_shutdown(rt, NULL, round % 2 == 0 ? SPG_NOW : patience()));
        for (int i = 0; i < THREADS; i++) {
            REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
        }
        require_at_rest(rt);
        REQUIRE_OK(spg_destroy(rt));
        for (int i = 0; i < THREADS; i++) {
            settle(loads[i].accounts, loads[i].count);
            free(loads[i].accounts);
        }
    }
}
END_TEST

typedef struct owned {
    void *memory;
    int code;
} owned;

static int frees_what_it_was_given(void *arg)
{
    owned *own = arg;
    own->code = spg_sleep(SPG_NEVER);
    free(own->memory);
    own->memory = NULL;
    return own->code;
}

TASK_TEST(c1_a_task_cancelled_before_its_start_frees_what_it_was_given, 2)
{
    enum { COUNT = 100 };
    owned all[COUNT];
    spg_task tasks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        all[i] = (owned){.memory = malloc(16)};
        tasks[i] = spawned(&(spg_attr){0}, frees_what_it_was_given, &all[i]);
        REQUIRE_OK(spg_cancel(tasks[i]));
    }
    for (int i = 0; i < COUNT; i++) {
        REQUIRE_CODE(joined(tasks[i]), -ECANCELED);
        REQUIRE(all[i].memory == NULL);
    }
    return 0;
}

// ---- C2 ----

enum { PAIRS = 12, SHARDS = 3 };

typedef struct conversation {
    spg_fd mine;
    size_t messages;
    bool first;
} conversation;

static int converses(void *arg)
{
    conversation *own = arg;
    char byte = 0;
    if (own->first) {
        REQUIRE_CODE(spg_socket_send(own->mine, &byte, 1, 0, patience()), 1);
    }
    for (size_t i = 0; i < own->messages; i++) {
        REQUIRE_CODE(spg_recv(own->mine, &byte, 1, 0, patience()), 1);
        byte++;
        REQUIRE_CODE(spg_socket_send(own->mine, &byte, 1, 0, patience()), 1);
    }
    return byte;
}

// Tasks that move at every wait, with an op in flight at each.
static int many_converse(void *arg CK_ATTRIBUTE_UNUSED)
{
    conversation all[2 * PAIRS];
    spg_task tasks[2 * PAIRS];
    size_t messages = scaled(500, 20);
    for (int i = 0; i < PAIRS; i++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        for (int side = 0; side < 2; side++) {
            conversation *own = &all[2 * i + side];
            *own = (conversation){.mine = ends[side], .messages = messages, .first = side == 0};
            tasks[2 * i + side] = spawned(&(spg_attr){0}, converses, own);
        }
    }
    for (int i = 0; i < 2 * PAIRS; i++) {
        // Each message came once and in turn: the byte counts them.
        REQUIRE_EQ((char)joined(tasks[i]), (char)(2 * messages - (all[i].first ? 0 : 1)));
    }
    for (int i = 0; i < 2 * PAIRS; i++) {
        REQUIRE_OK(spg_close(all[i].mine));
    }
    return 0;
}

START_TEST(c2_ops_complete_on_their_own_ring_while_tasks_move)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(13) | 1;
    spg_rt *rt = start_runtime(&options);
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, many_converse, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE(stats.migrations > 0);
    REQUIRE(stats.ops_submitted > 0);
    REQUIRE_EQ(stats.affinity_violations, 0);
    REQUIRE_EQ(stats.completions_late, 0);
    end_runtime(rt);
}
END_TEST

// ---- C3 ----

typedef struct journey {
    int home; // the only shard allowed; -1: any
    atomic_int moves;
} journey;

static int travels(void *arg)
{
    journey *own = arg;
    spg_timer timer = {0};
    int before = spg_shard();
    for (int i = 0; i < 30; i++) {
        switch (i % 3) {
        case 0:
            REQUIRE_OK(spg_yield());
            break;
        case 1:
            REQUIRE_OK(spg_sleep(spg_after(50 * SPG_US)));
            break;
        default:
            REQUIRE_CODE(spg_timer_wait(&timer, spg_after(50 * SPG_US)), -ETIME);
        }
        int now = spg_shard();
        REQUIRE(own->home < 0 || now == own->home);
        atomic_fetch_add(&own->moves, now != before);
        before = now;
    }
    return 0;
}

static int sends_travellers(void *arg CK_ATTRIBUTE_UNUSED)
{
    journey bound[SHARDS];
    journey sticky[SHARDS];
    journey free_to_go = {.home = -1};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint32_t i = 0; i < SHARDS; i++) {
        bound[i] = (journey){.home = (int)i};
        spg_attr attr = pinned_to(i);
        REQUIRE_OK(spg_spawn_n(&scope, &attr, travels, &bound[i], 0, 10));
        attr = (spg_attr){.place = SPG_STICKY, .key = 1000 + i};
        sticky[i] = (journey){.home = (int)spg_sticky_shard(attr.key, SHARDS)};
        REQUIRE_OK(spg_spawn_n(&scope, &attr, travels, &sticky[i], 0, 10));
    }
    REQUIRE_OK(spg_spawn_n(&scope, NULL, travels, &free_to_go, 0, 10));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE(atomic_load(&free_to_go.moves) > 0);
    return 0;
}

START_TEST(c3_pinned_and_sticky_tasks_stay_and_stealable_ones_move)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(14) | 1;
    run_root(&options, sends_travellers, NULL);
}
END_TEST

static int holds_itself(void *arg)
{
    spg_pin();
    journey own = {.home = spg_shard()};
    REQUIRE_OK(travels(&own));
    spg_pin(); // nests
    spg_unpin();
    REQUIRE_OK(travels(&own));
    spg_unpin();
    journey *after = arg;
    return travels(after);
}

static int sends_holders(void *arg CK_ATTRIBUTE_UNUSED)
{
    journey after = {.home = -1};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, holds_itself, &after, 0, 8));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE(atomic_load(&after.moves) > 0);
    return 0;
}

START_TEST(c3_a_task_can_hold_itself_in_place)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(15) | 1;
    run_root(&options, sends_holders, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C1-C3");
    TCase *tests = add_tests(suite, "execution", 60);
    tcase_add_test(tests, c1_each_accepted_task_runs_once_under_stealing_and_cancels);
    tcase_add_test(tests, c1_each_accepted_task_runs_once_under_overload);
    tcase_add_test(tests, c1_each_accepted_task_runs_once_when_shutdown_comes_between);
    tcase_add_test(tests, c1_a_task_cancelled_before_its_start_frees_what_it_was_given);
    tcase_add_test(tests, c2_ops_complete_on_their_own_ring_while_tasks_move);
    tcase_add_test(tests, c3_pinned_and_sticky_tasks_stay_and_stealable_ones_move);
    tcase_add_test(tests, c3_a_task_can_hold_itself_in_place);
    return run_suite("test_execution", suite);
}
