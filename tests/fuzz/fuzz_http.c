// SPDX-License-Identifier: MIT
// fuzz_http.c: the parser of HTTP requests takes any bytes, and reads them in one way, however they
// are cut.

#include "fuzz.h"
#include "http/form.h"
#include "http/parser.h"

#include <string.h>

#define LIMIT ((size_t)1024)

const char *const fuzz_seeds[] = {
    "3GET /select/logsql/query?query=error+%7C%20limit%2010&limit=5 HTTP/1.1\r\n"
    "Host: logq:9428\r\nConnection: close\r\n\r\n",
    "1POST /select/logsql/query HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=%2aGET / HTTP/1.1\r\n",
    "9POST /q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    "5\r\nquery\r\n2;x=y\r\n=*\r\n0\r\nTrailer: x\r\n\r\n",
    "7GET http://logq/health HTTP/1.0\r\nX-Anything:  a b\t\r\n\r\n",
    "2\r\nOPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    NULL,
};

const char *const fuzz_words[] = {
    "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", ":", ": ", "0\r\n\r\n", "Host: b\r\n", "chunked",
    "Content-Length: 3\r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: 1000\r\n",
    "Transfer-Encoding: chunked\r\n", "Connection: keep-alive, close\r\n", "HTTP/1.1", "HTTP/1.0",
    "HTTP/2.0", "GET ", "POST ", "PUT ", "BREW ", "http://", "?", "&", "=", "%", "%00", "%7C", "+",
    "ffffffffffffffff\r\n", "fffffffffffffffff\r\n", "3e8\r\n", "4;a=b\r\n", "[::1]", "@", "\x7f",
    "\xc3\xa9", "1\r\nx\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
    NULL,
};

// What came out of one reading, and the buffer it points into.
struct reading {
    enum http_progress progress;
    struct http_parser parser;
    char *buffer;
    size_t have;
};

// Feeds the bytes in steps whose lengths repeat after `period`; 0: all at once.
static void read_request(struct reading *reading, const uint8_t *data, size_t size, size_t period)
{
    http_parser_start(&reading->parser, LIMIT);
    reading->progress = HTTP_MORE;
    reading->buffer = NULL;
    reading->have = 0;
    for (size_t step = 0; reading->progress == HTTP_MORE && reading->have < size; step++) {
        size_t part = period == 0 ? size : 1 + step % period * 3;
        size_t have = size - reading->have < part ? size : reading->have + part;
        char *buffer = malloc(have); // a new place each time
        FUZZ_REQUIRE(buffer != NULL);
        if (reading->have > 0) {
            memcpy(buffer, reading->buffer, reading->have);
        }
        memcpy(buffer + reading->have, data + reading->have, have - reading->have);
        free(reading->buffer);
        reading->buffer = buffer;
        reading->have = have;
        reading->progress = http_parser_feed(&reading->parser, buffer, have);
    }
}

static void check_inside(const struct reading *reading, struct bytes part)
{
    FUZZ_REQUIRE(part.len == 0 || (part.ptr >= reading->buffer &&
                                   part.ptr + part.len <= reading->buffer + reading->have));
}

static void check_request(const struct reading *reading)
{
    const struct http_request *request = &reading->parser.request;
    switch (reading->progress) {
    case HTTP_MORE:
        FUZZ_REQUIRE(reading->have < LIMIT);
        break;
    case HTTP_REFUSED:
        FUZZ_REQUIRE(reading->parser.status >= 400 && reading->parser.status <= 599);
        FUZZ_REQUIRE(reading->parser.error[0] != '\0');
        break;
    case HTTP_DONE:
        FUZZ_REQUIRE(request->length <= reading->have && request->length <= LIMIT);
        FUZZ_REQUIRE(request->path.len > 0 &&
                     (request->path.ptr[0] == '/' || request->path.ptr[0] == '*'));
        check_inside(reading, request->target);
        check_inside(reading, request->query);
        check_inside(reading, request->body);
        check_inside(reading, request->content_type);
        break;
    }
}

static void check_same(const struct reading *a, const struct reading *b)
{
    FUZZ_REQUIRE(a->progress == b->progress);
    FUZZ_REQUIRE(a->parser.status == b->parser.status);
    FUZZ_REQUIRE(strcmp(a->parser.error, b->parser.error) == 0);
    if (a->progress == HTTP_DONE) {
        const struct http_request *left = &a->parser.request;
        const struct http_request *right = &b->parser.request;
        FUZZ_REQUIRE(left->method == right->method && left->length == right->length);
        FUZZ_REQUIRE(left->keeps_alive == right->keeps_alive);
        FUZZ_REQUIRE(bytes_equal(left->target, right->target));
        FUZZ_REQUIRE(bytes_equal(left->body, right->body));
        FUZZ_REQUIRE(bytes_equal(left->content_type, right->content_type));
    }
}

static void check_form(struct bytes text)
{
    struct form form = {.count = 0};
    struct bytes value;
    char *copy = malloc(text.len + 1);
    FUZZ_REQUIRE(copy != NULL);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    bool is_read = form_add(&form, copy, text.len);
    FUZZ_REQUIRE(is_read == (form.error[0] == '\0'));
    size_t total = 0;
    for (size_t i = 0; i < form.count; i++) {
        total += form.arguments[i].name.len + form.arguments[i].value.len;
    }
    FUZZ_REQUIRE(total <= text.len);
    (void)form_find(&form, "query", &value);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct reading whole;
    struct reading cut;
    read_request(&whole, data + 1, size - 1, 0);
    read_request(&cut, data + 1, size - 1, 1 + data[0] % 16);
    check_request(&whole);
    check_request(&cut);
    check_same(&whole, &cut);
    if (whole.progress == HTTP_DONE) {
        check_form(whole.parser.request.query);
        check_form(whole.parser.request.body);
    }
    free(whole.buffer);
    free(cut.buffer);
    return 0;
}
