// SPDX-License-Identifier: MIT
// number.c: numbers as they are written in a log, compared and converted without losing a digit.
//
// Three forms, from fast to slow: an integer of 64 bits; up to 19 digits and a power of ten; and,
// for what is longer, the text itself, read digit by digit. A value has one form only, except that
// one which could be the second may be the third when its exponent is huge.

#include "number.h"

#include <math.h>
#include <stdlib.h>

typedef unsigned __int128 uint128;

#define MANTISSA_DIGITS 19 // 10^19 - 1 fits 64 bits

static const uint64_t power_of_ten[MANTISSA_DIGITS + 1] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// ---- parsing

// What one pass over the digits before the exponent finds.
struct number_scan {
    uint64_t mantissa;
    int digits;     // significant ones in the mantissa
    int64_t scale;  // the value is mantissa * 10^scale, unless `lost`
    bool lost;      // digits that are not zero did not fit the mantissa
    bool in_fraction;
};

static const char *scan_digits(struct number_scan *scan, const char *at, const char *end)
{
    for (; at < end && is_digit(*at); at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (scan->digits < MANTISSA_DIGITS) {
            scan->mantissa = scan->mantissa * 10 + digit;
            scan->digits += scan->mantissa != 0;
            scan->scale -= scan->in_fraction;
        } else {
            scan->lost |= digit != 0;
            scan->scale += !scan->in_fraction;
        }
    }
    return at;
}

// An exponent beyond this is not told apart here: no text is long enough to bring it back in range.
#define EXPONENT_SATURATED (INT64_C(1) << 60)

// Reads [+-]?\d+ up to end, or NULL when it is not that.
static const char *scan_exponent(const char *at, const char *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end) {
        return NULL;
    }
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++) {
        value = value >= EXPONENT_SATURATED / 10 ? EXPONENT_SATURATED : value * 10 + (*at - '0');
    }
    *exponent = negative ? -value : value;
    return at;
}

// Chooses the form of a value that is not zero.
static void number_settle(struct number *number, const struct number_scan *scan, int64_t exponent)
{
    uint64_t mantissa = scan->mantissa;
    int64_t scale = scan->scale + exponent;
    if (scan->lost || scale > NUMBER_EXPONENT_MAX - MANTISSA_DIGITS ||
        scale < -NUMBER_EXPONENT_MAX) {
        number->form = NUMBER_LONG;
        return;
    }
    while (mantissa % 10 == 0) {
        mantissa /= 10;
        scale++;
    }
    if (scale >= 0 && scale < MANTISSA_DIGITS) {
        uint128 magnitude = (uint128)mantissa * power_of_ten[scale];
        if (magnitude <= (uint128)INT64_MAX + number->negative) {
            uint64_t low = (uint64_t)magnitude;
            number->form = NUMBER_INT64;
            number->integer = (int64_t)(number->negative ? 0 - low : low);
            return;
        }
    }
    number->form = NUMBER_DECIMAL;
    number->mantissa = mantissa;
    number->exponent = (int32_t)scale;
}

bool number_parse(struct bytes text, struct number *out)
{
    if (text.len == 0) {
        return false;
    }
    const char *at = text.ptr;
    const char *const end = at + text.len;
    *out = (struct number){ .text = text, .negative = *at == '-' };
    at += out->negative;

    struct number_scan scan = { 0 };
    const char *start = at;
    at = scan_digits(&scan, at, end);
    if (at == start) {
        return false;
    }
    if (at == end && scan.digits < MANTISSA_DIGITS) {
        out->integer = out->negative ? -(int64_t)scan.mantissa : (int64_t)scan.mantissa;
        out->negative &= scan.mantissa != 0;
        return true;
    }
    if (at < end && *at == '.') {
        start = ++at;
        scan.in_fraction = true;
        at = scan_digits(&scan, at, end);
        if (at == start) {
            return false;
        }
    }
    int64_t exponent = 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = scan_exponent(at + 1, end, &exponent);
    }
    if (at != end) {
        return false;
    }
    if (scan.mantissa == 0) {
        out->negative = false;
    } else {
        number_settle(out, &scan, exponent);
    }
    return true;
}

struct number number_of_int64(int64_t value)
{
    return (struct number){ .form = NUMBER_INT64, .negative = value < 0, .integer = value };
}

// ---- the digits of a text, for NUMBER_LONG

// The value is 0.DDD... * 10^(point + exponent) with the digits still to come; the first is not
// zero. The exponent stays text, because it may have any number of digits.
struct digit_walk {
    const char *at;
    const char *end;
    int64_t point;
    struct bytes exponent; // digits only
    bool exponent_negative;
};

