// SPDX-License-Identifier: MIT
// test_stats.c: groups, buckets, and what the functions make of them.
#include "random_log.h"

#define LINE(k, n) "{\"k\":\"" k "\",\"n\":" n "}\n"

static const char numbers[] = LINE("a", "10") LINE("b", "9") LINE("a", "2.50") LINE("", "\"x\"")
    LINE("b", "1e1") LINE("a", "null") "plain\n";

START_TEST(functions_over_all_rows)
{
    static const struct {
        const char *function;
        const char *result;
    } table[] = {
        {"count()", "7"},
        {"count(n)", "5"},
        {"count(k)", "5"},
        {"count(k, n)", "6"},
        {"count(nosuch)", "0"},
        {"count_uniq(k)", "2"},
        {"count_uniq(n)", "5"},
        {"count_uniq(k, n)", "6"},
        {"count_uniq(nosuch)", "0"},
        {"sum(n)", "31.5"},
        {"sum(k)", "NaN"},
        {"avg(n)", "7.875"},
        {"avg(nosuch)", "NaN"},
        {"min(n)", "2.50"},
        {"max(n)", "x"},
        {"min(k)", "a"},
        {"max(k)", "b"},
        {"min(nosuch)", ""},
        {"max(nosuch)", ""},
        {"min(n, k)", "2.50"},
        {"median(n)", "10"},
        {"quantile(0, n)", "2.50"},
        {"quantile(0.25, n)", "9"},
        {"quantile(0.49, n)", "9"},
        {"quantile(0.5, n)", "10"},
        {"quantile(0.75, n)", "1e1"},
        {"quantile(1, n)", "1e1"},
        {"quantile(0.5, k)", ""},
        {"quantile(0.5, nosuch)", ""},
        {"count() if (k:a)", "3"},
        {"sum(n) if (k:a)", "12.5"},
        {"sum(n) if (k:nosuch)", "NaN"},
        {"count() if (!k:*)", "2"},
        {"max(n) if (n:range(0,10))", "9"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct text query = {0};
        struct text row = {0};
        text_put(&query, "* | stats ");
        text_put(&query, table[i].function);
        text_put(&query, " as r");
        text_put(&row, "{\"r\":\"");
        text_put(&row, table[i].result);
        text_put(&row, "\"}\n");
        CHECK_ROWS(query.ptr, numbers, row.ptr);
        free(query.ptr);
        free(row.ptr);
    }
}
END_TEST

START_TEST(rows_form_groups)
{
    CHECK_ROW_SET("* | stats by (k) count() as c, sum(n) as s", numbers,
                  "{\"k\":\"\",\"c\":\"2\",\"s\":\"NaN\"}\n"
                  "{\"k\":\"a\",\"c\":\"3\",\"s\":\"12.5\"}\n"
                  "{\"k\":\"b\",\"c\":\"2\",\"s\":\"19\"}\n");
    CHECK_ROW_SET("* | stats by (k, nosuch) count() as c", numbers,
                  "{\"k\":\"\",\"nosuch\":\"\",\"c\":\"2\"}\n"
                  "{\"k\":\"a\",\"nosuch\":\"\",\"c\":\"3\"}\n"
                  "{\"k\":\"b\",\"nosuch\":\"\",\"c\":\"2\"}\n");
    CHECK_ROW_SET("* | uniq by (k)", numbers, "{\"k\":\"\"}\n{\"k\":\"a\"}\n{\"k\":\"b\"}\n");
    CHECK_ROW_SET("* | uniq by (k) with hits", numbers,
                  "{\"k\":\"\",\"hits\":\"2\"}\n{\"k\":\"a\",\"hits\":\"3\"}\n"
                  "{\"k\":\"b\",\"hits\":\"2\"}\n");
    CHECK_ROWS("* | top 2 by (k)", numbers,
               "{\"k\":\"a\",\"hits\":\"3\"}\n{\"k\":\"\",\"hits\":\"2\"}\n");
    CHECK_ROWS("* | stats by (k) count() c | filter c:>2 | stats count() n, sum(c) s", numbers,
               "{\"n\":\"1\",\"s\":\"3\"}\n");
    // Values that look alike when put together are different groups.
    CHECK_ROW_SET("* | stats by (a, b) count() as c",
                  "{\"a\":\"xy\",\"b\":\"z\"}\n{\"a\":\"x\",\"b\":\"yz\"}\n{\"b\":\"xyz\"}\n",
                  "{\"a\":\"\",\"b\":\"xyz\",\"c\":\"1\"}\n{\"a\":\"x\",\"b\":\"yz\",\"c\":\"1\"}\n"
                  "{\"a\":\"xy\",\"b\":\"z\",\"c\":\"1\"}\n");
    // The bytes count, not what they are printed as.
    CHECK_ROW_SET("* | stats by (a) count() as c",
                  "{\"a\":\"\xff\"}\n{\"a\":\"\xfe\"}\n{\"a\":\"\xff\"}\n",
                  "{\"a\":\"\xef\xbf\xbd\",\"c\":\"1\"}\n{\"a\":\"\xef\xbf\xbd\",\"c\":\"2\"}\n");
}
END_TEST

START_TEST(no_row_at_all)
{
    CHECK_ROWS("nosuch | stats count() a, sum(x) b, avg(x) c, min(x) d, max(x) e, median(x) f, "
               "count_uniq(x) g",
               numbers,
               "{\"a\":\"0\",\"b\":\"NaN\",\"c\":\"NaN\",\"d\":\"\",\"e\":\"\",\"f\":\"\","
               "\"g\":\"0\"}\n");
    CHECK_ROWS("nosuch | stats by (k) count() a", numbers, "");
    CHECK_ROWS("nosuch | stats by () count() a", numbers, "{\"a\":\"0\"}\n");
    CHECK_ROWS("nosuch | top by (k)", numbers, "");
    CHECK_ROWS("* | stats count() a", "", "{\"a\":\"0\"}\n");
    CHECK_ROWS("nosuch | stats by (k) count() a | stats sum(a) s, count() c", numbers,
               "{\"s\":\"NaN\",\"c\":\"0\"}\n");
}
END_TEST

START_TEST(sums_are_exact)
{
    static const struct {
        const char *values;
        const char *sum;
        const char *avg;
    } table[] = {
        {"1 2 3", "6", "2"},
        {"0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1", "1", "0.1"},
        {"1e16 1.5 -1e16", "1.5", "0.5"},
        {"9007199254740992 1 1", "9007199254740994", "3002399751580331.5"},
        {"9007199254740993 0.5", "9007199254740992", "4503599627370496"},
        {"170141183460469231731687303715884105727 -1", "170141183460469231731687303715884105726",
         "8.507059173023462e+37"},
        {"999999999999999999 999999999999999999", "1999999999999999998", "1000000000000000000"},
        {"-5 x 3", "-2", "-1"},
        {"1.0 1e3", "1001", "500.5"},
        {"1e400", "+Inf", "+Inf"},
        {"1e400 -1e400", "NaN", "NaN"},
        {"007 -0", "7", "3.5"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct text log = {0};
        char *values = strdup(table[i].values);
        char *rest = NULL;
        for (char *value = strtok_r(values, " ", &rest); value != NULL;
             value = strtok_r(NULL, " ", &rest)) {
            text_put(&log, value);
            text_put(&log, "\n");
        }
        struct text row = {0};
        text_put(&row, "{\"s\":\"");
        text_put(&row, table[i].sum);
        text_put(&row, "\",\"a\":\"");
        text_put(&row, table[i].avg);
        text_put(&row, "\"}\n");
        CHECK_ROWS("* | stats sum(_msg) s, avg(_msg) a", log.ptr, row.ptr);
        free(values);
        free(log.ptr);
        free(row.ptr);
    }
}
END_TEST

START_TEST(buckets)
{
    static const char log[] = "{\"ts\":1795341599.5,\"n\":9.99}\n"
                              "{\"ts\":1795341600,\"n\":-0.01}\n"
                              "{\"ts\":1795341659.999999999,\"n\":10}\n"
                              "{\"ts\":-1,\"n\":\"x\"}\n"
                              "no time\n";
    CHECK_ROW_SET("* | stats by (_time:1m) count() n", log,
                  "{\"_time\":\"\",\"n\":\"1\"}\n"
                  "{\"_time\":\"1969-12-31T23:59:00Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T09:59:00Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T10:00:00Z\",\"n\":\"2\"}\n");
    CHECK_ROW_SET("_time:* | stats by (_time:250ms) count() n", log,
                  "{\"_time\":\"1969-12-31T23:59:59Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T09:59:59.5Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T10:00:00Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T10:00:59.75Z\",\"n\":\"1\"}\n");
    CHECK_ROW_SET("* | stats by (n:10) count() c", log,
                  "{\"n\":\"\",\"c\":\"1\"}\n{\"n\":\"-10\",\"c\":\"1\"}\n"
                  "{\"n\":\"0\",\"c\":\"1\"}\n{\"n\":\"10\",\"c\":\"1\"}\n"
                  "{\"n\":\"x\",\"c\":\"1\"}\n");
    CHECK_ROW_SET("n:<100 | stats by (n:0.03) count() c", log,
                  "{\"n\":\"-0.03\",\"c\":\"1\"}\n{\"n\":\"9.99\",\"c\":\"2\"}\n");
    // Behind another pipe the time is text.
    CHECK_ROW_SET("_time:* | stats by (_time:1s) count() n | stats by (_time:1h) sum(n) n", log,
                  "{\"_time\":\"1969-12-31T23:00:00Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T09:00:00Z\",\"n\":\"1\"}\n"
                  "{\"_time\":\"2026-11-22T10:00:00Z\",\"n\":\"2\"}\n");
    CHECK_ROWS("_time:* | stats min(_time) a, max(_time) b, count_uniq(_time) c", log,
               "{\"a\":\"1969-12-31T23:59:59Z\",\"b\":\"2026-11-22T10:00:59.999999999Z\","
               "\"c\":\"4\"}\n");
}
END_TEST

// min and max of times go by time where bytes would not.
START_TEST(times_have_an_order_of_their_own)
{
    static const char log[] = "{\"time\":\"2026-11-22T10:00:00.5Z\"}\n"
                              "{\"time\":\"2026-11-22T10:00:00Z\"}\n";
    CHECK_ROWS("* | stats min(_time) a, max(_time) b, min(time) c", log,
               "{\"a\":\"2026-11-22T10:00:00Z\",\"b\":\"2026-11-22T10:00:00.5Z\","
               "\"c\":\"2026-11-22T10:00:00.5Z\"}\n");
}
END_TEST

START_TEST(long_keys_and_values)
{
    struct text log = {0};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 9000; j++) {
            text_put(&log, "x");
        }
        text_put(&log, i == 1 ? "y\n" : "\n");
    }
    struct query *query = compiled("* | stats by (_msg) count() n | stats max(n) m, count() c, "
                                   "max(_msg) x | fields m, c");
    const struct way way = {.parts = 2, .block_lines = 1};
    char *rows = run_text(query, (struct bytes){log.ptr, log.len}, &way);
    ck_assert_str_eq(rows, "{\"m\":\"2\",\"c\":\"2\"}\n");
    free(rows);
    query_free(query);
    free(log.ptr);
}
END_TEST

