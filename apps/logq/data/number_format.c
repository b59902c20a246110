// SPDX-License-Identifier: MIT
// number_format.c: integers and doubles as decimal text.
//
// A double is written with the fewest digits that read back as the same double, and of those the
// nearest. Values with few digits are found by trial in double arithmetic; all others are generated
// digit by digit in exact integers (the free-format algorithm of Steele and White, in the form of
// Burger and Dybvig).

#include "double_parts.h"
#include "number.h"

#include <math.h>

// Writes a value before `end`, with zeros up to `least` digits, and returns where it starts.
static char *write_before(char *end, uint64_t value, int least)
{
    for (; value != 0 || least > 0; value /= 10) {
        *--end = (char)('0' + value % 10);
        least--;
    }
    return end;
}

size_t number_format_int128(__int128 value, char out[48])
{
    const uint64_t chunk = UINT64_C(1000000000000000000);
    const int chunk_digits = 18;
    unsigned __int128 rest = value < 0 ? 0 - (unsigned __int128)value : (unsigned __int128)value;
    char digits[40];
    char *start = digits + sizeof(digits);
    while (rest > UINT64_MAX) {
        start = write_before(start, (uint64_t)(rest % chunk), chunk_digits);
        rest /= chunk;
    }
    start = write_before(start, (uint64_t)rest, 1);
    size_t length = (size_t)(digits + sizeof(digits) - start);
    *out = '-';
    memcpy(out + (value < 0), start, length);
    length += value < 0;
    out[length] = '\0';
    return length;
}

// ---- integers long enough for every double

// The largest is the numerator of a subnormal scaled up: 53 + 1074 bits, 31 to normalize, and a few
// to multiply by.
#define BIG_LIMBS 38

struct big {
    int limbs; // in use; the highest is not 0
    uint32_t limb[BIG_LIMBS];
};

static void big_multiply(struct big *big, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < big->limbs; i++) {
        carry += (uint64_t)big->limb[i] * factor;
        big->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        big->limb[big->limbs++] = (uint32_t)carry;
    }
}

// factor * 2^shift * 10^power
static struct big big_make(uint64_t factor, int shift, int power)
{
    struct big big = { .limbs = 0 };
    int skipped = shift / 32;
    for (; big.limbs < skipped; big.limbs++) {
        big.limb[big.limbs] = 0;
    }
    unsigned __int128 rest = (unsigned __int128)factor << (shift % 32);
    for (; rest != 0; rest >>= 32) {
        big.limb[big.limbs++] = (uint32_t)rest;
    }
    for (; power >= 9; power -= 9) {
        big_multiply(&big, 1000000000);
    }
    for (; power > 0; power--) {
        big_multiply(&big, 10);
    }
    return big;
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->limbs != b->limbs) {
        return a->limbs < b->limbs ? -1 : 1;
    }
    for (int i = a->limbs - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

// Compares a + b with c: subtracts both from c and looks at the sign.
static int big_compare_sum(const struct big *a, const struct big *b, const struct big *c)
{
    int limbs = a->limbs > b->limbs ? a->limbs : b->limbs;
    limbs = c->limbs > limbs ? c->limbs : limbs;
    int64_t rest = 0;
    uint32_t any = 0;
    for (int i = 0; i < limbs; i++) {
        rest += i < c->limbs ? (int64_t)c->limb[i] : 0;
        rest -= i < a->limbs ? (int64_t)a->limb[i] : 0;
        rest -= i < b->limbs ? (int64_t)b->limb[i] : 0;
        any |= (uint32_t)rest;
        rest >>= 32;
    }
    return rest < 0 ? 1 : any == 0 ? 0 : -1;
}

// a -= b * factor, where a is not less.
static void big_subtract(struct big *a, const struct big *b, uint32_t factor)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->limbs; i++) {
        uint64_t taken = (i < b->limbs ? (uint64_t)b->limb[i] * factor : 0) + borrow;
        borrow = (taken >> 32) + (a->limb[i] < (uint32_t)taken);
        a->limb[i] -= (uint32_t)taken;
    }
    while (a->limbs > 0 && a->limb[a->limbs - 1] == 0) {
        a->limbs--;
    }
}

