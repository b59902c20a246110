// SPDX-License-Identifier: MIT
// client.c: one connection to a server, one request at a time.

#include "load/client.h"

#include "http/field.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

// What the head of an answer says about its body.
struct body {
    bool is_chunked;
    bool has_length;
    uint64_t length;
    bool closes;
};

bool client_init(struct client *client, const struct sockaddr *address, socklen_t length)
{
    *client = (struct client){.address = address, .address_length = length};
    client->buffer = malloc(CLIENT_BUFFER_BYTES);
    return client->buffer != NULL;
}

static void disconnect(struct client *client)
{
    if (client->is_connected) {
        (void)spg_close(client->fd);
        client->is_connected = false;
    }
    client->begin = client->end = 0;
}

void client_free(struct client *client)
{
    disconnect(client);
    free(client->buffer);
}

int client_connect(struct client *client, spg_time deadline)
{
    if (client->is_connected) {
        return 0;
    }
    int result = spg_socket(client->address->sa_family, SOCK_STREAM, 0, &client->fd);
    if (result < 0) {
        return result;
    }
    client->is_connected = true;
    client->is_fresh = true;
    const int on = 1;
    (void)setsockopt(spg_fd_number(client->fd), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    result = spg_connect(client->fd, client->address, client->address_length, deadline);
    if (result < 0) {
        disconnect(client);
    }
    return result;
}

// ---- reading

// Receives more behind what is there. 0, -ECONNRESET at the end of the stream, or another error.
static int receive(struct client *client, spg_time deadline)
{
    if (client->begin > 0) {
        client->end -= client->begin;
        memmove(client->buffer, client->buffer + client->begin, client->end);
        client->begin = 0;
    }
    if (client->end == CLIENT_BUFFER_BYTES) {
        return -EPROTO; // a line longer than anything that is sent here
    }
    ssize_t bytes = spg_recv(client->fd, client->buffer + client->end,
                             CLIENT_BUFFER_BYTES - client->end, 0, deadline);
    client->end += bytes > 0 ? (size_t)bytes : 0;
    return bytes > 0 ? 0 : bytes == 0 ? -ECONNRESET : (int)bytes;
}

// The next line without its end, valid until more is received.
static int read_line(struct client *client, struct bytes *line, spg_time deadline)
{
    for (;;) {
        char *begin = client->buffer + client->begin;
        char *feed = memchr(begin, '\n', client->end - client->begin);
        if (feed != NULL) {
            if (feed == begin || feed[-1] != '\r') {
                return -EPROTO;
            }
            *line = bytes_between(begin, feed - 1);
            client->begin += (size_t)(feed - begin) + 1;
            return 0;
        }
        int result = receive(client, deadline);
        if (result < 0) {
            return result;
        }
    }
}

// Reads and drops so many bytes.
static int skip(struct client *client, uint64_t bytes, spg_time deadline)
{
    while (bytes > 0) {
        size_t there = client->end - client->begin;
        if (there == 0) {
            client->begin = client->end = 0;
            int result = receive(client, deadline);
            if (result < 0) {
                return result;
            }
            continue;
        }
        size_t part = bytes < there ? (size_t)bytes : there;
        client->begin += part;
        bytes -= part;
    }
    return 0;
}

static int read_status(struct client *client, int *status, spg_time deadline)
{
    struct bytes line;
    int result = read_line(client, &line, deadline);
    if (result < 0) {
        return result;
    }
    bool is_form = line.len >= 13 && bytes_has_prefix(line, bytes_of("HTTP/1.1 ")) &&
                   http_is_digit(line.ptr[9]) && http_is_digit(line.ptr[10]) &&
                   http_is_digit(line.ptr[11]) && line.ptr[12] == ' ';
    if (!is_form) {
        return -EPROTO;
    }
    *status = (line.ptr[9] - '0') * 100 + (line.ptr[10] - '0') * 10 + (line.ptr[11] - '0');
    return 0;
}

static int read_number(struct bytes text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!http_is_digit(text.ptr[i]) || *number > UINT64_MAX / 16) {
            return -EPROTO;
        }
        *number = *number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return text.len > 0 ? 0 : -EPROTO;
}

