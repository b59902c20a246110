// SPDX-License-Identifier: MIT
// test_scope.c: lifetime, first error, deadline and cancellation of trees of tasks.
#include "streams.h"

#include <signal.h>

static int counts(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int gives_argument(void *arg)
{
    return (int)(intptr_t)arg;
}

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

START_TEST(outside_a_task_there_are_no_scopes)
{
    spg_scope scope = {0};
    REQUIRE_CODE(spg_scope_open(&scope, SPG_NEVER), -EPERM);
    REQUIRE_CODE(spg_scope_close(&scope), -EPERM);
    REQUIRE_CODE(spg_scope_cancel(&scope), -EPERM);
    REQUIRE(spg_scope_current() == NULL);
    REQUIRE(spg_scope_deadline() == SPG_NEVER);
}
END_TEST

static int sees_its_scope(void *arg)
{
    REQUIRE(spg_scope_current() == arg);
    spg_scope own;
    REQUIRE_OK(spg_scope_open(&own, SPG_NEVER));
    REQUIRE(spg_scope_current() == &own);
    REQUIRE_OK(spg_scope_close(&own));
    REQUIRE(spg_scope_current() == arg);
    return 0;
}

TASK_TEST(scopes_nest_like_blocks, 2)
{
    spg_scope outer;
    spg_scope inner;
    REQUIRE(spg_scope_current() == NULL);
    REQUIRE_CODE(spg_scope_open(NULL, SPG_NEVER), -EINVAL);
    REQUIRE_CODE(spg_scope_close(NULL), -EINVAL);
    REQUIRE_CODE(spg_scope_cancel(NULL), -EINVAL);
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE(spg_scope_current() == &outer);
    spg_task task = spawned(&(spg_attr){0}, sees_its_scope, &outer);
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    REQUIRE(spg_scope_current() == &inner);
    task = spawned(&(spg_attr){0}, sees_its_scope, &inner);
    REQUIRE_OK(joined(task));
    task = spawned(&(spg_attr){.scope = &outer}, sees_its_scope, &outer);
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE(spg_scope_current() == &outer);
    REQUIRE_OK(spg_scope_close(&outer));
    REQUIRE(spg_scope_current() == NULL);
    REQUIRE_CODE(spg_scope_close(&outer), -EINVAL);
    REQUIRE_CODE(spg_scope_cancel(&outer), -EINVAL);
    // Spawned by way of a handle, a task belongs to the root, wherever the caller is.
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_spawn_in(spg_runtime(), NULL, sees_its_scope, NULL, &task));
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_scope_close(&outer));
    return 0;
}

TASK_TEST(close_joins_all, 3)
{
    atomic_int runs = 0;
    spg_scope scope;
    for (int round = 1; round <= 20; round++) {
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        spg_attr attr = {.place = SPG_ROUND_ROBIN};
        REQUIRE_OK(spg_spawn_n(&scope, &attr, counts, &runs, 0, 50));
        for (int i = 0; i < 10; i++) {
            REQUIRE_OK(spg_spawn(NULL, counts, &runs, NULL));
        }
        REQUIRE_OK(spg_scope_close(&scope));
        REQUIRE_EQ(atomic_load(&runs), 60 * round);
    }
    return 0;
}

// What the scope has joined can still be asked for its result, by whoever holds the handle.
TASK_TEST(handles_outlive_their_scope, 2)
{
    enum { COUNT = 10 };
    spg_task tasks[COUNT];
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int i = 0; i < COUNT; i++) {
        REQUIRE_OK(spg_spawn(NULL, gives_argument, (void *)(intptr_t)(i + 5), &tasks[i]));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < COUNT; i++) {
        int result = 0;
        REQUIRE_CODE(spg_done(tasks[i]), 1);
        REQUIRE_OK(spg_join(tasks[i], &result, SPG_NOW));
        REQUIRE_EQ(result, i + 5);
        REQUIRE_CODE(spg_done(tasks[i]), -ESRCH);
    }
    return 0;
}

