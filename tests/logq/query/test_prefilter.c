// SPDX-License-Identifier: MIT
// test_prefilter.c: searching the raw block first finds exactly what reading every line finds.
#include "random_log.h"

#include "query/line_count.h"
#include "query/prefilter.h"

// ---- What is required ----

static char *prefilter_text(const char *filter)
{
    struct query *query = compiled(filter);
    struct text out = {0};
    text_put(&out, "");
    for (int i = 0; query->prefilter != NULL && i < query->prefilter->count; i++) {
        const struct prefilter_clause *clause = &query->prefilter->clauses[i];
        text_put(&out, i == 0 ? "" : " ");
        for (int j = 0; j < clause->count; j++) {
            text_put(&out, j == 0 ? "" : "|");
            text_add(&out, clause->needles[j].text.ptr, clause->needles[j].text.len);
        }
        text_put(&out, "+");
        for (int c = 0; c < 128; c++) {
            char byte = (char)c;
            if ((clause->escapes[c / 64] >> (c % 64) & 1) != 0) {
                text_add(&out, &byte, 1);
            }
        }
    }
    query_free(query);
    return out.ptr;
}

START_TEST(literals_come_from_filters)
{
    static const struct {
        const char *filter;
        const char *required; // literals, `+`, escapes that may stand for them
    } table[] = {
        {"*", ""},
        {"error", "error+u"},
        {"\"/a\"", "/a+/u"},
        {"`a\"b`", "a\"b+\"u"},
        {"\"a\\nb\"", "a\nb+nu"},
        {"err*", "err+u"},
        {"*rror*", "rror+u"},
        {"=error", "error+u"},
        {"=err*", "err+u"},
        {"level:error", "error+ux"},
        {"level:=\"a\\\\b\"", "a\\b+\\ux"},
        {"level:=\"a\\vb\"", "a\vb+uvx"},
        {"level:in(warn, error)", "warn|error+ux"},
        {"level:in(warn, \"\")", ""},
        {"level:in()", ""},
        {"i(error)", ""},
        {"i(\"error 42/x\")", " 42/+/u"},
        {"~\"ab+c\"", "bc+u ab+u"},
        {"!error", ""},
        {"!!error", ""},
        {"status:>5", ""},
        {"status:\"\"", ""},
        {"status:*", ""},
        {"_file:=x", ""},
        {"_stream:x", ""},
        {"_format:json", ""},
        {"_time:=\"2026\"", ""},
        {"server_protocol:=\"HTTP/0.9\"", ""},
        {"server_protocol:HTTP", ""},
        {"server_protocol:=\"HTTP/1.1\"", "HTTP/1.1+/ux"},
        {"error needle1", "needle1+u error+u"},
        {"error or warning", "error|warning+u"},
        {"error or status:>5", ""},
        {"(a or b) (c or d or e)", "a|b+u c|d|e+u"},
        {"error !warn status:>5", "error+u"},
        {"a or b or c or d or e or f or g or h", "a|b|c|d|e|f|g|h+u"},
        {"a or b or c or d or e or f or g or h or j", ""},
        {"error | filter warning", "warning+u error+u"},
        {"error | fields status | filter warning", "warning+u error+u"}, // of no record
        {"error | stats count() n | filter warning", "error+u"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *got = prefilter_text(table[i].filter);
        ck_assert_msg(strcmp(got, table[i].required) == 0, "`%s` requires `%s`, not `%s`",
                      table[i].filter, got, table[i].required);
        free(got);
    }
}
END_TEST

// ---- Searching and reading agree ----

static void check_both_ways(const char *filter, struct bytes log, uint64_t *skipped)
{
    struct text text = {0};
    text_put(&text, filter);
    text_put(&text, " | fields _msg, _time, status, level, msg, n, _format");
    struct query_limits limits = query_limits_default();
    limits.line = 100000;
    struct query_error error;
    struct query *query = query_compile(bytes_of(text.ptr), &limits, TEST_NOW, &error);
    ck_assert_msg(query != NULL, "`%s`: %s", text.ptr, error.text);
    struct scan_counts searched;
    struct scan_counts read;
    struct way way = {.block_lines = 7, .counts = &searched};
    char *one = run_text(query, log, &way);
    way.without_prefilter = true;
    way.counts = &read;
    char *other = run_text(query, log, &way);
    ck_assert_msg(strcmp(one, other) == 0, "`%s` on\n%.*s\nsearching gives\n%sreading gives\n%s",
                  filter, (int)log.len, log.ptr, one, other);
    ck_assert_uint_eq(searched.lines_read, read.lines_read);
    ck_assert_uint_eq(searched.lines_blank, read.lines_blank);
    ck_assert_uint_eq(searched.bytes, read.bytes);
    ck_assert_uint_eq(searched.records_matched, read.records_matched);
    ck_assert_uint_eq(read.lines_skipped, 0);
    ck_assert_uint_eq(searched.lines_read, searched.lines_blank + searched.lines_skipped +
                                               searched.lines_parsed + searched.lines_unparsed);
    ck_assert_uint_eq(read.lines_read, read.lines_blank + read.lines_parsed + read.lines_unparsed);
    *skipped += searched.lines_skipped;
    free(one);
    free(other);
    free(text.ptr);
    query_free(query);
}

START_TEST(searching_finds_what_reading_finds)
{
    random_start(4);
    uint64_t skipped = 0;
    for (unsigned round = scaled(150); round > 0; round--) {
        struct text log = random_log(40);
        for (unsigned i = 0; i < 12; i++) {
            struct text filter = {0};
            put_random_filter(&filter, 2);
            check_both_ways(filter.ptr, (struct bytes){log.ptr, log.len}, &skipped);
            free(filter.ptr);
        }
        free(log.ptr);
    }
    ck_assert_uint_gt(skipped, 0); // else the search was never tried
}
END_TEST

START_TEST(lines_at_the_edges_of_blocks_are_found)
{
    static const char *const logs[] = {
        "needle",
        "needle\n",
        "needle\r\n",
        "\nneedle",
        "\r\nneedle\r\n",
        "x\nneedle\nx",
        "needle\nneedle\nneedle",
        "x needle x\r\n\r\nneedle",
        "\xef\xbb\xbfneedle\n",
        "needleneedle",
    };
    uint64_t skipped = 0;
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        check_both_ways("needle", bytes_of(logs[i]), &skipped);
        check_both_ways("=needle", bytes_of(logs[i]), &skipped);
        check_both_ways("~`^needle$`", bytes_of(logs[i]), &skipped);
        check_both_ways("*needle*", bytes_of(logs[i]), &skipped);
    }
}
END_TEST

