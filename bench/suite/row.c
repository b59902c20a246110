// SPDX-License-Identifier: MIT
// row.c: runs a row, and tells what it took.
#include "suite/row.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_ITERATIONS = 3, MOST_ITERATIONS = 100000 };

#define SECOND INT64_C(1000000000)

void row_must(int code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-code));
        exit(1);
    }
}

int64_t row_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

// ---- What rows tell besides their times ------------------------------------------------------

static struct {
    int64_t ns[ROW_SAMPLES];
    _Atomic uint64_t count;
} latencies;

static struct {
    const char *unit;
    double value;
} figure;

void row_latency(int64_t ns)
{
    uint64_t number = atomic_fetch_add_explicit(&latencies.count, 1, memory_order_relaxed);
    latencies.ns[number % ROW_SAMPLES] = ns;
}

void row_figure(const char *unit, double value)
{
    figure.unit = unit;
    figure.value = value;
}

// ---- Measuring -------------------------------------------------------------------------------

struct spent {
    int64_t cpu_ns;
    long switches; // voluntary ones
    long peak_kib; // so far
};

// Of this program: what getrusage tells may be of the one that started it.
static long peak_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib;
}

static struct spent spent_now(void)
{
    struct rusage usage;
    struct timespec cpu;
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct spent){cpu.tv_sec * SECOND + cpu.tv_nsec, usage.ru_nvcsw, peak_kib()};
}

struct series {
    int64_t wall_ns[MOST_ITERATIONS];
    int count;
    uint64_t checksum;
    struct spent spent;
};

static void run(const struct row *row, void *state, const struct row_settings *settings,
                struct series *series)
{
    row->iterate(state, true);
    atomic_store(&latencies.count, 0);
    struct spent before = spent_now();
    int64_t end = row_now() + (int64_t)(settings->seconds * (double)SECOND);
    do {
        int64_t begin = row_now();
        uint64_t checksum = row->iterate(state, settings->small);
        series->wall_ns[series->count] = row_now() - begin;
        if (series->count > 0 && checksum != series->checksum) {
            fprintf(stderr, "%s: iteration %d gives %" PRIu64 ", the one before %" PRIu64 "\n",
                    row->name, series->count, checksum, series->checksum);
            exit(1);
        }
        series->checksum = checksum;
        series->count++;
    } while (!row->once && (series->count < LEAST_ITERATIONS ||
                            (row_now() < end && series->count < MOST_ITERATIONS)));
    struct spent after = spent_now();
    series->spent = (struct spent){after.cpu_ns - before.cpu_ns, after.switches - before.switches,
                                   after.peak_kib};
}

static void tell_numbers(const int64_t *numbers, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        printf("%s%" PRId64, i ? ", " : "", numbers[i]);
    }
}

static void tell(const struct row *row, const struct row_settings *settings, uint32_t workers,
                 const char *runtime, const char *version, const struct series *series)
{
    printf("{\"schema\": 2, \"row\": \"%s\", \"runtime\": \"%s\", \"version\": \"%s\", "
           "\"workers\": %" PRIu32 ", \"mode\": \"%s\", \"iterations\": %d, \"checksum\": "
           "\"%016" PRIx64 "\", \"cpu_ns\": %" PRId64 ", \"switches\": %ld, \"peak_kib\": %ld, "
           "\"wall_ns\": [",
           row->name, runtime, version, workers, settings->spins ? "spin" : "park", series->count,
           series->checksum, series->spent.cpu_ns, series->spent.switches, series->spent.peak_kib);
    tell_numbers(series->wall_ns, (uint64_t)series->count);
    uint64_t samples = atomic_load(&latencies.count);
    if (samples > 0) {
        printf("], \"latency_ns\": [");
        tell_numbers(latencies.ns, samples < ROW_SAMPLES ? samples : ROW_SAMPLES);
    }
    printf("]");
    if (figure.unit) {
        printf(", \"figure\": {\"unit\": \"%s\", \"value\": %.6g}", figure.unit, figure.value);
    }
    printf("}\n");
}