TASK_TEST(close_gives_the_first_error_in_order_of_time, 2)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int code = 3; code >= -9; code--) { // positive results are none
        spg_task task;
        REQUIRE_OK(spg_spawn(NULL, gives_argument, (void *)(intptr_t)code, &task));
        REQUIRE_CODE(joined(task), code);
    }
    REQUIRE_CODE(spg_scope_close(&scope), -1);
    // The outer one hears of it only if its own task says so.
    spg_scope outer;
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn(NULL, gives_argument, (void *)(intptr_t)-5, NULL));
    REQUIRE_CODE(spg_scope_close(&scope), -5);
    REQUIRE_OK(spg_scope_close(&outer));
    return 0;
}

// An inner scope does not wait for tasks of the outer one.
TASK_TEST(a_task_may_be_put_into_an_outer_scope, 2)
{
    spg_scope outer;
    spg_scope inner;
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    spg_task task = spawned(&(spg_attr){.scope = &outer}, sleeps, NULL);
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE_CODE(spg_done(task), 0);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(spg_scope_close(&outer), -ECANCELED);
    return 0;
}

// ---- Deadlines ----

static int waits_beyond_its_deadline(void *arg)
{
    spg_time deadline = *(spg_time *)arg;
    REQUIRE(spg_scope_deadline() == deadline);
    spg_scope later;
    REQUIRE_OK(spg_scope_open(&later, SPG_NEVER));
    REQUIRE(spg_scope_deadline() == deadline); // the outer one's holds too
    spg_fd ends[2];
    char byte;
    open_pipe(ends);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, SPG_NEVER), -ETIME);
    REQUIRE(spg_now() >= deadline);
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ETIME);
    REQUIRE_CODE(spg_sleep(spg_now() - 1), -ETIME);
    REQUIRE_CODE(spg_cancelled(), -ETIME);
    REQUIRE_OK(spg_yield());
    close_pair(ends);
    REQUIRE_OK(spg_scope_close(&later));
    return -ETIME;
}

TASK_TEST(a_deadline_reaches_tasks_and_ops_below, 2)
{
    spg_time deadline = later();
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, deadline));
    REQUIRE(spg_scope_deadline() == deadline);
    REQUIRE_OK(spg_spawn_n(&scope, NULL, waits_beyond_its_deadline, &deadline, 0, 4));
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ETIME); // the owner's waits, too
    REQUIRE_CODE(spg_cancelled(), -ETIME);
    REQUIRE_CODE(spg_spawn(NULL, counts, NULL, NULL), -ETIME);
    REQUIRE_CODE(spg_spawn_n(&scope, NULL, counts, NULL, 0, 2), -ETIME);
    REQUIRE_CODE(spg_scope_close(&scope), -ETIME);
    // Outside again, waits work.
    REQUIRE(spg_scope_deadline() == SPG_NEVER);
    REQUIRE_OK(spg_cancelled());
    REQUIRE_OK(spg_sleep(soon()));
    return 0;
}

TASK_TEST(the_earliest_deadline_holds, 2)
{
    spg_time near = spg_after(100 * SPG_S);
    spg_time far = spg_after(200 * SPG_S);
    spg_scope outer;
    spg_scope inner;
    REQUIRE_OK(spg_scope_open(&outer, far));
    REQUIRE_OK(spg_scope_open(&inner, near));
    REQUIRE(spg_scope_deadline() == near);
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE(spg_scope_deadline() == far);
    REQUIRE_OK(spg_scope_close(&outer));
    REQUIRE_OK(spg_scope_open(&outer, near));
    REQUIRE_OK(spg_scope_open(&inner, far));
    REQUIRE(spg_scope_deadline() == near);
    REQUIRE_OK(spg_scope_close(&inner));
    REQUIRE_OK(spg_scope_close(&outer));
    // A scope whose deadline has passed before it opens.
    REQUIRE_OK(spg_scope_open(&outer, spg_now() - 1));
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ETIME);
    REQUIRE_OK(spg_scope_close(&outer));
    // A call's own deadline ends the call alone, where the scope's is later.
    REQUIRE_OK(spg_scope_open(&outer, near));
    spg_timer timer = {0};
    REQUIRE_CODE(spg_timer_wait(&timer, soon()), -ETIME);
    REQUIRE_OK(spg_cancelled());
    REQUIRE_OK(spg_scope_close(&outer));
    return 0;
}

