// SPDX-License-Identifier: MIT
// test_cancel.c: asking tasks to end.
#include "streams.h"

typedef struct canceled {
    atomic_int runs;
    atomic_int codes[6];
} canceled;

// What a task sees that was cancelled before it started.
static int notes_refusals(void *arg)
{
    canceled *seen = arg;
    atomic_fetch_add(&seen->runs, 1);
    atomic_store(&seen->codes[0], spg_cancelled());
    atomic_store(&seen->codes[1], spg_sleep(SPG_NEVER));
    atomic_store(&seen->codes[2], spg_sleep(spg_now() - 1)); // would succeed at once
    atomic_store(&seen->codes[3], spg_yield());              // is no wait
    spg_timer timer = {0};
    atomic_store(&seen->codes[4], spg_timer_wait(&timer, SPG_NEVER));
    atomic_store(&seen->codes[5], spg_cancelled());
    return 12;
}

static void require_refusals(canceled *seen)
{
    REQUIRE_EQ(atomic_load(&seen->runs), 1);
    REQUIRE_CODE(atomic_load(&seen->codes[0]), -ECANCELED);
    REQUIRE_CODE(atomic_load(&seen->codes[1]), -ECANCELED);
    REQUIRE_CODE(atomic_load(&seen->codes[2]), -ECANCELED);
    REQUIRE_CODE(atomic_load(&seen->codes[3]), 0);
    REQUIRE_CODE(atomic_load(&seen->codes[4]), -ECANCELED);
    REQUIRE_CODE(atomic_load(&seen->codes[5]), -ECANCELED);
}

static int cancels_before_the_start(void *arg CK_ATTRIBUTE_UNUSED)
{
    canceled seen[8] = {0};
    spg_task tasks[8];
    spg_attr attr = pinned_to(SPG_HERE);
    for (int i = 0; i < 8; i++) {
        tasks[i] = spawned(&attr, notes_refusals, &seen[i]);
        REQUIRE_OK(spg_cancel(tasks[i]));
        REQUIRE_OK(spg_cancel(tasks[i]));
    }
    for (int i = 0; i < 8; i++) {
        REQUIRE_EQ(atomic_load(&seen[i].runs), 0); // this task has not suspended since
    }
    for (int i = 0; i < 8; i++) {
        REQUIRE_EQ(joined(tasks[i]), 12);
        require_refusals(&seen[i]);
    }
    return 0;
}

START_TEST(a_task_cancelled_before_its_start_still_runs_once)
{
    spg_options options = test_options(1);
    run_root(&options, cancels_before_the_start, NULL);
}
END_TEST

START_TEST(a_foreign_thread_cancels)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    canceled seen = {0};
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, notes_refusals, &seen, &task));
    while (spg_done(task) == 0) {
        REQUIRE_OK(spg_cancel(task));
    }
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    REQUIRE_CODE(spg_cancel(task), -ESRCH);
    REQUIRE_EQ(atomic_load(&seen.runs), 1);
    REQUIRE_CODE(atomic_load(&seen.codes[1]), -ECANCELED);
    end_runtime(rt);
}
END_TEST

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

TASK_TEST(a_sleeper_on_each_shard_is_woken, 3)
{
    for (uint32_t i = 0; i < 30; i++) {
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = i % 3, .key = i};
        spg_task task = spawned(&attr, sleeps, NULL);
        if (i % 2 == 0) {
            REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
        }
        REQUIRE_OK(spg_cancel(task));
        REQUIRE_CODE(joined(task), -ECANCELED);
    }
    return 0;
}

static int cancels_itself(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_OK(spg_cancelled());
    REQUIRE_OK(spg_cancel(spg_self()));
    REQUIRE_CODE(spg_cancelled(), -ECANCELED);
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    REQUIRE_OK(spg_yield());
    return 6;
}

TASK_TEST(a_task_cancels_itself, 2)
{
    REQUIRE_EQ(joined(spawned(&(spg_attr){0}, cancels_itself, NULL)), 6);
    return 0;
}

