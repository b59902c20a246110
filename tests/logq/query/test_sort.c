// SPDX-License-Identifier: MIT
// test_sort.c: the order of rows, whole and in part, and which ones are the newest.
#include "random_log.h"

#include "query/order.h"

#define ROW(a, b) "{\"a\":" a ",\"b\":" b "}\n"

static const char values[] = ROW("\"x\"", "1") ROW("10", "2") ROW("9", "3") ROW("null", "4")
    ROW("\"10.0\"", "5") ROW("-1e3", "6") ROW("\"X\"", "7") ROW("1e400", "8") ROW("\"1e401\"", "9");

START_TEST(numbers_then_the_rest)
{
    CHECK_ROWS("* | fields a, b | sort by (a) | fields b", values,
               "{\"b\":\"6\"}\n{\"b\":\"3\"}\n{\"b\":\"2\"}\n{\"b\":\"5\"}\n{\"b\":\"8\"}\n"
               "{\"b\":\"9\"}\n{\"b\":\"4\"}\n{\"b\":\"7\"}\n{\"b\":\"1\"}\n");
    CHECK_ROWS("* | fields a, b | sort by (a desc) | fields b", values,
               "{\"b\":\"1\"}\n{\"b\":\"7\"}\n{\"b\":\"4\"}\n{\"b\":\"9\"}\n{\"b\":\"8\"}\n"
               "{\"b\":\"2\"}\n{\"b\":\"5\"}\n{\"b\":\"3\"}\n{\"b\":\"6\"}\n");
}
END_TEST

