// SPDX-License-Identifier: MIT
// measure.h: what the benchmark programs share: rounds, medians, CPU time.
#ifndef SPARGIO_BENCH_MEASURE_H
#define SPARGIO_BENCH_MEASURE_H

#include <spargio.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEASURE_ROUNDS = 7 };

// CPU time of the process in nanoseconds.
static inline int64_t cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * SPG_S + now.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

// Sorts in place. Returns the median.
static inline double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return values[n / 2];
}

// What one row measured, per operation and round.
struct row {
    const char *name;
    double wall_ns[MEASURE_ROUNDS];
    double cpu_ns[MEASURE_ROUNDS];
};

// Runs work(arg) once, as round number `round` of the row; count: operations in it.
static inline void measure(struct row *row, int round, void (*work)(void *), void *arg,
                           double count)
{
    int64_t cpu = cpu_now();
    spg_time wall = spg_now();
    work(arg);
    row->wall_ns[round] = (double)(spg_now() - wall) / count;
    row->cpu_ns[round] = (double)(cpu_now() - cpu) / count;
}

// Sorts the row's rounds. Prints median, lowest and highest wall time, and the median of CPU time.
static inline void print_row(struct row *row)
{
    double wall = median(row->wall_ns, MEASURE_ROUNDS);
    double cpu = median(row->cpu_ns, MEASURE_ROUNDS);
    printf("%-34s %10.1f ns  (%.1f .. %.1f)  CPU %.1f ns\n", row->name, wall, row->wall_ns[0],
           row->wall_ns[MEASURE_ROUNDS - 1], cpu);
}

// A call that must not fail in a benchmark.
static inline void must(int code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "%s: %s (%s)\n", what, spg_strerror(code),
                spg_error_cause(code) ? spg_error_cause(code) : "from the kernel");
        exit(1);
    }
}

#endif
