// SPDX-License-Identifier: MIT
// timestamp.c: times as logs write them, as nanoseconds UTC since 1970, and back.

#include "timestamp.h"

#include "calendar.h"
#include "clf_time.h"
#include "number.h"

static enum timestamp_result ns_of_seconds(int64_t seconds, int64_t fraction_ns, int64_t *ns)
{
    __int128 total = (__int128)seconds * NS_PER_SECOND + fraction_ns;
    if (total < INT64_MIN || total > INT64_MAX) {
        return TIMESTAMP_OUT_OF_RANGE;
    }
    *ns = (int64_t)total;
    return TIMESTAMP_OK;
}

// ---- RFC 3339

enum timestamp_result timestamp_read_rfc3339(struct bytes text, int64_t *ns)
{
    if (text.len == 0) {
        return TIMESTAMP_NOT_A_TIME;
    }
    struct time_reader reader = { text.ptr, text.ptr + text.len };
    int year;
    struct date date;
    int hour;
    int minute;
    int second;
    if (!read_digits(&reader, 4, &year) || !read_char(&reader, '-') ||
        !read_digits(&reader, 2, &date.month) || !read_char(&reader, '-') ||
        !read_digits(&reader, 2, &date.day) || !read_separator_t(&reader) ||
        !read_digits(&reader, 2, &hour) || !read_char(&reader, ':') ||
        !read_digits(&reader, 2, &minute) || !read_char(&reader, ':') ||
        !read_digits(&reader, 2, &second)) {
        return TIMESTAMP_NOT_A_TIME;
    }
    int64_t fraction = 0;
    int fraction_digits;
    if (read_char(&reader, '.') && !read_fraction(&reader, &fraction, &fraction_digits)) {
        return TIMESTAMP_NOT_A_TIME;
    }
    int64_t offset;
    enum timestamp_result zone = read_zone(&reader, &offset);
    if (zone != TIMESTAMP_OK) {
        return zone;
    }
    date.year = year;
    if (!date_exists(date) || !time_of_day_exists(hour, minute, second)) {
        return TIMESTAMP_IMPOSSIBLE;
    }
    int64_t seconds = date_to_days(date) * SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second;
    return ns_of_seconds(seconds - offset, fraction, ns);
}

bool timestamp_parse_rfc3339(struct bytes text, int64_t *ns)
{
    return timestamp_read_rfc3339(text, ns) == TIMESTAMP_OK;
}

// ---- access logs

static int month_of_name(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++) {
        if (memcmp(names + 3 * month, name, 3) == 0) {
            return month + 1;
        }
    }
    return 0;
}

// The day and the zone; the time of day is left out.
static enum timestamp_result clf_read_day(const char *text, int64_t *day_seconds)
{
    struct time_reader reader = { text, text + CLF_DATE_LENGTH };
    struct time_reader zone = { text + CLF_ZONE, text + TIMESTAMP_CLF_LENGTH };
    struct date date;
    int year;
    if (!read_digits(&reader, 2, &date.day) || !read_char(&reader, '/')) {
        return TIMESTAMP_NOT_A_TIME;
    }
    date.month = month_of_name(reader.at);
    reader.at += 3;
    if (date.month == 0 || !read_char(&reader, '/') || !read_digits(&reader, 4, &year) ||
        !read_char(&reader, ':') || !read_char(&zone, ' ')) {
        return TIMESTAMP_NOT_A_TIME;
    }
    int64_t offset;
    enum timestamp_result result = read_zone(&zone, &offset);
    if (result != TIMESTAMP_OK) {
        return result;
    }
    date.year = year;
    if (!date_exists(date)) {
        return TIMESTAMP_IMPOSSIBLE;
    }
    *day_seconds = date_to_days(date) * SECONDS_PER_DAY - offset;
    return TIMESTAMP_OK;
}

enum timestamp_result timestamp_read_clf(struct clf_cache *cache, const char *text, int64_t *ns)
{
    int hour;
    int minute;
    int second;
    if (!clf_read_time_of_day(text + CLF_DATE_LENGTH, &hour, &minute, &second)) {
        return TIMESTAMP_NOT_A_TIME;
    }
    if (!clf_is_same_day(cache, text)) {
        enum timestamp_result result = clf_read_day(text, &cache->day_seconds);
        cache->filled = result == TIMESTAMP_OK;
        if (!cache->filled) {
            return result;
        }
        memcpy(cache->day, text, CLF_DATE_LENGTH);
        memcpy(cache->zone, text + CLF_ZONE, CLF_ZONE_LENGTH);
    }
    if (!time_of_day_exists(hour, minute, second)) {
        return TIMESTAMP_IMPOSSIBLE;
    }
    return ns_of_seconds(cache->day_seconds + (hour * 60 + minute) * 60 + second, 0, ns);
}

bool timestamp_parse_clf_cached(struct clf_cache *cache, struct bytes inside_brackets, int64_t *ns)
{
    return inside_brackets.len == TIMESTAMP_CLF_LENGTH &&
           timestamp_read_clf(cache, inside_brackets.ptr, ns) == TIMESTAMP_OK;
}

bool timestamp_parse_clf(struct bytes inside_brackets, int64_t *ns)
{
    struct clf_cache cache = { 0 };
    return timestamp_parse_clf_cached(&cache, inside_brackets, ns);
}

// ---- Unix time

bool timestamp_parse_unix(struct bytes text, int64_t *ns)
{
    struct number number;
    __int128 whole;
    bool exact;
    if (!number_parse(text, &number) || !number_scale(&number, 0, &whole, &exact)) {
        return false;
    }
    // Magnitudes are compared after cutting off the fraction, which cannot reach the next power.
    whole = whole < 0 ? -whole : whole;
    int power = whole < INT64_C(100000000000)         ? 9
                : whole < INT64_C(100000000000000)    ? 6
                : whole < INT64_C(100000000000000000) ? 3
                                                      : 0;
    __int128 total;
    if (!number_scale(&number, power, &total, &exact)) {
        return false;
    }
    total -= number.negative && !exact;
    if (total < INT64_MIN || total > INT64_MAX) {
        return false;
    }
    *ns = (int64_t)total;
    return true;
}

// ---- writing

static char *write_two(char *out, uint32_t value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *write_fraction(char *out, uint32_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + digits;
}

size_t timestamp_format(int64_t ns, char out[40])
{
    int64_t seconds = floor_divide(ns, NS_PER_SECOND);
    int64_t rest = ns % NS_PER_SECOND;
    uint32_t fraction = (uint32_t)(rest < 0 ? rest + NS_PER_SECOND : rest);
    int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    uint32_t of_day = (uint32_t)(seconds - days * SECONDS_PER_DAY);
    struct date date = date_of_days(days);
    char *at = write_two(out, (uint32_t)date.year / 100);
    at = write_two(at, (uint32_t)date.year % 100);
    *at++ = '-';
    at = write_two(at, (uint32_t)date.month);
    *at++ = '-';
    at = write_two(at, (uint32_t)date.day);
    *at++ = 'T';
    at = write_two(at, of_day / 3600);
    *at++ = ':';
    at = write_two(at, of_day / 60 % 60);
    *at++ = ':';
    at = write_two(at, of_day % 60);
    if (fraction != 0) {
        int digits = 9;
        for (; fraction % 10 == 0; fraction /= 10) {
            digits--;
        }
        *at++ = '.';
        at = write_fraction(at, fraction, digits);
    }
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}
