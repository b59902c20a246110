// SPDX-License-Identifier: MIT
// test_partial.c: however a log is cut, shared out and put together again, the answer is one.
#include "random_log.h"

// ---- One answer ----

static const char *const fixed_orders[] = {
    "* | stats count() n, sum(n) s, avg(n) a, min(n) lo, max(n) hi, median(n) m",
    "* | stats count_uniq(status) a, count_uniq(msg, level) b, quantile(0.9, n) q",
    "* | stats by (status) count() n, sum(body_bytes_sent) s | sort by (status)",
    "* | stats by (level, _time:10m) count() n, max(_time) t | sort by (n desc, level)",
    "* | stats by (n:7) count() c, quantile(0.5, n) q | sort by (c desc)",
    "* | stats by (_msg) count() n, count_uniq(_file) f | sort by (n desc) limit 5",
    "* | top 3 by (status)",
    "* | top 4 by (msg, level)",
    "* | sort by (n, _time desc) limit 7 offset 1",
    "* | sort by (status desc)",
    "* | sort by (status) | fields status, n | limit 6",
    "* | uniq by (level, status) | sort by (status, level)",
    "error | stats by (_format) count() n | sort by (_format)",
    "* | stats by (status) sum(n) s | stats sum(s) t, count() c",
    "* | fields n, level | stats by (level) avg(n) a, count() if (n:>5) c | sort by (level)",
};

static const char *const any_orders[] = {
    "*",
    "error",
    "status:>=404",
    "* | fields _msg, status",
    "* | filter level:* | fields level",
    "* | stats by (request_uri) count() n",
    "* | uniq by (_msg)",
    "* | stats by (status, level) count() n, min(_time) t",
};

static void check_one_answer(const char *query_text, bool is_ordered)
{
    struct text log = random_log(60);
    struct text other = random_log(20);
    const struct scan_file files[] = {
        {"a.log", {log.ptr, log.len}},
        {"b.log", {other.ptr, other.len}},
    };
    struct query *query = compiled(query_text);
    const struct way whole = {0};
    char *wanted = run_files(query, files, 2, &whole);
    wanted = is_ordered ? wanted : sorted_lines(wanted);
    for (int i = 0; i < 6; i++) {
        const struct way way = {
            .parts = 1 + random_below(6),
            .shuffled = true,
            .block_lines = 1 + random_below(12),
            .without_prefilter = random_below(2) == 0,
        };
        char *got = run_files(query, files, 2, &way);
        got = is_ordered ? got : sorted_lines(got);
        ck_assert_msg(strcmp(got, wanted) == 0, "`%s` on\n%s\n%s\ngives\n%swanted\n%s", query_text,
                      log.ptr, other.ptr, got, wanted);
        free(got);
    }
    free(wanted);
    query_free(query);
    free(log.ptr);
    free(other.ptr);
}

START_TEST(the_answer_does_not_depend_on_who_read_what)
{
    random_start(12);
    for (unsigned round = scaled(15); round > 0; round--) {
        for (size_t i = 0; i < sizeof(fixed_orders) / sizeof(fixed_orders[0]); i++) {
            check_one_answer(fixed_orders[i], true);
        }
        for (size_t i = 0; i < sizeof(any_orders) / sizeof(any_orders[0]); i++) {
            check_one_answer(any_orders[i], false);
        }
    }
}
END_TEST

START_TEST(random_filters_do_not_either)
{
    random_start(13);
    for (unsigned round = scaled(60); round > 0; round--) {
        struct text query = {0};
        put_random_filter(&query, 2);
        text_put(&query, " | stats by (_format, level) count() n, sum(n) s | sort by (n)");
        check_one_answer(query.ptr, true);
        free(query.ptr);
    }
}
END_TEST

// ---- Rows as they are found ----

START_TEST(rows_stream_when_nothing_holds_them_back)
{
    CHECK_ROWS("*", "plain\n{\"a\":1,\"b\":null,\"c\":\"\"}\n",
               "{\"_msg\":\"plain\",\"_stream\":\"{file=\\\"a.log\\\"}\",\"_file\":\"a.log\","
               "\"_format\":\"text\"}\n"
               "{\"_msg\":\"{\\\"a\\\":1,\\\"b\\\":null,\\\"c\\\":\\\"\\\"}\","
               "\"_stream\":\"{file=\\\"a.log\\\"}\",\"_file\":\"a.log\",\"_format\":\"json\","
               "\"a\":\"1\"}\n");
    // Columns of a pipe are all there, records leave out what is empty.
    CHECK_ROWS("* | fields a, nosuch", "{\"a\":1}\n", "{\"a\":\"1\",\"nosuch\":\"\"}\n");
}
END_TEST

