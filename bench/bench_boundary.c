// SPDX-License-Identifier: MIT
// bench_boundary.c: how long a call at a boundary takes, there and back, between a task and a
// thread; beside two threads with a mutex and two condition variables, and a shared cache line.
//
// All rows are run in turn, in each of 7 rounds after a warm-up; percentiles are of all calls of
// these rounds. Parked: whoever waits sleeps in the kernel. Spinning: both sides keep looking.
#include "measure.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PARKED_CALLS = 1000, SPINNING_CALLS = 20000, MOST = MEASURE_ROUNDS * SPINNING_CALLS };

// One way of calling and being served.
typedef struct way {
    const char *name;
    bool spins;
    // Runs so many calls; each one's time goes to took[].
    void (*run)(struct way *, long calls, int64_t *took);
    spg_rt *rt;
    spg_boundary *boundary;
    int64_t *took;
    long done;
    double cpu_ns; // of all calls
} way;

static void note(int64_t *took, long i, spg_time begin)
{
    took[i] = spg_now() - begin;
}

// ---- By hand: a mutex and two condition variables --------------------------------------------

typedef struct desk {
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    uint64_t request, reply;
    uint64_t calls;
} desk;

static void *serve_desk(void *arg)
{
    desk *at = arg;
    pthread_mutex_lock(&at->lock);
    for (uint64_t next = 1; next <= at->calls; next++) {
        while (at->request != next) {
            pthread_cond_wait(&at->asked, &at->lock);
        }
        at->reply = next;
        pthread_cond_signal(&at->answered);
    }
    pthread_mutex_unlock(&at->lock);
    return NULL;
}

static void call_desk(way *self, long calls, int64_t *took)
{
    (void)self;
    desk at = {.lock = PTHREAD_MUTEX_INITIALIZER,
               .asked = PTHREAD_COND_INITIALIZER,
               .answered = PTHREAD_COND_INITIALIZER,
               .calls = (uint64_t)calls};
    pthread_t server;
    must(-pthread_create(&server, NULL, serve_desk, &at), "pthread_create");
    for (long i = 0; i < calls; i++) {
        spg_time begin = spg_now();
        pthread_mutex_lock(&at.lock);
        at.request++;
        pthread_cond_signal(&at.asked);
        while (at.reply != at.request) {
            pthread_cond_wait(&at.answered, &at.lock);
        }
        pthread_mutex_unlock(&at.lock);
        note(took, i, begin);
    }
    pthread_join(server, NULL);
}

// ---- By hand: a shared cache line ------------------------------------------------------------

typedef struct line {
    _Alignas(64) _Atomic uint64_t word; // odd: asked; even: answered
    uint64_t calls;
} line;

static void *serve_line(void *arg)
{
    line *at = arg;
    for (uint64_t next = 1; next < 2 * at->calls; next += 2) {
        while (atomic_load_explicit(&at->word, memory_order_acquire) != next) {
        }
        atomic_store_explicit(&at->word, next + 1, memory_order_release);
    }
    return NULL;
}

static void call_line(way *self, long calls, int64_t *took)
{
    (void)self;
    static line at;
    pthread_t server;
    atomic_store(&at.word, 0);
    at.calls = (uint64_t)calls;
    must(-pthread_create(&server, NULL, serve_line, &at), "pthread_create");
    for (long i = 0; i < calls; i++) {
        spg_time begin = spg_now();
        uint64_t asked = 2 * (uint64_t)i + 1;
        atomic_store_explicit(&at.word, asked, memory_order_release);
        while (atomic_load_explicit(&at.word, memory_order_acquire) == asked) {
        }
        note(took, i, begin);
    }
    pthread_join(server, NULL);
}

// ---- A boundary ------------------------------------------------------------------------------

typedef struct side {
    way *own;
    long calls;
    int64_t *took;
} side;

static int serve_all(side *at, bool looks)
{
    spg_request request;
    for (long i = 0; i < at->calls; i++) {
        int code;
        while ((code = spg_serve(at->own->boundary, &request, looks ? SPG_NOW : SPG_NEVER)) ==
               -ETIME) {
        }
        must(code, "spg_serve");
        must(spg_reply(&request, 0, request.data, request.bytes), "spg_reply");
    }
    return 0;
}

