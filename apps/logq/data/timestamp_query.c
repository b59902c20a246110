// SPDX-License-Identifier: MIT
// timestamp_query.c: times as queries write them: dates cut short, and durations.

#include "calendar.h"
#include "time_reader.h"

// ---- ranges

// The parts read so far, and the length of the last one.
struct date_prefix {
    struct date date;
    int64_t of_day; // seconds
    int64_t fraction_ns;
    int64_t unit_seconds; // 0 for a year, a month and a fraction
    int64_t unit_ns;
    bool unit_is_year;
    bool unit_is_month;
    bool exists;
};

// Whether the whole rest is a zone. One that is written like a zone but impossible still counts.
static bool read_zone_rest(struct time_reader reader, struct date_prefix *prefix, int64_t *offset)
{
    enum timestamp_result zone = read_zone(&reader, offset);
    prefix->exists &= zone != TIMESTAMP_IMPOSSIBLE;
    return zone != TIMESTAMP_NOT_A_TIME;
}

static bool read_time_part(struct time_reader *reader, struct date_prefix *prefix, char separator,
                           int most, int64_t seconds)
{
    int value;
    bool separated = separator == 'T' ? read_separator_t(reader) : read_char(reader, separator);
    if (!separated || !read_digits(reader, 2, &value)) {
        return false;
    }
    prefix->exists &= value <= most;
    prefix->of_day += value * seconds;
    prefix->unit_seconds = seconds;
    return true;
}

static bool read_date_part(struct time_reader *reader, int *value)
{
    return read_char(reader, '-') && read_digits(reader, 2, value);
}

// Reads part after part until what is left is a zone.
static bool read_prefix(struct time_reader *reader, struct date_prefix *prefix, int64_t *offset)
{
    int year;
    if (!read_digits(reader, 4, &year)) {
        return false;
    }
    prefix->date = (struct date){ .year = year, .month = 1, .day = 1 };
    prefix->unit_is_year = true;
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    prefix->unit_is_year = false;
    prefix->unit_is_month = true;
    if (!read_date_part(reader, &prefix->date.month)) {
        return false;
    }
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    prefix->unit_is_month = false;
    prefix->unit_seconds = SECONDS_PER_DAY;
    if (!read_date_part(reader, &prefix->date.day)) {
        return false;
    }
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    if (!read_time_part(reader, prefix, 'T', 23, 3600)) {
        return false;
    }
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    if (!read_time_part(reader, prefix, ':', 59, 60)) {
        return false;
    }
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    if (!read_time_part(reader, prefix, ':', 60, 1)) {
        return false;
    }
    if (read_zone_rest(*reader, prefix, offset)) {
        return true;
    }
    int digits;
    if (!read_char(reader, '.') || !read_fraction(reader, &prefix->fraction_ns, &digits)) {
        return false;
    }
    prefix->unit_seconds = 0;
    prefix->unit_ns = NS_PER_SECOND;
    for (; digits > 0; digits--) {
        prefix->unit_ns /= 10;
    }
    return read_zone_rest(*reader, prefix, offset);
}

static int64_t prefix_end_days(const struct date_prefix *prefix)
{
    struct date next = prefix->date;
    next.year += prefix->unit_is_year;
    next.month += prefix->unit_is_month;
    if (next.month > 12) {
        next.year++;
        next.month = 1;
    }
    return date_to_days(next);
}

bool timestamp_parse_range(struct bytes text, int64_t *from_ns, int64_t *to_ns)
{
    if (text.len == 0) {
        return false;
    }
    struct time_reader reader = { text.ptr, text.ptr + text.len };
    struct date_prefix prefix = { .exists = true };
    int64_t offset = 0;
    if (!read_prefix(&reader, &prefix, &offset) || !prefix.exists || !date_exists(prefix.date)) {
        return false;
    }
    int64_t days = date_to_days(prefix.date);
    __int128 day_ns = ((__int128)days * SECONDS_PER_DAY - offset) * NS_PER_SECOND;
    __int128 from = day_ns + (__int128)prefix.of_day * NS_PER_SECOND + prefix.fraction_ns;
    __int128 to;
    if (prefix.unit_is_year || prefix.unit_is_month) {
        __int128 unit_days = prefix_end_days(&prefix) - days;
        to = from + unit_days * SECONDS_PER_DAY * NS_PER_SECOND - 1;
    } else {
        to = from + (__int128)prefix.unit_seconds * NS_PER_SECOND + prefix.unit_ns - 1;
    }
    if (to < INT64_MIN || from > INT64_MAX) {
        return false;
    }
    *from_ns = from < INT64_MIN ? INT64_MIN : (int64_t)from;
    *to_ns = to > INT64_MAX ? INT64_MAX : (int64_t)to;
    return true;
}

// ---- durations

struct duration_unit {
    const char *name;
    int64_t ns;
};

// A name before those it is a beginning of.
static const struct duration_unit duration_units[] = {
    { "ns", 1 },
    { "us", 1000 },
    { "\xc2\xb5s", 1000 }, // U+00B5, the micro sign
    { "\xce\xbcs", 1000 }, // U+03BC, the letter mu
    { "ms", 1000000 },
    { "s", NS_PER_SECOND },
    { "m", 60 * NS_PER_SECOND },
    { "h", 3600 * NS_PER_SECOND },
    { "d", SECONDS_PER_DAY * NS_PER_SECOND },
    { "w", 7 * SECONDS_PER_DAY * NS_PER_SECOND },
    { "y", 365 * SECONDS_PER_DAY * NS_PER_SECOND },
};

static int64_t read_duration_unit(struct time_reader *reader)
{
    struct bytes rest = bytes_between(reader->at, reader->end);
    for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
        struct bytes name = bytes_of(duration_units[i].name);
        if (bytes_has_prefix(rest, name)) {
            reader->at += name.len;
            return duration_units[i].ns;
        }
    }
    return 0;
}

#define DURATION_FRACTION_DIGITS 20 // of these times a year fits 128 bits; more do not count

// A decimal as whole + fraction / scale. False when it is none, or too large for any unit.
static bool read_duration_decimal(struct time_reader *reader, int64_t *whole, __int128 *fraction,
                                  __int128 *scale)
{
    const char *start = reader->at;
    *whole = 0;
    *fraction = 0;
    *scale = 1;
    int digit;
    while (read_digits(reader, 1, &digit)) {
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, digit, whole)) {
            return false;
        }
    }
    if (reader->at == start || !read_char(reader, '.')) {
        return reader->at > start;
    }
    start = reader->at;
    while (read_digits(reader, 1, &digit)) {
        if (reader->at - start <= DURATION_FRACTION_DIGITS) {
            *fraction = *fraction * 10 + digit;
            *scale *= 10;
        }
    }
    return reader->at > start;
}

bool duration_parse(struct bytes text, int64_t *ns)
{
    if (text.len == 0) {
        return false;
    }
    struct time_reader reader = { text.ptr, text.ptr + text.len };
    bool negative = read_char(&reader, '-');
    __int128 total = 0;
    do {
        int64_t whole;
        __int128 fraction;
        __int128 scale;
        if (!read_duration_decimal(&reader, &whole, &fraction, &scale)) {
            return false;
        }
        int64_t unit = read_duration_unit(&reader);
        total += (__int128)whole * unit + fraction * unit / scale;
        if (unit == 0 || total > INT64_MAX) {
            return false;
        }
    } while (reader.at < reader.end);
    *ns = (int64_t)(negative ? -total : total);
    return true;
}