// The text is that of a parsed number other than zero.
static struct digit_walk walk_start(struct bytes text)
{
    struct digit_walk walk = { .at = text.ptr, .end = text.ptr + text.len };
    const char *dot = NULL;
    const char *first = NULL;
    const char *at = walk.at + (*walk.at == '-');
    for (; at < walk.end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            dot = at;
        } else if (first == NULL && *at != '0') {
            first = at;
        }
    }
    if (at < walk.end) {
        const char *exponent = at + 1;
        walk.exponent_negative = *exponent == '-';
        exponent += *exponent == '-' || *exponent == '+';
        walk.exponent = bytes_between(exponent, walk.end);
    }
    walk.end = at;
    walk.at = first;
    dot = dot == NULL ? at : dot;
    walk.point = first < dot ? dot - first : dot - first + 1;
    return walk;
}

// The next digit, or -1 after the last.
static int walk_next(struct digit_walk *walk)
{
    walk->at += walk->at < walk->end && *walk->at == '.';
    return walk->at < walk->end ? *walk->at++ - '0' : -1;
}

// Above this, in magnitude, a difference of exponents is only known to be huge. Adding a point
// (a difference of addresses) cannot bring it back near zero.
#define DIFFERENCE_HUGE ((__int128)1 << 100)

// Subtracts exponents of any length: digit by digit from the top, and once the difference is huge
// no later digits can change its sign.
static __int128 exponent_difference(const struct digit_walk *a, const struct digit_walk *b)
{
    size_t length = a->exponent.len > b->exponent.len ? a->exponent.len : b->exponent.len;
    __int128 difference = 0;
    for (size_t place = length; place > 0; place--) {
        int x = a->exponent.len < place ? 0 : a->exponent.ptr[a->exponent.len - place] - '0';
        int y = b->exponent.len < place ? 0 : b->exponent.ptr[b->exponent.len - place] - '0';
        difference = difference * 10 + (a->exponent_negative ? -x : x) -
                     (b->exponent_negative ? -y : y);
        if (difference > DIFFERENCE_HUGE || difference < -DIFFERENCE_HUGE) {
            return difference;
        }
    }
    return difference;
}

// The power of ten in front of 0.DDD..., cut to +-DIFFERENCE_HUGE or a little more.
static __int128 walk_magnitude(const struct digit_walk *walk)
{
    const struct digit_walk zero = { 0 };
    return exponent_difference(walk, &zero) + walk->point;
}

// ---- comparing

static int compare_int128(__int128 a, __int128 b)
{
    return (a > b) - (a < b);
}

static int compare_walks(struct digit_walk a, struct digit_walk b)
{
    int order = compare_int128(exponent_difference(&a, &b) + a.point, b.point);
    while (order == 0) {
        int x = walk_next(&a);
        int y = walk_next(&b);
        if (x < 0 && y < 0) {
            break;
        }
        order = compare_int128(x < 0 ? 0 : x, y < 0 ? 0 : y);
    }
    return order;
}

static int count_digits(uint64_t value)
{
    int digits = 1;
    while (digits <= MANTISSA_DIGITS && value >= power_of_ten[digits]) {
        digits++;
    }
    return digits;
}

// Compares a * 10^i with b * 10^j; neither a nor b is 0.
static int compare_decimals(uint64_t a, int32_t i, uint64_t b, int32_t j)
{
    int order = compare_int128(count_digits(a) + i, count_digits(b) + j);
    if (order != 0) {
        return order;
    }
    // As many digits in all, so the exponents differ by less than the digits of one mantissa.
    uint128 x = i > j ? (uint128)a * power_of_ten[i - j] : a;
    uint128 y = j > i ? (uint128)b * power_of_ten[j - i] : b;
    return (x > y) - (x < y);
}

static uint64_t number_magnitude(const struct number *number)
{
    if (number->form != NUMBER_INT64) {
        return number->mantissa;
    }
    return number->negative ? 0 - (uint64_t)number->integer : (uint64_t)number->integer;
}

static int number_sign(const struct number *number)
{
    if (number->form == NUMBER_INT64) {
        return (number->integer > 0) - (number->integer < 0);
    }
    return number->negative ? -1 : 1;
}

// Every number has a text to walk over, a computed one gets it in `room`.
static struct digit_walk number_walk(const struct number *number, char room[48])
{
    struct bytes text = number->text;
    if (text.len == 0) {
        text = (struct bytes){ room, number_format_int128(number->integer, room) };
    }
    return walk_start(text);
}

