// SPDX-License-Identifier: MIT
// double_sort.c: sorting many doubles in time proportional to their number.

#include "query/double_sort.h"

#include <string.h>

// Below this many values moving them one by one is faster, and takes no memory.
#define INSERTION_MAX 64

#define DIGIT_BITS 8
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define DIGITS (64 / DIGIT_BITS)

static void insertion_sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t at = i;
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }
}

// The order of these integers is that of the doubles: the sign is turned over, and with a minus
// everything else as well.
static uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    uint64_t sign = UINT64_C(1) << 63;
    return (bits & sign) != 0 ? ~bits : bits | sign;
}

static double value_of(uint64_t key)
{
    uint64_t sign = UINT64_C(1) << 63;
    uint64_t bits = (key & sign) != 0 ? key & ~sign : ~key;
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static unsigned digit_of(uint64_t key, int digit)
{
    return (unsigned)(key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

// Distributes the keys by one digit. counts[] are how often each of its values occurs.
static void distribute(const uint64_t *from, uint64_t *to, size_t count, int digit,
                       size_t counts[DIGIT_VALUES])
{
    size_t begin = 0;
    for (int i = 0; i < DIGIT_VALUES; i++) {
        size_t here = counts[i];
        counts[i] = begin;
        begin += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[counts[digit_of(from[i], digit)]++] = from[i];
    }
}

struct sort_scratch {
    size_t counts[DIGITS][DIGIT_VALUES];
    uint64_t keys[]; // twice as many as values
};

static void radix_sort(double *values, size_t count, struct sort_scratch *scratch)
{
    uint64_t *from = scratch->keys;
    uint64_t *to = scratch->keys + count;
    memset(scratch->counts, 0, sizeof(scratch->counts));
    for (size_t i = 0; i < count; i++) {
        uint64_t key = key_of(values[i]);
        from[i] = key;
        for (int digit = 0; digit < DIGITS; digit++) {
            scratch->counts[digit][digit_of(key, digit)]++;
        }
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        // A digit that is the same everywhere, as most are, orders nothing.
        if (scratch->counts[digit][digit_of(from[0], digit)] == count) {
            continue;
        }
        distribute(from, to, count, digit, scratch->counts[digit]);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(from[i]);
    }
}

bool double_sort(double *values, size_t count, struct memory *memory)
{
    if (count <= INSERTION_MAX) {
        insertion_sort(values, count);
        return true;
    }
    size_t bytes = sizeof(struct sort_scratch) + 2 * count * sizeof(uint64_t);
    struct sort_scratch *scratch = memory_take(memory, bytes);
    if (scratch == NULL) {
        return false;
    }
    radix_sort(values, count, scratch);
    memory_give(memory, scratch, bytes);
    return true;
}
