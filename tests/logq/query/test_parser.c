// SPDX-License-Identifier: MIT
// test_parser.c: what queries mean.
#include "meaning.h"

START_TEST(single_filters)
{
    static const struct meaning table[] = {
        {"*", "(all)"},
        {"error", "(phrase |error|)"},
        {"\"error\"", "(phrase |error|)"},
        {"\"GET /\"", "(phrase |GET /)"},
        {"\"/a b\"", "(phrase /a b|)"},
        {"`: `", "(phrase : )"},
        {"err*", "(phrase |err)"},
        {"\"cannot o\"*", "(phrase |cannot o)"},
        {"*rror*", "(part rror)"},
        {"*\"a b\"*", "(part a b)"},
        {"**", "(present )"},
        {"=\"exact text\"", "(exact exact text)"},
        {"=word", "(exact word)"},
        {"=a:b", "(exact a:b)"},
        {"=\"pre\"*", "(start pre)"},
        {"=\"\"", "(missing )"},
        {"=\"\"*", "(present )"},
        {"~\"a.c\"", "(regex a.c)"},
        {"~\"(?<n>a)\"", "(regex (?P<n>a))"},
        {"i(Error)", "(fold |error|)"},
        {"i(\"CANNOT Open\"*)", "(fold |cannot open)"},
        {"i(\xc3\x89TAT)", "(fold |\xc3\xa9tat|)"},
        {"\"\"", "(missing )"},
        {"\"\"*", "(present )"},
        {"status:200", "(phrase status: |200|)"},
        {"status:\"\"", "(missing status: )"},
        {"status:*", "(present status: )"},
        {"_msg:*", "(present )"},
        {"status:=200", "(exact status: 200)"},
        {"status:5*", "(phrase status: |5)"},
        {"\"a b\":c", "(phrase a b: |c|)"},
        {"log.level:error", "(phrase log.level: |error|)"},
        {"a-b:c", "(phrase a-b: |c|)"},
        {"host:example.com:8080", "(phrase host: |example.com:8080|)"},
        {"status: 200", "(phrase status: |200|)"},
        {"uri:/a/b?c=d", "(phrase uri: /a/b?c=d|)"},
        {"x:>5", "(range x: 5! *)"},
        {"x:>=5", "(range x: 5 *)"},
        {"x:<-5", "(range x: * -5!)"},
        {"x:<=1.5e3", "(range x: * 1500)"},
        {"x:> 1_000", "(range x: 1000! *)"},
        {"x:>10KB", "(range x: 10000! *)"},
        {"x:>1.5KiB", "(range x: 1536! *)"},
        {"x:>1h30m", "(range x: 5400000000000! *)"},
        {"x:range(1, 2)", "(range x: 1! 2!)"},
        {"x:range[1, 2]", "(range x: 1 2)"},
        {"x:range[-1KiB,2)", "(range x: -1024 2!)"},
        {"x:range(4.2, Inf)", "(range x: 4.2! *)"},
        {"x:range(-inf, 1]", "(range x: * 1)"},
        {"x:in(a, \"b c\", -5, 10.0.0.1:80)", "(in x: a,b c,-5,10.0.0.1:80)"},
        {"x:in()", "(in x: )"},
        {"x:in(*)", "(all)"},
        {"in(a)", "(in a)"},
    };
    CHECK_MEANINGS(table);
}
END_TEST

