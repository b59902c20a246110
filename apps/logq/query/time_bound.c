// SPDX-License-Identifier: MIT
// time_bound.c: a point or a unit of time as people name it.

#include "query/time_bound.h"

#include "data/number.h"
#include "data/timestamp.h"

int64_t time_add(int64_t ns, int64_t more)
{
    int64_t sum;
    if (__builtin_add_overflow(ns, more, &sum)) {
        return more > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

int64_t time_subtract(int64_t ns, int64_t less)
{
    int64_t difference;
    if (__builtin_sub_overflow(ns, less, &difference)) {
        return less > 0 ? INT64_MIN : INT64_MAX;
    }
    return difference;
}

static int64_t magnitude(int64_t value)
{
    return value >= 0 ? value : value == INT64_MIN ? INT64_MAX : -value;
}

static bool parse_now(struct bytes text, int64_t now_ns, int64_t *ns)
{
    const struct bytes now = bytes_of("now");
    if (!bytes_has_prefix(text, now)) {
        return false;
    }
    struct bytes rest = bytes_from(text, now.len);
    *ns = now_ns;
    if (rest.len == 0) {
        return true;
    }
    int64_t distance;
    if ((rest.ptr[0] != '+' && rest.ptr[0] != '-') ||
        !duration_parse(bytes_from(rest, 1), &distance) || distance < 0) {
        return false;
    }
    *ns = rest.ptr[0] == '+' ? time_add(now_ns, distance) : time_subtract(now_ns, distance);
    return true;
}

// How many nanoseconds a Unix number of this spelling stands for; see timestamp_parse_unix().
static int64_t unix_width(struct bytes text)
{
    static const struct {
        double below;
        int64_t unit;
    } units[] = { { 1e11, 1000000000 }, { 1e14, 1000000 }, { 1e17, 1000 } };
    struct number number;
    if (!number_parse(text, &number) || memchr(text.ptr, 'e', text.len) != NULL ||
        memchr(text.ptr, 'E', text.len) != NULL) {
        return 1;
    }
    double value = number_to_double(&number);
    value = value < 0 ? -value : value;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (value < units[i].below) {
            int64_t width = units[i].unit;
            const char *point = memchr(text.ptr, '.', text.len);
            size_t fraction = point == NULL ? 0 : (size_t)(text.ptr + text.len - point) - 1;
            for (; fraction > 0 && width > 1; fraction--) {
                width /= 10;
            }
            return width;
        }
    }
    return 1;
}

bool time_bound_parse(struct bytes text, int64_t now_ns, int64_t *from_ns, int64_t *to_ns)
{
    int64_t distance;
    if (parse_now(text, now_ns, from_ns)) {
        *to_ns = *from_ns;
        return true;
    }
    if (duration_parse(text, &distance)) {
        *from_ns = time_subtract(now_ns, magnitude(distance));
        *to_ns = *from_ns;
        return true;
    }
    if (timestamp_parse_range(text, from_ns, to_ns)) {
        return true;
    }
    if (!timestamp_parse_unix(text, from_ns)) {
        return false;
    }
    *to_ns = time_add(*from_ns, unix_width(text) - 1);
    return true;
}
