// SPDX-License-Identifier: MIT
// clf_time.h: the part of reading access log times that every line runs through.

#ifndef LOGQ_DATA_CLF_TIME_H
#define LOGQ_DATA_CLF_TIME_H

#include "time_reader.h"

// Offsets in `22/Nov/2026:10:11:12 +0000`.
#define CLF_DATE_LENGTH 12 // with its colon
#define CLF_ZONE 20        // with its space
#define CLF_ZONE_LENGTH 6

// HH:MM:SS, all eight bytes at once: after the XOR a digit is its value and a colon is 0; adding
// `limit` sets the top bit of every byte that is more.
static inline bool clf_read_time_of_day(const char *text, int *hour, int *minute, int *second)
{
    static const char zero[8] = "00:00:00";
    static const unsigned char limit[8] = { 0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f, 0x76, 0x76 };
    uint64_t value;
    uint64_t pattern;
    uint64_t more;
    memcpy(&value, text, sizeof(value));
    memcpy(&pattern, zero, sizeof(pattern));
    memcpy(&more, limit, sizeof(more));
    value ^= pattern;
    if (((value | (value + more)) & UINT64_C(0x8080808080808080)) != 0) {
        return false;
    }
    unsigned char digit[8];
    memcpy(digit, &value, sizeof(value));
    *hour = digit[0] * 10 + digit[1];
    *minute = digit[3] * 10 + digit[4];
    *second = digit[6] * 10 + digit[7];
    return true;
}

static inline bool clf_is_same_day(const struct clf_cache *cache, const char *text)
{
    return cache->filled && memcmp(cache->day, text, CLF_DATE_LENGTH) == 0 &&
           memcmp(cache->zone, text + CLF_ZONE, CLF_ZONE_LENGTH) == 0;
}

// Reads a text of TIMESTAMP_CLF_LENGTH bytes that shares day and zone with the one before. False
// when it does not, or is no time at all: timestamp_read_clf tells.
static inline bool clf_time_same_day(const struct clf_cache *cache, const char *text, int64_t *ns)
{
    int hour;
    int minute;
    int second;
    if (!clf_is_same_day(cache, text) ||
        !clf_read_time_of_day(text + CLF_DATE_LENGTH, &hour, &minute, &second) ||
        !time_of_day_exists(hour, minute, second)) {
        return false;
    }
    int64_t seconds = cache->day_seconds + (hour * 60 + minute) * 60 + second;
    return !__builtin_mul_overflow(seconds, NS_PER_SECOND, ns);
}

#endif