START_TEST(operators_and_their_order)
{
    static const struct meaning table[] = {
        {"a b", "(and (phrase |a|) (phrase |b|))"},
        {"a AND b and c", "(and (phrase |a|) (phrase |b|) (phrase |c|))"},
        {"a OR b or c", "(or (phrase |a|) (phrase |b|) (phrase |c|))"},
        {"a b OR c d", "(or (and (phrase |a|) (phrase |b|)) (and (phrase |c|) (phrase |d|)))"},
        {"NOT a OR b", "(or (not (phrase |a|)) (phrase |b|))"},
        {"NOT a b", "(and (not (phrase |a|)) (phrase |b|))"},
        {"not not a", "(not (not (phrase |a|)))"},
        {"!a", "(not (phrase |a|))"},
        {"-a", "(not (phrase |a|))"},
        {"a -b", "(and (phrase |a|) (not (phrase |b|)))"},
        {"a -(b or c)", "(and (phrase |a|) (not (or (phrase |b|) (phrase |c|))))"},
        {"(a)", "(phrase |a|)"},
        {"(((a or b)))", "(or (phrase |a|) (phrase |b|))"},
        {"(a or b) c", "(and (phrase |c|) (or (phrase |a|) (phrase |b|)))"},
        {"a(b)", NULL},
        {"!=a", "(not (exact a))"},
        {"!~\"a\"", "(not (regex a))"},
        {"x:!a", "(not (phrase x: |a|))"},
        {"x:-a", "(not (phrase x: |a|))"},
        {"x:!=a", "(not (exact x: a))"},
        {"-x:a", "(not (phrase x: |a|))"},
        {"x:(a or b)", "(or (phrase x: |a|) (phrase x: |b|))"},
        {"x:(a -b*)", "(and (phrase x: |a|) (not (phrase x: |b)))"},
        {"x:(>1 <5)", "(and (range x: 1! *) (range x: * 5!))"},
        {"x:(* !=a)", "(and (present x: ) (not (exact x: a)))"},
        {"x:(a or y:b)", "(or (phrase x: |a|) (phrase y: |b|))"},
        {"x:(a (b or c))", "(and (phrase x: |a|) (or (phrase x: |b|) (phrase x: |c|)))"},
        {"x:not a", NULL},
        {"\"and\" \"or\"", "(and (phrase |and|) (phrase |or|))"},
        {"android or1 notb", "(and (phrase |android|) (phrase |or1|) (phrase |notb|))"},
        {"~\"x\" a b:=1", "(and (exact b: 1) (phrase |a|) (regex x))"},
        {"a # or b\n c", "(and (phrase |a|) (phrase |c|))"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].means != NULL) {
            check_meanings(&table[i], 1);
        }
    }
    // NOT binds to what follows the field.
    static const struct meaning not_in_field = {"x:not a", "(not (phrase x: |a|))"};
    check_meanings(&not_in_field, 1);
}
END_TEST

START_TEST(times)
{
    // Now is 2026-11-22T10:00:00Z.
    static const struct meaning table[] = {
        {"_time:5m", "(time _time: 2026-11-22T09:55:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:-5m", "(time _time: 2026-11-22T09:55:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:\"1h\"", "(time _time: 2026-11-22T09:00:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:5m offset 1h", "(time _time: 2026-11-22T08:55:00.000000001Z 2026-11-22T09:00:00Z)"},
        {"_time:2026Z", "(time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z)"},
        {"_time:2026-02", "(time _time: 2026-02-01T00:00:00Z 2026-02-28T23:59:59.999999999Z)"},
        {"_time:2026-11-22Z", "(time _time: 2026-11-22T00:00:00Z 2026-11-22T23:59:59.999999999Z)"},
        {"_time:2026-11-22+05:30",
         "(time _time: 2026-11-21T18:30:00Z 2026-11-22T18:29:59.999999999Z)"},
        {"_time:2026-11-22T10:11Z",
         "(time _time: 2026-11-22T10:11:00Z 2026-11-22T10:11:59.999999999Z)"},
        {"_time:2026-11-22T10:11:12.5Z",
         "(time _time: 2026-11-22T10:11:12.5Z 2026-11-22T10:11:12.599999999Z)"},
        {"_time:[2026-11-01Z, 2026-11-30Z]",
         "(time _time: 2026-11-01T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:[2026-11-01Z, 2026-12-01Z)",
         "(time _time: 2026-11-01T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:(2026-11-01Z, 2026-11-30Z]",
         "(time _time: 2026-11-02T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:(2026-11-01Z, 2026-11-30Z)",
         "(time _time: 2026-11-02T00:00:00Z 2026-11-29T23:59:59.999999999Z)"},
        {"_time:[now-1h, now]", "(time _time: 2026-11-22T09:00:00Z 2026-11-22T10:00:00Z)"},
        {"_time:[1h, now+30s]", "(time _time: 2026-11-22T09:00:00Z 2026-11-22T10:00:30Z)"},
        {"_time:[1795341600, 1795341660]",
         "(time _time: 2026-11-22T10:00:00Z 2026-11-22T10:01:00.999999999Z)"},
        {"_time:[1795341600000, 1795341600001)",
         "(time _time: 2026-11-22T10:00:00Z 2026-11-22T10:00:00.000999999Z)"},
        {"_time:>2026-11-22Z", "(time _time: 2026-11-23T00:00:00Z *)"},
        {"_time:>=2026-11-22Z", "(time _time: 2026-11-22T00:00:00Z *)"},
        {"_time:<2026-11-22Z", "(time _time: * 2026-11-21T23:59:59.999999999Z)"},
        {"_time:<=2026-11-22Z", "(time _time: * 2026-11-22T23:59:59.999999999Z)"},
        {"_time:>1h", "(time _time: * 2026-11-22T08:59:59.999999999Z)"},
        {"_time:>=1h", "(time _time: * 2026-11-22T09:00:00Z)"},
        {"_time:<1h", "(time _time: 2026-11-22T09:00:00.000000001Z *)"},
        {"_time:<=1h", "(time _time: 2026-11-22T09:00:00Z *)"},
        {"_time:*", "(present _time: )"},
        {"_time:\"\"", "(missing _time: )"},
        {"_time:=\"2026-11-22T10:00:00Z\"", "(exact _time: 2026-11-22T10:00:00Z)"},
        {"-_time:2026Z", "(not (time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z))"},
        {"_time:(2025Z or 2026Z)",
         "(or (time _time: 2025-01-01T00:00:00Z 2025-12-31T23:59:59.999999999Z) "
         "(time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z))"},
    };
    CHECK_MEANINGS(table);
}
END_TEST

