// SPDX-License-Identifier: MIT
// test_writer.c: rows as JSON lines and as a table.
#include "query_support.h"

#include "query/table.h"
#include "query/utf8.h"

static struct text out;

static void start(struct writer *writer, size_t limit)
{
    free(out.ptr);
    out = (struct text){0};
    text_put(&out, "");
    writer_init(writer, limit, text_flush, &out);
}

START_TEST(strings_are_json)
{
    static const struct {
        const char *text;
        size_t length; // 0: up to the end
        const char *json;
    } table[] = {
        {"", 0, "\"\""},
        {"plain", 0, "\"plain\""},
        {"a\"b\\c/d", 0, "\"a\\\"b\\\\c/d\""},
        {"\b\f\n\r\t", 0, "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", 0, "\"\\u0001\\u001f\x7f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 0,
         "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xff", 0, "\"\xef\xbf\xbd\""},
        {"a\xc3", 0, "\"a\xef\xbf\xbd\""},
        {"\xe2\x82x", 0, "\"\xef\xbf\xbd\xef\xbf\xbdx\""},
        {"\xc0\xaf", 0, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", 0, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", 0, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xef\xbf\xbd", 0, "\"\xef\xbf\xbd\""},
    };
    for (size_t limit = WRITER_LIMIT_MIN; limit <= 4096; limit *= 64) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            struct writer writer;
            start(&writer, limit);
            size_t length = table[i].length == 0 ? strlen(table[i].text) : table[i].length;
            ck_assert_int_eq(writer_put_json(&writer, (struct bytes){table[i].text, length}), 0);
            ck_assert_int_eq(writer_flush(&writer), 0);
            ck_assert_str_eq(out.ptr, table[i].json);
            writer_free(&writer);
        }
    }
}
END_TEST

START_TEST(rows_are_lines_with_their_keys_in_order)
{
    struct writer writer;
    start(&writer, 1000);
    const struct bytes names[] = {bytes_of("b"), bytes_of("a \"q\""), bytes_of("\xff")};
    const struct bytes values[] = {bytes_of("1"), bytes_of(""), bytes_of("x")};
    ck_assert_int_eq(writer_json_line(&writer, names, values, 3), 0);
    ck_assert_int_eq(writer_json_line(&writer, names, values, 0), 0);
    ck_assert_int_eq(writer_json_line(&writer, names, values, 1), 0);
    ck_assert_int_eq(writer_flush(&writer), 0);
    ck_assert_str_eq(out.ptr, "{\"b\":\"1\",\"a \\\"q\\\"\":\"\",\"\xef\xbf\xbd\":\"x\"}\n{}\n"
                              "{\"b\":\"1\"}\n");
    ck_assert_uint_eq(writer.rows, 3);
    writer_free(&writer);
}
END_TEST

struct flushes {
    size_t count;
    size_t largest;
    size_t total;
    size_t fail_at; // 0: never
};

static int count_flush(void *ctx, struct bytes more)
{
    struct flushes *flushes = ctx;
    flushes->count++;
    flushes->total += more.len;
    flushes->largest = more.len > flushes->largest ? more.len : flushes->largest;
    return flushes->count == flushes->fail_at ? -EPIPE : 0;
}

START_TEST(the_buffer_never_exceeds_its_limit)
{
    char longer[10000];
    memset(longer, 'x', sizeof(longer));
    for (size_t limit = 1; limit < 20000; limit = limit * 3 + 1) {
        struct flushes flushes = {0};
        struct writer writer;
        writer_init(&writer, limit, count_flush, &flushes);
        size_t written = 0;
        for (size_t length = 0; length < sizeof(longer); length = length * 2 + 1) {
            ck_assert_int_eq(writer_put_json(&writer, (struct bytes){longer, length}), 0);
            written += length + 2;
            ck_assert_uint_le(writer.capacity, writer.limit);
        }
        ck_assert_int_eq(writer_flush(&writer), 0);
        ck_assert_uint_eq(flushes.total, written);
        ck_assert_uint_le(flushes.largest, limit < WRITER_LIMIT_MIN ? WRITER_LIMIT_MIN : limit);
        writer_free(&writer);
    }
}
END_TEST

