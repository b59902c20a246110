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

#endif
