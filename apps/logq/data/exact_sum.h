// SPDX-License-Identifier: MIT
// exact_sum.h: a sum that does not depend on the order in which its numbers came.

#ifndef LOGQ_DATA_EXACT_SUM_H
#define LOGQ_DATA_EXACT_SUM_H

#include "arena.h"
#include "number.h"

struct exact_sum_wide;

// While all numbers are integers that fit 128 bits (1.0 and 1e3 are integers) the result is their
// exact sum, which may itself be longer than 128 bits. As soon as one is not, the result is the sum
// of the numbers' doubles, exact and rounded once. Both are kept all along, so the answer is the
// same for every order and every tree of merges. Exact for up to EXACT_SUM_COUNT_MAX numbers.
struct exact_sum {
    uint64_t integers[3];        // sum of the integers, two's complement
    uint64_t window[3];          // sum of the other doubles in units of 2^-96, two's complement
    uint64_t rounding[2];        // sum over the integers of (double(i) - i), two's complement
    struct exact_sum_wide *wide; // for doubles that do not fit the window, or NULL
    struct arena *arena;
    uint64_t count;
    bool has_fraction;
    bool has_positive_infinity;
    bool has_negative_infinity;
};

#define EXACT_SUM_COUNT_MAX ((uint64_t)1 << 53)

// An empty sum. The arena gives about 300 bytes the first time a double below 2^-44 or from 2^42 on
// is added, is not touched before, and must outlive the sum; nothing is to be freed. A sum may be
// moved but not copied.
void exact_sum_init(struct exact_sum *sum, struct arena *arena);

// False when the arena's limit was hit: the sum is then unchanged.
bool exact_sum_add(struct exact_sum *sum, const struct number *number);

// Adds all of `other`, which stays as it is and may live in another arena. False when the arena's
// limit was hit: the sum is then unchanged.
bool exact_sum_merge(struct exact_sum *sum, const struct exact_sum *other);

// Integer digits, or a double as number_format_double writes it; `0` for an empty sum (what an
// empty sum means is the caller's business: look at count). Returns the length; a NUL follows.
size_t exact_sum_format(const struct exact_sum *sum, char out[64]);

// The sum, rounded once. Infinities as IEEE adds them.
double exact_sum_to_double(const struct exact_sum *sum);

#endif