START_TEST(limits_without_order_take_any_rows)
{
    static const char log[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    static const struct {
        const char *query;
        size_t rows;
    } table[] = {
        {"* | limit 3", 3},
        {"* | head 0", 0},
        {"* | limit 100", 9},
        {"* | offset 4", 5},
        {"* | offset 100", 0},
        {"* | offset 7 | limit 5", 2},
        {"* | offset 2 | limit 3", 3},
        {"* | limit 5 | offset 3", 2},
        {"* | limit 5 | limit 2", 2},
        {"* | limit 3 | filter _msg:>0", 3},
        {"* | fields _msg | limit 4", 4},
    };
    random_start(14);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct query *query = compiled(table[i].query);
        for (unsigned round = 0; round < 5; round++) {
            const struct way way = {
                .parts = 1 + random_below(4), .shuffled = true, .block_lines = 1};
            char *rows = run_text(query, bytes_of(log), &way);
            size_t count = 0;
            for (const char *at = rows; *at != '\0'; at++) {
                count += *at == '\n';
            }
            ck_assert_msg(count == table[i].rows, "`%s` gives %zu rows", table[i].query, count);
            free(rows);
        }
        query_free(query);
    }
    // One state takes the first ones.
    CHECK_ROWS("* | limit 2 | fields _msg", log, "{\"_msg\":\"1\"}\n{\"_msg\":\"2\"}\n");
    CHECK_ROWS("* | offset 7 | fields _msg", log, "{\"_msg\":\"8\"}\n{\"_msg\":\"9\"}\n");
}
END_TEST

static int stop_after_two(void *ctx, const struct bytes *names, const struct bytes *values,
                          size_t count)
{
    int *rows = ctx;
    (void)names;
    (void)values;
    (void)count;
    return ++*rows == 2 ? -EPIPE : 0;
}

START_TEST(a_sink_can_end_the_query)
{
    static const char log[] = "1\n2\n3\n4\n";
    const struct source_info source = {bytes_of("a"), bytes_of("{}")};
    const struct block_info info = {.source = &source};
    struct query *query = compiled("*");
    int rows = 0;
    const struct row_sink sink = {stop_after_two, &rows};
    struct partial *partial = partial_new(query, TEST_MEMORY);
    partial_set_sink(partial, &sink);
    ck_assert_int_eq(partial_scan(partial, bytes_of(log), &info), -EPIPE);
    ck_assert_int_eq(rows, 2);
    ck_assert_uint_eq(partial_counts(partial)->records_matched, 2);
    partial_free(partial);
    query_free(query);
    query = compiled("* | sort by (_msg)");
    rows = 0;
    partial = partial_new(query, TEST_MEMORY);
    ck_assert_int_eq(partial_scan(partial, bytes_of(log), &info), 0);
    ck_assert_int_eq(partial_finish(partial, &sink), -EPIPE);
    ck_assert_int_eq(rows, 2);
    partial_free(partial);
    query_free(query);
}
END_TEST

START_TEST(a_state_that_has_enough_says_so)
{
    static const struct {
        const char *query;
        bool done_at_once;
        bool done_after_two_lines;
    } table[] = {
        {"* | limit 2", false, true},
        {"* | limit 3", false, false},
        {"* | limit 0", true, true},
        {"* | offset 1 | limit 1", false, true},
        {"* | offset 1", false, false},
        {"* | sort by (_msg) limit 1", false, false},
        {"* | sort by (_msg) limit 0", true, true},
        {"*", false, false},
        {"* | stats count()", false, false},
    };
    const struct source_info source = {bytes_of("a"), bytes_of("{}")};
    const struct block_info info = {.source = &source};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct query *query = compiled(table[i].query);
        struct partial *partial = partial_new(query, TEST_MEMORY);
        ck_assert_msg(partial_is_done(partial) == table[i].done_at_once, "%s", table[i].query);
        ck_assert_int_eq(partial_scan(partial, bytes_of("1\n2\n"), &info), 0);
        ck_assert_msg(partial_is_done(partial) == table[i].done_after_two_lines, "%s",
                      table[i].query);
        partial_free(partial);
        query_free(query);
    }
}
END_TEST

// ---- Blocks and lines ----