START_TEST(an_error_stays)
{
    struct flushes flushes = {.fail_at = 2};
    struct writer writer;
    writer_init(&writer, 64, count_flush, &flushes);
    char longer[1000];
    memset(longer, '"', sizeof(longer));
    ck_assert_int_eq(writer_put_json(&writer, (struct bytes){longer, sizeof(longer)}), -EPIPE);
    ck_assert_int_eq(writer_put(&writer, bytes_of("x")), -EPIPE);
    ck_assert_int_eq(writer_flush(&writer), -EPIPE);
    ck_assert_uint_eq(flushes.count, 2);
    writer_free(&writer);
}
END_TEST

START_TEST(numbers_are_written)
{
    struct writer writer;
    start(&writer, 64);
    writer_put_number(&writer, 0);
    writer_put(&writer, bytes_of(" "));
    writer_put_number(&writer, UINT64_MAX);
    ck_assert_int_eq(writer_flush(&writer), 0);
    ck_assert_str_eq(out.ptr, "0 18446744073709551615");
    writer_free(&writer);
}
END_TEST

// ---- Tables ----

static char *table_of(const char *query_text, const char *log, size_t cell_limit)
{
    struct writer writer;
    struct table table;
    struct budget budget;
    start(&writer, 4096);
    budget_init(&budget, TEST_MEMORY);
    table_init(&table, &writer, cell_limit, &budget);
    struct row_sink sink = table_sink(&table);
    struct query *query = compiled(query_text);
    struct partial *partial;
    const struct way way = {0};
    const struct scan_file file = {"a.log", bytes_of(log)};
    ck_assert_int_eq(scan_files(query, &file, 1, &way, &sink, &partial), 0);
    ck_assert_int_eq(partial_finish(partial, &sink), 0);
    ck_assert_int_eq(table_end(&table), 0);
    partial_free(partial);
    query_free(query);
    table_free(&table);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
    writer_free(&writer);
    return out.ptr;
}

START_TEST(columns_are_aligned)
{
    static const char log[] = "{\"k\":\"a\",\"n\":5}\n{\"k\":\"longer\",\"n\":1000}\n{\"n\":7}\n";
    ck_assert_str_eq(table_of("* | fields k, n", log, 100), "k          n\n"
                                                            "a          5\n"
                                                            "longer  1000\n"
                                                            "           7\n");
    ck_assert_str_eq(table_of("* | fields n, k | sort by (n) limit 2", log, 100), "n  k\n"
                                                                                  "5  a\n"
                                                                                  "7  \n");
    ck_assert_str_eq(table_of("nosuch | fields k", log, 100), "");
    ck_assert_str_eq(table_of("* | stats count() rows", log, 100), "rows\n   3\n");
}
END_TEST

START_TEST(nothing_in_a_value_commands_the_terminal)
{
    ck_assert_str_eq(table_of("* | fields _msg",
                              "a\x1b[31m\tb\x07\xc2\x9b"
                              "c\xff",
                              100),
                     "_msg\n"
                     "a\\x1b[31m\\tb\\x07\\x9bc\xef\xbf\xbd\n");
    ck_assert_str_eq(table_of("* | stats by (m) count() n", "{\"m\":\"a\\nb\"}\n", 100),
                     "m     n\na\\nb  1\n");
}
END_TEST

START_TEST(long_values_are_cut)
{
    ck_assert_str_eq(table_of("* | fields _msg",
                              "abcdefgh\nab\xc3\xa9"
                              "d\n",
                              4),
                     "_msg\nabcd\xe2\x80\xa6\nab\xc3\xa9"
                     "d\n");
}
END_TEST

