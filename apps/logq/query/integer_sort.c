// SPDX-License-Identifier: MIT
// integer_sort.c: sorting many integers in time proportional to their number.

#include "query/integer_sort.h"

#include <string.h>

// Below this many values moving them one by one is faster, and takes no memory.
#define INSERTION_MAX 64

#define DIGIT_BITS 8
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define DIGITS (64 / DIGIT_BITS)

static void insertion_sort(int64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int64_t value = values[i];
        size_t at = i;
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }
}

// Without a sign the order is the same once the sign bit is turned over.
#define SIGN_BIT (UINT64_C(1) << 63)

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

// Which bits are not the same in all values, and so which digits order anything.
static uint64_t varying_bits(const int64_t *values, size_t count)
{
    uint64_t bits = 0;
    for (size_t i = 1; i < count; i++) {
        bits |= (uint64_t)values[i] ^ (uint64_t)values[0];
    }
    return bits;
}

static void radix_sort(int64_t *values, size_t count, struct sort_scratch *scratch)
{
    uint64_t *from = scratch->keys;
    uint64_t *to = scratch->keys + count;
    uint64_t varying = varying_bits(values, count);
    memset(scratch->counts, 0, sizeof(scratch->counts));
    for (size_t i = 0; i < count; i++) {
        from[i] = (uint64_t)values[i] ^ SIGN_BIT;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        if (digit_of(varying, digit) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            scratch->counts[digit][digit_of(from[i], digit)]++;
        }
        distribute(from, to, count, digit, scratch->counts[digit]);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = (int64_t)(from[i] ^ SIGN_BIT);
    }
}

bool integer_sort(int64_t *values, size_t count, struct memory *memory)
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
