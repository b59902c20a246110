// SPDX-License-Identifier: MIT
// double_parts.h: a double as an integer times a power of two.

#ifndef LOGQ_DATA_DOUBLE_PARTS_H
#define LOGQ_DATA_DOUBLE_PARTS_H

#include <stdint.h>
#include <string.h>

#define DOUBLE_BITS 53
#define DOUBLE_EXPONENT_MIN (-1074)

// The magnitude is mantissa * 2^exponent; mantissa < 2^53, and >= 2^52 unless the exponent is the
// least.
struct double_parts {
    uint64_t mantissa;
    int exponent;
};

// Not for NaN and infinities.
static inline struct double_parts double_split(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    int biased = (int)(bits >> (DOUBLE_BITS - 1) & 0x7ff);
    uint64_t fraction = bits & ((UINT64_C(1) << (DOUBLE_BITS - 1)) - 1);
    return (struct double_parts){
        .mantissa = biased == 0 ? fraction : fraction | UINT64_C(1) << (DOUBLE_BITS - 1),
        .exponent = (biased == 0 ? 0 : biased - 1) + DOUBLE_EXPONENT_MIN,
    };
}

#endif
