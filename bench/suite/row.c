// SPDX-License-Identifier: MIT
// row.c: runs a row, and tells what it took.
#include "suite/row.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

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

// ---- Measuring -------------------------------------------------------------------------------

struct spent {
    int64_t cpu_ns;
    long switches; // voluntary ones
    long peak_kib; // so far
};

static struct spent spent_now(void)
{
    struct rusage usage;
    struct timespec cpu;
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct spent){cpu.tv_sec * SECOND + cpu.tv_nsec, usage.ru_nvcsw, usage.ru_maxrss};
}

struct series {
    int64_t wall_ns[MOST_ITERATIONS];
    int count;
    uint64_t checksum;
    struct spent spent;
};

static void run(const struct row *row, void *state, double seconds, struct series *series)
{
    row->iterate(state, true);
    struct spent before = spent_now();
    int64_t end = row_now() + (int64_t)(seconds * (double)SECOND);
    do {
        int64_t begin = row_now();
        uint64_t checksum = row->iterate(state, false);
        series->wall_ns[series->count] = row_now() - begin;
        if (series->count > 0 && checksum != series->checksum) {
            fprintf(stderr, "%s: iteration %d gives %" PRIu64 ", the one before %" PRIu64 "\n",
                    row->name, series->count, checksum, series->checksum);
            exit(1);
        }
        series->checksum = checksum;
        series->count++;
    } while (series->count < LEAST_ITERATIONS ||
             (row_now() < end && series->count < MOST_ITERATIONS));
    struct spent after = spent_now();
    series->spent = (struct spent){after.cpu_ns - before.cpu_ns, after.switches - before.switches,
                                   after.peak_kib};
}

static void tell(const struct row *row, const struct row_settings *settings, uint32_t workers,
                 const char *runtime, const char *version, const struct series *series)
{
    printf("{\"schema\": 1, \"row\": \"%s\", \"runtime\": \"%s\", \"version\": \"%s\", "
           "\"workers\": %" PRIu32 ", \"mode\": \"%s\", \"iterations\": %d, \"checksum\": "
           "\"%016" PRIx64 "\", \"cpu_ns\": %" PRId64 ", \"switches\": %ld, \"peak_kib\": %ld, "
           "\"wall_ns\": [",
           row->name, runtime, version, workers, settings->spins ? "spin" : "park", series->count,
           series->checksum, series->spent.cpu_ns, series->spent.switches, series->spent.peak_kib);
    for (int i = 0; i < series->count; i++) {
        printf("%s%" PRId64, i ? ", " : "", series->wall_ns[i]);
    }
    printf("]}\n");
}

// ---- Command line ----------------------------------------------------------------------------

static const char usage[] =
    "usage: %s --list | ROW [--workers N] [--mode park|spin] [--seconds S] [--port P] [--file F]\n";

static bool read_settings(int count, char **arguments, struct row_settings *settings)
{
    static const struct option options[] = {
        {"workers", required_argument, NULL, 'w'}, {"mode", required_argument, NULL, 'm'},
        {"seconds", required_argument, NULL, 's'}, {"port", required_argument, NULL, 'p'},
        {"file", required_argument, NULL, 'f'},    {0},
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
        default:
            return false;
        }
    }
    settings->row = optind == count - 1 ? arguments[optind] : NULL;
    return settings->row != NULL;
}

static const struct row *find(const struct row *rows, const char *name)
{
    const struct row *row = rows;
    while (row->name && strcmp(row->name, name) != 0) {
        row++;
    }
    return row->name ? row : NULL;
}

int row_main(int count, char **arguments, const char *runtime, const char *version,
             const struct row *rows)
{
    struct row_settings settings = {.seconds = 0.5};
    if (count == 2 && strcmp(arguments[1], "--list") == 0) {
        for (const struct row *row = rows; row->name; row++) {
            printf("%s\n", row->name);
        }
        return 0;
    }
    if (!read_settings(count, arguments, &settings)) {
        fprintf(stderr, usage, arguments[0]);
        return 2;
    }
    const struct row *row = find(rows, settings.row);
    if (!row) {
        fprintf(stderr, "%s: no row \"%s\"; see --list\n", arguments[0], settings.row);
        return 2;
    }
    uint32_t workers = settings.workers ? settings.workers : row->workers;
    static struct series series;
    void *state = row->begin(&settings, workers);
    if (!state) {
        return 1;
    }
    run(row, state, settings.seconds, &series);
    row->end(state);
    tell(row, &settings, workers, runtime, version, &series);
    return 0;
}
