// SPDX-License-Identifier: MIT
// test_form.c: the arguments of a request, decoded.

#include "http/form.h"

#include <check.h>
#include <stdio.h>

struct example {
    const char *text;
    const char *expected; // `name=value;` for each, or `!` and a piece of the error
};

static const struct example examples[] = {
    {"", ""},
    {"&", ""},
    {"a", "a=;"},
    {"a=", "a=;"},
    {"=b", "=b;"},
    {"a=b", "a=b;"},
    {"a=b=c", "a=b=c;"},
    {"a=b&c=d", "a=b;c=d;"},
    {"&&a=b&&c=d&", "a=b;c=d;"},
    {"a=b&a=c", "a=b;a=c;"},
    {"a+b=c+d", "a b=c d;"},
    {"a%3Db=%26%2b%25", "a=b=&+%;"},
    {"q=%7c%7C", "q=||;"},
    {"q=%C3%A9", "q=\xC3\xA9;"},
    {"q=a;b", "q=a;b;"},
    {"q=%zz", "!value of argument 1 has a percent sign"},
    {"q=%4", "!value of argument 1"},
    {"q=%", "!at byte 0"},
    {"q=ab%", "!at byte 2"},
    {"q=ab%4g", "!at byte 2"},
    {"q=%4&3=x", "!value of argument 1"},
    {"a=b&%=c", "!name of argument 2"},
};

START_TEST(decodes)
{
    const struct example *example = &examples[_i];
    char text[100];
    char found[200] = "";
    struct form form = {.count = 0};
    memcpy(text, example->text, strlen(example->text) + 1);
    bool is_read = form_add(&form, text, strlen(text));
    if (example->expected[0] == '!') {
        ck_assert(!is_read);
        ck_assert_msg(strstr(form.error, example->expected + 1) != NULL, "%s", form.error);
        return;
    }
    ck_assert_msg(is_read, "%s", form.error);
    for (size_t i = 0; i < form.count; i++) {
        const struct form_argument *argument = &form.arguments[i];
        size_t end = strlen(found);
        (void)snprintf(found + end, sizeof found - end, "%.*s=%.*s;", (int)argument->name.len,
                       argument->name.ptr, (int)argument->value.len, argument->value.ptr);
    }
    ck_assert_str_eq(found, example->expected);
}
END_TEST

START_TEST(keeps_any_byte)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[16];
        struct bytes value;
        struct form form = {.count = 0};
        (void)snprintf(text, sizeof text, "q=x%%%02xy", byte);
        ck_assert(form_add(&form, text, strlen(text)));
        ck_assert(form_find(&form, "q", &value));
        const char wanted[] = {'x', (char)byte, 'y'};
        ck_assert(bytes_equal(value, (struct bytes){wanted, sizeof wanted}));
    }
}
END_TEST

START_TEST(finds_what_was_added_first)
{
    char body[] = "a=1&b=2";
    char url[] = "b=3&c=4";
    struct form form = {.count = 0};
    struct bytes value;
    ck_assert(form_add(&form, body, strlen(body)) && form_add(&form, url, strlen(url)));
    ck_assert(form_find(&form, "b", &value) && bytes_equal(value, bytes_of("2")));
    ck_assert(form_find(&form, "c", &value) && bytes_equal(value, bytes_of("4")));
    ck_assert(!form_find(&form, "d", &value) && value.len == 0);
}
END_TEST

START_TEST(bounds_the_arguments)
{
    for (size_t count = FORM_ARGUMENTS_LIMIT; count <= FORM_ARGUMENTS_LIMIT + 1; count++) {
        char text[4 * FORM_ARGUMENTS_LIMIT];
        struct form form = {.count = 0};
        for (size_t i = 0; i < count; i++) {
            text[2 * i] = 'a';
            text[2 * i + 1] = '&';
        }
        ck_assert_int_eq(form_add(&form, text, 2 * count), count == FORM_ARGUMENTS_LIMIT);
    }
}
END_TEST

START_TEST(no_text_is_no_argument)
{
    struct form form = {.count = 0};
    ck_assert(form_add(&form, NULL, 0));
    ck_assert_uint_eq(form.count, 0);
}
END_TEST

START_TEST(decodes_paths_without_plus)
{
    char text[] = "/a+b%2Fc";
    size_t length = strlen(text);
    ck_assert(form_decode(text, &length, false));
    ck_assert(bytes_equal((struct bytes){text, length}, bytes_of("/a+b/c")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("form");
    TCase *cases = tcase_create("arguments");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, decodes, 0, sizeof examples / sizeof examples[0]);
    tcase_add_test(cases, keeps_any_byte);
    tcase_add_test(cases, finds_what_was_added_first);
    tcase_add_test(cases, bounds_the_arguments);
    tcase_add_test(cases, no_text_is_no_argument);
    tcase_add_test(cases, decodes_paths_without_plus);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
