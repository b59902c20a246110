// SPDX-License-Identifier: MIT
// test_error.c: the one table of error codes.
#include "support.h"

#include <limits.h>

START_TEST(every_code_of_the_table_has_its_text_and_cause)
{
#define REQUIRE_ENTRY(code, text, cause)                                                           \
    REQUIRE_EQ(strcmp(spg_strerror(-code), text), 0);                                              \
    REQUIRE_EQ(strcmp(spg_strerror(code), text), 0);                                               \
    REQUIRE_EQ(strcmp(spg_error_name(-code), #code), 0);                                           \
    REQUIRE(spg_error_cause(-code) != NULL);                                                       \
    REQUIRE_EQ(strcmp(spg_error_cause(-code), cause), 0);                                          \
    REQUIRE_EQ(strcmp(spg_error_cause(code), cause), 0);
    SPG_ERRORS(REQUIRE_ENTRY)
#undef REQUIRE_ENTRY
}
END_TEST

START_TEST(other_codes_have_the_systems_texts_and_names)
{
    REQUIRE_EQ(strcmp(spg_strerror(-EIO), "Input/output error"), 0);
    REQUIRE_EQ(strcmp(spg_strerror(ECONNREFUSED), "Connection refused"), 0);
    REQUIRE_EQ(strcmp(spg_strerror(-EISDIR), "Is a directory"), 0);
    REQUIRE_EQ(strcmp(spg_error_name(-EIO), "EIO"), 0);
    REQUIRE_EQ(strcmp(spg_error_name(ECONNREFUSED), "ECONNREFUSED"), 0);
    REQUIRE_EQ(strcmp(spg_error_name(0), "0"), 0);
    REQUIRE(spg_error_cause(-EIO) == NULL);
    REQUIRE(spg_error_cause(ECONNREFUSED) == NULL);
    REQUIRE(spg_error_cause(0) == NULL);
    static const int unknown[] = {-4000, 4000, 999999, INT_MAX, -INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        REQUIRE_EQ(strcmp(spg_strerror(unknown[i]), "unknown error"), 0);
        REQUIRE_EQ(strcmp(spg_error_name(unknown[i]), "unknown"), 0);
        REQUIRE(spg_error_cause(unknown[i]) == NULL);
    }
    for (int code = -200; code <= 200; code++) {
        REQUIRE(strlen(spg_strerror(code)) > 3);
        REQUIRE(strlen(spg_error_name(code)) > 0);
    }
}
END_TEST

// A text, and a cause, that a user can act on, however the code came about.
START_TEST(codes_with_more_than_one_cause_name_them)
{
    REQUIRE(strstr(spg_strerror(-EPERM), "task") == NULL);
    REQUIRE(strstr(spg_error_cause(-EPERM), "outside a task") != NULL);
    REQUIRE(strstr(spg_error_cause(-EPERM), "io_uring is denied") != NULL);
    REQUIRE(strstr(spg_strerror(-EEXIST), "adopted") == NULL);
    REQUIRE(strstr(spg_error_cause(-EEXIST), "tally") != NULL);
    REQUIRE(strstr(spg_error_cause(-EEXIST), "handle") != NULL);
    REQUIRE(strstr(spg_error_cause(-ENOENT), "tally") != NULL);
    REQUIRE(strstr(spg_error_cause(-ENOENT), "file") != NULL);
    REQUIRE(strstr(spg_error_cause(-EXDEV), "shard") != NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = add_tests(suite, "error", 10);
    tcase_add_test(tests, every_code_of_the_table_has_its_text_and_cause);
    tcase_add_test(tests, other_codes_have_the_systems_texts_and_names);
    tcase_add_test(tests, codes_with_more_than_one_cause_name_them);
    return run_suite("test_error", suite);
}
