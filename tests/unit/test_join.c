// SPDX-License-Identifier: MIT
// test_join.c: joining, asking whether a task has ended, giving handles up.
#include "support.h"

#include <pthread.h>

static int gives_argument(void *arg)
{
    return (int)(intptr_t)arg;
}

static void *number(int value)
{
    return (void *)(intptr_t)value;
}

// Sleeps until it is cancelled, and gives 0.
static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

static void end_sleeper(spg_task task)
{
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
}

TASK_TEST(join_gives_the_result, 2)
{
    for (int i = -3; i <= 3; i++) {
        spg_task task;
        int result = 99;
        REQUIRE_OK(spg_spawn(NULL, gives_argument, number(i), &task));
        REQUIRE_OK(spg_join(task, &result, patience()));
        REQUIRE_EQ(result, i);
        REQUIRE_CODE(spg_join(task, &result, patience()), -ESRCH); // consumed
        REQUIRE_EQ(result, i);
    }
    spg_task task;
    REQUIRE_OK(spg_spawn(NULL, gives_argument, number(1), &task));
    REQUIRE_OK(spg_join(task, NULL, patience()));
    return 0;
}

TASK_TEST(a_join_that_times_out_keeps_the_handle, 2)
{
    spg_task task = spawned(&(spg_attr){0}, sleeps, NULL);
    int result = 99;
    REQUIRE_CODE(spg_join(task, &result, soon()), -ETIME);
    REQUIRE_CODE(spg_join(task, &result, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_join(task, &result, spg_now() - 1), -ETIME);
    REQUIRE_EQ(result, 99);
    REQUIRE_CODE(spg_done(task), 0);
    end_sleeper(task);
    REQUIRE_CODE(spg_done(task), -ESRCH);
    return 0;
}

TASK_TEST(join_now_takes_a_result_that_is_there, 2)
{
    spg_task task;
    int result = 99;
    REQUIRE_OK(spg_spawn(NULL, gives_argument, number(4), &task));
    AWAIT(spg_done(task) == 1);
    REQUIRE_OK(spg_cancel(task)); // no harm to one that has ended
    REQUIRE_OK(spg_join(task, &result, SPG_NOW));
    REQUIRE_EQ(result, 4);
    REQUIRE_CODE(spg_done(task), -ESRCH);
    return 0;
}

TASK_TEST(handles_that_never_were_are_stale, 2)
{
    const spg_task wrong[] = {{0}, {UINT64_MAX}, {0x0123456789ABCDEF}, {(uint64_t)1 << 63}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char name[8];
        REQUIRE_CODE(spg_join(wrong[i], NULL, patience()), -ESRCH);
        REQUIRE_CODE(spg_detach(wrong[i]), -ESRCH);
        REQUIRE_CODE(spg_cancel(wrong[i]), -ESRCH);
        REQUIRE_CODE(spg_done(wrong[i]), -ESRCH);
        REQUIRE_CODE(spg_name(wrong[i], name, sizeof name), -ESRCH);
    }
    return 0;
}

TASK_TEST(a_stale_handle_never_reaches_the_task_that_followed, 2)
{
    enum { STALE = 50 };
    spg_task stale[STALE];
    for (int i = 0; i < STALE; i++) {
        REQUIRE_OK(spg_spawn(NULL, gives_argument, number(i), &stale[i]));
        REQUIRE_EQ(joined(stale[i]), i);
    }
    spg_task live[STALE];
    for (int i = 0; i < STALE; i++) {
        live[i] = spawned(&(spg_attr){.name = "live"}, sleeps, NULL);
    }
    for (int i = 0; i < STALE; i++) {
        REQUIRE_CODE(spg_cancel(stale[i]), -ESRCH);
        REQUIRE_CODE(spg_detach(stale[i]), -ESRCH);
        REQUIRE_CODE(spg_join(stale[i], NULL, SPG_NOW), -ESRCH);
        REQUIRE_CODE(spg_done(stale[i]), -ESRCH);
        for (int j = 0; j < STALE; j++) {
            REQUIRE(stale[i].v != live[j].v);
        }
    }
    for (int i = 0; i < STALE; i++) {
        REQUIRE_CODE(spg_done(live[i]), 0);
        end_sleeper(live[i]);
    }
    return 0;
}

static int joins_itself(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_join(spg_self(), NULL, patience()), -EDEADLK);
    REQUIRE_CODE(spg_join(spg_self(), NULL, SPG_NOW), -EDEADLK);
    return 0;
}

