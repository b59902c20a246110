// SPDX-License-Identifier: MIT
// test_http_parser.c: requests that are right and wrong, however their bytes are cut.

#include "../seed.h"
#include "http/parser.h"

#include <check.h>

#define LIMIT 400
#define HOST "Host: logq\r\n"
#define POST "POST /q HTTP/1.1\r\n" HOST

struct example {
    const char *text;
    int status; // 0: complete
    const char *path;
    const char *query;
    const char *body;
    size_t left; // bytes of the next request
    bool keeps_alive;
};

static const struct example complete[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 0, "/", "", "", 0, true},
    {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, "/", "", "", 0, true},
    {"GET /a%20b?x=1&y=? HTTP/1.1\r\n" HOST "\r\nGET", 0, "/a%20b", "x=1&y=?", "", 3, true},
    {"GET /? HTTP/1.1\r\nhOsT:logq\r\nX:\t a \t\r\nY:\r\n\r\n", 0, "/", "", "", 0, true},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, "/", "", "", 0, true},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\nX: \xC3\xA9\r\n\r\n", 0, "/", "", "", 0, true},
    {"GET http://logq:80/a?b HTTP/1.1\r\n" HOST "\r\n", 0, "/a", "b", "", 0, true},
    {"GET HTTP://logq HTTP/1.1\r\n" HOST "\r\n", 0, "/", "", "", 0, true},
    {"GET http://logq?b HTTP/1.1\r\n" HOST "\r\n", 0, "/", "b", "", 0, true},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, "*", "", "", 0, true},
    {"GET / HTTP/1.0\r\n\r\n", 0, "/", "", "", 0, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, "/", "", "", 0, false},
    {"GET / HTTP/1.1\r\n" HOST "Connection: a, Close\r\n\r\n", 0, "/", "", "", 0, false},
    {"GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", 0, "/", "", "", 0, true},
    {POST "Content-Length: 4\r\n\r\nbodyPOST", 0, "/q", "", "body", 4, true},
    {POST "Content-Length: 0\r\n\r\n", 0, "/q", "", "", 0, true},
    {POST "Content-Length: 0004\r\n\r\nbody", 0, "/q", "", "body", 0, true},
    {POST "\r\nbody", 0, "/q", "", "", 4, true},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", 0, "/q", "", "", 1, true},
    {POST "Transfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n00A\r\n and more.\r\n0\r\n\r\n", 0, "/q",
     "", "body and more.", 0, true},
    {POST "Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nbody\r\n1 ; c=\"\xC3\xA9\"\r\n!\r\n0;d\r\n"
          "Trailer: x\r\n\r\nnext",
     0, "/q", "", "body!", 4, true},
    {POST "Transfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", 0, "/q", "", "\r\n", 0, true},
    {POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 0, "/q", "", "x", 0, true},
};

