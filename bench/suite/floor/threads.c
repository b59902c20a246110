// SPDX-License-Identifier: MIT
// threads.c: rows of coordination and computation on bare threads: shared lines of the cache, and
// futexes where whoever waits must sleep.
#include "suite/floor/rows.h"

#include "suite/floor/word.h"
#include "suite/work.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PING_ROUNDS = 256, PING_WARM_UP = 16, COLD_ROUNDS = 64 };
enum { ONE_WAY = 2048, ONE_WAY_WARM_UP = 64, MOST_WORKERS = 64 };

// ---- Ping-pong -------------------------------------------------------------------------------

struct pair {
    struct word asked;
    struct word answered;
    uint32_t number; // of the last one asked
    pthread_t responder;
};

#define ENDS UINT32_MAX

static void *respond(void *arg)
{
    struct pair *pair = arg;
    for (uint32_t next = 1;; next++) {
        uint32_t seen;
        while ((seen = atomic_load(&pair->asked.value)) != next && seen != ENDS) {
            if (!pair->asked.spins) {
                syscall(SYS_futex, &pair->asked.value, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
            }
        }
        if (seen == ENDS) {
            return NULL;
        }
        set_word(&pair->answered, next);
    }
}

static void *begin_pair(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    struct pair *pair = aligned_alloc(64, sizeof *pair);
    row_must(pair ? 0 : -ENOMEM, "aligned_alloc");
    *pair = (struct pair){.asked.spins = settings->spins, .answered.spins = settings->spins};
    row_must(-pthread_create(&pair->responder, NULL, respond, pair), "pthread_create");
    return pair;
}

static uint64_t ping(struct pair *pair, uint32_t rounds)
{
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        set_word(&pair->asked, ++pair->number);
        await_word(&pair->answered, pair->number);
        checksum += i;
    }
    return checksum;
}

static uint64_t ping_pong(void *pair, bool warm_up)
{
    return ping(pair, warm_up ? PING_WARM_UP : PING_ROUNDS);
}

static void end_pair(void *state)
{
    struct pair *pair = state;
    set_word(&pair->asked, ENDS);
    pthread_join(pair->responder, NULL);
    free(pair);
}

// ---- One way: a ring of one writer and one reader --------------------------------------------

struct ring {
    _Alignas(64) _Atomic uint32_t tail;
    _Alignas(64) _Atomic uint32_t head;
    uint32_t values[ONE_WAY];
    struct word asked; // for the sum, in round `value`
    struct word answered;
    uint64_t sum;
    uint32_t round;
    pthread_t reader;
};

