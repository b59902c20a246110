// SPDX-License-Identifier: MIT
// test_query_error.c: what is said about wrong queries, and about those beyond a limit.
#include "query_support.h"

static const struct {
    const char *query;
    size_t position;
    const char *says;
} wrong_queries[] = {
    {"", 0, "a filter"},
    {"   ", 3, "a filter"},
    {"# only a comment", 16, "a filter"},
    {"| stats count()", 0, "a filter"},
    {"a |", 3, "a pipe"},
    {"a | | b", 4, "a pipe"},
    {"a | nosuch", 4, "a pipe"},
    {"a | extract \"x\"", 4, "a pipe"},
    {"a)", 1, "`|`"},
    {"(a", 2, "`)`"},
    {"()", 1, "a filter"},
    {"a or", 4, "a filter"},
    {"a and or b", 6, "a filter"},
    {"and a", 0, "a filter"},
    {"not", 3, "a filter"},
    {"a AND NOT", 9, "a filter"},
    {"\"a\"b", 3, "a space"},
    {"a\"b\"", 1, "a space"},
    {"err*x", 4, "a space"},
    {"*err", 4, "`*`"},
    {"*err or*", 5, "`*`"},
    {"foo(a)", 0, "i(...), in(...) and range(...)"},
    {"x:seq(a, b)", 2, "i(...), in(...) and range(...)"},
    {"a [b]", 2, "a word"},
    {"{app=\"x\"}", 0, "stream filters"},
    {"x:", 2, "a filter"},
    {"\"\":x", 0, "field name"},
    {":x", 0, "a word"},
    {"x:>", 3, "a number"},
    {"x:>abc", 3, "a number"},
    {"x:>5XB", 3, "a number"},
    {"x:>\"5 m\"", 3, "a number"},
    {"x:range 1,2", 9, "a space"},
    {"x:range(1", 9, "`,`"},
    {"x:range(1,2", 11, "`)` or `]`"},
    {"x:range(a,2)", 8, "a number"},
    {"x:in(a b)", 7, "`,` or `)`"},
    {"x:in(a", 6, "`,` or `)`"},
    {"x:in(_time:5m | fields a)", 14, "`,` or `)`"},
    {"i(", 2, "a word or phrase"},
    {"i(a", 3, "`)`"},
    {"i(~\"a\")", 3, "`)`"},
    {"=", 1, "exact value"},
    {"~", 1, "regular expression"},
    {"~\"(\"", 1, "missing"},
    {"~\"a++\"", 1, "repetition"},
    {"a ~`(a)\\1`", 3, "escape"},
    {"~\"(?=a)\"", 1, "perl operator"},
    {"~\"(?<!a)b\"", 1, "perl operator"},
    {"~`\\C`", 1, "\\C"},
    {"~\"a{1001}\"", 1, "repetition size"},
    {"~`[z-a]`", 1, "range"},
    {"~`((((a{100}){100}){100}){100})`", 1, "repetition size"},
    {"~`\\pL{1000}`", 1, "memory"},
    {"~\"\\xff\"", 1, "UTF-8"},
    {"_time:soon", 6, "a time"},
    {"_time:1700y", 6, "a time"},
    {"_time:2026-13Z", 6, "a time"},
    {"_time:2026-02-30Z", 6, "a time"},
    {"_time:[2026Z", 12, "`,`"},
    {"_time:[2026Z,2027Z", 18, "`]` or `)`"},
    {"_time:[a,b]", 7, "a time"},
    {"_time:day_range[08:00, 18:00)", 6, "day_range"},
    {"_time:5m offset x", 16, "a duration"},
    {"a | limit", 9, "a whole number"},
    {"a | limit x", 10, "a whole number"},
    {"a | limit -1", 10, "a whole number"},
    {"a | limit 1.5", 10, "a whole number"},
    {"a | limit 1 2", 12, "`|`"},
    {"a | fields", 10, "a field name"},
    {"a | fields a,", 13, "a field name"},
    {"a | fields a*", 12, "`|`"},
    {"a | stats", 9, "a function"},
    {"a | stats nosuch(x)", 10, "a function"},
    {"a | stats count", 15, "`(`"},
    {"a | stats count(", 16, "a field name"},
    {"a | stats sum()", 14, "a field name"},
    {"a | stats sum(x*)", 15, "`,` or `)`"},
    {"a | stats quantile(2, x)", 19, "from 0 to 1"},
    {"a | stats quantile(-0.1, x)", 19, "from 0 to 1"},
    {"a | stats quantile(x)", 19, "from 0 to 1"},
    {"a | stats quantile(0.5)", 22, "`,`"},
    {"a | stats count() as", 20, "a name"},
    {"a | stats count() if x", 21, "`(`"},
    {"a | stats count() if (x", 23, "`)`"},
    {"a | stats by count()", 13, "`(`"},
    {"a | stats by (x count()", 16, "`,` or `)`"},
    {"a | stats by (_time:x) count()", 20, "a step"},
    {"a | stats by (_time:0s) count()", 20, "a step"},
    {"a | stats by (_time:-1h) count()", 20, "a step"},
    {"a | stats by (x:y) count()", 16, "a step"},
    {"a | stats by (x:0) count()", 16, "a step"},
    {"a | stats count() a, sum(x) a", 10, "`a` twice"},
    {"a | stats by (x) count() x", 10, "`x` twice"},
    {"a | sort by", 11, "by (field"},
    {"a | sort by (x", 14, "`,` or `)`"},
    {"a | sort by (x desc", 19, "`,` or `)`"},
    {"a | sort by (x) limit", 21, "a whole number"},
    {"a | top by (x", 13, "`,` or `)`"},
    {"a | top x by (y)", 8, "a whole number"},
    {"a | top by (x) hits as x", 4, "none of the fields"},
    {"a | uniq by", 11, "by (field"},
    {"a | uniq by (x) with y", 21, "hits"},
    {"a | filter", 10, "a filter"},
    {"\"abc", 0, "closing"},
    {"a \"\\q\"", 3, "escape"},
    {"\x01", 0, NULL},
};