// ---- Command line ----------------------------------------------------------------------------

static const char usage[] =
    "usage: %s --list | --list-servers\n"
    "       %s ROW [--workers N] [--mode park|spin] [--seconds S] [--port P] [--file F]\n"
    "           [--small]\n"
    "       %s --serve SERVER [--workers N] [--pin]\n";

static bool read_settings(int count, char **arguments, struct row_settings *settings,
                          const char **server)
{
    static const struct option options[] = {
        {"workers", required_argument, NULL, 'w'},
        {"mode", required_argument, NULL, 'm'},
        {"seconds", required_argument, NULL, 's'},
        {"port", required_argument, NULL, 'p'},
        {"file", required_argument, NULL, 'f'},
        {"serve", required_argument, NULL, 'S'},
        {"pin", no_argument, NULL, 'P'},
        {"small", no_argument, NULL, 'L'},
        {0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'w':
            settings->workers = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'm':
            settings->spins = strcmp(optarg, "spin") == 0;
            break;
        case 's':
            settings->seconds = strtod(optarg, NULL);
            break;
        case 'p':
            settings->port = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'f':
            settings->file = optarg;
            break;
        case 'L':
            settings->small = true;
            break;
        case 'P':
            settings->pins = true;
            break;
        case 'S':
            *server = optarg;
            break;
        default:
            return false;
        }
    }
    settings->row = optind == count - 1 ? arguments[optind] : NULL;
    return settings->workers <= ROW_MOST_WORKERS && (settings->row != NULL) != (*server != NULL) &&
           optind >= count - 1;
}

static int run_row(const struct row *rows, const struct row_settings *settings, const char *runtime,
                   const char *version)
{
    static struct series series;
    const struct row *row = rows;
    while (row->name && strcmp(row->name, settings->row) != 0) {
        row++;
    }
    if (!row->name) {
        fprintf(stderr, "no row \"%s\"; see --list\n", settings->row);
        return 2;
    }
    uint32_t workers = settings->workers ? settings->workers : row->workers;
    void *state = row->begin(settings, workers);
    if (!state) {
        return 1;
    }
    run(row, state, settings, &series);
    row->end(state);
    tell(row, settings, workers, runtime, version, &series);
    return 0;
}

// Until standard input is closed.
static int run_server(const struct server *servers, const char *name,
                      const struct row_settings *settings)
{
    const struct server *server = servers;
    while (server->name && strcmp(server->name, name) != 0) {
        server++;
    }
    if (!server->name) {
        fprintf(stderr, "no server \"%s\"; see --list-servers\n", name);
        return 2;
    }
    printf("%u\n", server->start(settings, settings->workers ? settings->workers : 2));
    fflush(stdout);
    char rest;
    while (read(STDIN_FILENO, &rest, 1) > 0) {
    }
    _exit(0); // connections may still be open
}

int row_main(int count, char **arguments, const char *runtime, const char *version,
             const struct row *rows, const struct server *servers)
{
    static const struct server none = {0};
    struct row_settings settings = {.seconds = 0.5};
    const char *server = NULL;
    servers = servers ? servers : &none;
    if (count == 2 && strcmp(arguments[1], "--list") == 0) {
        for (const struct row *row = rows; row->name; row++) {
            printf("%s\n", row->name);
        }
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "--list-servers") == 0) {
        for (const struct server *one = servers; one->name; one++) {
            printf("%s\n", one->name);
        }
        return 0;
    }
    if (!read_settings(count, arguments, &settings, &server)) {
        fprintf(stderr, usage, arguments[0], arguments[0], arguments[0]);
        return 2;
    }
    return server ? run_server(servers, server, &settings)
                  : run_row(rows, &settings, runtime, version);
}
