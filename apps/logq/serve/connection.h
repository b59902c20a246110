// SPDX-License-Identifier: MIT
// connection.h: one client's connection: reads requests and sends what answers them.

#ifndef LOGQ_SERVE_CONNECTION_H
#define LOGQ_SERVE_CONNECTION_H

#include "http/parser.h"

#include <spargio.h>

struct server;

struct connection {
    struct server *server;
    spg_fd fd;
    // Of the list of all connections, under its lock.
    struct connection *next;
    struct connection *before;
    bool is_idle;        // between two requests: may be told to end
    bool is_read_closed; // has been told
    // Of the task of the connection alone.
    struct http_parser parser;
    char *buffer;
    size_t have;
    size_t capacity;
    spg_time arrived; // when the first bytes of the request had come
    int status;       // of the answer to the request, for the metrics
    bool is_broken;   // nothing more can be sent
    bool resets;      // ends with a reset, so that the client sees that the answer is cut off
};

// A task: serves the connection until it ends, closes it and frees it.
int connection_task(void *connection);

// NULL when memory is out; the descriptor is then still the caller's.
struct connection *connection_new(struct server *server, spg_fd fd);

// Frees a connection without a task. The descriptor is closed. Suspends.
void connection_drop(struct connection *connection);

// Sends all of it. The client may take as long as it likes as long as it takes something. Suspends.
// Returns 0; -ETIME or -ECANCELED of the scope, with *sent telling how much has gone out, which is
// then not the end of the connection; another error, after which the connection is broken.
int connection_send(struct connection *connection, struct bytes head, struct bytes body,
                    struct bytes tail, size_t *sent);

#endif
