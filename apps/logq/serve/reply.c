// SPDX-License-Identifier: MIT
// reply.c: the answer to one request: an error in a line, a page, or rows as they come.

#include "serve/reply.h"

#include "serve/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define ERROR_TEXT_LIMIT 1024

static int64_t unix_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

// Whether the connection ends behind the answer that is being sent.
static bool closes(struct connection *connection)
{
    return !connection->parser.request.keeps_alive || server_is_stopping(connection->server);
}

void reply_page(struct connection *connection, int status, const char *content_type,
                const char *fields, struct bytes body)
{
    struct http_head head = {
        .status = status,
        .framing = HTTP_BODY_LENGTH,
        .length = body.len,
        .content_type = content_type,
        .fields = fields,
        .closes = closes(connection),
    };
    struct text text = {0};
    http_head_write(&text, &head, unix_seconds());
    connection->status = status;
    connection->parser.request.keeps_alive = !head.closes;
    if (connection->parser.request.method == HTTP_HEAD) {
        body.len = 0;
    }
    size_t sent;
    if (text.is_short || connection_send(connection, text_bytes(&text), body, (struct bytes){0},
                                         &sent) != 0) {
        connection->is_broken = true;
    }
    text_free(&text);
}

void reply_error(struct connection *connection, int status, const char *fields, const char *format,
                 ...)
{
    char text[ERROR_TEXT_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    size_t end = length < 0 ? 0 : (size_t)length;
    end = end > sizeof text - 2 ? sizeof text - 2 : end;
    text[end++] = '\n';
    reply_page(connection, status, REPLY_TEXT, fields, (struct bytes){text, end});
}

void reply_init(struct reply *reply, struct connection *connection, const char *content_type)
{
    *reply = (struct reply){.connection = connection, .content_type = content_type};
}

void reply_free(struct reply *reply)
{
    text_free(&reply->fields);
    text_free(&reply->trailers);
    text_free(&reply->rest);
}

static bool is_chunked(const struct reply *reply)
{
    return !reply->connection->parser.request.is_http_10;
}

// Not for long: who holds it sends a line to a client that nothing was sent to before.
static void hold(struct reply *reply)
{
    while (atomic_exchange(&reply->is_held, true)) {
        (void)spg_yield();
    }
}

static void let_go(struct reply *reply)
{
    atomic_store(&reply->is_held, false);
}

int reply_probe(struct reply *reply)
{
    int result = 0;
    hold(reply);
    if (!reply->has_begun && is_chunked(reply)) {
        size_t sent;
        struct bytes none = {0};
        result = connection_send(reply->connection, bytes_of("HTTP/1.1 100 Continue\r\n\r\n"),
                                 none, none, &sent);
        reply->connection->is_broken = reply->connection->is_broken || (result < 0 && sent > 0);
    }
    let_go(reply);
    return result;
}

// The head, or nothing when it has gone out; freed by the caller.
static struct text take_head(struct reply *reply)
{
    struct text text = {0};
    if (reply->has_begun) {
        return text;
    }
    hold(reply);
    reply->has_begun = true;
    let_go(reply);
    text_add(&reply->fields, (struct bytes){"", 1}); // ends the string
    struct http_head head = {
        .status = 200,
        .framing = is_chunked(reply) ? HTTP_BODY_CHUNKED : HTTP_BODY_TO_END,
        .content_type = reply->content_type,
        .fields = reply->fields.data,
        .closes = !is_chunked(reply) || closes(reply->connection),
    };
    text.is_short = reply->fields.is_short;
    http_head_write(&text, &head, unix_seconds());
    reply->connection->status = 200;
    reply->connection->parser.request.keeps_alive = !head.closes;
    return text;
}

// What is left of three pieces of which the first `sent` bytes have gone out.
static void keep_rest(struct reply *reply, const struct bytes *pieces, size_t count, size_t sent)
{
    for (size_t i = 0; i < count; i++) {
        size_t gone = sent < pieces[i].len ? sent : pieces[i].len;
        text_add(&reply->rest, bytes_from(pieces[i], gone));
        sent -= gone;
    }
}

static int send_chunk(struct reply *reply, struct bytes body)
{
    struct connection *connection = reply->connection;
    struct text head = take_head(reply);
    struct bytes tail = {0};
    if (is_chunked(reply)) {
        char line[HTTP_CHUNK_LINE_LIMIT];
        size_t length = http_chunk_line(body.len, line);
        text_add(&head, (struct bytes){line, length});
        tail = bytes_of("\r\n");
    }
    const struct bytes pieces[] = {text_bytes(&head), body, tail};
    size_t sent = 0;
    int result = head.is_short ? -ENOMEM
                               : connection_send(connection, pieces[0], body, tail, &sent);
    if (result == -ETIME || result == -ECANCELED) {
        keep_rest(reply, pieces, 3, sent);
    } else if (result < 0) {
        connection->is_broken = true;
    }
    text_free(&head);
    return result;
}

int reply_write(struct reply *reply, struct bytes body)
{
    while (body.len > 0) {
        size_t length = body.len < REPLY_CHUNK_LIMIT ? body.len : REPLY_CHUNK_LIMIT;
        int result = send_chunk(reply, (struct bytes){body.ptr, length});
        if (result < 0) {
            return result;
        }
        body = bytes_from(body, length);
    }
    return 0;
}

void reply_end(struct reply *reply)
{
    struct connection *connection = reply->connection;
    struct text end = reply->rest.length > 0 ? (struct text){0} : take_head(reply);
    if (is_chunked(reply)) {
        http_chunks_end(&end, text_bytes(&reply->trailers));
    }
    size_t sent;
    bool is_short = end.is_short || reply->trailers.is_short || reply->rest.is_short;
    if (connection->is_broken || is_short ||
        connection_send(connection, text_bytes(&reply->rest), text_bytes(&end), (struct bytes){0},
                        &sent) != 0) {
        connection->is_broken = true;
    }
    text_free(&end);
}

void reply_break(struct reply *reply)
{
    reply->connection->is_broken = true;
    reply->connection->resets = true;
}
