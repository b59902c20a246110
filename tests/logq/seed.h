// SPDX-License-Identifier: MIT
// seed.h: random numbers that can be had again: the seed is printed, and LOGQ_TEST_SEED sets it.

#ifndef LOGQ_TESTS_SEED_H
#define LOGQ_TESTS_SEED_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// As ck_assert_msg, but costs nothing when it holds: for loops of many thousand rounds.
#define REQUIRE(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ck_abort_msg(__VA_ARGS__);                                                             \
        }                                                                                          \
    } while (0)

struct seed {
    uint64_t state;
};

static inline struct seed seed_start(const char *test)
{
    const char *given = getenv("LOGQ_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t value = (uint64_t)now.tv_sec * UINT64_C(1000000007) + (uint64_t)now.tv_nsec;
    if (given != NULL) {
        value = strtoull(given, NULL, 0);
    }
    printf("%s: LOGQ_TEST_SEED=%llu\n", test, (unsigned long long)value);
    fflush(stdout);
    return (struct seed){value};
}

// A Weyl sequence through two multiply and xor-shift rounds.
static inline uint64_t seed_next(struct seed *seed)
{
    uint64_t x = seed->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

// 0 .. below-1.
static inline size_t seed_below(struct seed *seed, size_t below)
{
    return (size_t)(seed_next(seed) % below);
}

#endif
