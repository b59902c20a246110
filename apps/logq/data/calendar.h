// SPDX-License-Identifier: MIT
// calendar.h: days of the Gregorian calendar, extended to all years, and their count from 1970.

#ifndef LOGQ_DATA_CALENDAR_H
#define LOGQ_DATA_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct date {
    int64_t year;
    int month; // 1..12
    int day;   // 1..31
};

// False for a month or day that the calendar does not have.
bool date_exists(struct date date);

// Days from 1970-01-01, negative before. The date must exist.
int64_t date_to_days(struct date date);
struct date date_of_days(int64_t days);

// The quotient rounded down; b > 0.
static inline int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

#endif
