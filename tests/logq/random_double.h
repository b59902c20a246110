// SPDX-License-Identifier: MIT
// random_double.h: doubles of all magnitudes, a quarter of them with few bits.

#ifndef LOGQ_TESTS_RANDOM_DOUBLE_H
#define LOGQ_TESTS_RANDOM_DOUBLE_H

#include "seed.h"

#include <math.h>
#include <string.h>

static inline double random_double(struct seed *seed)
{
    for (;;) {
        uint64_t bits = seed_next(seed);
        if (seed_below(seed, 4) == 0) {
            bits &= ~UINT64_C(0) << seed_below(seed, 53);
        }
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            return value;
        }
    }
}

#endif
