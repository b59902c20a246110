// SPDX-License-Identifier: MIT
// test_sanitizer.c: what ThreadSanitizer is told about stacks and descriptors holds for long runs.
// In other builds these are loads like any other.
#include "streams.h"

// More than its shadow call stack has room for (65,536), so that one entry per task overruns it.
enum { TASKS_ON_ONE_STACK = 70000, ROUNDS = 2000 };

static int does_nothing(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

TASK_TEST(a_stack_serves_any_number_of_tasks, 1)
{
    spg_attr attr = {0};
    for (int i = 0; i < TASKS_ON_ONE_STACK; i++) {
        REQUIRE_OK(joined(spawned(&attr, does_nothing, NULL)));
    }
    return 0;
}

static int opens_and_closes(void *arg CK_ATTRIBUTE_UNUSED)
{
    for (int i = 0; i < ROUNDS; i++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        close_pair(ends);
    }
    return 0;
}

TASK_TEST(a_number_that_was_closed_is_free_for_other_shards, 2)
{
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(1);
    spg_task one = spawned(&here, opens_and_closes, NULL);
    spg_task other = spawned(&there, opens_and_closes, NULL);
    REQUIRE_OK(joined(one));
    REQUIRE_OK(joined(other));
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("regress: sanitizer");
    TCase *tests = add_tests(suite, "sanitizer", 60);
    tcase_add_test(tests, a_stack_serves_any_number_of_tasks);
    tcase_add_test(tests, a_number_that_was_closed_is_free_for_other_shards);
    return run_suite("test_sanitizer", suite);
}