// ---- Cancellation ----

typedef struct tree {
    atomic_int waiting;
    atomic_int ended;
    spg_scope *top;
    bool from_below;
} tree;

static int grandchild(void *arg)
{
    tree *all = arg;
    int last = atomic_fetch_add(&all->waiting, 1) == 15;
    if (last && all->from_below) {
        REQUIRE_OK(spg_scope_cancel(all->top));
    }
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    atomic_fetch_add(&all->ended, 1);
    return 0;
}

static int child(void *arg)
{
    tree *all = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, grandchild, all, 0, 4));
    REQUIRE_OK(spg_scope_close(&scope));
    atomic_fetch_add(&all->ended, 1);
    return 0;
}

static void cancel_tree(bool from_below)
{
    spg_scope scope;
    tree all = {.top = &scope, .from_below = from_below};
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, child, &all, 0, 4));
    if (!from_below) {
        AWAIT(atomic_load(&all.waiting) == 16);
        REQUIRE_OK(spg_scope_cancel(&scope));
        REQUIRE_OK(spg_scope_cancel(&scope));
    }
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED); // the owner's waits, too
    REQUIRE_CODE(spg_cancelled(), -ECANCELED);
    REQUIRE_CODE(spg_spawn(NULL, counts, NULL, NULL), -ECANCELED);
    REQUIRE_CODE(spg_spawn_n(&scope, NULL, counts, NULL, 0, 3), -ECANCELED);
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&all.ended), 20);
    REQUIRE_OK(spg_cancelled()); // the task itself was not cancelled
    REQUIRE_OK(spg_sleep(spg_after(SPG_US)));
}

TASK_TEST(cancelling_a_scope_reaches_the_whole_tree, 3)
{
    cancel_tree(false);
    return 0;
}

TASK_TEST(a_task_below_may_cancel_the_scope, 3)
{
    cancel_tree(true);
    return 0;
}

TASK_TEST(cancelling_an_inner_scope_leaves_the_outer_alone, 2)
{
    spg_scope outer;
    spg_scope inner;
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    spg_task survivor = spawned(&(spg_attr){0}, sleeps, NULL);
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    REQUIRE_OK(spg_spawn(NULL, sleeps, NULL, NULL));
    REQUIRE_OK(spg_scope_cancel(&inner));
    // Into the outer scope, tasks may still be spawned.
    atomic_int runs = 0;
    REQUIRE_OK(spg_spawn(&(spg_attr){.scope = &outer}, counts, &runs, NULL));
    REQUIRE_CODE(spg_scope_close(&inner), -ECANCELED);
    REQUIRE_CODE(spg_done(survivor), 0);
    AWAIT(atomic_load(&runs) == 1);
    REQUIRE_OK(spg_cancel(survivor));
    REQUIRE_CODE(spg_scope_close(&outer), -ECANCELED);
    return 0;
}

typedef struct chain {
    spg_scope *top;
    size_t levels;
} chain;

