// SPDX-License-Identifier: MIT
// metrics.h: what the server has done, as Prometheus reads it.

#ifndef LOGQ_SERVE_METRICS_H
#define LOGQ_SERVE_METRICS_H

#include "text.h"

#include <spargio.h>

#include <stdatomic.h>

// X(name, help): counters that only grow.
#define METRICS_COUNTERS(X)                                                                        \
    X(connections_accepted, "connections taken")                                                   \
    X(connections_refused, "connections turned away: --max-connections, or no descriptor left")    \
    X(requests_malformed, "requests that could not be read as HTTP")                               \
    X(requests_slow, "requests that did not arrive in time")                                       \
    X(queries_started, "queries that were given a place")                                          \
    X(queries_refused, "queries turned away because the queue was full")                           \
    X(queries_timed_out, "queries that ran out of time")                                           \
    X(queries_abandoned, "queries whose client went away")                                         \
    X(queries_failed, "queries that hit a limit or an error")                                      \
    X(queries_partial, "answers that said they were not of everything")                            \
    X(lines_read, "lines of files that queries looked at")                                         \
    X(bytes_read, "bytes of files that queries read")

// Upper ends of the buckets of durations: from 100 us on, each about three times the one before.
#define METRICS_BUCKETS 14

// Answers by their status code, 100 to 599.
#define METRICS_STATUSES 500

struct metrics {
#define METRICS_FIELD_(name, help) atomic_uint_fast64_t name;
    METRICS_COUNTERS(METRICS_FIELD_)
#undef METRICS_FIELD_
    atomic_uint_fast64_t answers[METRICS_STATUSES];
    atomic_uint_fast64_t durations[METRICS_BUCKETS + 1]; // of queries; the last is beyond all
    atomic_uint_fast64_t duration_ns;                    // their sum
};

#define METRICS_ADD(metrics, name, count)                                                          \
    ((void)atomic_fetch_add_explicit(&(metrics)->name, (count), memory_order_relaxed))

void metrics_answer(struct metrics *metrics, int status);
void metrics_duration(struct metrics *metrics, int64_t ns);

// What changes up and down.
struct metrics_gauges {
    uint32_t connections;
    uint32_t queries_running;
    uint32_t queries_waiting;
    double uptime_seconds;
};

// Adds all of it, and the statistics of the runtime.
void metrics_write(struct metrics *metrics, const struct metrics_gauges *gauges, spg_rt *runtime,
                   struct text *text);

#endif