START_TEST(wrong_queries_are_explained_where_they_are_wrong)
{
    struct query_limits limits = query_limits_default();
    for (size_t i = 0; i < sizeof(wrong_queries) / sizeof(wrong_queries[0]); i++) {
        struct query_error error;
        struct query *query =
            query_compile(bytes_of(wrong_queries[i].query), &limits, TEST_NOW, &error);
        if (wrong_queries[i].says == NULL) {
            ck_assert_ptr_nonnull(query); // odd, but a word
            query_free(query);
            continue;
        }
        ck_assert_msg(query == NULL, "`%s` is taken", wrong_queries[i].query);
        ck_assert_msg(error.position == wrong_queries[i].position, "`%s` at %zu: %s",
                      wrong_queries[i].query, error.position, error.text);
        ck_assert_msg(strstr(error.text, wrong_queries[i].says) != NULL, "`%s`: %s",
                      wrong_queries[i].query, error.text);
    }
}
END_TEST

static void check_limit(const char *query_text, const struct query_limits *limits, const char *says)
{
    struct query_error error;
    struct query *query = query_compile(bytes_of(query_text), limits, TEST_NOW, &error);
    if (says == NULL) {
        ck_assert_msg(query != NULL, "`%s`: %s", query_text, error.text);
        query_free(query);
        return;
    }
    ck_assert_msg(query == NULL, "`%s` is taken", query_text);
    ck_assert_msg(strstr(error.text, says) != NULL, "`%s`: %s", query_text, error.text);
}

START_TEST(limits_are_kept_and_named)
{
    struct query_limits limits = query_limits_default();
    limits.length = 10;
    check_limit("0123456789", &limits, NULL);
    check_limit("0123456789a", &limits, "11 bytes, the limit is 10");
    limits = query_limits_default();
    limits.nesting = 3;
    check_limit("(((a)))", &limits, NULL);
    check_limit("((((a))))", &limits, "deeper than 3");
    check_limit("!!!a", &limits, NULL);
    check_limit("!!!!a", &limits, "deeper than 3");
    check_limit("x:(!(a !b))", &limits, "deeper than 3");
    limits = query_limits_default();
    limits.filters = 3;
    check_limit("a b", &limits, NULL);
    check_limit("a b c", &limits, "more than 3 filters");
    limits = query_limits_default();
    limits.values = 2;
    check_limit("x:in(a,b)", &limits, NULL);
    check_limit("x:in(a) y:in(b,c)", &limits, "more than 2 values");
    limits = query_limits_default();
    limits.pipes = 2;
    check_limit("* | top by (a)", &limits, NULL);
    check_limit("* | top by (a) | limit 1", &limits, "more than 2 pipes");
    limits = query_limits_default();
    limits.columns = 2;
    check_limit("* | fields a, b", &limits, NULL);
    check_limit("* | fields a, b, c", &limits, "more than 2 fields");
    check_limit("* | stats count() a, count() b, count() c", &limits, "more than 2 functions");
    check_limit("* | stats by (a,b,c) count()", &limits, "more than 2 fields");
    check_limit("* | sort by (a,b,c)", &limits, "more than 2 sort keys");
    limits = query_limits_default();
    limits.regexes = 1;
    check_limit("~\"a\"", &limits, NULL);
    check_limit("~\"a\" ~\"b\"", &limits, "more than 1 regular expressions");
}
END_TEST

START_TEST(more_fields_than_a_record_takes_are_refused)
{
    struct text text = {0};
    text_put(&text, "f0:*");
    for (int i = 1; i <= FIELD_SET_LIMIT; i++) {
        char name[32];
        snprintf(name, sizeof(name), " f%d:*", i);
        text_put(&text, name);
    }
    struct query_limits limits = query_limits_default();
    check_limit(text.ptr, &limits, "fields");
    free(text.ptr);
}

int main(void)
{
    TCase *tcase = tcase_create("query_error");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, wrong_queries_are_explained_where_they_are_wrong);
    tcase_add_test(tcase, limits_are_kept_and_named);
    tcase_add_test(tcase, more_fields_than_a_record_takes_are_refused);
    return run_case(tcase, "logq/query/query_error");
}
