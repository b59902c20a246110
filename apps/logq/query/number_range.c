// SPDX-License-Identifier: MIT
// number_range.c: whether a value is a number within bounds.

#include "query/number_range.h"

// The smallest integer that is not below the bound, or above it where it is excluded.
static int64_t lowest_integer(const struct number_bound *bound)
{
    __int128 whole;
    bool exact;
    if (!bound->present || !number_scale(&bound->number, 0, &whole, &exact)) {
        return bound->present && !bound->number.negative ? INT64_MAX : INT64_MIN;
    }
    // Cut off towards zero: the next integer up from there, unless that is it.
    if (exact ? bound->excluded : !bound->number.negative) {
        whole++;
    }
    return whole > INT64_MAX ? INT64_MAX : whole < INT64_MIN ? INT64_MIN : (int64_t)whole;
}

static int64_t highest_integer(const struct number_bound *bound)
{
    __int128 whole;
    bool exact;
    if (!bound->present || !number_scale(&bound->number, 0, &whole, &exact)) {
        return bound->present && bound->number.negative ? INT64_MIN : INT64_MAX;
    }
    if (exact ? bound->excluded : bound->number.negative) {
        whole--;
    }
    return whole > INT64_MAX ? INT64_MAX : whole < INT64_MIN ? INT64_MIN : (int64_t)whole;
}

void number_range_init(struct number_range *range)
{
    range->integer_low = lowest_integer(&range->low);
    range->integer_high = highest_integer(&range->high);
}

bool number_range_has(const struct number_range *range, struct bytes value)
{
    int64_t integer;
    if (number_read_short(value, &integer)) {
        return integer >= range->integer_low && integer <= range->integer_high;
    }
    struct number number;
    if (!number_parse(value, &number)) {
        return false;
    }
    if (range->low.present) {
        int order = number_compare(&number, &range->low.number);
        if (order < 0 || (order == 0 && range->low.excluded)) {
            return false;
        }
    }
    if (range->high.present) {
        int order = number_compare(&number, &range->high.number);
        if (order > 0 || (order == 0 && range->high.excluded)) {
            return false;
        }
    }
    return true;
}