START_TEST(a_block_must_end_with_a_line)
{
    const struct source_info source = {bytes_of("a"), bytes_of("{}")};
    struct block_info info = {.source = &source};
    struct query *query = compiled("* | stats count()");
    struct partial *partial = partial_new(query, TEST_MEMORY);
    ck_assert_int_eq(partial_scan(partial, bytes_of("1\n2"), &info), -EINVAL);
    ck_assert_int_eq(partial_scan(partial, bytes_of(""), &info), 0);
    info.at_file_end = true;
    ck_assert_int_eq(partial_scan(partial, bytes_of("1\n2"), &info), 0);
    ck_assert_uint_eq(partial_counts(partial)->lines_read, 2);
    partial_free(partial);
    query_free(query);
}
END_TEST

START_TEST(lines_are_counted)
{
    static const char log[] = "\xef\xbb\xbf{\"a\":1}\r\n\n\r\ntext\n"
                              "a - - [22/Nov/2026:10:11:12 +0000] \"GET /\" 200 5\n"
                              "a - - [32/Nov/2026:10:11:12 +0000] \"GET /\" 200 5\nlast";
    struct scan_counts counts;
    const struct way way = {.counts = &counts};
    struct query *query = compiled("* | stats count() n");
    char *rows = run_text(query, bytes_of(log), &way);
    ck_assert_str_eq(rows, "{\"n\":\"5\"}\n");
    ck_assert_uint_eq(counts.bytes, strlen(log));
    ck_assert_uint_eq(counts.lines_read, 7);
    ck_assert_uint_eq(counts.lines_blank, 2);
    ck_assert_uint_eq(counts.lines_parsed, 2);
    ck_assert_uint_eq(counts.lines_unparsed, 3);
    ck_assert_uint_eq(counts.lines_cut, 0);
    ck_assert_uint_eq(counts.records_matched, 5);
    free(rows);
    query_free(query);
}
END_TEST

START_TEST(lines_beyond_the_limit_are_text_up_to_it)
{
    struct query_limits limits = query_limits_default();
    limits.line = 20;
    static const char log[] = "{\"a\":\"x\"}\n{\"a\":\"yyyyyyyyyyyy needle\"}\nshort needle\n";
    static const struct {
        const char *query;
        const char *rows;
    } table[] = {
        {"* | stats by (_format) count() n | sort by (n)",
         "{\"_format\":\"json\",\"n\":\"1\"}\n{\"_format\":\"text\",\"n\":\"2\"}\n"},
        {"needle | stats count() n", "{\"n\":\"1\"}\n"},
        {"*yyyy* | fields _msg", "{\"_msg\":\"{\\\"a\\\":\\\"yyyyyyyyyyyy n\"}\n"},
        {"*yyyy* | sort by (_msg) | fields _msg, _format",
         "{\"_msg\":\"{\\\"a\\\":\\\"yyyyyyyyyyyy n\",\"_format\":\"text\"}\n"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct query_error error;
        struct query *query = query_compile(bytes_of(table[i].query), &limits, TEST_NOW, &error);
        ck_assert_ptr_nonnull(query);
        struct scan_counts counts;
        const struct way way = {.counts = &counts};
        char *rows = run_text(query, bytes_of(log), &way);
        ck_assert_msg(strcmp(rows, table[i].rows) == 0, "`%s` gives %s", table[i].query, rows);
        ck_assert_uint_eq(counts.lines_cut, 1);
        free(rows);
        query_free(query);
    }
}
END_TEST

// ---- Limits ----

START_TEST(the_memory_limit_is_named)
{
    static const char *const queries[] = {
        "* | stats by (_msg) count() n",
        "* | sort by (_msg)",
        "* | limit 100000000",
        "* | stats count_uniq(_msg) n",
        "* | stats quantile(0.5, n) q",
        "* | offset 5",
        "* | stats by (_msg) sum(n) s, max(n) m",
        "* | uniq by (n, _msg)",
    };
    struct text log = {0};
    for (unsigned i = 0; i < 20000; i++) {
        char line[64];
        int length = snprintf(line, sizeof(line), "{\"n\":%u.5,\"k\":%u}\n", i * 7919 % 20011, i);
        text_add(&log, line, (size_t)length);
    }
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct query *query = compiled(queries[i]);
        const struct way way = {.block_lines = 100, .memory = 150000};
        char *rows = run_text(query, (struct bytes){log.ptr, log.len}, &way);
        ck_assert_msg(strstr(rows, "the memory limit of the query, 150000 bytes") != NULL,
                      "`%s`: %.200s", queries[i], rows);
        free(rows);
        query_free(query);
    }
    free(log.ptr);
}
END_TEST

