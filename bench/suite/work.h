// SPDX-License-Identifier: MIT
// work.h: the computations of the rows, whose results all runtimes must agree on.
#ifndef SPARGIO_BENCH_SUITE_WORK_H
#define SPARGIO_BENCH_SUITE_WORK_H

#include <stdint.h>

#define WORK_SEED UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t synthetic_work(uint64_t seed, uint32_t rounds)
{
    uint64_t x = seed ^ WORK_SEED;
    for (uint32_t i = 0; i < rounds; i++) {
        x = x * UINT64_C(6364136223846793005) + (UINT64_C(1442695040888963407) ^ i);
        x ^= x >> 29;
    }
    return x;
}

// Returns its end, so that it cannot be left out.
static inline uint64_t pipeline_work(uint8_t byte, uint64_t stream, uint64_t frame, uint32_t rounds)
{
    uint64_t x = (uint64_t)byte << 40 ^ stream << 17 ^ frame << 3 ^ WORK_SEED;
    for (uint32_t i = 0; i < rounds; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x += i * UINT64_C(0x27D4EB2D);
    }
    return x;
}

// ---- Fan-out: how much each branch of a request computes ----

enum { FAN_REQUESTS = 64, FAN_WARM_UP = 8, FAN_BRANCHES = 16 };

static inline uint64_t fan_seed(uint32_t request, uint32_t branch)
{
    return (uint64_t)request << 32 ^ branch;
}

static inline uint32_t balanced_rounds(uint32_t request, uint32_t branch)
{
    (void)request, (void)branch;
    return 2000;
}

static inline uint32_t skewed_rounds(uint32_t request, uint32_t branch)
{
    return branch == request % FAN_BRANCHES ? 20000 : 500;
}

// ---- Tasks alone: how many in an iteration ----

enum { TASKS = 100000, TASKS_WARM_UP = 2000, TASK_BATCH = 16, TASK_WINDOW = 1000 };
enum { YIELDS = 100000, YIELDS_WARM_UP = 1000 };

// ---- Flood: a hundredth of the tasks are probes, and short ----

enum { FLOOD_TASKS = 2000, FLOOD_WARM_UP = 200, FLOOD_PERIOD = 100 };
enum { FLOOD_ROUNDS = 20000, PROBE_ROUNDS = 200 };

static inline int flood_probes(uint32_t task)
{
    return task % FLOOD_PERIOD == FLOOD_PERIOD - 1;
}

// ---- Time: timers that are cancelled, and such that fire ----

enum { TIMERS = 1000000, TIMERS_WARM_UP = 1000, SLEEPERS = 100000, SLEEPERS_WARM_UP = 1000 };
enum { SLEEP_MOST_MS = 20, IDLE_TASKS = 10000, MEMORY_WARM_UP = 16 };

// ---- Channels ----

enum { CHANNEL_ITEMS = 96000, CHANNEL_WARM_UP = 960, CHANNEL_CAPACITY = 64 };

// ---- Calls from outside ----

enum { CALLS = 1000, CALLS_WARM_UP = 100 };

#endif