// Any text gives a query or an error with a position inside the text.
static const char *const pieces[] = {
    "error",
    "status",
    ":",
    "(",
    ")",
    "[",
    "]",
    "\"a b\"",
    "'",
    "`",
    "*",
    "=",
    "~",
    "<",
    ">",
    "!",
    "-",
    "|",
    ",",
    " ",
    " and ",
    " or ",
    " not ",
    "stats ",
    "by ",
    "count()",
    "sum(x)",
    "sort by (a desc)",
    "limit 5",
    "_time:",
    "5m",
    "2026-11-22Z",
    "in(",
    "range(",
    "i(",
    "10KB",
    "#",
    "\n",
    "\\",
    "\xc3\xa9",
    "\xff",
    "\x00",
    "top 3 by (x)",
    "fields a",
    "if (",
    "as x",
    "quantile(0.5, y)",
    "filter ",
    "{",
    "}",
    "uniq by (z)",
    "offset 1h",
    "~\"[a-\"",
};

START_TEST(nothing_breaks_the_parser)
{
    struct query_limits limits = query_limits_default();
    limits.nesting = 20;
    random_start(1);
    for (unsigned round = scaled(20000); round > 0; round--) {
        struct text text = {0};
        text_put(&text, "");
        for (unsigned i = random_below(14); i > 0; i--) {
            unsigned which = random_below(sizeof(pieces) / sizeof(pieces[0]));
            size_t length = pieces[which][0] == '\0' ? 1 : strlen(pieces[which]);
            text_add(&text, pieces[which], length);
        }
        char *exact = malloc(text.len + 1); // so that a sanitizer sees reading beyond it
        memcpy(exact, text.ptr, text.len);
        char *fitting = malloc(text.len == 0 ? 1 : text.len);
        memcpy(fitting, exact, text.len);
        struct query_error error;
        struct query *query =
            query_compile((struct bytes){fitting, text.len}, &limits, TEST_NOW, &error);
        if (query == NULL) {
            ck_assert_uint_le(error.position, text.len);
            ck_assert(error.text[0] != '\0');
        }
        query_free(query);
        free(fitting);
        free(exact);
        free(text.ptr);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("parser");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, single_filters);
    tcase_add_test(tcase, operators_and_their_order);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, nothing_breaks_the_parser);
    return run_case(tcase, "logq/query/parser");
}
