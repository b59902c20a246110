// SPDX-License-Identifier: MIT
// exact_sum.c: a sum that does not depend on the order in which its numbers came.
//
// Everything is fixed-point binary in two's complement, in little-endian arrays of 64-bit words, so
// that adding is exact and commutes: the integers in units of 1; doubles of usual size in a window
// in units of 2^-96; all other doubles in an accumulator in units of 2^-1074 that is long enough
// for the largest double.

#include "exact_sum.h"

#include "double_parts.h"

#include <math.h>

typedef unsigned __int128 uint128;

#define WIDE_UNIT DOUBLE_EXPONENT_MIN
#define WINDOW_UNIT (-96)

// 1074 bits below the point, 1024 above, 53 for the count of numbers, and a sign.
#define WIDE_WORDS 34

// A double of the window has its lowest bit from WINDOW_UNIT on, and leaves 53 bits for the count
// of numbers and one for the sign.
#define WINDOW_WORDS 3
#define WINDOW_SHIFT_MAX (WINDOW_WORDS * 64 - 1 - DOUBLE_BITS - DOUBLE_BITS)

struct exact_sum_wide {
    uint64_t word[WIDE_WORDS];
};

// ---- words

// Adds value * 2^shift, or subtracts it, in two's complement of `count` words; the result must fit.
static void words_add(uint64_t *words, int count, uint64_t value, int shift, bool subtract)
{
    uint128 shifted = (uint128)value << (shift % 64);
    uint64_t part = (uint64_t)shifted;
    uint64_t carry = 0;
    for (int i = shift / 64; i < count; i++) {
        uint128 word = words[i];
        uint128 result = subtract ? word - part - carry : word + part + carry;
        words[i] = (uint64_t)result;
        carry = (uint64_t)(result >> 64) & 1;
        part = i == shift / 64 ? (uint64_t)(shifted >> 64) : 0;
        if (part == 0 && carry == 0) {
            return;
        }
    }
}

static bool words_negative(const uint64_t *words, int count)
{
    return words[count - 1] >> 63 != 0;
}

// Adds a number of fewer words, sign-extended, times 2^shift.
static void words_merge(uint64_t *words, int count, const uint64_t *other, int others, int shift)
{
    for (int i = 0; i + 1 < others; i++) {
        words_add(words, count, other[i], shift + i * 64, false);
    }
    // The top word counts as signed: its highest bit weighs minus what it would otherwise.
    uint64_t top = other[others - 1];
    int weight = shift + (others - 1) * 64;
    words_add(words, count, top & (UINT64_MAX >> 1), weight, false);
    if (top >> 63 != 0) {
        words_add(words, count, UINT64_C(1) << 63, weight, true);
    }
}

static void words_negate(uint64_t *words, int count)
{
    uint64_t carry = 1;
    for (int i = 0; i < count; i++) {
        words[i] = ~words[i] + carry;
        carry &= words[i] == 0;
    }
}

// Divides by a number below 2^63 and returns the remainder.
static uint64_t words_divide(uint64_t *words, int count, uint64_t divisor)
{
    uint64_t remainder = 0;
    for (int i = count - 1; i >= 0; i--) {
        uint128 dividend = ((uint128)remainder << 64) | words[i];
        words[i] = (uint64_t)(dividend / divisor);
        remainder = (uint64_t)(dividend % divisor);
    }
    return remainder;
}

static bool words_any_below(const uint64_t *words, int bit)
{
    for (int i = 0; i < bit / 64; i++) {
        if (words[i] != 0) {
            return true;
        }
    }
    return bit % 64 != 0 && (words[bit / 64] & ((UINT64_C(1) << (bit % 64)) - 1)) != 0;
}