// Each link opens a scope inside of the one before, and the last one cancels them all.
static int link_of_chain(void *arg)
{
    chain *all = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    if (--all->levels == 0) {
        REQUIRE_OK(spg_scope_cancel(all->top));
    } else {
        REQUIRE_OK(spg_spawn(NULL, link_of_chain, all, NULL));
    }
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

// Scopes nest as deep as there may be tasks; cancelling them takes no stack per level.
TASK_TEST(cancelling_reaches_any_depth, 2)
{
    spg_scope top;
    chain all = {.top = &top, .levels = scaled_tasks(5000, 2000)};
    REQUIRE_OK(spg_scope_open(&top, SPG_NEVER));
    REQUIRE_OK(spg_spawn(NULL, link_of_chain, &all, NULL));
    REQUIRE_OK(spg_scope_close(&top));
    REQUIRE_EQ(all.levels, 0);
    return 0;
}

static int cleans_up_slowly(void *arg)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    for (int i = 0; i < 50; i++) {
        REQUIRE_OK(spg_yield());
    }
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int closes_while_cancelled(void *arg)
{
    atomic_int *cleaned = arg;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, cleans_up_slowly, cleaned, 0, 8));
    REQUIRE_OK(spg_cancel(spg_self()));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(cleaned), 8);
    return 4;
}

TASK_TEST(close_waits_even_when_cancelled, 2)
{
    atomic_int cleaned = 0;
    REQUIRE_EQ(joined(spawned(&(spg_attr){0}, closes_while_cancelled, &cleaned)), 4);
    return 0;
}

// ---- Misuse ----

TASK_TEST(a_closed_scope_takes_no_tasks, 2)
{
    atomic_int runs = 0;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_scope_close(&scope));
    spg_task out = {3};
    REQUIRE(spg_spawn(&(spg_attr){.scope = &scope}, counts, &runs, &out) < 0);
    REQUIRE(spg_spawn_n(&scope, NULL, counts, &runs, 0, 2) < 0);
    REQUIRE_EQ(out.v, 3);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_EQ(atomic_load(&runs), 0);
    return 0;
}

static int closes_a_foreign_one(void *arg)
{
    return spg_scope_close(arg);
}

TASK_TEST(only_the_owner_closes, 2)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    spg_task task = spawned(&(spg_attr){0}, closes_a_foreign_one, &scope);
    REQUIRE_CODE(joined(task), -EINVAL);
    REQUIRE_CODE(spg_scope_close(&scope), -EINVAL); // the first error: that of the task
    return 0;
}

static int closes_the_outer_first(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope outer;
    spg_scope inner;
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&inner, SPG_NEVER));
    spg_scope_close(&outer);
    return 0;
}

static int returns_with_an_open_scope(void *arg CK_ATTRIBUTE_UNUSED)
{
    static spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    return 0;
}

START_TEST(misuse_aborts)
{
    static spg_fn *const misuses[] = {closes_the_outer_first, returns_with_an_open_scope};
    spg_options options = test_options(1);
    REQUIRE(freopen("/dev/null", "w", stderr) != NULL);
    int code = spg_run(&options, misuses[_i], NULL, NULL);
    ck_abort_msg("it ran on, and gave %d", code);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scope");
    TCase *tests = add_tests(suite, "scope", 30);
    tcase_add_test(tests, outside_a_task_there_are_no_scopes);
    tcase_add_test(tests, scopes_nest_like_blocks);
    tcase_add_test(tests, close_joins_all);
    tcase_add_test(tests, handles_outlive_their_scope);
    tcase_add_test(tests, close_gives_the_first_error_in_order_of_time);
    tcase_add_test(tests, a_task_may_be_put_into_an_outer_scope);
    tcase_add_test(tests, a_deadline_reaches_tasks_and_ops_below);
    tcase_add_test(tests, the_earliest_deadline_holds);
    tcase_add_test(tests, cancelling_a_scope_reaches_the_whole_tree);
    tcase_add_test(tests, a_task_below_may_cancel_the_scope);
    tcase_add_test(tests, cancelling_an_inner_scope_leaves_the_outer_alone);
    tcase_add_test(tests, cancelling_reaches_any_depth);
    tcase_add_test(tests, close_waits_even_when_cancelled);
    tcase_add_test(tests, a_closed_scope_takes_no_tasks);
    tcase_add_test(tests, only_the_owner_closes);
    tcase_add_loop_test_raise_signal(tests, misuse_aborts, SIGABRT, 0, 2);
    return run_suite("test_scope", suite);
}