int number_compare(const struct number *a, const struct number *b)
{
    if (a->form == NUMBER_INT64 && b->form == NUMBER_INT64) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    int sign = number_sign(a);
    int other = number_sign(b);
    if (sign != other || sign == 0) {
        return (sign > other) - (sign < other);
    }
    if (a->form == NUMBER_LONG || b->form == NUMBER_LONG) {
        char room_a[48];
        char room_b[48];
        return sign * compare_walks(number_walk(a, room_a), number_walk(b, room_b));
    }
    int32_t i = a->form == NUMBER_INT64 ? 0 : a->exponent;
    int32_t j = b->form == NUMBER_INT64 ? 0 : b->exponent;
    return sign * compare_decimals(number_magnitude(a), i, number_magnitude(b), j);
}

// ---- converting

// A decimal of this many digits decides every double: the middle between two doubles has at most
// 767; one more digit stands for all that follow.
#define DECIDING_DIGITS 768

// Digits and an exponent, no point, so that strtod depends on no locale.
static double double_of_walk(struct digit_walk walk, bool negative)
{
    __int128 magnitude = walk_magnitude(&walk);
    if (magnitude > 310 || magnitude < -330) {
        double extreme = magnitude > 0 ? HUGE_VAL : 0.0;
        return negative ? -extreme : extreme;
    }
    char text[DECIDING_DIGITS + 64];
    size_t length = 0;
    int digit;
    while ((digit = walk_next(&walk)) >= 0 && length < DECIDING_DIGITS) {
        text[length++] = (char)('0' + digit);
    }
    while (digit == 0) {
        digit = walk_next(&walk);
    }
    if (digit > 0) {
        text[length++] = '1';
    }
    __int128 exponent = magnitude - (int)length;
    text[length++] = 'e';
    length += number_format_int128(exponent, text + length);
    double value = strtod(text, NULL);
    return negative ? -value : value;
}

double number_to_double(const struct number *number)
{
    static const double exact_power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const int32_t exact_powers = (int32_t)(sizeof(exact_power) / sizeof(exact_power[0]));
    if (number->form == NUMBER_INT64) {
        return (double)number->integer;
    }
    // Both operands are exact doubles, so the one operation rounds once.
    if (number->form == NUMBER_DECIMAL && number->mantissa <= UINT64_C(1) << 53 &&
        number->exponent < exact_powers && number->exponent > -exact_powers) {
        double value = (double)number->mantissa;
        value = number->exponent < 0 ? value / exact_power[-number->exponent]
                                     : value * exact_power[number->exponent];
        return number->negative ? -value : value;
    }
    return double_of_walk(walk_start(number->text), number->negative);
}

#define INT128_MAGNITUDE_MAX ((uint128)1 << 127)

static bool int128_of_magnitude(uint128 magnitude, bool negative, __int128 *out)
{
    if (magnitude >= INT128_MAGNITUDE_MAX && !(negative && magnitude == INT128_MAGNITUDE_MAX)) {
        return false;
    }
    *out = (__int128)(negative ? 0 - magnitude : magnitude);
    return true;
}

// The first `count` digits as an integer, zeros after the last.
static bool scale_walk(struct digit_walk walk, __int128 count, uint128 *out, bool *exact)
{
    uint128 value = 0;
    int digit = 0;
    for (__int128 i = 0; i < count; i++) {
        digit = digit < 0 ? -1 : walk_next(&walk);
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint128)(digit < 0 ? 0 : digit), &value)) {
            return false;
        }
    }
    do {
        digit = walk_next(&walk);
    } while (digit == 0);
    *out = value;
    *exact = digit < 0;
    return true;
}

static bool scale_decimal(uint128 value, int32_t exponent, uint128 *out, bool *exact)
{
    *exact = true;
    for (; exponent > 0; exponent--) {
        if (__builtin_mul_overflow(value, 10, &value)) {
            return false;
        }
    }
    for (; exponent < 0 && value != 0; exponent++) {
        *exact &= value % 10 == 0;
        value /= 10;
    }
    *out = value;
    return true;
}

bool number_scale(const struct number *number, int power, __int128 *out, bool *exact)
{
    uint128 magnitude = number_magnitude(number);
    *exact = true;
    if (number->form == NUMBER_LONG) {
        struct digit_walk walk = walk_start(number->text);
        if (!scale_walk(walk, walk_magnitude(&walk) + power, &magnitude, exact)) {
            return false;
        }
    } else if (magnitude != 0) {
        int32_t exponent = number->form == NUMBER_INT64 ? 0 : number->exponent;
        if (!scale_decimal(magnitude, exponent + power, &magnitude, exact)) {
            return false;
        }
    }
    return int128_of_magnitude(magnitude, number->negative, out);
}

bool number_is_int128(const struct number *number, __int128 *out)
{
    if (number->form == NUMBER_INT64) {
        *out = number->integer;
        return true;
    }
    bool exact;
    return number_scale(number, 0, out, &exact) && exact;
}
