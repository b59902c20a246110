// SPDX-License-Identifier: MIT
// bucket.c: in which step a time or a number lies.

#include "query/bucket.h"

#include "query/number_range.h"

// What an __int128 holds, and so the most digits behind the point that can be of use.
#define FRACTION_MAX 38

int64_t time_bucket_find(struct time_bucket_cache *cache, int64_t ns, int64_t step_ns)
{
    int64_t offset = ns % step_ns;
    if (offset < 0) {
        offset += step_ns;
    }
    cache->is_set = true;
    if (__builtin_sub_overflow(ns, offset, &cache->start)) {
        cache->start = INT64_MIN;
    }
    if (__builtin_add_overflow(cache->start, step_ns - 1, &cache->last)) {
        cache->last = INT64_MAX;
    }
    return cache->start;
}

// The integer with the point so many digits from its end, without superfluous zeros.
static size_t write_decimal(__int128 value, int fraction, char out[NUMBER_BUCKET_TEXT_LIMIT])
{
    while (fraction > 0 && value % 10 == 0) {
        value /= 10;
        fraction--;
    }
    char digits[48];
    size_t length = number_format_int128(value, digits);
    size_t sign = digits[0] == '-';
    size_t at = 0;
    if (sign == 1) {
        out[at++] = '-';
    }
    size_t whole = length - sign > (size_t)fraction ? length - sign - (size_t)fraction : 0;
    if (whole == 0) {
        out[at++] = '0';
    }
    memcpy(out + at, digits + sign, whole);
    at += whole;
    if (fraction > 0) {
        out[at++] = '.';
        for (size_t missing = (size_t)fraction - (length - sign - whole); missing > 0; missing--) {
            out[at++] = '0';
        }
        memcpy(out + at, digits + sign + whole, length - sign - whole);
        at += length - sign - whole;
    }
    return at;
}

static bool lower_end(__int128 value, __int128 step, __int128 *out)
{
    __int128 offset = value % step;
    if (offset < 0) {
        offset += step;
    }
    return !__builtin_sub_overflow(value, offset, out);
}

struct bytes number_bucket(struct bytes value, const struct number *step,
                           char out[NUMBER_BUCKET_TEXT_LIMIT])
{
    int64_t integer;
    struct number number;
    if (step->form == NUMBER_INT64 && number_read_short(value, &integer)) {
        __int128 start;
        // Both fit 64 bits, and so does nearly every difference.
        if (lower_end(integer, step->integer, &start)) {
            return (struct bytes){ out, write_decimal(start, 0, out) };
        }
    }
    if (!number_parse(value, &number)) {
        return value;
    }
    // The shortest scale at which both are integers.
    for (int fraction = 0; fraction <= FRACTION_MAX; fraction++) {
        __int128 scaled;
        __int128 scaled_step;
        __int128 start;
        bool exact;
        bool step_exact;
        if (!number_scale(&number, fraction, &scaled, &exact) ||
            !number_scale(step, fraction, &scaled_step, &step_exact)) {
            break;
        }
        if (exact && step_exact) {
            if (!lower_end(scaled, scaled_step, &start)) {
                break;
            }
            return (struct bytes){ out, write_decimal(start, fraction, out) };
        }
    }
    return value;
}