START_TEST(limit_and_offset)
{
    static const struct {
        const char *pipes;
        const char *rows;
    } table[] = {
        {"sort by (b) limit 2", "{\"b\":\"1\"}\n{\"b\":\"2\"}\n"},
        {"sort by (b desc) limit 2", "{\"b\":\"9\"}\n{\"b\":\"8\"}\n"},
        {"sort by (b) desc limit 1", "{\"b\":\"9\"}\n"},
        {"sort by (b desc) desc limit 1", "{\"b\":\"1\"}\n"},
        {"sort by (b asc) limit 1", "{\"b\":\"1\"}\n"},
        {"sort by (b) offset 7", "{\"b\":\"8\"}\n{\"b\":\"9\"}\n"},
        {"sort by (b) limit 2 offset 3", "{\"b\":\"4\"}\n{\"b\":\"5\"}\n"},
        {"sort by (b) offset 3 limit 2", "{\"b\":\"4\"}\n{\"b\":\"5\"}\n"},
        {"sort by (b) limit 0", ""},
        {"sort by (b) offset 9", ""},
        {"sort by (b) limit 100 offset 8", "{\"b\":\"9\"}\n"},
        {"sort by (b) limit 9223372036854775807 offset 9223372036854775807", ""},
        {"sort by (b) | limit 1", "{\"b\":\"1\"}\n"},
        {"sort by (b) | offset 8", "{\"b\":\"9\"}\n"},
        {"sort by (b) | offset 2 | limit 1", "{\"b\":\"3\"}\n"},
        {"sort by (b) | limit 5 | sort by (b desc) | limit 1", "{\"b\":\"5\"}\n"},
        {"sort by (b) limit 3 | filter b:>2", "{\"b\":\"3\"}\n"},
        {"order (b) limit 1", "{\"b\":\"1\"}\n"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct text query = {0};
        text_put(&query, "* | fields b | ");
        text_put(&query, table[i].pipes);
        CHECK_ROWS(query.ptr, values, table[i].rows);
        free(query.ptr);
        // The same on whole records.
        query = (struct text){0};
        text_put(&query, "* | ");
        text_put(&query, table[i].pipes);
        text_put(&query, " | fields b");
        CHECK_ROWS(query.ptr, values, table[i].rows);
        free(query.ptr);
    }
}
END_TEST

START_TEST(ties_are_broken_by_the_other_columns)
{
    static const char log[] = "{\"s\":1,\"b\":1,\"a\":2}\n{\"s\":1,\"b\":2,\"a\":1}\n"
                              "{\"s\":1,\"b\":1}\n{\"s\":\"1.0\",\"Z\":1}\n";
    // By name: Z, then _file, _format, _msg, which is the line itself here; upper case before `_`.
    CHECK_ROWS("* | sort by (s desc) | fields Z, a, b", log,
               "{\"Z\":\"1\",\"a\":\"\",\"b\":\"\"}\n{\"Z\":\"\",\"a\":\"2\",\"b\":\"1\"}\n"
               "{\"Z\":\"\",\"a\":\"\",\"b\":\"1\"}\n{\"Z\":\"\",\"a\":\"1\",\"b\":\"2\"}\n");
    CHECK_ROWS("* | fields s, b, a | sort by (s desc) | fields a, b", log,
               "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"2\",\"b\":\"1\"}\n{\"a\":\"\",\"b\":\"1\"}\n"
               "{\"a\":\"\",\"b\":\"\"}\n");
    CHECK_ROWS("* | sort by (nosuch) limit 1 | fields a, b", "{\"b\":2}\n{\"b\":1}\n{\"a\":1}\n",
               "{\"a\":\"1\",\"b\":\"\"}\n");
    // The same number in two ways: in the order of the bytes, so that there is an order.
    CHECK_ROWS("* | fields s | sort by (s)", "{\"s\":\"1.0\"}\n{\"s\":1}\n",
               "{\"s\":\"1\"}\n{\"s\":\"1.0\"}\n");
    // A desc reverses its own key and nothing else.
    CHECK_ROWS("* | fields s, t | sort by (s desc)",
               "{\"s\":1,\"t\":2}\n{\"s\":1,\"t\":1}\n{\"s\":2,\"t\":3}\n",
               "{\"s\":\"2\",\"t\":\"3\"}\n{\"s\":\"1\",\"t\":\"1\"}\n{\"s\":\"1\",\"t\":\"2\"}\n");
}
END_TEST

START_TEST(times_sort_by_time)
{
    static const char log[] = "{\"time\":\"2026-11-22T10:00:00.5Z\",\"m\":\"b\"}\n"
                              "{\"time\":\"2026-11-22T10:00:00Z\",\"m\":\"a\"}\n"
                              "{\"m\":\"none\"}\n"
                              "{\"time\":\"2026-11-22T11:00:00+02:00\",\"m\":\"c\"}\n";
    static const char rows[] = "{\"m\":\"none\"}\n{\"m\":\"c\"}\n{\"m\":\"a\"}\n{\"m\":\"b\"}\n";
    CHECK_ROWS("* | sort by (_time) | fields m", log, rows);
    CHECK_ROWS("* | fields _time, m | sort by (_time) | fields m", log, rows);
    CHECK_ROWS("* | stats by (_time, m) count() | sort by (_time) | fields m", log, rows);
    CHECK_ROWS("* | sort by (_time desc) limit 1 | fields m", log, "{\"m\":\"b\"}\n");
}
END_TEST

// ---- The newest ----

static char *newest(const char *query_text, uint64_t limit, const struct scan_file *files,
                    unsigned count, const struct way *way)
{
    struct query *query = compiled(query_text);
    struct query_error error;
    ck_assert_msg(query_set_newest_limit(query, limit, &error), "%s", error.text);
    char *rows = run_files(query, files, count, way);
    query_free(query);
    return rows;
}

START_TEST(the_newest_come_first)
{
    const struct scan_file files[] = {
        {"b.log", bytes_of("{\"ts\":5,\"m\":1}\n{\"m\":2}\n{\"ts\":6,\"m\":3}\n")},
        {"a.log",
         bytes_of("{\"ts\":5,\"m\":4}\n{\"ts\":5,\"m\":5}\n{\"m\":6}\n{\"ts\":4,\"m\":7}\n")},
    };
    static const char *const order[] = {
        "{\"m\":\"3\"}\n", "{\"m\":\"5\"}\n", "{\"m\":\"4\"}\n", "{\"m\":\"1\"}\n",
        "{\"m\":\"7\"}\n", "{\"m\":\"6\"}\n", "{\"m\":\"2\"}\n",
    };
    random_start(10);
    for (unsigned limit = 0; limit <= 8; limit++) {
        struct text wanted = {0};
        text_put(&wanted, "");
        for (unsigned i = 0; i < limit && i < 7; i++) {
            text_put(&wanted, order[i]);
        }
        for (unsigned round = 0; round < 20; round++) {
            const struct way way = {.parts = 3, .shuffled = true, .block_lines = 1};
            char *rows = newest("* | fields m, _time", limit, files, 2, &way);
            // Only what the test is about.
            struct text shown = {0};
            text_put(&shown, "");
            for (char *line = rows; *line != '\0'; line = strchr(line, '\n') + 1) {
                text_add(&shown, line, (size_t)(strchr(line, ',') - line));
                text_put(&shown, "}\n");
            }
            ck_assert_str_eq(shown.ptr, wanted.ptr);
            free(shown.ptr);
            free(rows);
        }
        free(wanted.ptr);
    }
}
END_TEST

START_TEST(after_pipes_the_first_ones_are_taken)
{
    const struct scan_file files[] = {{"b.log", bytes_of(values)}};
    const struct way way = {0};
    char *rows = newest("* | sort by (b desc) | fields b", 2, files, 1, &way);
    ck_assert_str_eq(rows, "{\"b\":\"9\"}\n{\"b\":\"8\"}\n");
    free(rows);
    rows = newest("* | stats count() n", 5, files, 1, &way);
    ck_assert_str_eq(rows, "{\"n\":\"9\"}\n");
    free(rows);
    rows = newest("* | limit 2 | fields b", 5, files, 1, &way);
    ck_assert_uint_eq(strlen(rows), strlen("{\"b\":\"1\"}\n") * 2);
    free(rows);
}
END_TEST

// ---- Sorting anything, whole against in part ----

static char *first_lines(const char *rows, unsigned offset, unsigned limit)
{
    struct text out = {0};
    text_put(&out, "");
    for (const char *line = rows; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (offset > 0) {
            offset--;
        } else if (limit > 0) {
            limit--;
            text_add(&out, line, (size_t)(strchr(line, '\n') + 1 - line));
        }
    }
    return out.ptr;
}

START_TEST(a_part_of_the_order_is_a_part_of_the_whole)
{
    static const char *const keys[] = {"n",          "n desc", "level, n desc",   "status",
                                       "_time desc", "nosuch", "msg desc, _time", "_msg",
                                       "a.b"};
    random_start(11);
    for (unsigned round = scaled(150); round > 0; round--) {
        struct text log = random_log(30);
        struct text query = {0};
        bool plain = random_below(2) == 0;
        text_put(&query, plain ? "* | sort by (" : "* | fields n, msg, level, _time | sort by (");
        text_put(&query, ONE_OF(keys));
        text_put(&query, ")");
        struct query *all = compiled(query.ptr);
        const struct way way = {.parts = 1 + random_below(3), .shuffled = true};
        char *rows = run_text(all, (struct bytes){log.ptr, log.len}, &way);
        unsigned limit = random_below(12);
        unsigned offset = random_below(5);
        char bounds[64];
        snprintf(bounds, sizeof(bounds), " limit %u offset %u", limit, offset);
        text_put(&query, bounds);
        struct query *some = compiled(query.ptr);
        const struct way other = {.parts = 1 + random_below(3), .shuffled = true};
        char *part = run_text(some, (struct bytes){log.ptr, log.len}, &other);
        char *wanted = first_lines(rows, offset, limit);
        ck_assert_msg(strcmp(part, wanted) == 0, "`%s` on\n%s\ngives\n%swanted\n%s", query.ptr,
                      log.ptr, part, wanted);
        free(wanted);
        free(part);
        free(rows);
        query_free(all);
        query_free(some);
        free(query.ptr);
        free(log.ptr);
    }
}
END_TEST

START_TEST(order_is_a_total_order)
{
    static const char *const texts[] = {
        "",
        "0",
        "-0",
        "1",
        "1.0",
        "-1",
        "2",
        "10",
        "1e400",
        "1e401",
        "-1e400",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0",
        "0.1",
        "0.10",
        "a",
        "A",
        "ab",
        "\xff",
        "1a",
        "+1",
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.5Z",
        "2026-11-22T11:00:00+01:00",
    };
    const size_t count = sizeof(texts) / sizeof(texts[0]);
    for (int is_time = 0; is_time < 2; is_time++) {
        for (size_t i = 0; i < count * count * count; i++) {
            struct order_key key[3];
            size_t at[3] = {i % count, i / count % count, i / count / count};
            for (int j = 0; j < 3; j++) {
                order_key_set(&key[j], bytes_of(texts[at[j]]), is_time == 1);
            }
            int forth = order_compare_strictly(&key[0], &key[1]);
            int back = order_compare_strictly(&key[1], &key[0]);
            ck_assert_int_eq(forth, -back);
            ck_assert_int_eq(forth == 0, at[0] == at[1]);
            if (forth < 0 && order_compare_strictly(&key[1], &key[2]) < 0) {
                ck_assert_int_lt(order_compare_strictly(&key[0], &key[2]), 0);
            }
        }
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sort");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, numbers_then_the_rest);
    tcase_add_test(tcase, limit_and_offset);
    tcase_add_test(tcase, ties_are_broken_by_the_other_columns);
    tcase_add_test(tcase, times_sort_by_time);
    tcase_add_test(tcase, the_newest_come_first);
    tcase_add_test(tcase, after_pipes_the_first_ones_are_taken);
    tcase_add_test(tcase, a_part_of_the_order_is_a_part_of_the_whole);
    tcase_add_test(tcase, order_is_a_total_order);
    return run_case(tcase, "logq/query/sort");
}
