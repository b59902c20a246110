// SPDX-License-Identifier: MIT
// test_local.c: task-local storage.
#include "support.h"

enum { TASKS = 16 };

static atomic_int destroyed;
static atomic_int destroyed_in_task;

START_TEST(keys_are_bounded_and_checked)
{
    REQUIRE_CODE(spg_local_key(NULL, NULL), -EINVAL);
    REQUIRE_CODE(spg_local_set(0, &destroyed), -EPERM);
    REQUIRE(spg_local_get(0) == NULL);
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    uint32_t seen = 0;
    for (int i = 0; i < SPG_LOCAL_KEYS; i++) {
        int key = spg_local_key(rt, NULL);
        REQUIRE(key >= 0 && key < SPG_LOCAL_KEYS);
        REQUIRE((seen & (1u << key)) == 0);
        seen |= 1u << key;
    }
    REQUIRE_CODE(spg_local_key(rt, NULL), -EAGAIN);
    // Another runtime has keys of its own.
    spg_rt *other = start_runtime(&options);
    REQUIRE(spg_local_key(other, NULL) >= 0);
    end_runtime(other);
    end_runtime(rt);
}
END_TEST

static void counts_value(void *value)
{
    REQUIRE(value != NULL);
    REQUIRE_EQ(*(int *)value, 77);
    atomic_fetch_add(&destroyed_in_task, spg_self().v != 0);
    // On the task's own stack: it may suspend.
    REQUIRE_OK(spg_yield());
    REQUIRE_OK(spg_sleep(spg_after(SPG_US)));
    atomic_fetch_add(&destroyed, 1);
}

typedef struct keys {
    int with_destructor;
    int plain;
    int never_made;
} keys;

static keys test_keys;

// Each task sees its own values, wherever it resumes.
static int keeps_values(void *arg CK_ATTRIBUTE_UNUSED)
{
    int value = 77;
    int *own = malloc(sizeof *own); // outlives this frame: the destructor runs after it
    REQUIRE(own != NULL);
    *own = value;
    REQUIRE(spg_local_get(test_keys.with_destructor) == NULL);
    REQUIRE(spg_local_get(test_keys.plain) == NULL);
    REQUIRE_OK(spg_local_set(test_keys.plain, &value));
    for (int i = 0; i < 20; i++) {
        REQUIRE_OK(spg_yield());
        REQUIRE(spg_local_get(test_keys.plain) == &value);
        REQUIRE(spg_local_get(test_keys.with_destructor) == (i == 0 ? NULL : own));
        REQUIRE_OK(spg_local_set(test_keys.with_destructor, own));
    }
    REQUIRE_CODE(spg_local_set(-1, own), -EINVAL);
    REQUIRE_CODE(spg_local_set(SPG_LOCAL_KEYS, own), -EINVAL);
    REQUIRE_CODE(spg_local_set(test_keys.never_made, own), -EINVAL);
    REQUIRE(spg_local_get(-1) == NULL);
    REQUIRE(spg_local_get(SPG_LOCAL_KEYS) == NULL);
    return 0;
}

static void frees_value(void *value)
{
    counts_value(value);
    free(value);
}

static int clears_value(void *arg CK_ATTRIBUTE_UNUSED)
{
    int value = 77;
    REQUIRE_OK(spg_local_set(test_keys.with_destructor, &value));
    REQUIRE_OK(spg_local_set(test_keys.with_destructor, NULL)); // nothing to destroy
    return 0;
}

static int many_keep_values(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, keeps_values, NULL, 0, TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    // A task has ended when its destructors have.
    REQUIRE_EQ(atomic_load(&destroyed), TASKS);
    REQUIRE_EQ(atomic_load(&destroyed_in_task), TASKS);
    REQUIRE_OK(joined(spawned(&(spg_attr){0}, clears_value, NULL)));
    REQUIRE_EQ(atomic_load(&destroyed), TASKS);
    // The next ones start without values, on whatever memory they are.
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, keeps_values, NULL, 0, TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&destroyed), 2 * TASKS);
    return 0;
}

START_TEST(values_move_with_their_task_and_are_destroyed_once)
{
    spg_options options = test_options(3);
    options.shuffle_seed = options.shuffle_seed != 0 ? options.shuffle_seed : 1;
    spg_rt *rt = start_runtime(&options);
    test_keys.with_destructor = spg_local_key(rt, frees_value);
    test_keys.plain = spg_local_key(rt, NULL);
    REQUIRE(test_keys.with_destructor >= 0 && test_keys.plain >= 0);
    while (test_keys.never_made == test_keys.with_destructor ||
           test_keys.never_made == test_keys.plain) {
        test_keys.never_made++;
    }
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, many_keep_values, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(rt);
}
END_TEST

static int sets_every_key(void *arg CK_ATTRIBUTE_UNUSED)
{
    for (int key = 0; key < SPG_LOCAL_KEYS; key++) {
        int *value = malloc(sizeof *value);
        REQUIRE(value != NULL);
        *value = 77;
        REQUIRE_OK(spg_local_set(key, value));
    }
    return 9;
}

START_TEST(every_key_has_its_destructor_called)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    for (int i = 0; i < SPG_LOCAL_KEYS; i++) {
        REQUIRE(spg_local_key(rt, frees_value) >= 0);
    }
    spg_task task;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, sets_every_key, NULL, &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_EQ(result, 9);
    REQUIRE_EQ(atomic_load(&destroyed), SPG_LOCAL_KEYS);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("local");
    TCase *tests = add_tests(suite, "local", 30);
    tcase_add_test(tests, keys_are_bounded_and_checked);
    tcase_add_test(tests, values_move_with_their_task_and_are_destroyed_once);
    tcase_add_test(tests, every_key_has_its_destructor_called);
    return run_suite("test_local", suite);
}
