// SPDX-License-Identifier: MIT
// random.h: a small seeded generator (xorshift64*, Marsaglia and Vigna) for victims and shuffling.
#ifndef SPGI_BASE_RANDOM_H
#define SPGI_BASE_RANDOM_H

#include <stdint.h>

struct spgi_random {
    uint64_t state; // never 0
};

static inline void spgi_random_seed(struct spgi_random *random, uint64_t seed)
{
    random->state = (seed ^ 0x9E3779B97F4A7C15u) | 1u;
}

static inline uint32_t spgi_random_next(struct spgi_random *random)
{
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Du) >> 32);
}

// A number below bound (bound > 0).
static inline uint32_t spgi_random_below(struct spgi_random *random, uint32_t bound)
{
    return (uint32_t)(((uint64_t)spgi_random_next(random) * bound) >> 32);
}

#endif