// The fields of a head, or those behind a chunked body, up to the empty line.
static int read_fields(struct client *client, struct body *body, struct client_answer *answer,
                       spg_time deadline)
{
    for (;;) {
        struct bytes line;
        struct http_field field;
        int result = read_line(client, &line, deadline);
        if (result < 0 || line.len == 0) {
            return result;
        }
        if (http_field_read(line, &field) != NULL) {
            return -EPROTO;
        }
        if (http_same_name(field.name, "content-length")) {
            body->has_length = true;
            result = read_number(field.value, &body->length);
        } else if (http_same_name(field.name, "transfer-encoding")) {
            body->is_chunked = true;
        } else if (http_same_name(field.name, "connection")) {
            body->closes = body->closes || http_list_has(field.value, "close");
        } else if (http_same_name(field.name, "logq-partial")) {
            answer->is_partial = true;
        }
        if (result < 0) {
            return result;
        }
    }
}

static int read_chunk_size(struct client *client, uint64_t *size, spg_time deadline)
{
    struct bytes line;
    int result = read_line(client, &line, deadline);
    *size = 0;
    for (size_t i = 0; result == 0 && i < line.len; i++) {
        int digit = http_hex_digit(line.ptr[i]);
        if (digit < 0 || *size > UINT64_MAX >> 5) {
            return -EPROTO;
        }
        *size = *size * 16 + (uint64_t)digit;
    }
    return result == 0 && line.len == 0 ? -EPROTO : result;
}

static int read_chunks(struct client *client, struct client_answer *answer, spg_time deadline)
{
    for (;;) {
        uint64_t size;
        struct bytes line;
        int result = read_chunk_size(client, &size, deadline);
        if (result < 0 || size == 0) {
            return result;
        }
        result = skip(client, size, deadline);
        result = result == 0 ? read_line(client, &line, deadline) : result;
        if (result < 0 || line.len > 0) {
            return result < 0 ? result : -EPROTO;
        }
        answer->bytes += size;
    }
}

static int read_answer(struct client *client, struct client_answer *answer, spg_time deadline)
{
    struct body body = {0};
    *answer = (struct client_answer){0};
    int result = read_status(client, &answer->status, deadline);
    result = result == 0 ? read_fields(client, &body, answer, deadline) : result;
    if (result < 0) {
        return result;
    }
    if (body.is_chunked) {
        result = read_chunks(client, answer, deadline);
        result = result == 0 ? read_fields(client, &body, answer, deadline) : result;
    } else if (body.has_length) {
        answer->bytes = body.length;
        result = skip(client, body.length, deadline);
    } else {
        result = -EPROTO;
    }
    client->is_fresh = false;
    if (result == 0 && body.closes) {
        disconnect(client);
    }
    return result;
}

static int try_to_ask(struct client *client, struct bytes request, struct client_answer *answer,
                      spg_time deadline)
{
    int result = client_connect(client, deadline);
    if (result < 0) {
        return result;
    }
    ssize_t sent = spg_send_all(client->fd, request.ptr, request.len, 0, deadline);
    result = sent < 0 ? (int)sent : read_answer(client, answer, deadline);
    return result;
}

int client_ask(struct client *client, struct bytes request, struct client_answer *answer,
               spg_time deadline)
{
    bool may_be_stale = client->is_connected && !client->is_fresh;
    answer->status = 0;
    int result = try_to_ask(client, request, answer, deadline);
    bool is_stale = (result == -ECONNRESET || result == -EPIPE) && answer->status == 0;
    if (may_be_stale && is_stale) {
        disconnect(client);
        result = try_to_ask(client, request, answer, deadline);
    }
    if (result < 0) {
        disconnect(client);
    }
    return result;
}