// A literal with a line end in it is found across lines, but no record holds it.
START_TEST(a_literal_across_lines_is_no_match)
{
    uint64_t skipped = 0;
    check_both_ways("*\"a\\nb\"*", bytes_of("xa\nbx\na\nb\n{\"msg\":\"a\\nb\"}\n"), &skipped);
    check_both_ways("*\"a\\r\"*", bytes_of("a\r\nb\na\rb\n"), &skipped);
    CHECK_ROWS("*\"a\\nb\"* | fields msg", "a\nb\n{\"msg\":\"a\\nb\"}\n", "{\"msg\":\"a\\nb\"}\n");
}
END_TEST

// When nearly every line is a candidate the search is given up for a while; the answer stays.
START_TEST(a_search_that_does_not_pay_is_given_up)
{
    struct text log = {0};
    for (int i = 0; i < 2000; i++) {
        text_put(&log, i < 1500 ? "GET x\n" : "POST x\n");
    }
    struct query *query = compiled("GET | stats count() n");
    struct scan_counts counts;
    const struct way way = {.block_lines = 10, .counts = &counts};
    char *rows = run_text(query, (struct bytes){log.ptr, log.len}, &way);
    ck_assert_str_eq(rows, "{\"n\":\"1500\"}\n");
    ck_assert_uint_gt(counts.lines_parsed + counts.lines_unparsed, 1500);
    ck_assert_uint_gt(counts.lines_skipped, 0);
    ck_assert_uint_eq(counts.lines_read, 2000);
    free(rows);
    query_free(query);
    free(log.ptr);
}
END_TEST

// ---- Counting lines ----

static struct line_count count_slowly(struct bytes block)
{
    struct line_count count = {0};
    size_t begin = 0;
    for (size_t i = 0; i <= block.len; i++) {
        if (i < block.len && block.ptr[i] != '\n') {
            continue;
        }
        size_t length = i - begin;
        if (i < block.len || length > 0) {
            count.lines++;
            count.blank += length == 0 || (length == 1 && block.ptr[begin] == '\r');
        }
        begin = i + 1;
    }
    return count;
}

START_TEST(lines_are_counted_wherever_they_end)
{
    random_start(5);
    for (unsigned round = scaled(3000); round > 0; round--) {
        size_t length = random_below(round % 50 == 0 ? 20000 : 200);
        char *text = malloc(length + 1);
        unsigned rare = 1 + random_below(40);
        for (size_t i = 0; i < length; i++) {
            unsigned draw = random_below(rare);
            text[i] = draw == 0 ? '\n' : draw == 1 ? '\r' : 'x';
        }
        char *exact = malloc(length == 0 ? 1 : length);
        memcpy(exact, text, length);
        struct line_count got = line_count((struct bytes){exact, length});
        struct line_count wanted = count_slowly((struct bytes){exact, length});
        ck_assert_uint_eq(got.lines, wanted.lines);
        ck_assert_uint_eq(got.blank, wanted.blank);
        free(exact);
        free(text);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("prefilter");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, literals_come_from_filters);
    tcase_add_test(tcase, searching_finds_what_reading_finds);
    tcase_add_test(tcase, lines_at_the_edges_of_blocks_are_found);
    tcase_add_test(tcase, a_literal_across_lines_is_no_match);
    tcase_add_test(tcase, a_search_that_does_not_pay_is_given_up);
    tcase_add_test(tcase, lines_are_counted_wherever_they_end);
    return run_case(tcase, "logq/query/prefilter");
}