TASK_TEST(a_task_does_not_wait_for_itself, 2)
{
    REQUIRE_OK(joined(spawned(&(spg_attr){0}, joins_itself, NULL)));
    return 0;
}

typedef struct joining {
    spg_task task;
    atomic_bool begun;
    atomic_bool ended;
    int result;
} joining;

static int joins(void *arg)
{
    joining *wait = arg;
    atomic_store(&wait->begun, true);
    return spg_join(wait->task, &wait->result, patience());
}

// Of two that join, whoever comes second is refused, and the first goes on waiting.
TASK_TEST(only_one_may_join, 2)
{
    joining both[2];
    spg_task joiners[2];
    spg_task task = spawned(&(spg_attr){0}, sleeps, NULL);
    for (int i = 0; i < 2; i++) {
        both[i] = (joining){.task = task, .result = 99};
        joiners[i] = spawned(&(spg_attr){0}, joins, &both[i]);
    }
    AWAIT(spg_done(joiners[0]) == 1 || spg_done(joiners[1]) == 1);
    int second = spg_done(joiners[1]) == 1;
    REQUIRE_CODE(joined(joiners[second]), -EBUSY);
    REQUIRE_EQ(both[second].result, 99);
    REQUIRE_CODE(spg_join(task, NULL, patience()), -EBUSY);
    REQUIRE_CODE(spg_join(task, NULL, SPG_NOW), -EBUSY);
    REQUIRE_CODE(spg_detach(task), -EBUSY);
    REQUIRE_CODE(spg_done(joiners[!second]), 0);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(joiners[!second]));
    REQUIRE_OK(both[!second].result);
    return 0;
}

TASK_TEST(a_join_that_was_given_up_leaves_room_for_another, 2)
{
    joining first = {.task = spawned(&(spg_attr){0}, sleeps, NULL)};
    spg_task joiner = spawned(&(spg_attr){0}, joins, &first);
    AWAIT(atomic_load(&first.begun));
    REQUIRE_OK(spg_cancel(joiner));
    REQUIRE_CODE(joined(joiner), -ECANCELED);
    end_sleeper(first.task);
    return 0;
}

static int ends_when_told(void *arg)
{
    AWAIT(atomic_load((atomic_bool *)arg));
    return 3;
}

TASK_TEST(a_detached_task_runs_on, 2)
{
    atomic_bool end = false;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    spg_task task = spawned(&(spg_attr){0}, ends_when_told, &end);
    REQUIRE_OK(spg_detach(task));
    REQUIRE_CODE(spg_detach(task), -ESRCH);
    REQUIRE_CODE(spg_join(task, NULL, patience()), -ESRCH);
    REQUIRE_CODE(spg_done(task), -ESRCH);
    atomic_store(&end, true);
    REQUIRE_OK(spg_scope_close(&scope)); // the scope still waited for it
    // One that has ended can be given up, too.
    REQUIRE_OK(spg_spawn(NULL, gives_argument, number(0), &task));
    AWAIT(spg_done(task) == 1);
    REQUIRE_OK(spg_detach(task));
    REQUIRE_CODE(spg_done(task), -ESRCH);
    return 0;
}

TASK_TEST(a_parent_takes_its_children_in_any_order, 3)
{
    enum { CHILDREN = 64 };
    spg_task tasks[CHILDREN];
    uint64_t state = random_stream(2);
    for (int i = 0; i < CHILDREN; i++) {
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = (uint32_t)i % 3};
        tasks[i] = spawned(&attr, gives_argument, number(i * i));
    }
    int order[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        uint32_t j = random_below(&state, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < CHILDREN; i++) {
        REQUIRE_EQ(joined(tasks[order[i]]), order[i] * order[i]);
    }
    return 0;
}

// ---- From threads that are no tasks ----

