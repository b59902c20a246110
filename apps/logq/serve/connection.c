// SPDX-License-Identifier: MIT
// connection.c: one client's connection: reads requests and sends what answers them.

#include "serve/connection.h"

#include "serve/reply.h"
#include "serve/routes.h"
#include "serve/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BUFFER_FIRST ((size_t)4096)

// What a client still sends after it was refused is read and dropped, so that the refusal is not
// lost in a reset: at most so much of it, for at most so long.
#define LINGER_BYTES ((size_t)1024 * 1024)
#define LINGER_NS (1 * SPG_S)

enum reading {
    READING_DONE,
    READING_REFUSED, // the parser says why
    READING_SLOW,
    READING_END, // of the connection
};

struct connection *connection_new(struct server *server, spg_fd fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection != NULL) {
        connection->server = server;
        connection->fd = fd;
    }
    return connection;
}

void connection_drop(struct connection *connection)
{
    if (connection->resets) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(spg_fd_number(connection->fd), SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof at_once);
    }
    (void)spg_close(connection->fd);
    free(connection->buffer);
    free(connection);
}

static spg_time idle_deadline(const struct connection *connection)
{
    return spg_after((int64_t)connection->server->settings->idle_timeout_ms * SPG_MS);
}

// ---- out

int connection_send(struct connection *connection, struct bytes head, struct bytes body,
                    struct bytes tail, size_t *sent)
{
    struct iovec pieces[] = {
        {(void *)(uintptr_t)head.ptr, head.len},
        {(void *)(uintptr_t)body.ptr, body.len},
        {(void *)(uintptr_t)tail.ptr, tail.len},
    };
    size_t left = head.len + body.len + tail.len;
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
    *sent = 0;
    while (left > 0) {
        ssize_t bytes = spg_sendmsg(connection->fd, &message, 0, idle_deadline(connection));
        if (bytes < 0) {
            // A deadline that is not the scope's is that of a client that takes nothing.
            return bytes == -ETIME && spg_cancelled() == 0 ? -EPIPE : (int)bytes;
        }
        *sent += (size_t)bytes;
        left -= (size_t)bytes;
        while (bytes > 0) {
            struct iovec *piece = message.msg_iov;
            size_t part = piece->iov_len < (size_t)bytes ? piece->iov_len : (size_t)bytes;
            if (part > 0) { // an empty piece may be NULL
                piece->iov_base = (char *)piece->iov_base + part;
            }
            piece->iov_len -= part;
            bytes -= (ssize_t)part;
            bool is_done = piece->iov_len == 0;
            message.msg_iov += is_done;
            message.msg_iovlen -= is_done;
        }
    }
    return 0;
}

// ---- in

// Receives behind what is there. As spg_recv().
static ssize_t receive(struct connection *connection, spg_time deadline)
{
    size_t limit = (size_t)connection->server->settings->request_bytes;
    if (connection->have == connection->capacity) {
        size_t capacity = connection->capacity == 0 ? BUFFER_FIRST : 2 * connection->capacity;
        capacity = capacity > limit ? limit : capacity;
        char *buffer = realloc(connection->buffer, capacity);
        if (buffer == NULL) {
            return -ENOMEM;
        }
        connection->buffer = buffer;
        connection->capacity = capacity;
    }
    ssize_t bytes = spg_recv(connection->fd, connection->buffer + connection->have,
                             connection->capacity - connection->have, 0, deadline);
    connection->have += bytes > 0 ? (size_t)bytes : 0;
    return bytes;
}

// Waits for the first bytes of a request. False at the end of the connection.
static bool wait_for_request(struct connection *connection)
{
    if (connection->have > 0) {
        return true;
    }
    // A server that stops answers what has come already.
    bool may_wait = server_set_idle(connection->server, connection, true);
    ssize_t bytes = receive(connection, may_wait ? idle_deadline(connection) : SPG_NOW);
    (void)server_set_idle(connection->server, connection, false);
    return bytes > 0;
}

static void say_continue(struct connection *connection)
{
    size_t sent;
    struct bytes none = {0};
    if (connection_send(connection, bytes_of("HTTP/1.1 100 Continue\r\n\r\n"), none, none,
                        &sent) != 0) {
        connection->is_broken = true;
    }
}

static enum reading read_request(struct connection *connection)
{
    struct http_parser *parser = &connection->parser;
    const struct server_settings *settings = connection->server->settings;
    http_parser_start(parser, (size_t)settings->request_bytes);
    if (!wait_for_request(connection)) {
        return READING_END;
    }
    connection->arrived = spg_now();
    spg_time deadline = spg_after((int64_t)settings->header_timeout_ms * SPG_MS);
    bool has_continued = false;
    for (;;) {
        enum http_progress progress =
            http_parser_feed(parser, connection->buffer, connection->have);
        if (progress != HTTP_MORE) {
            return progress == HTTP_DONE ? READING_DONE : READING_REFUSED;
        }
        if (parser->expects_continue && parser->step > HTTP_STEP_FIELDS && !has_continued) {
            has_continued = true;
            say_continue(connection);
        }
        ssize_t bytes = receive(connection, deadline);
        if (bytes <= 0) {
            return bytes == -ETIME ? READING_SLOW : READING_END;
        }
    }
}

// ---- the end

static void linger(struct connection *connection)
{
    spg_time deadline = spg_after(LINGER_NS);
    if (spg_socket_shutdown(connection->fd, SHUT_WR) < 0) {
        return;
    }
    size_t dropped = 0;
    ssize_t bytes = 1;
    while (bytes > 0 && dropped < LINGER_BYTES) {
        bytes = spg_recv(connection->fd, connection->buffer, connection->capacity, 0, deadline);
        dropped += bytes > 0 ? (size_t)bytes : 0;
    }
}

static void refuse(struct connection *connection)
{
    struct http_parser *parser = &connection->parser;
    METRICS_ADD(&connection->server->metrics, requests_malformed, 1);
    reply_error(connection, parser->status, NULL, "%s", parser->error);
    linger(connection);
}

static void refuse_slow(struct connection *connection)
{
    METRICS_ADD(&connection->server->metrics, requests_slow, 1);
    reply_error(connection, 408, NULL,
                "the request was not complete %llu ms after it began (--header-timeout)",
                (unsigned long long)connection->server->settings->header_timeout_ms);
    linger(connection);
}

static void drop_request(struct connection *connection)
{
    size_t length = connection->parser.request.length;
    connection->have -= length;
    memmove(connection->buffer, connection->buffer + length, connection->have);
}

// False when the connection ends.
static bool serve_request(struct connection *connection)
{
    enum reading reading = read_request(connection);
    switch (reading) {
    case READING_DONE:
        routes_answer(connection);
        drop_request(connection);
        break;
    case READING_REFUSED:
        refuse(connection);
        break;
    case READING_SLOW:
        refuse_slow(connection);
        break;
    case READING_END:
        return false;
    }
    metrics_answer(&connection->server->metrics, connection->status);
    return reading == READING_DONE && !connection->is_broken &&
           connection->parser.request.keeps_alive;
}

int connection_task(void *arg)
{
    struct connection *connection = arg;
    struct server *server = connection->server;
    while (serve_request(connection)) {
        // the next one
    }
    server_remove(server, connection);
    connection_drop(connection);
    return 0;
}
