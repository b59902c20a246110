// SPDX-License-Identifier: MIT
// test_fields.c: sets of field names: numbering, paths into JSON, limits.

#include "data/fields.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(fields_are_numbered_in_order)
{
    struct field_set set;
    ck_assert(field_set_init(&set));
    ck_assert_int_eq(field_set_find(&set, bytes_of("status")), -1);
    ck_assert_int_eq(field_set_add(&set, bytes_of("a.b.c")), 0);
    ck_assert_int_eq(field_set_add(&set, bytes_of("status")), 1);
    ck_assert_int_eq(field_set_add(&set, bytes_of("_msg")), 2);
    ck_assert_int_eq(field_set_add(&set, bytes_of("")), 3);
    ck_assert_int_eq(field_set_add(&set, bytes_of("a.b.c")), 0);
    ck_assert_int_eq(field_set_add(&set, bytes_of("_msg")), 2);
    ck_assert_int_eq(set.count, 4);
    ck_assert_int_eq(field_set_find(&set, bytes_of("a.b.c")), 0);
    ck_assert_int_eq(field_set_find(&set, bytes_of("a.b")), -1);
    ck_assert_int_eq(field_set_find(&set, bytes_of("")), 3);
    ck_assert_int_eq(set.builtin[FIELD_STATUS], 1);
    ck_assert_int_eq(set.builtin[FIELD_TIME], -1);
    ck_assert_uint_eq(set.builtin_mask, 1u << FIELD_STATUS | 1u << FIELD_MSG);
    const struct field_path *above = field_set_path(&set, bytes_of("a.b"));
    ck_assert_ptr_nonnull(above);
    ck_assert(above->has_below);
    ck_assert_int_eq(above->index, -1);
    ck_assert(!field_set_path(&set, bytes_of("a.b.c"))->has_below);
    // A key of a line never gives a field that logq makes.
    ck_assert_ptr_null(field_set_path(&set, bytes_of("_msg")));
    field_set_free(&set);
}
END_TEST

START_TEST(sets_of_fields_have_limits)
{
    struct field_set set;
    ck_assert(field_set_init(&set));
    char name[FIELD_NAME_LIMIT + 1];
    memset(name, 'n', sizeof(name));
    ck_assert_int_eq(field_set_add(&set, (struct bytes){name, sizeof(name)}), -1);
    ck_assert_int_eq(field_set_add(&set, (struct bytes){name, sizeof(name) - 1}), 0);
    for (int i = 1; i < FIELD_SET_LIMIT; i++) {
        int length = snprintf(name, sizeof(name), "field.%d.x", i);
        ck_assert_int_eq(field_set_add(&set, (struct bytes){name, (size_t)length}), i);
    }
    ck_assert_int_eq(field_set_add(&set, bytes_of("one more")), -1);
    for (int i = 1; i < FIELD_SET_LIMIT; i++) {
        int length = snprintf(name, sizeof(name), "field.%d.x", i);
        ck_assert_int_eq(field_set_find(&set, (struct bytes){name, (size_t)length}), i);
        ck_assert(bytes_equal(set.names[i], (struct bytes){name, (size_t)length}));
    }
    field_set_free(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fields");
    TCase *tests = tcase_create("fields");
    tcase_add_test(tests, fields_are_numbered_in_order);
    tcase_add_test(tests, sets_of_fields_have_limits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