START_TEST(a_merge_may_hit_the_limit)
{
    struct query *query = compiled("* | stats by (_msg) count() n");
    struct text log = {0};
    for (unsigned i = 0; i < 6000; i++) {
        char line[32];
        int length = snprintf(line, sizeof(line), "line %u\n", i);
        text_add(&log, line, (size_t)length);
    }
    const struct way way = {.parts = 4, .block_lines = 10, .memory = 250000};
    char *rows = run_text(query, (struct bytes){log.ptr, log.len}, &way);
    ck_assert_msg(strstr(rows, "memory limit") != NULL, "%.200s", rows);
    free(rows);
    query_free(query);
    free(log.ptr);
}
END_TEST

START_TEST(states_can_share_a_budget)
{
    struct budget budget;
    budget_init(&budget, 400000);
    struct query *query = compiled("* | stats by (_msg) count() n | stats count() c");
    const struct source_info source = {bytes_of("a"), bytes_of("{}")};
    const struct block_info info = {.source = &source};
    struct partial *parts[4];
    for (unsigned i = 0; i < 4; i++) {
        parts[i] = partial_new_within(query, &budget);
        ck_assert_ptr_nonnull(parts[i]);
    }
    // One of them may take nearly all.
    struct text log = {0};
    for (unsigned i = 0; i < 4000; i++) {
        char line[32];
        int length = snprintf(line, sizeof(line), "line %u\n", i);
        text_add(&log, line, (size_t)length);
    }
    ck_assert_int_eq(partial_scan(parts[2], (struct bytes){log.ptr, log.len}, &info), 0);
    ck_assert_uint_gt(atomic_load(&budget.used), 100000);
    ck_assert_uint_le(atomic_load(&budget.used), 400000);
    for (unsigned i = 0; i < 4; i++) {
        if (i != 2) {
            ck_assert_int_eq(partial_merge(parts[2], parts[i]), 0);
        }
    }
    partial_free(parts[2]);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
    query_free(query);
    free(log.ptr);
}
END_TEST

// Whatever fails, nothing is lost and nothing is held.
START_TEST(any_budget_ends_well)
{
    struct text log = {0};
    random_start(15);
    log = random_log(300);
    const struct source_info source = {bytes_of("a"), bytes_of("{}")};
    const struct block_info info = {.source = &source, .at_file_start = true, .at_file_end = true};
    for (size_t i = 0; i < sizeof(fixed_orders) / sizeof(fixed_orders[0]); i++) {
        struct query *query = compiled(fixed_orders[i]);
        for (size_t limit = 100; limit < 2000000; limit = limit * 4 / 3) {
            struct budget budget;
            budget_init(&budget, limit);
            struct partial *one = partial_new_within(query, &budget);
            struct partial *two = one == NULL ? NULL : partial_new_within(query, &budget);
            if (two != NULL) {
                struct text out = {0};
                text_put(&out, "");
                struct writer writer;
                writer_init(&writer, WRITER_LIMIT_DEFAULT, text_flush, &out);
                struct row_sink sink = writer_json_sink(&writer);
                int error = partial_scan(one, (struct bytes){log.ptr, log.len}, &info);
                error |= partial_scan(two, (struct bytes){log.ptr, log.len}, &info);
                error |= partial_merge(one, two);
                error |= partial_finish(one, &sink);
                ck_assert_int_eq(error != 0, partial_error(one)[0] != '\0');
                writer_free(&writer);
                free(out.ptr);
            }
            partial_free(one);
            ck_assert_uint_eq(atomic_load(&budget.used), 0);
        }
        query_free(query);
    }
    free(log.ptr);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("partial");
    tcase_set_timeout(tcase, 280);
    tcase_add_test(tcase, the_answer_does_not_depend_on_who_read_what);
    tcase_add_test(tcase, random_filters_do_not_either);
    tcase_add_test(tcase, rows_stream_when_nothing_holds_them_back);
    tcase_add_test(tcase, limits_without_order_take_any_rows);
    tcase_add_test(tcase, a_sink_can_end_the_query);
    tcase_add_test(tcase, a_state_that_has_enough_says_so);
    tcase_add_test(tcase, a_block_must_end_with_a_line);
    tcase_add_test(tcase, lines_are_counted);
    tcase_add_test(tcase, lines_beyond_the_limit_are_text_up_to_it);
    tcase_add_test(tcase, the_memory_limit_is_named);
    tcase_add_test(tcase, a_merge_may_hit_the_limit);
    tcase_add_test(tcase, states_can_share_a_budget);
    tcase_add_test(tcase, any_budget_ends_well);
    return run_case(tcase, "logq/query/partial");
}