static const struct example refused[] = {
    {.text = "\n", .status = 400},
    {.text = "\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\n" HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: a\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST " X: y\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X\t: y\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST ": y\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X y\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X(y: z\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", .status = 400},
    {.text = "GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", .status = 400},
    {.text = "GET  / HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = " GET / HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/1.1 \r\n" HOST "\r\n", .status = 400},
    {.text = "GET /\r\n" HOST "\r\n", .status = 400},
    {.text = "GET\r\n" HOST "\r\n", .status = 400},
    {.text = "G\"T / HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET /\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET /\x7f HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET a HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET *? HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET http:///a HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET http://u@h/a HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "CONNECT logq:80 HTTP/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/11\r\n" HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/1.1x\r\n" HOST "\r\n", .status = 400},
    {.text = "GET / http/1.1\r\n" HOST "\r\n", .status = 400},
    {.text = "GET / HTTP/2.0\r\n" HOST "\r\n", .status = 505},
    {.text = "BREW / HTTP/1.1\r\n" HOST "\r\n", .status = 501},
    {.text = "get / HTTP/1.1\r\n" HOST "\r\n", .status = 501},
    {.text = POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", .status = 400},
    {.text = POST "Content-Length: 1, 1\r\n\r\nx", .status = 400},
    {.text = POST "Content-Length: +1\r\n\r\nx", .status = 400},
    {.text = POST "Content-Length: 1x\r\n\r\nx", .status = 400},
    {.text = POST "Content-Length:\r\n\r\nx", .status = 400},
    {.text = POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
     .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     .status = 400},
    {.text = POST "Transfer-Encoding: gzip, chunked\r\n\r\n", .status = 501},
    {.text = POST "Transfer-Encoding:\r\n\r\n", .status = 501},
    {.text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .status = 400},
    {.text = POST "Expect: tea\r\n\r\n", .status = 417},
    {.text = POST "Content-Length: 401\r\n\r\n", .status = 413},
    {.text = POST "Content-Length: 348\r\n\r\n", .status = 413},
    {.text = POST "Content-Length: 18446744073709551617\r\n\r\n", .status = 413},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n 1\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n1 \r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n1\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffe\r\n", .status = 413},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n1;\x01\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\n\n", .status = 400},
    {.text = POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n", .status = 400},
};

// Feeds the text in pieces whose ends `cut` gives; each time from a new place in memory.
static enum http_progress feed(struct http_parser *parser, const char *text, size_t length,
                               size_t (*cut)(void *ctx, size_t from, size_t length), void *ctx,
                               char *buffer)
{
    enum http_progress progress = HTTP_MORE;
    char *copy = malloc(length + 1);
    http_parser_start(parser, LIMIT);
    for (size_t have = 0; progress == HTTP_MORE && have < length;) {
        size_t next = cut(ctx, have, length);
        memcpy(buffer + have, text + have, next - have);
        have = next;
        // Moving what is there shows pointers that were kept.
        memcpy(copy, buffer, have);
        memset(buffer, 'Z', have);
        memcpy(buffer, copy, have);
        progress = http_parser_feed(parser, buffer, have);
        if (progress == HTTP_MORE) {
            ck_assert_uint_lt(have, LIMIT);
        }
    }
    free(copy);
    return progress;
}

static size_t cut_nowhere(void *ctx, size_t from, size_t length)
{
    (void)ctx;
    (void)from;
    return length;
}

static size_t cut_everywhere(void *ctx, size_t from, size_t length)
{
    (void)ctx;
    (void)length;
    return from + 1;
}

static size_t cut_somewhere(void *ctx, size_t from, size_t length)
{
    return from + 1 + seed_below(ctx, length - from);
}

static void check_bytes(struct bytes found, const char *wanted)
{
    ck_assert_msg(bytes_equal(found, bytes_of(wanted)), "found `%.*s`, wanted `%s`", (int)found.len,
                  found.ptr, wanted);
}

static void check_example(const struct example *example, size_t (*cut)(void *, size_t, size_t),
                          void *ctx)
{
    char buffer[2 * LIMIT];
    struct http_parser parser;
    size_t length = strlen(example->text);
    enum http_progress progress = feed(&parser, example->text, length, cut, ctx, buffer);
    if (example->status != 0) {
        ck_assert_msg(progress == HTTP_REFUSED, "not refused: %s", example->text);
        ck_assert_msg(parser.status == example->status, "%d (%s) for %s", parser.status,
                      parser.error, example->text);
        ck_assert_str_ne(parser.error, "");
        return;
    }
    ck_assert_msg(progress == HTTP_DONE, "%s for %s",
                  progress == HTTP_MORE ? "not complete" : parser.error, example->text);
    check_bytes(parser.request.path, example->path);
    check_bytes(parser.request.query, example->query);
    check_bytes(parser.request.body, example->body);
    ck_assert_uint_eq(parser.request.length, length - example->left);
    ck_assert_int_eq(parser.request.keeps_alive, example->keeps_alive);
}

static void check_cuts(const struct example *example, size_t left)
{
    struct example whole = *example;
    check_example(&whole, cut_nowhere, NULL);
    struct seed seed = seed_start("cuts");
    // Cut up, the bytes of the next request do not come at all.
    char text[2 * LIMIT];
    memcpy(text, example->text, strlen(example->text) + 1);
    text[strlen(text) - left] = '\0';
    whole.text = text;
    whole.left = 0;
    check_example(&whole, cut_everywhere, NULL);
    for (int round = 0; round < 20; round++) {
        check_example(&whole, cut_somewhere, &seed);
    }
}

START_TEST(completes)
{
    check_cuts(&complete[_i], complete[_i].left);
}
END_TEST

START_TEST(refuses)
{
    check_cuts(&refused[_i], 0);
}
END_TEST

// Nothing in front of its end is taken for a complete request, or refused.
START_TEST(waits_for_the_end)
{
    const struct example *example = &complete[_i];
    size_t length = strlen(example->text) - example->left;
    for (size_t have = 0; have < length; have++) {
        char buffer[2 * LIMIT];
        struct http_parser parser;
        http_parser_start(&parser, LIMIT);
        memcpy(buffer, example->text, have);
        ck_assert_msg(http_parser_feed(&parser, buffer, have) == HTTP_MORE, "%.*s", (int)have,
                      buffer);
    }
}
END_TEST

START_TEST(refuses_nul)
{
    static const char *const starts[] = {"G", "GET /", "GET / HTTP/1.1\r\nHost", POST "X: a"};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char buffer[LIMIT];
        struct http_parser parser;
        int length = snprintf(buffer, sizeof buffer, "%s%c: / HTTP/1.1\r\n\r\n", starts[i], 'N');
        *strchr(buffer, 'N') = '\0';
        http_parser_start(&parser, LIMIT);
        ck_assert_int_eq(http_parser_feed(&parser, buffer, (size_t)length), HTTP_REFUSED);
        ck_assert_int_eq(parser.status, 400);
    }
}
END_TEST

// What is longer than the limit is refused at the limit, whether its end has come or not.
static int status_of_long(const char *before, char filler, const char *behind, size_t have)
{
    char buffer[3 * LIMIT];
    struct http_parser parser;
    memset(buffer, filler, sizeof buffer);
    memcpy(buffer, before, strlen(before));
    memcpy(buffer + sizeof buffer - strlen(behind), behind, strlen(behind));
    http_parser_start(&parser, LIMIT);
    ck_assert_int_eq(http_parser_feed(&parser, buffer, have), HTTP_REFUSED);
    ck_assert_ptr_nonnull(strstr(parser.error, "400"));
    ck_assert_ptr_nonnull(strstr(parser.error, "--max-request"));
    return parser.status;
}

START_TEST(keeps_the_limit)
{
    for (size_t have = LIMIT; have <= (size_t)3 * LIMIT; have += LIMIT) {
        ck_assert_int_eq(status_of_long("GET /", 'a', " HTTP/1.1\r\n", have), 414);
        ck_assert_int_eq(status_of_long("GET / HTTP/1.1\r\nX: ", 'a', "\r\n", have), 431);
        ck_assert_int_eq(
            status_of_long(POST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', "\r\n", have), 413);
    }
}
END_TEST

START_TEST(bounds_the_fields)
{
    for (int more = 0; more <= 1; more++) {
        char buffer[4096] = "GET / HTTP/1.1\r\nHost: logq\r\n";
        struct http_parser parser;
        size_t length = strlen(buffer);
        for (int i = 1; i < HTTP_FIELDS_LIMIT + more; i++) {
            memcpy(buffer + length, "X: y\r\n", 6);
            length += 6;
        }
        memcpy(buffer + length, "\r\n", 2);
        http_parser_start(&parser, sizeof buffer);
        enum http_progress progress = http_parser_feed(&parser, buffer, length + 2);
        ck_assert_int_eq(progress, more ? HTTP_REFUSED : HTTP_DONE);
        ck_assert_int_eq(parser.status, more ? 431 : 0);
    }
}
END_TEST

START_TEST(says_that_it_may_be_told_to_continue)
{
    char buffer[] = POST "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
    struct http_parser parser;
    http_parser_start(&parser, LIMIT);
    ck_assert_int_eq(http_parser_feed(&parser, buffer, strlen(buffer)), HTTP_MORE);
    ck_assert(parser.expects_continue);
    ck_assert_int_gt(parser.step, HTTP_STEP_FIELDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http parser");
    TCase *cases = tcase_create("requests");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, completes, 0, sizeof complete / sizeof complete[0]);
    tcase_add_loop_test(cases, waits_for_the_end, 0, sizeof complete / sizeof complete[0]);
    tcase_add_loop_test(cases, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(cases, refuses_nul);
    tcase_add_test(cases, keeps_the_limit);
    tcase_add_test(cases, bounds_the_fields);
    tcase_add_test(cases, says_that_it_may_be_told_to_continue);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
