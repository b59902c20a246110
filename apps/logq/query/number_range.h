// SPDX-License-Identifier: MIT
// number_range.h: whether a value is a number within bounds.

#ifndef LOGQ_QUERY_NUMBER_RANGE_H
#define LOGQ_QUERY_NUMBER_RANGE_H

#include "data/bytes.h"
#include "data/number.h"

struct number_bound {
    bool present;   // else nothing is too small, or too large
    bool excluded;  // the bound itself is outside
    struct number number;
};

struct number_range {
    struct number_bound low;
    struct number_bound high;
    // The same for values that are integers of at most NUMBER_RANGE_DIGITS digits, both included.
    int64_t integer_low;
    int64_t integer_high;
};

#define NUMBER_RANGE_DIGITS 18

// Sets the bounds for integers from the others.
void number_range_init(struct number_range *range);

bool number_range_has(const struct number_range *range, struct bytes value);

// Reads digits with an optional minus and nothing else, NUMBER_RANGE_DIGITS at most: what most
// numbers in logs are.
static inline bool number_read_short(struct bytes text, int64_t *out)
{
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t digits = text.len - at;
    if (digits == 0 || digits > NUMBER_RANGE_DIGITS) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = at; i < text.len; i++) {
        unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + (int64_t)digit;
    }
    *out = at == 0 ? value : -value;
    return true;
}

#endif