// ---- Many groups against counting by hand ----

START_TEST(a_hundred_thousand_groups)
{
    const unsigned groups = scaled(100000);
    struct text log = {0};
    random_start(6);
    uint64_t total = 0;
    for (unsigned i = 0; i < groups * 2; i++) {
        char line[64];
        // Each key twice, in an order that jumps around.
        unsigned key = (unsigned)((uint64_t)i * 2654435761u % groups);
        int length = snprintf(line, sizeof(line), "{\"k\":\"key/%u\",\"n\":%u}\n", key, i % 1000);
        text_add(&log, line, (size_t)length);
        total += i % 1000;
    }
    struct query *query = compiled("* | stats by (k) count() c, sum(n) s | stats count() groups, "
                                   "sum(c) rows, sum(s) total, count_uniq(k) keys");
    const struct way way = {.parts = 3, .block_lines = 1000};
    char *rows = run_text(query, (struct bytes){log.ptr, log.len}, &way);
    uint64_t found;
    uint64_t counted;
    uint64_t sum;
    uint64_t keys;
    ck_assert_int_eq(sscanf(rows,
                            "{\"groups\":\"%" SCNu64 "\",\"rows\":\"%" SCNu64
                            "\",\"total\":\"%" SCNu64 "\",\"keys\":\"%" SCNu64 "\"}",
                            &found, &counted, &sum, &keys),
                     4);
    ck_assert_uint_eq(counted, (uint64_t)groups * 2);
    ck_assert_uint_eq(sum, total);
    ck_assert_uint_eq(found, keys);
    ck_assert_uint_le(found, groups);
    free(rows);
    query_free(query);
    free(log.ptr);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stats");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, functions_over_all_rows);
    tcase_add_test(tcase, rows_form_groups);
    tcase_add_test(tcase, no_row_at_all);
    tcase_add_test(tcase, sums_are_exact);
    tcase_add_test(tcase, buckets);
    tcase_add_test(tcase, times_have_an_order_of_their_own);
    tcase_add_test(tcase, long_keys_and_values);
    tcase_add_test(tcase, a_hundred_thousand_groups);
    return run_case(tcase, "logq/query/stats");
}