// A cancelled task's waits are refused even where the result is there; closing works.
static int has_data_and_is_cancelled(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    char byte = 'x';
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_CODE(spg_socket_send(ends[0], &byte, 1, 0, patience()), 1);
    spg_task child;
    REQUIRE_OK(spg_spawn(NULL, sleeps, NULL, &child));
    REQUIRE_OK(spg_cancel(child));
    AWAIT(spg_done(child) == 1);
    REQUIRE_OK(spg_cancel(spg_self()));
    REQUIRE_CODE(spg_recv(ends[1], &byte, 1, 0, patience()), -ECANCELED);
    REQUIRE_CODE(spg_recv(ends[1], &byte, 1, 0, SPG_NOW), -ECANCELED);
    REQUIRE_CODE(spg_socket_send(ends[0], &byte, 1, 0, patience()), -ECANCELED);
    REQUIRE_CODE(spg_poll(ends[1], 1, patience()), -ECANCELED);
    REQUIRE_CODE(spg_join(child, NULL, patience()), -ECANCELED);
    int result = 0;
    REQUIRE_CODE(spg_blocking(sleeps, NULL, &result, patience()), -ECANCELED);
    REQUIRE_OK(spg_detach(child));
    // The byte is still there for somebody else.
    REQUIRE_EQ(recv(spg_fd_number(ends[1]), &byte, 1, MSG_DONTWAIT), 1);
    close_pair(ends);
    return 0;
}

TASK_TEST(a_cancelled_task_is_refused_what_is_there_but_may_clean_up, 2)
{
    REQUIRE_OK(joined(spawned(&(spg_attr){0}, has_data_and_is_cancelled, NULL)));
    return 0;
}

typedef struct tree {
    atomic_int ended;
    atomic_int wrong;
    atomic_int waiting;
} tree;

static int leaf(void *arg)
{
    tree *all = arg;
    atomic_fetch_add(&all->waiting, 1);
    int code = spg_sleep(SPG_NEVER);
    if (code != -ECANCELED) {
        atomic_fetch_add(&all->wrong, 1);
    }
    atomic_fetch_add(&all->ended, 1);
    return code;
}

static int branch(void *arg)
{
    tree *all = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, leaf, all, 0, 5));
    int code = spg_sleep(SPG_NEVER);
    REQUIRE_CODE(code, -ECANCELED);
    REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    atomic_fetch_add(&all->ended, 1);
    return code;
}

static int trunk(void *arg)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, branch, arg, 0, 4));
    // The close itself is not stopped by the cancel; it ends because what is inside has ended.
    REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    REQUIRE_CODE(spg_cancelled(), -ECANCELED);
    return 1;
}

TASK_TEST(cancel_reaches_all_scopes_a_task_has_opened, 3)
{
    tree all = {0};
    spg_task top = spawned(&(spg_attr){0}, trunk, &all);
    AWAIT(atomic_load(&all.waiting) == 20);
    REQUIRE_OK(spg_cancel(top));
    REQUIRE_EQ(joined(top), 1);
    REQUIRE_EQ(atomic_load(&all.ended), 24);
    REQUIRE_EQ(atomic_load(&all.wrong), 0);
    return 0;
}

static int tells_its_handle(void *arg)
{
    atomic_store((_Atomic(uint64_t) *)arg, spg_self().v);
    return spg_sleep(SPG_NEVER);
}

TASK_TEST(a_detached_task_is_cancelled_by_its_own_handle, 2)
{
    _Atomic(uint64_t) told = 0;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn(NULL, tells_its_handle, &told, NULL));
    AWAIT(atomic_load(&told) != 0);
    spg_task task = {atomic_load(&told)};
    REQUIRE_CODE(spg_join(task, NULL, SPG_NOW), -ESRCH); // cancelled, not joined
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    AWAIT(spg_cancel(task) == -ESRCH); // its slot is freed a moment after it has left the scope
    return 0;
}

// Cancelling a task leaves its siblings, and its parent, alone.
TASK_TEST(cancel_reaches_nobody_else, 2)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    spg_task one = spawned(&(spg_attr){0}, sleeps, NULL);
    spg_task other = spawned(&(spg_attr){0}, sleeps, NULL);
    REQUIRE_OK(spg_cancel(one));
    REQUIRE_CODE(joined(one), -ECANCELED);
    REQUIRE_OK(spg_sleep(spg_after(2 * SPG_MS)));
    REQUIRE_OK(spg_cancelled());
    REQUIRE_CODE(spg_done(other), 0);
    REQUIRE_OK(spg_cancel(other));
    REQUIRE_CODE(joined(other), -ECANCELED);
    REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tests = add_tests(suite, "cancel", 30);
    tcase_add_test(tests, a_task_cancelled_before_its_start_still_runs_once);
    tcase_add_test(tests, a_foreign_thread_cancels);
    tcase_add_test(tests, a_sleeper_on_each_shard_is_woken);
    tcase_add_test(tests, a_task_cancels_itself);
    tcase_add_test(tests, a_cancelled_task_is_refused_what_is_there_but_may_clean_up);
    tcase_add_test(tests, cancel_reaches_all_scopes_a_task_has_opened);
    tcase_add_test(tests, a_detached_task_is_cancelled_by_its_own_handle);
    tcase_add_test(tests, cancel_reaches_nobody_else);
    return run_suite("test_cancel", suite);
}