START_TEST(a_foreign_thread_joins_and_blocks)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_task task;
    int result = 99;
    REQUIRE_OK(spg_spawn_in(rt, NULL, gives_argument, number(8), &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_EQ(result, 8);
    REQUIRE_CODE(spg_join(task, &result, SPG_NEVER), -ESRCH);

    REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &task));
    REQUIRE_CODE(spg_join(task, &result, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_join(task, &result, soon()), -ETIME);
    REQUIRE_CODE(spg_done(task), 0);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_OK(result);
    REQUIRE_CODE(spg_cancel(task), -ESRCH);

    REQUIRE_OK(spg_spawn_in(rt, NULL, gives_argument, number(9), &task));
    AWAIT_OUTSIDE(spg_done(task) == 1);
    REQUIRE_OK(spg_join(task, &result, SPG_NOW));
    REQUIRE_EQ(result, 9);

    REQUIRE_OK(spg_spawn_in(rt, NULL, gives_argument, number(10), &task));
    REQUIRE_OK(spg_detach(task));
    REQUIRE_CODE(spg_done(task), -ESRCH);
    end_runtime(rt);
}
END_TEST

static void *joins_in_thread(void *arg)
{
    joining *wait = arg;
    int code = spg_join(wait->task, &wait->result, SPG_NEVER);
    atomic_store(&wait->ended, true);
    return (void *)(intptr_t)code;
}

START_TEST(of_two_foreign_threads_only_one_may_join)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    joining both[2];
    pthread_t threads[2];
    spg_task task;
    void *code = NULL;
    REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &task));
    for (int i = 0; i < 2; i++) {
        both[i] = (joining){.task = task, .result = 99};
        REQUIRE_EQ(pthread_create(&threads[i], NULL, joins_in_thread, &both[i]), 0);
    }
    AWAIT_OUTSIDE(atomic_load(&both[0].ended) || atomic_load(&both[1].ended));
    int second = atomic_load(&both[1].ended);
    REQUIRE_EQ(pthread_join(threads[second], &code), 0);
    REQUIRE_CODE((intptr_t)code, -EBUSY);
    REQUIRE_CODE(spg_join(task, NULL, SPG_NOW), -EBUSY);
    REQUIRE_CODE(spg_detach(task), -EBUSY);
    REQUIRE(!atomic_load(&both[!second].ended));
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_EQ(pthread_join(threads[!second], &code), 0);
    REQUIRE_CODE((intptr_t)code, 0);
    REQUIRE_OK(both[!second].result);
    end_runtime(rt);
}
END_TEST

// After destroy a handle is stale, even when another runtime has taken the place of its own.
START_TEST(handles_are_stale_after_destroy)
{
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, gives_argument, number(1), &task));
    end_runtime(rt);
    REQUIRE_CODE(spg_done(task), -ESRCH);
    REQUIRE_CODE(spg_join(task, NULL, SPG_NOW), -ESRCH);
    rt = start_runtime(&options);
    spg_task other;
    REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &other));
    REQUIRE(other.v != task.v);
    REQUIRE_CODE(spg_cancel(task), -ESRCH);
    REQUIRE_CODE(spg_done(other), 0);
    REQUIRE_OK(spg_cancel(other));
    REQUIRE_OK(spg_join(other, NULL, SPG_NEVER));
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("join");
    TCase *tests = add_tests(suite, "join", 30);
    tcase_add_test(tests, join_gives_the_result);
    tcase_add_test(tests, a_join_that_times_out_keeps_the_handle);
    tcase_add_test(tests, join_now_takes_a_result_that_is_there);
    tcase_add_test(tests, handles_that_never_were_are_stale);
    tcase_add_test(tests, a_stale_handle_never_reaches_the_task_that_followed);
    tcase_add_test(tests, a_task_does_not_wait_for_itself);
    tcase_add_test(tests, only_one_may_join);
    tcase_add_test(tests, a_join_that_was_given_up_leaves_room_for_another);
    tcase_add_test(tests, a_detached_task_runs_on);
    tcase_add_test(tests, a_parent_takes_its_children_in_any_order);
    tcase_add_test(tests, a_foreign_thread_joins_and_blocks);
    tcase_add_test(tests, of_two_foreign_threads_only_one_may_join);
    tcase_add_test(tests, handles_are_stale_after_destroy);
    return run_suite("test_join", suite);
}
