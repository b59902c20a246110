// SPDX-License-Identifier: MIT
// server.h: `logq serve`: accepts connections, and ends in order.

#ifndef LOGQ_SERVE_SERVER_H
#define LOGQ_SERVE_SERVER_H

#include "serve/admission.h"
#include "serve/connection.h"
#include "serve/metrics.h"
#include "settings.h"

#include <stdatomic.h>

// The flags of the server alone.
struct server_settings {
    struct settings common;
    const char *data;
    const char *listen;
    uint64_t queries; // at once
    uint64_t queue;   // waiting
    uint64_t connections;
    uint64_t request_bytes;
    uint64_t header_timeout_ms;
    uint64_t idle_timeout_ms;
};

struct server {
    const struct server_settings *settings;
    struct buffers *buffers;
    struct admission admission;
    struct metrics metrics;
    spg_time started;
    atomic_bool stops;
    // The connections that are open.
    pthread_mutex_t lock; // never held across a suspension
    struct connection *first;
    uint32_t connection_count;
};

// `logq serve FLAGS`; returns the exit code.
int server_main(int count, char **arguments);

static inline bool server_is_stopping(struct server *server)
{
    return atomic_load_explicit(&server->stops, memory_order_relaxed);
}

// Adds a connection to the list. False when there are as many as may be, or the server stops.
bool server_add(struct server *server, struct connection *connection);
void server_remove(struct server *server, struct connection *connection);

// The connection waits for a request, or does no longer. False when the server stops: then it must
// not wait.
bool server_set_idle(struct server *server, struct connection *connection, bool is_idle);

// Tells all connections that wait for a request to end.
void server_end_idle(struct server *server);

#endif
