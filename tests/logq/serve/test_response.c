// SPDX-License-Identifier: MIT
// test_response.c: heads of answers and the framing of chunks.

#include "http/response.h"

#include <check.h>

static void check_text(const struct text *text, const char *wanted)
{
    ck_assert(!text->is_short);
    ck_assert_msg(bytes_equal(text_bytes(text), bytes_of(wanted)), "found:\n%.*s",
                  (int)text->length, text->data);
}

START_TEST(writes_heads)
{
    struct text text = {0};
    const struct http_head page = {
        .status = 404,
        .framing = HTTP_BODY_LENGTH,
        .length = 12,
        .content_type = "text/plain",
        .fields = "Allow: GET\r\n",
        .closes = true,
    };
    http_head_write(&text, &page, 784111777);
    check_text(&text, "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                      "Server: logq\r\nContent-Type: text/plain\r\n"
                      "X-Content-Type-Options: nosniff\r\nContent-Length: 12\r\n"
                      "Connection: close\r\nAllow: GET\r\n\r\n");
    text_clear(&text);
    const struct http_head rows = {.status = 200, .framing = HTTP_BODY_CHUNKED};
    http_head_write(&text, &rows, 1795305599);
    check_text(&text, "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 23:59:59 GMT\r\n"
                      "Server: logq\r\nTransfer-Encoding: chunked\r\n\r\n");
    text_clear(&text);
    const struct http_head old = {.status = 200, .framing = HTTP_BODY_TO_END, .closes = true};
    http_head_write(&text, &old, 0);
    check_text(&text, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                      "Server: logq\r\nConnection: close\r\n\r\n");
    text_free(&text);
}
END_TEST

START_TEST(frames_chunks)
{
    char line[HTTP_CHUNK_LINE_LIMIT];
    ck_assert_uint_eq(http_chunk_line(0x1234ab, line), 8);
    ck_assert_str_eq(line, "1234ab\r\n");
    ck_assert_uint_eq(http_chunk_line(SIZE_MAX, line), 18);
    struct text text = {0};
    http_chunks_end(&text, bytes_of("A: b\r\n"));
    check_text(&text, "0\r\nA: b\r\n\r\n");
    text_free(&text);
}
END_TEST

// A file's name in a field must not end the field.
START_TEST(disarms_values)
{
    struct text text = {0};
    http_field_write(&text, "X", (struct bytes){"a\r\nSet: b\0\x7f\xC3\xA9", 13});
    check_text(&text, "X: a  Set: b  \xC3\xA9\r\n");
    text_clear(&text);
    http_field_write(&text, "X", (struct bytes){0});
    check_text(&text, "X: \r\n");
    text_free(&text);
}
END_TEST

START_TEST(knows_its_statuses)
{
    static const int statuses[] = {100, 200, 400, 404, 405, 408, 413, 414, 415,
                                   417, 422, 431, 500, 501, 503, 504, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        ck_assert_str_ne(http_reason(statuses[i]), "Unknown");
    }
    ck_assert_str_eq(http_reason(299), "Unknown");
}
END_TEST

START_TEST(stops_at_the_budget)
{
    struct budget budget;
    budget_init(&budget, 3000);
    struct text text = {.budget = &budget};
    for (int i = 0; i < 10; i++) {
        text_add_format(&text, "%0500d", i);
    }
    ck_assert(text.is_short);
    ck_assert_uint_le(text.capacity, 3000);
    ck_assert_uint_eq(atomic_load(&budget.used), text.capacity);
    ck_assert_ptr_null(text_reserve(&text, 1));
    text_clear(&text);
    text_add_string(&text, "there is room again");
    check_text(&text, "there is room again");
    text_free(&text);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("response");
    TCase *cases = tcase_create("answers");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, writes_heads);
    tcase_add_test(cases, frames_chunks);
    tcase_add_test(cases, disarms_values);
    tcase_add_test(cases, knows_its_statuses);
    tcase_add_test(cases, stops_at_the_budget);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