START_TEST(rows_beyond_those_held_back_flow)
{
    struct text log = {0};
    for (int i = 0; i < TABLE_ROWS_AHEAD + 5; i++) {
        char line[64];
        int length =
            snprintf(line, sizeof(line),
                     i < TABLE_ROWS_AHEAD ? "{\"n\":%d}\n" : "{\"n\":%d,\"x\":\"%d\"}\n", i, i);
        text_add(&log, line, (size_t)length);
    }
    char *table = table_of("* | fields n", log.ptr, 100);
    size_t lines = 0;
    for (const char *at = table; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    ck_assert_uint_eq(lines, TABLE_ROWS_AHEAD + 6);
    ck_assert(strncmp(table, "  n\n  0\n  1\n", 12) == 0);
    // A field that no row held back had is named where it comes.
    table = table_of("*", log.ptr, 100);
    ck_assert_ptr_nonnull(strstr(table, "  x=1004\n"));
    free(log.ptr);
}
END_TEST

// ---- UTF-8, as all of this reads it ----

START_TEST(characters_are_read_forwards_and_backwards)
{
    random_start(16);
    for (uint32_t rune = 0; rune <= UTF8_RUNE_MAX; rune += 1 + random_below(300)) {
        if (rune >= 0xD800 && rune <= 0xDFFF) {
            continue;
        }
        char text[UTF8_WIDTH_MAX];
        size_t width = utf8_encode(rune, text);
        uint32_t got;
        ck_assert_uint_eq(utf8_decode((struct bytes){text, width}, &got), width);
        ck_assert_uint_eq(got, rune);
        ck_assert_uint_eq(utf8_decode_last((struct bytes){text, width}, &got), width);
        ck_assert_uint_eq(got, rune);
        ck_assert(utf8_is_valid((struct bytes){text, width}));
        for (size_t cut = 1; cut < width; cut++) {
            ck_assert_uint_eq(utf8_decode((struct bytes){text, cut}, &got), 1);
            ck_assert_uint_eq(got, UTF8_REPLACEMENT);
            ck_assert_uint_eq(utf8_decode_last((struct bytes){text, cut}, &got), 1);
            ck_assert_uint_eq(utf8_valid_prefix((struct bytes){text, cut}), 0);
        }
    }
    static const char *const invalid[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",     "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe",
        "\xff"};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        uint32_t got;
        ck_assert_uint_eq(utf8_decode(bytes_of(invalid[i]), &got), 1);
        ck_assert_uint_eq(got, UTF8_REPLACEMENT);
        ck_assert(!utf8_is_valid(bytes_of(invalid[i])));
    }
}
END_TEST

START_TEST(valid_prefixes_end_where_they_should)
{
    random_start(17);
    for (unsigned round = scaled(2000); round > 0; round--) {
        size_t length = random_below(200);
        char *text = malloc(length + 1);
        memset(text, 'x', length);
        size_t bad = random_below((unsigned)length + 1);
        if (bad < length) {
            text[bad] = '\xff';
        }
        ck_assert_uint_eq(utf8_valid_prefix((struct bytes){text, length}), bad);
        free(text);
    }
    ck_assert(utf8_is_valid((struct bytes){0}));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("writer");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, strings_are_json);
    tcase_add_test(tcase, rows_are_lines_with_their_keys_in_order);
    tcase_add_test(tcase, the_buffer_never_exceeds_its_limit);
    tcase_add_test(tcase, an_error_stays);
    tcase_add_test(tcase, numbers_are_written);
    tcase_add_test(tcase, columns_are_aligned);
    tcase_add_test(tcase, nothing_in_a_value_commands_the_terminal);
    tcase_add_test(tcase, long_values_are_cut);
    tcase_add_test(tcase, rows_beyond_those_held_back_flow);
    tcase_add_test(tcase, characters_are_read_forwards_and_backwards);
    tcase_add_test(tcase, valid_prefixes_end_where_they_should);
    return run_case(tcase, "logq/query/writer");
}
