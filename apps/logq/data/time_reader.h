// SPDX-License-Identifier: MIT
// time_reader.h: the parts that written times are made of, for the parsers of timestamp.h.

#ifndef LOGQ_DATA_TIME_READER_H
#define LOGQ_DATA_TIME_READER_H

#include "timestamp.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define SECONDS_PER_DAY INT64_C(86400)

struct time_reader {
    const char *at;
    const char *end;
};

// Takes exactly `digits` digits.
static inline bool read_digits(struct time_reader *reader, int digits, int *value)
{
    if (reader->end - reader->at < digits) {
        return false;
    }
    int result = 0;
    for (int i = 0; i < digits; i++) {
        unsigned digit = (unsigned)(unsigned char)reader->at[i] - '0';
        if (digit > 9) {
            return false;
        }
        result = result * 10 + (int)digit;
    }
    reader->at += digits;
    *value = result;
    return true;
}

static inline bool read_char(struct time_reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c) {
        return false;
    }
    reader->at++;
    return true;
}

static inline bool read_separator_t(struct time_reader *reader)
{
    return read_char(reader, 'T') || read_char(reader, 't') || read_char(reader, ' ');
}

// Takes one or more digits as a fraction of a second; *digits is how many counted.
static inline bool read_fraction(struct time_reader *reader, int64_t *ns, int *digits)
{
    int64_t unit = NS_PER_SECOND;
    int64_t value = 0;
    const char *start = reader->at;
    *digits = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        if (unit > 1) {
            unit /= 10;
            value += (*reader->at - '0') * unit;
            ++*digits;
        }
        reader->at++;
    }
    *ns = value;
    return reader->at > start;
}

// Takes the whole rest as a zone: nothing, Z, z, +-HH:MM, +-HHMM. The caller restores the reader
// when it is none.
static inline enum timestamp_result read_zone(struct time_reader *reader, int64_t *offset_seconds)
{
    *offset_seconds = 0;
    if (reader->at == reader->end) {
        return TIMESTAMP_OK;
    }
    char sign = *reader->at++;
    if (sign == 'Z' || sign == 'z') {
        return reader->at == reader->end ? TIMESTAMP_OK : TIMESTAMP_NOT_A_TIME;
    }
    int hours;
    int minutes;
    if ((sign != '+' && sign != '-') || !read_digits(reader, 2, &hours)) {
        return TIMESTAMP_NOT_A_TIME;
    }
    read_char(reader, ':');
    if (!read_digits(reader, 2, &minutes) || reader->at != reader->end) {
        return TIMESTAMP_NOT_A_TIME;
    }
    if (hours > 23 || minutes > 59) {
        return TIMESTAMP_IMPOSSIBLE;
    }
    *offset_seconds = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
    return TIMESTAMP_OK;
}

// Any minute may have a second 60.
static inline bool time_of_day_exists(int hour, int minute, int second)
{
    return hour <= 23 && minute <= 59 && second <= 60;
}

#endif
