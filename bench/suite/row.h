// SPDX-License-Identifier: MIT
// row.h: what all programs of the comparison share: one row of it, run for a while, told as one
// line of JSON (docs/benchmarks.md has its format).
#ifndef SPARGIO_BENCH_SUITE_ROW_H
#define SPARGIO_BENCH_SUITE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// From the command line.
struct row_settings {
    const char *row;
    uint32_t workers; // 0: the row's own number
    bool spins;       // whoever waits keeps looking, where the runtime can
    double seconds;   // how long iterations go on
    bool small;       // each of them as small as a warm-up
    uint32_t port;    // of the echo server
    const char *file; // of the rows that read
    bool pins;        // servers: worker i on CPU i
};

enum { ROW_MOST_WORKERS = 64 };

struct row {
    const char *name;
    uint32_t workers;
    // Sets up; the settings stay valid. NULL: it has said why on standard error.
    void *(*begin)(const struct row_settings *settings, uint32_t workers);
    // One iteration, or its warm-up, a smaller one. Returns the checksum.
    uint64_t (*iterate)(void *state, bool warm_up);
    void (*end)(void *state);
    bool once; // one iteration tells all there is to tell
};

// A program that a load generator talks to.
struct server {
    const char *name;
    // Serves 127.0.0.1 on a port of the system's choice, from its own threads. Returns the port.
    uint16_t (*start)(const struct row_settings *settings, uint32_t workers);
};

// The whole program: --list, a row by name, or --serve and a server's name until standard input is
// closed. rows and servers end with an empty one; servers may be NULL.
int row_main(int count, char **arguments, const char *runtime, const char *version,
             const struct row *rows, const struct server *servers);

// How long one request of the iteration took. Any thread; the latest ROW_SAMPLES are told.
enum { ROW_SAMPLES = 20000 };
void row_latency(int64_t ns);

// What the row is judged by in place of its time.
void row_figure(const char *unit, double value);

// Ends the process with a message when code, a negative errno value, is one.
void row_must(int code, const char *what);

int64_t row_now(void);

#endif
