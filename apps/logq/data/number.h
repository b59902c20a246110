// SPDX-License-Identifier: MIT
// number.h: numbers as they are written in a log, compared and converted without losing a digit.

#ifndef LOGQ_DATA_NUMBER_H
#define LOGQ_DATA_NUMBER_H

#include "bytes.h"

#include <stdint.h>

enum number_form {
    NUMBER_INT64,   // the value is the integer `integer`
    NUMBER_DECIMAL, // the value is +-mantissa * 10^exponent
    NUMBER_LONG,    // more digits than a mantissa holds, or a huge exponent: read from the text
};

// A parsed number. `text` refers to the bytes it was parsed from, which must outlive it.
struct number {
    struct bytes text;
    enum number_form form;
    bool negative;     // never set for zero
    int64_t integer;   // NUMBER_INT64
    uint64_t mantissa; // NUMBER_DECIMAL: without trailing zeros, never 0
    int32_t exponent;  // NUMBER_DECIMAL: within +-NUMBER_EXPONENT_MAX
};

#define NUMBER_EXPONENT_MAX 100000

// True for a value whose whole text is -?\d+(\.\d+)?([eE][+-]?\d+)?, however long.
bool number_parse(struct bytes text, struct number *out);

// -1, 0 or 1, by exact value: 1 == 1.0 == 10e-1, -0 == 0, 1e400 < 1e401. Costs at most the length
// of both texts, whatever the exponents.
int number_compare(const struct number *a, const struct number *b);

// The nearest double, ties to even; beyond the range it is +-HUGE_VAL or +-0.
double number_to_double(const struct number *number);

// True when the exact value is an integer (1.0 and 1e3 are) that fits.
bool number_is_int128(const struct number *number, __int128 *out);

// value * 10^power, cut off towards zero; *exact tells whether something was cut off. False when it
// does not fit. power within +-1000.
bool number_scale(const struct number *number, int power, __int128 *out, bool *exact);

// The number of an integer, for values that are computed and not read. Its text is empty.
struct number number_of_int64(int64_t value);

// The shortest decimal that reads back as the same double, without a locale. Plain digits for
// 1e-6 <= |x| < 1e21 and zero (`0`, `-0.25`, `100000000000000000000`), else one digit, an optional
// fraction and a signed exponent (`1e+21`, `1.5e-7`); `NaN`, `+Inf`, `-Inf`; -0 is `0`.
// Returns the length; a NUL follows.
size_t number_format_double(double value, char out[32]);

size_t number_format_int128(__int128 value, char out[48]);

#endif