static void call_all(side *at, bool looks)
{
    spg_boundary *boundary = at->own->boundary;
    for (long i = 0; i < at->calls; i++) {
        uint64_t reply;
        spg_time begin = spg_now();
        if (!looks) {
            must(spg_call(boundary, NULL, &i, sizeof i, &reply, sizeof reply, NULL, SPG_NEVER),
                 "spg_call");
        } else {
            spg_ticket ticket;
            must(spg_submit(boundary, NULL, &i, sizeof i, &ticket, SPG_NEVER), "spg_submit");
            while (spg_ticket_done(boundary, ticket) == 0) {
            }
            must(spg_ticket_wait(boundary, ticket, &reply, sizeof reply, NULL, SPG_NOW),
                 "spg_ticket_wait");
        }
        note(at->took, i, begin);
    }
}

static void *serve_in_thread(void *arg)
{
    side *at = arg;
    serve_all(at, at->own->spins);
    return NULL;
}

// Tasks wait in both modes: it is the shard that spins or parks.
static int serve_in_task(void *arg)
{
    return serve_all(arg, false);
}

static int call_in_task(void *arg)
{
    call_all(arg, false);
    return 0;
}

static void task_calls_thread(way *self, long calls, int64_t *took)
{
    side at = {self, calls, took};
    pthread_t server;
    spg_task caller;
    must(-pthread_create(&server, NULL, serve_in_thread, &at), "pthread_create");
    must(spg_spawn_in(self->rt, NULL, call_in_task, &at, &caller), "spg_spawn_in");
    must(spg_join(caller, NULL, SPG_NEVER), "spg_join");
    pthread_join(server, NULL);
}

static void thread_calls_task(way *self, long calls, int64_t *took)
{
    side at = {self, calls, took};
    spg_task server;
    must(spg_spawn_in(self->rt, NULL, serve_in_task, &at, &server), "spg_spawn_in");
    call_all(&at, self->spins);
    must(spg_join(server, NULL, SPG_NEVER), "spg_join");
}

// ---- Rounds ----------------------------------------------------------------------------------

static void run_round(way *self, bool counts)
{
    long calls = self->spins ? SPINNING_CALLS : PARKED_CALLS;
    int64_t cpu = cpu_now();
    self->run(self, calls, self->took + self->done);
    if (counts) {
        self->done += calls;
        self->cpu_ns += (double)(cpu_now() - cpu);
    }
}

// A runtime of its own for each round, so that nobody spins beside what is measured.
static void run_with_runtime(way *self, bool counts)
{
    if (self->run == call_desk || self->run == call_line) {
        run_round(self, counts);
        return;
    }
    spg_options options = {.shards = 1, .idle = self->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    must(spg_create(&options, &self->rt), "spg_create");
    must(spg_boundary_open(self->rt, NULL, &self->boundary), "spg_boundary_open");
    run_round(self, counts);
    must(spg_boundary_free(self->boundary), "spg_boundary_free");
    must(spg_destroy(self->rt), "spg_destroy");
}

static int by_size(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static double percentile(const way *self, double share)
{
    return (double)self->took[(long)((double)(self->done - 1) * share)] / 1e3;
}

int main(void)
{
    static way ways[] = {
        {.name = "parked: task calls thread", .run = task_calls_thread},
        {.name = "parked: thread calls task", .run = thread_calls_task},
        {.name = "parked: mutex + condition, by hand", .run = call_desk},
        {.name = "spinning: task calls thread", .run = task_calls_thread, .spins = true},
        {.name = "spinning: thread calls task", .run = thread_calls_task, .spins = true},
        {.name = "spinning: shared line, by hand", .run = call_line, .spins = true},
    };
    enum { WAYS = sizeof ways / sizeof ways[0] };
    for (int i = 0; i < WAYS; i++) {
        ways[i].took = calloc(MOST, sizeof *ways[i].took);
        must(ways[i].took ? 0 : -ENOMEM, "calloc");
    }
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        for (int i = 0; i < WAYS; i++) {
            run_with_runtime(&ways[i], round >= 0);
        }
    }
    printf("%-36s %8s %8s %8s %8s %8s\n", "round trip, us", "p50", "p95", "p99", "p99.9", "CPU");
    for (int i = 0; i < WAYS; i++) {
        way *self = &ways[i];
        qsort(self->took, (size_t)self->done, sizeof *self->took, by_size);
        printf("%-36s %8.2f %8.2f %8.2f %8.2f %8.2f\n", self->name, percentile(self, 0.5),
               percentile(self, 0.95), percentile(self, 0.99), percentile(self, 0.999),
               self->cpu_ns / (double)self->done / 1e3);
        free(self->took);
    }
    return 0;
}
