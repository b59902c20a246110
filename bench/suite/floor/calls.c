// SPDX-License-Identifier: MIT
// calls.c: a call from thread to thread and back, and two threads with rings for one task.
#include "suite/floor/rows.h"

#include "suite/work.h"

#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

// ---- Calls: a mutex and two conditions, or a shared line when both keep looking --------------

struct desk {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_cond_t answered;
    uint64_t request; // numbers of calls, from 1 on; under the lock
    uint64_t reply;
    bool ends;
    bool spins;
    _Alignas(64) _Atomic uint64_t line; // odd: asked; even: answered; LINE_ENDS
    pthread_t server;
};

#define LINE_ENDS UINT64_MAX

static void serve_line(struct desk *desk)
{
    uint64_t seen;
    while ((seen = atomic_load_explicit(&desk->line, memory_order_acquire)) != LINE_ENDS) {
        if (seen % 2 == 1) {
            atomic_store_explicit(&desk->line, seen + 1, memory_order_release);
        }
    }
}

static void serve_lock(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    while (!desk->ends) {
        if (desk->reply == desk->request) {
            pthread_cond_wait(&desk->asked, &desk->lock);
        } else {
            desk->reply = desk->request;
            pthread_cond_signal(&desk->answered);
        }
    }
    pthread_mutex_unlock(&desk->lock);
}

static void *serve(void *arg)
{
    struct desk *desk = arg;
    if (desk->spins) {
        serve_line(desk);
    } else {
        serve_lock(desk);
    }
    return NULL;
}

static void call_line(struct desk *desk)
{
    uint64_t asked = atomic_load_explicit(&desk->line, memory_order_relaxed) + 1;
    atomic_store_explicit(&desk->line, asked, memory_order_release);
    while (atomic_load_explicit(&desk->line, memory_order_acquire) == asked) {
    }
}

static void call_lock(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->request++;
    pthread_cond_signal(&desk->asked);
    while (desk->reply != desk->request) {
        pthread_cond_wait(&desk->answered, &desk->lock);
    }
    pthread_mutex_unlock(&desk->lock);
}

static uint64_t call_often(void *state, bool warm_up)
{
    struct desk *desk = state;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (warm_up ? CALLS_WARM_UP : CALLS); i++) {
        int64_t begin = row_now();
        if (desk->spins) {
            call_line(desk);
        } else {
            call_lock(desk);
        }
        row_latency(row_now() - begin);
        sum += i;
    }
    return sum;
}

static void *begin_calls(const struct row_settings *settings, uint32_t workers)
{
    static struct desk desk = {.lock = PTHREAD_MUTEX_INITIALIZER,
                               .asked = PTHREAD_COND_INITIALIZER,
                               .answered = PTHREAD_COND_INITIALIZER};
    (void)workers;
    desk.spins = settings->spins;
    row_must(-pthread_create(&desk.server, NULL, serve, &desk), "pthread_create");
    return &desk;
}

static void end_calls(void *state)
{
    struct desk *desk = state;
    pthread_mutex_lock(&desk->lock);
    desk->ends = true;
    atomic_store(&desk->line, LINE_ENDS);
    pthread_cond_signal(&desk->asked);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->server, NULL);
}

// ---- Cold start ------------------------------------------------------------------------------

static void *own_a_ring(void *arg)
{
    struct io_uring ring;
    uint64_t *result = arg;
    row_must(
        io_uring_queue_init(256, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN),
        "io_uring_queue_init");
    *result += 1;
    io_uring_queue_exit(&ring);
    return NULL;
}

static void *begin_cold(const struct row_settings *settings, uint32_t workers)
{
    static uint32_t number;
    (void)settings;
    number = workers;
    return &number;
}

// Each thread makes its ring and ends; the first one's addition is the task.
static uint64_t start_cold(void *state, bool warm_up)
{
    pthread_t threads[ROW_MOST_WORKERS];
    uint64_t results[ROW_MOST_WORKERS] = {0};
    uint32_t number = *(uint32_t *)state;
    (void)warm_up;
    for (uint32_t i = 0; i < number; i++) {
        row_must(-pthread_create(&threads[i], NULL, own_a_ring, &results[i]), "pthread_create");
    }
    for (uint32_t i = 0; i < number; i++) {
        pthread_join(threads[i], NULL);
    }
    return results[0];
}

static void end_cold(void *state)
{
    (void)state;
}

const struct row floor_call_rows[FLOOR_CALL_ROWS] = {
    {"boundary_rtt", 2, begin_calls, call_often, end_calls, false},
    {"cold_start", 2, begin_cold, start_cold, end_cold, false},
};
