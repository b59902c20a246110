// SPDX-License-Identifier: MIT
// 10_overload.c: a service of native I/O and computation under twice the load that it can bear: it
// refuses what is too much, stays fast for what it accepts, and recovers.
//
// Twice, on any machine: for each call that ends, two new ones arrive. One of them finds the slot
// that has become free; the other one is told -EAGAIN at once, and costs the service nothing.
#include <errno.h>
#include <fcntl.h>
#include <spargio.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 32, SERVERS = 4, OFFERED = 4000, CALM = 8, CALM_CALLS = 250, BLOCK = 4096 };
enum { ENDED = 1 }; // a tally's tag

typedef struct service {
    spg_boundary *boundary;
    spg_fd file;
    spg_mailbox ends; // its tally counts calls that have ended
} service;

// What one phase has seen.
typedef struct phase {
    service *at;
    atomic_int answered, shed, failed;
    int64_t took[OFFERED]; // of those that were answered
} phase;

// ---- The service -----------------------------------------------------------------------------

static unsigned sum_often(const unsigned char *block, size_t bytes)
{
    unsigned sum = 1;
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < bytes; i++) {
            sum = sum * 31 + block[i];
        }
    }
    return sum;
}

static int serve(void *arg)
{
    service *self = arg;
    spg_request request;
    while (spg_serve(self->boundary, &request, SPG_NEVER) == 0) {
        unsigned char block[BLOCK];
        ssize_t n = spg_read_at(self->file, block, sizeof block, 0, request.deadline);
        unsigned sum = n > 0 ? sum_often(block, (size_t)n) : 0;
        (void)spg_reply(&request, n < 0 ? (int)n : 0, &sum, sizeof sum);
    }
    return 0;
}

// ---- Its clients -----------------------------------------------------------------------------

static int call_once(void *arg)
{
    phase *self = arg;
    unsigned sum;
    spg_answer answer;
    spg_time begin = spg_now();
    int error = spg_try_call(self->at->boundary, NULL, "?", 1, &sum, sizeof sum, &answer,
                             begin + 30 * SPG_S);
    if (error == 0 && answer.result == 0) {
        self->took[atomic_fetch_add(&self->answered, 1)] = spg_now() - begin;
    } else {
        atomic_fetch_add(error == -EAGAIN ? &self->shed : &self->failed, 1);
    }
    // Who was shed was not served: nobody comes in its place.
    return error == -EAGAIN ? 0 : spg_tally_add(self->at->ends, ENDED, 1);
}

static int call_in_turn(void *arg)
{
    int error = 0;
    for (int i = 0; i < CALM_CALLS && !error; i++) {
        error = call_once(arg);
    }
    return error;
}

// Fewer clients than slots, each with one call at a time: nothing can be too much.
static int calm(phase *self)
{
    spg_scope scope;
    int error = spg_scope_open(&scope, SPG_NEVER);
    if (!error) {
        error = spg_spawn_n(NULL, NULL, call_in_turn, self, 0, CALM);
        int failed = spg_scope_close(&scope);
        error = error ? error : failed;
    }
    uint64_t ended;
    int left = spg_tally_take(self->at->ends, ENDED, &ended, SPG_NOW);
    return error ? error : left;
}

static int overload(phase *self)
{
    spg_scope scope;
    uint64_t ended = SLOTS; // so many arrive to begin with, twice
    int error = spg_scope_open(&scope, SPG_NEVER);
    if (error) {
        return error;
    }
    for (uint64_t offered = 0; offered < OFFERED && !error;) {
        uint64_t more = 2 * ended < OFFERED - offered ? 2 * ended : OFFERED - offered;
        error = spg_spawn_n(NULL, NULL, call_once, self, 0, more);
        offered += more;
        error = error ? error : spg_tally_take(self->at->ends, ENDED, &ended, SPG_NEVER);
    }
    int failed = spg_scope_close(&scope);
    (void)spg_tally_take(self->at->ends, ENDED, &ended, SPG_NOW); // of the last ones
    return error ? error : failed;
}

// ---- The report ------------------------------------------------------------------------------

static int by_size(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static void tell(const char *name, phase *self, spg_time began)
{
    int n = atomic_load(&self->answered);
    double seconds = (double)(spg_now() - began) / SPG_S;
    qsort(self->took, (size_t)n, sizeof self->took[0], by_size);
    printf("%-18s %7.0f %6d %6d %9.0f %9.0f\n", name, n / seconds, n, atomic_load(&self->shed),
           n ? (double)self->took[n / 2] / 1e3 : 0,
           n ? (double)self->took[n - 1 - n / 100] / 1e3 : 0);
}

static int run_phase(service *at, const char *name, int (*run)(phase *), int *shed)
{
    phase *self = calloc(1, sizeof *self);
    if (!self) {
        return -ENOMEM;
    }
    self->at = at;
    spg_time began = spg_now();
    int error = run(self);
    tell(name, self, began);
    *shed = atomic_load(&self->shed);
    error = error ? error : atomic_load(&self->failed) ? -EPROTO : 0;
    free(self);
    return error;
}

static int run_phases(service *at)
{
    int before, during, after;
    printf("%-18s %7s %6s %6s %9s %9s\n", "load", "per s", "served", "shed", "p50 us", "p99 us");
    int error = run_phase(at, "calm", calm, &before);
    error = error ? error : run_phase(at, "twice too much", overload, &during);
    error = error ? error : run_phase(at, "calm again", calm, &after);
    spg_boundary_stats stats;
    error = error ? error : spg_boundary_stats_get(at->boundary, &stats);
    if (error) {
        return error;
    }
    bool recovered = before == 0 && during > OFFERED / 4 && after == 0 && stats.depth == 0 &&
                     stats.refused == (uint64_t)during;
    printf("%s\n", recovered ? "shed what was too much, and recovered" : "did not keep its word");
    return recovered ? 0 : -EPROTO;
}

static int root(void *arg)
{
    (void)arg;
    service at = {0};
    spg_scope scope;
    spg_boundary_options sizes = {.calls = SLOTS};
    spg_pin(); // the mailbox is this shard's
    int error = spg_open("/proc/self/exe", O_RDONLY, 0, &at.file, SPG_NEVER);
    error = error ? error : spg_boundary_open(spg_runtime(), &sizes, &at.boundary);
    error = error ? error : spg_mailbox_open(SPG_HERE, 0, &at.ends);
    error = error ? error : spg_tally_open(at.ends, ENDED, 1);
    error = error ? error : spg_scope_open(&scope, SPG_NEVER);
    if (!error) {
        error = spg_spawn_n(NULL, NULL, serve, &at, 0, SERVERS);
        error = error ? error : run_phases(&at);
        (void)spg_boundary_close(at.boundary); // the servers end
        int failed = spg_scope_close(&scope);
        error = error ? error : failed;
    }
    (void)spg_boundary_free(at.boundary);
    spg_unpin();
    return error;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.shards = 2, .error_text = why, .error_bytes = sizeof why};
    int result = 0;
    int error = spg_run(&options, root, NULL, &result);
    error = error ? error : result;
    if (error) {
        fprintf(stderr, "10_overload: %s %s\n", spg_strerror(error), why);
    }
    return error ? 1 : 0;
}