static bool words_bit(const uint64_t *words, int bit)
{
    return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

// The nearest double of words * 2^unit, ties to even. Changes the words.
static double words_to_double(uint64_t *words, int count, int unit)
{
    bool negative = words_negative(words, count);
    if (negative) {
        words_negate(words, count);
    }
    int top = count - 1;
    while (top > 0 && words[top] == 0) {
        top--;
    }
    if (words[top] == 0) {
        return 0.0;
    }
    int bits = top * 64 + 64 - __builtin_clzll(words[top]);
    int drop = bits > DOUBLE_BITS ? bits - DOUBLE_BITS : 0;
    uint64_t mantissa = words[drop / 64] >> (drop % 64);
    if (drop % 64 != 0 && drop / 64 + 1 < count) {
        mantissa |= words[drop / 64 + 1] << (64 - drop % 64);
    }
    mantissa &= (UINT64_C(1) << DOUBLE_BITS) - 1;
    if (drop > 0 && words_bit(words, drop - 1)) {
        mantissa += words_any_below(words, drop - 1) || (mantissa & 1) != 0;
    }
    double value = ldexp((double)mantissa, drop + unit);
    return negative ? -value : value;
}

// ---- the sum

void exact_sum_init(struct exact_sum *sum, struct arena *arena)
{
    *sum = (struct exact_sum){ .arena = arena };
}

static bool exact_sum_widen(struct exact_sum *sum)
{
    if (sum->wide != NULL) {
        return true;
    }
    struct exact_sum_wide *wide =
        arena_alloc(sum->arena, sizeof(*wide), _Alignof(struct exact_sum_wide));
    if (wide == NULL) {
        return false;
    }
    memset(wide, 0, sizeof(*wide));
    sum->wide = wide;
    return true;
}

static void integers_add(uint64_t integers[3], __int128 value)
{
    uint128 low = (uint128)integers[1] << 64 | integers[0];
    uint128 result = low + (uint128)value;
    integers[0] = (uint64_t)result;
    integers[1] = (uint64_t)(result >> 64);
    integers[2] += (uint64_t)(result < low) - (uint64_t)(value < 0);
}

static void exact_sum_add_integer(struct exact_sum *sum, __int128 value)
{
    integers_add(sum->integers, value);
    uint128 magnitude = value < 0 ? 0 - (uint128)value : (uint128)value;
    if (magnitude >> DOUBLE_BITS != 0) {
        // 2^127 - 1 rounds to 2^127, which only the unsigned type holds.
        uint128 rounding = (uint128)(double)magnitude - magnitude;
        rounding = value < 0 ? 0 - rounding : rounding;
        const uint64_t halves[2] = { (uint64_t)rounding, (uint64_t)(rounding >> 64) };
        words_merge(sum->rounding, 2, halves, 2, 0);
    }
}

static bool exact_sum_add_double(struct exact_sum *sum, double value)
{
    if (isinf(value)) {
        sum->has_positive_infinity |= value > 0;
        sum->has_negative_infinity |= value < 0;
        return true;
    }
    struct double_parts parts = double_split(value);
    if (parts.mantissa == 0) {
        return true;
    }
    int shift = parts.exponent - WINDOW_UNIT;
    if (shift >= 0 && shift <= WINDOW_SHIFT_MAX) {
        words_add(sum->window, WINDOW_WORDS, parts.mantissa, shift, value < 0);
        return true;
    }
    if (!exact_sum_widen(sum)) {
        return false;
    }
    words_add(sum->wide->word, WIDE_WORDS, parts.mantissa, parts.exponent - WIDE_UNIT, value < 0);
    return true;
}

bool exact_sum_add(struct exact_sum *sum, const struct number *number)
{
    __int128 integer;
    if (number_is_int128(number, &integer)) {
        exact_sum_add_integer(sum, integer);
    } else {
        if (!exact_sum_add_double(sum, number_to_double(number))) {
            return false;
        }
        sum->has_fraction = true;
    }
    sum->count++;
    return true;
}

bool exact_sum_merge(struct exact_sum *sum, const struct exact_sum *other)
{
    if (other->wide != NULL) {
        if (!exact_sum_widen(sum)) {
            return false;
        }
        words_merge(sum->wide->word, WIDE_WORDS, other->wide->word, WIDE_WORDS, 0);
    }
    words_merge(sum->integers, 3, other->integers, 3, 0);
    words_merge(sum->rounding, 2, other->rounding, 2, 0);
    words_merge(sum->window, WINDOW_WORDS, other->window, WINDOW_WORDS, 0);
    sum->has_fraction |= other->has_fraction;
    sum->has_positive_infinity |= other->has_positive_infinity;
    sum->has_negative_infinity |= other->has_negative_infinity;
    sum->count += other->count;
    return true;
}

double exact_sum_to_double(const struct exact_sum *sum)
{
    if (!sum->has_fraction) {
        uint64_t integers[3];
        memcpy(integers, sum->integers, sizeof(integers));
        return words_to_double(integers, 3, 0);
    }
    if (sum->has_positive_infinity || sum->has_negative_infinity) {
        double up = sum->has_positive_infinity ? HUGE_VAL : 0;
        double down = sum->has_negative_infinity ? HUGE_VAL : 0;
        return up - down;
    }
    struct exact_sum_wide total = { 0 };
    if (sum->wide != NULL) {
        total = *sum->wide;
    }
    words_merge(total.word, WIDE_WORDS, sum->window, WINDOW_WORDS, WINDOW_UNIT - WIDE_UNIT);
    words_merge(total.word, WIDE_WORDS, sum->integers, 3, -WIDE_UNIT);
    words_merge(total.word, WIDE_WORDS, sum->rounding, 2, -WIDE_UNIT);
    return words_to_double(total.word, WIDE_WORDS, WIDE_UNIT);
}

size_t exact_sum_format(const struct exact_sum *sum, char out[64])
{
    if (sum->has_fraction) {
        return number_format_double(exact_sum_to_double(sum), out);
    }
    if (sum->integers[2] == (words_negative(sum->integers, 2) ? UINT64_MAX : 0)) {
        uint128 value = (uint128)sum->integers[1] << 64 | sum->integers[0];
        return number_format_int128((__int128)value, out);
    }
    uint64_t rest[3];
    memcpy(rest, sum->integers, sizeof(rest));
    bool negative = words_negative(rest, 3);
    if (negative) {
        words_negate(rest, 3);
    }
    char reversed[64];
    size_t digits = 0;
    do {
        reversed[digits++] = (char)('0' + (int)words_divide(rest, 3, 10));
    } while ((rest[0] | rest[1] | rest[2]) != 0);
    size_t length = 0;
    if (negative) {
        out[length++] = '-';
    }
    while (digits > 0) {
        out[length++] = reversed[--digits];
    }
    out[length] = '\0';
    return length;
}