// Leaves a modulo b in a, and returns the quotient, which is below 10. The highest bit of b's
// highest limb is set, so that the first estimate, which is never too high, is nearly right.
static int big_divide(struct big *a, const struct big *b)
{
    if (a->limbs < b->limbs) {
        return 0;
    }
    int top = b->limbs - 1;
    uint64_t high = a->limbs > b->limbs ? a->limb[top + 1] : 0;
    uint32_t quotient = (uint32_t)((high << 32 | a->limb[top]) / ((uint64_t)b->limb[top] + 1));
    big_subtract(a, b, quotient);
    while (big_compare(a, b) >= 0) {
        big_subtract(a, b, 1);
        quotient++;
    }
    return (int)quotient;
}

// ---- digits of a double

#define SHORTEST_DIGITS 17

// The value is 0.DDD... * 10^point.
struct decimal {
    int digits;
    int point;
    char digit[SHORTEST_DIGITS + 3]; // as text
};

// value * 10^power, for a value that is not 0.
static void decimal_of_integer(struct decimal *out, uint64_t value, int power)
{
    char reversed[24];
    int digits = 0;
    do {
        reversed[digits++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    int low = 0;
    while (reversed[low] == '0') {
        low++;
    }
    out->digits = digits - low;
    out->point = digits + power;
    for (int i = 0; i < out->digits; i++) {
        out->digit[i] = reversed[digits - 1 - i];
    }
}

// Finds decimals of up to 15 digits: m / 10^p with both exact is one rounding, so it reads back as
// what it gives, and two such decimals never give the same double.
static bool decimal_by_trial(struct decimal *out, double value)
{
    static const double power[] = { 1e0, 1e1, 1e2, 1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    const double most = 1e15;
    for (int p = 0; p < (int)(sizeof(power) / sizeof(power[0])); p++) {
        double scaled = value * power[p];
        if (scaled >= most) {
            return false;
        }
        double whole = (double)(int64_t)(scaled + 0.5);
        if (whole >= 1 && whole / power[p] == value) {
            decimal_of_integer(out, (uint64_t)whole, -p);
            return true;
        }
    }
    return false;
}

// value / 10^point is numerator / denominator. `low` and `high` are the distances to the middle of
// the way to the neighbouring doubles below and above, in the unit of the numerator.
struct shortest {
    struct big numerator;
    struct big denominator;
    struct big low;
    struct big high;
    bool inclusive; // a decimal exactly in the middle reads back as this double, which is even
};

static void shortest_start(struct shortest *s, double value, int power)
{
    struct double_parts parts = double_split(value);
    int exponent = parts.exponent;
    // Below a power of two the neighbour is only half as far away.
    int uneven = parts.mantissa == UINT64_C(1) << (DOUBLE_BITS - 1) &&
                 exponent > DOUBLE_EXPONENT_MIN;
    int up = exponent > 0 ? exponent : 0;
    int down = exponent < 0 ? -exponent : 0;
    int grow = power < 0 ? -power : 0;
    s->numerator = big_make(parts.mantissa, up + 1 + uneven, grow);
    s->denominator = big_make(1, down + 1 + uneven, power > 0 ? power : 0);
    s->low = big_make(1, up, grow);
    s->high = big_make(1, up + uneven, grow);
    s->inclusive = parts.mantissa % 2 == 0;
}

static bool shortest_reaches_above(const struct shortest *s)
{
    int order = big_compare_sum(&s->numerator, &s->high, &s->denominator);
    return s->inclusive ? order >= 0 : order > 0;
}

static bool shortest_reaches_below(const struct shortest *s)
{
    int order = big_compare(&s->numerator, &s->low);
    return s->inclusive ? order <= 0 : order < 0;
}

// Makes the highest bit of the denominator's highest limb 1, for big_divide.
static void shortest_normalize(struct shortest *s)
{
    uint32_t factor = UINT32_C(1) << __builtin_clz(s->denominator.limb[s->denominator.limbs - 1]);
    big_multiply(&s->denominator, factor);
    big_multiply(&s->numerator, factor);
    big_multiply(&s->low, factor);
    big_multiply(&s->high, factor);
}

static int shortest_next_digit(struct shortest *s)
{
    big_multiply(&s->numerator, 10);
    big_multiply(&s->low, 10);
    big_multiply(&s->high, 10);
    return big_divide(&s->numerator, &s->denominator);
}

// value > 0 and finite.
static void decimal_by_generation(struct decimal *out, double value)
{
    struct shortest s;
    // Never too high, and at most one too low.
    out->point = (int)ceil(log10(value) - 1e-9);
    shortest_start(&s, value, out->point);
    if (shortest_reaches_above(&s)) {
        big_multiply(&s.denominator, 10);
        out->point++;
    }
    shortest_normalize(&s);
    out->digits = 0;
    for (;;) {
        int digit = shortest_next_digit(&s);
        bool below = shortest_reaches_below(&s);
        bool above = shortest_reaches_above(&s);
        if (below || above) {
            big_multiply(&s.numerator, 2);
            int half = big_compare(&s.numerator, &s.denominator);
            bool up = above && (!below || half > 0 || (half == 0 && digit % 2 == 1));
            // Never a carry: a 9 that goes up would have ended one digit before.
            out->digit[out->digits++] = (char)('0' + digit + up);
            return;
        }
        out->digit[out->digits++] = (char)('0' + digit);
    }
}

// ---- writing

static size_t write_digits(char *out, const struct decimal *d, int from, int to)
{
    for (int i = from; i < to; i++) {
        *out++ = i < d->digits ? d->digit[i] : '0';
    }
    return (size_t)(to > from ? to - from : 0);
}

static size_t write_plain(char *out, const struct decimal *d)
{
    size_t length = 0;
    if (d->point > 0) {
        length += write_digits(out, d, 0, d->point);
    } else {
        out[length++] = '0';
    }
    if (d->digits > d->point) {
        out[length++] = '.';
        for (int zeros = d->point; zeros < 0; zeros++) {
            out[length++] = '0';
        }
        length += write_digits(out + length, d, d->point > 0 ? d->point : 0, d->digits);
    }
    return length;
}

static size_t write_scientific(char *out, const struct decimal *d)
{
    size_t length = write_digits(out, d, 0, 1);
    if (d->digits > 1) {
        out[length++] = '.';
        length += write_digits(out + length, d, 1, d->digits);
    }
    out[length++] = 'e';
    int exponent = d->point - 1;
    out[length++] = exponent < 0 ? '-' : '+';
    exponent = exponent < 0 ? -exponent : exponent;
    int divisor = exponent >= 100 ? 100 : exponent >= 10 ? 10 : 1;
    for (; divisor > 0; divisor /= 10) {
        out[length++] = (char)('0' + exponent / divisor % 10);
    }
    return length;
}

size_t number_format_double(double value, char out[32])
{
    const char *special = NULL;
    if (isnan(value)) {
        special = "NaN";
    } else if (isinf(value)) {
        special = value > 0 ? "+Inf" : "-Inf";
    } else if (value == 0) {
        special = "0";
    }
    if (special != NULL) {
        struct bytes text = bytes_of(special);
        memcpy(out, text.ptr, text.len + 1);
        return text.len;
    }
    size_t length = 0;
    if (value < 0) {
        out[length++] = '-';
        value = -value;
    }
    struct decimal d;
    if (value < 1e-6 || !decimal_by_trial(&d, value)) {
        decimal_by_generation(&d, value);
    }
    bool plain = value >= 1e-6 && value < 1e21;
    length += plain ? write_plain(out + length, &d) : write_scientific(out + length, &d);
    out[length] = '\0';
    return length;
}
