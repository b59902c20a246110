// SPDX-License-Identifier: MIT
// bench_message.c: what messages between two shards cost.
//
// Twice, with shards that sleep in the kernel while they wait and with shards that spin; beside
// two threads that bounce a cache line. Medians of 7 rounds after a warm-up round, per message or
// round trip, with lowest and highest round and CPU time.
#include "measure.h"

#include <pthread.h>
#include <spargio/uring.h>
#include <stdatomic.h>
#include <string.h>

enum { ONE_WAY = 400000, ROUND_TRIPS = 4000, KERNEL = 20000, BATCH = 64, TALLY = 1 };

static spg_mailbox near;
static spg_mailbox far;

// The other shard: receives so many, and then tells that it has.
static int receive_all(void *arg)
{
    long left = *(const long *)arg;
    spg_msg messages[BATCH];
    while (left > 0) {
        ssize_t n = spg_receive(far, messages, BATCH, SPG_NEVER);
        must((int)n, "spg_receive");
        left -= n;
    }
    return 0;
}

static int answer_all(void *arg)
{
    long left = *(const long *)arg;
    for (; left > 0; left--) {
        spg_msg message;
        must((int)spg_receive(far, &message, 1, SPG_NEVER), "spg_receive");
        must(spg_send(near, 0, message.value, SPG_NEVER), "spg_send");
    }
    return 0;
}

static spg_task start_there(spg_fn *fn, void *arg)
{
    spg_attr there = {.place = SPG_PINNED, .shard = 1};
    spg_task task;
    must(spg_spawn(&there, fn, arg, &task), "spg_spawn");
    return task;
}

static void one_by_one(void *arg)
{
    spg_task receiver = start_there(receive_all, arg);
    for (long i = *(const long *)arg; i > 0; i--) {
        must(spg_send(far, 0, (uint64_t)i, SPG_NEVER), "spg_send");
    }
    must(spg_join(receiver, NULL, SPG_NEVER), "spg_join");
}

static void in_batches(void *arg)
{
    spg_task receiver = start_there(receive_all, arg);
    spg_msg messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (long left = *(const long *)arg; left > 0;) {
        size_t n = left < BATCH ? (size_t)left : BATCH;
        ssize_t sent = spg_send_n(far, messages, n, SPG_NEVER);
        must((int)sent, "spg_send_n");
        left -= sent;
    }
    must(spg_join(receiver, NULL, SPG_NEVER), "spg_join");
}

static void round_trips(void *arg)
{
    spg_task other = start_there(answer_all, arg);
    for (long i = *(const long *)arg; i > 0; i--) {
        spg_msg message;
        must(spg_send(far, 0, (uint64_t)i, SPG_NEVER), "spg_send");
        must((int)spg_receive(near, &message, 1, SPG_NEVER), "spg_receive");
    }
    must(spg_join(other, NULL, SPG_NEVER), "spg_join");
}

static void by_the_kernel(void *arg)
{
    spg_task receiver = start_there(receive_all, arg);
    for (long i = *(const long *)arg; i > 0; i--) {
        must(spg_uring_send(far, 0, (uint64_t)i, SPG_NEVER), "spg_uring_send");
    }
    must(spg_join(receiver, NULL, SPG_NEVER), "spg_join");
}

static void add_to_tally(void *arg)
{
    for (long i = *(const long *)arg; i > 0; i--) {
        must(spg_tally_add(far, TALLY, 1), "spg_tally_add");
    }
}

// ---- The floor -------------------------------------------------------------------------------

static _Alignas(64) _Atomic long line; // odd: asked; even: answered

static void *answer_line(void *arg)
{
    for (long next = 1; next < 2 * *(const long *)arg; next += 2) {
        while (atomic_load_explicit(&line, memory_order_acquire) != next) {
        }
        atomic_store_explicit(&line, next + 1, memory_order_release);
    }
    return NULL;
}

static void bounce_line(void *arg)
{
    pthread_t other;
    long trips = *(const long *)arg;
    atomic_store(&line, 0);
    must(-pthread_create(&other, NULL, answer_line, arg), "pthread_create");
    for (long asked = 1; asked < 2 * trips; asked += 2) {
        atomic_store_explicit(&line, asked, memory_order_release);
        while (atomic_load_explicit(&line, memory_order_acquire) == asked) {
        }
    }
    pthread_join(other, NULL);
}

static void run_floor(void)
{
    long trips = ONE_WAY;
    struct row row = {.name = "round trip of a line, two threads"};
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        measure(&row, round < 0 ? 0 : round, bounce_line, &trips, ONE_WAY);
    }
    print_row(&row);
}

// ---- With shards -----------------------------------------------------------------------------

static int inside(void *arg)
{
    (void)arg;
    long one_way = ONE_WAY;
    long trips = ROUND_TRIPS;
    long kernel = KERNEL;
    struct row rows[] = {
        {.name = "one way, one by one"}, {.name = "one way, batches of 64"},
        {.name = "round trip"},          {.name = "one way by the kernel lane"},
        {.name = "addition to a tally"},
    };
    near = spg_shard_mailbox(spg_runtime(), 0);
    far = spg_shard_mailbox(spg_runtime(), 1);
    must(spg_tally_open(far, TALLY, UINT64_MAX), "spg_tally_open");
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        int at = round < 0 ? 0 : round; // the warm-up round is overwritten
        measure(&rows[0], at, one_by_one, &one_way, ONE_WAY);
        measure(&rows[1], at, in_batches, &one_way, ONE_WAY);
        measure(&rows[2], at, round_trips, &trips, ROUND_TRIPS);
        measure(&rows[3], at, by_the_kernel, &kernel, KERNEL);
        measure(&rows[4], at, add_to_tally, &one_way, ONE_WAY);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_row(&rows[i]);
    }
    return 0;
}

static int root(void *arg)
{
    (void)arg;
    spg_attr here = {.place = SPG_PINNED, .shard = 0};
    spg_task task;
    must(spg_spawn(&here, inside, NULL, &task), "spg_spawn");
    must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    return 0;
}

static void run_with_shards(const char *title, enum spg_idle idle)
{
    char text[512] = "";
    spg_options options = {
        .shards = 2, .idle = idle, .error_text = text, .error_bytes = sizeof text};
    printf("\n%s\n", title);
    int error = spg_run(&options, root, NULL, NULL);
    if (error) {
        fprintf(stderr, "bench_message: %s\n", text);
    }
    must(error, "spg_run");
}

int main(void)
{
    run_floor();
    run_with_shards("shards that park", SPG_IDLE_PARK);
    run_with_shards("shards that spin", SPG_IDLE_POLL);
    return 0;
}
