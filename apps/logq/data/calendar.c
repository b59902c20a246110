// SPDX-License-Identifier: MIT
// calendar.c: days of the Gregorian calendar, extended to all years, and their count from 1970.

#include "calendar.h"

#define DAYS_BEFORE_1970 719468 // from 0000-03-01

static bool year_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month)
{
    static const signed char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

bool date_exists(struct date date)
{
    return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_in_month(date.year, date.month);
}

// Years are counted from March, so that the leap day comes last: then the
// months before a given one have (153 * months + 2) / 5 days.
int64_t date_to_days(struct date date)
{
    int64_t months = (date.month + 9) % 12;
    int64_t year = date.year - (date.month <= 2);
    int64_t leap_days = floor_divide(year, 4) - floor_divide(year, 100) + floor_divide(year, 400);
    return year * 365 + leap_days + (153 * months + 2) / 5 + date.day - 1 - DAYS_BEFORE_1970;
}

struct date date_of_days(int64_t days)
{
    const int64_t days_per_400_years = 146097;
    days += DAYS_BEFORE_1970;
    int64_t era = floor_divide(days, days_per_400_years);
    uint32_t rest = (uint32_t)(days - era * days_per_400_years);
    // Take the leap days out, then every year has 365 days.
    uint32_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    rest -= year * 365 + year / 4 - year / 100;
    uint32_t months = (5 * rest + 2) / 153;
    struct date date = {
        .year = era * 400 + year,
        .month = (int)(months < 10 ? months + 3 : months - 9),
        .day = (int)(rest - (153 * months + 2) / 5 + 1),
    };
    date.year += date.month <= 2;
    return date;
}
