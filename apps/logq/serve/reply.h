// SPDX-License-Identifier: MIT
// reply.h: the answer to one request: an error in a line, a page, or rows as they come.

#ifndef LOGQ_SERVE_REPLY_H
#define LOGQ_SERVE_REPLY_H

#include "http/response.h"
#include "serve/connection.h"

#include <stdatomic.h>

// Bytes of one chunk of an answer.
#define REPLY_CHUNK_LIMIT ((size_t)64 * 1024)

#define REPLY_TEXT "text/plain; charset=utf-8"

// Sends a whole answer. fields: further fields of the head, each with CR LF, or NULL. The answer to
// a HEAD request is without its body. Suspends.
void reply_page(struct connection *connection, int status, const char *content_type,
                const char *fields, struct bytes body);

// Sends an error as a line of plain text. Suspends.
__attribute__((format(printf, 4, 5))) void reply_error(struct connection *connection, int status,
                                                       const char *fields, const char *format, ...);

// An answer whose length is not known when it begins.
struct reply {
    struct connection *connection;
    const char *content_type;
    struct text fields;   // of the head, added to before it begins
    struct text trailers; // added to before it ends
    struct text rest;     // of a chunk that the end of a scope has cut off
    bool has_begun;
    atomic_bool is_held; // by who sends the head, or a probe
};

void reply_init(struct reply *reply, struct connection *connection, const char *content_type);
void reply_free(struct reply *reply);

// Sends a client that may be gone something that it has to skip (100 Continue; RFC 9110, 15.2), if
// that is still possible: not once the answer has begun, and not to HTTP/1.0. From another task
// than the one that answers. Suspends. Returns 0, or as connection_send().
int reply_probe(struct reply *reply);

// Sends a piece of the body, and the head before the first. Suspends. Returns as connection_send().
int reply_write(struct reply *reply, struct bytes body);

// Sends what is left, and the head if it has not gone out. Suspends.
void reply_end(struct reply *reply);

// Ends an answer that has begun and cannot go on, so that the client sees it.
void reply_break(struct reply *reply);

#endif