static void *read_ring(void *arg)
{
    struct ring *ring = arg;
    uint64_t sum = 0;
    for (uint32_t round = 1;; round++) {
        uint32_t seen;
        // Values come before the question.
        do {
            seen = atomic_load(&ring->asked.value);
            uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
            uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
            for (; head != tail; head++) {
                sum += ring->values[head % ONE_WAY];
            }
            atomic_store_explicit(&ring->head, head, memory_order_release);
            if (seen != round && seen != ENDS && !ring->asked.spins) {
                syscall(SYS_futex, &ring->asked.value, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
            }
        } while (seen != round && seen != ENDS);
        if (seen == ENDS) {
            return NULL;
        }
        ring->sum = sum;
        sum = 0;
        set_word(&ring->answered, round);
    }
}

static void *begin_ring(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    struct ring *ring = aligned_alloc(64, sizeof *ring);
    row_must(ring ? 0 : -ENOMEM, "aligned_alloc");
    *ring = (struct ring){.asked.spins = settings->spins, .answered.spins = settings->spins};
    row_must(-pthread_create(&ring->reader, NULL, read_ring, ring), "pthread_create");
    return ring;
}

static uint64_t one_way(void *state, bool warm_up)
{
    struct ring *ring = state;
    for (uint32_t i = 0; i < (warm_up ? ONE_WAY_WARM_UP : ONE_WAY); i++) {
        uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        ring->values[tail % ONE_WAY] = i; // as many as there are slots, then the sum: never full
        atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    }
    set_word(&ring->asked, ++ring->round);
    await_word(&ring->answered, ring->round);
    return ring->sum;
}

static void end_ring(void *state)
{
    struct ring *ring = state;
    set_word(&ring->asked, ENDS);
    pthread_join(ring->reader, NULL);
    free(ring);
}

// ---- Cold start ------------------------------------------------------------------------------

static void *begin_cold(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return (void *)(uintptr_t)settings;
}

static uint64_t start_cold(void *settings, bool warm_up)
{
    (void)warm_up;
    struct pair *pair = begin_pair(settings, 2);
    uint64_t checksum = ping(pair, COLD_ROUNDS);
    end_pair(pair);
    return checksum;
}

static void end_cold(void *settings)
{
    (void)settings;
}

// ---- Fan-out: threads that take branches off a counter ---------------------------------------

typedef uint32_t rounds_fn(uint32_t request, uint32_t branch);

struct fan {
    rounds_fn *rounds;
    uint32_t workers; // this thread among them
    // Even: that request may be worked on, the number is twice its own and counts on; odd: it is
    // over; ENDS. Helpers count themselves in before they look whether it is still on.
    struct word request;
    uint32_t number;
    _Atomic uint32_t inside;
    _Alignas(64) _Atomic uint32_t next; // branch to be taken
    _Alignas(64) _Atomic uint32_t left; // branches that are not done
    _Alignas(64) _Atomic uint64_t sum;
    pthread_t threads[MOST_WORKERS];
};

static void take_branches(struct fan *fan, uint32_t request)
{
    uint32_t branch;
    while ((branch = atomic_fetch_add(&fan->next, 1)) < FAN_BRANCHES) {
        uint32_t rounds = fan->rounds(request, branch);
        atomic_fetch_add(&fan->sum, synthetic_work(fan_seed(request, branch), rounds));
        atomic_fetch_sub(&fan->left, 1);
    }
}

static void *help(void *arg)
{
    struct fan *fan = arg;
    for (uint32_t seen = 1;;) {
        uint32_t now;
        while ((now = atomic_load(&fan->request.value)) == seen || (now % 2 == 1 && now != ENDS)) {
            if (!fan->request.spins) {
                syscall(SYS_futex, &fan->request.value, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
            }
        }
        if (now == ENDS) {
            return NULL;
        }
        seen = now;
        atomic_fetch_add(&fan->inside, 1);
        if (atomic_load(&fan->request.value) == now) {
            take_branches(fan, now / 2 % FAN_REQUESTS);
        }
        atomic_fetch_sub(&fan->inside, 1);
    }
}

static void *begin_fan(const struct row_settings *settings, uint32_t workers, rounds_fn *rounds)
{
    struct fan *fan = aligned_alloc(64, (sizeof *fan + 63) / 64 * 64);
    row_must(fan && workers <= MOST_WORKERS ? 0 : -ENOMEM, "aligned_alloc");
    *fan = (struct fan){
        .rounds = rounds, .workers = workers, .request = {.value = 1, .spins = settings->spins}};
    for (uint32_t i = 1; i < workers; i++) {
        row_must(-pthread_create(&fan->threads[i], NULL, help, fan), "pthread_create");
    }
    return fan;
}

static void *begin_balanced(const struct row_settings *settings, uint32_t workers)
{
    return begin_fan(settings, workers, balanced_rounds);
}

static void *begin_skewed(const struct row_settings *settings, uint32_t workers)
{
    return begin_fan(settings, workers, skewed_rounds);
}

static uint64_t run_requests(void *state, bool warm_up)
{
    struct fan *fan = state;
    atomic_store(&fan->sum, 0);
    for (uint32_t request = 0; request < (warm_up ? FAN_WARM_UP : FAN_REQUESTS); request++) {
        atomic_store(&fan->left, FAN_BRANCHES);
        atomic_store(&fan->next, 0);
        atomic_store(&fan->request.value, 2 * (fan->number + request));
        if (!fan->request.spins) {
            syscall(SYS_futex, &fan->request.value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
        }
        take_branches(fan, request);
        while (atomic_load(&fan->left) > 0) {
        }
        atomic_store(&fan->request.value, 2 * (fan->number + request) + 1);
        while (atomic_load(&fan->inside) > 0) {
        }
    }
    fan->number = (fan->number + FAN_REQUESTS) % (1u << 28);
    return atomic_load(&fan->sum);
}

static void end_fan(void *state)
{
    struct fan *fan = state;
    atomic_store(&fan->request.value, ENDS);
    syscall(SYS_futex, &fan->request.value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    for (uint32_t i = 1; i < fan->workers; i++) {
        pthread_join(fan->threads[i], NULL);
    }
    free(fan);
}

const struct row floor_thread_rows[FLOOR_THREAD_ROWS] = {
    {"steady_ping_pong_rtt", 2, begin_pair, ping_pong, end_pair, false},
    {"steady_one_way_send_drain", 2, begin_ring, one_way, end_ring, false},
    {"cold_start_ping_pong", 2, begin_cold, start_cold, end_cold, false},
    {"fanout_fanin_balanced", 4, begin_balanced, run_requests, end_fan, false},
    {"fanout_fanin_skewed", 4, begin_skewed, run_requests, end_fan, false},
};
