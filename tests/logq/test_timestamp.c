// SPDX-License-Identifier: MIT
// test_timestamp.c: times of logs and queries, against the C library's calendar.

#define _GNU_SOURCE 1 // timegm

#include "data/timestamp.h"
#include "seed.h"

#include <check.h>

#define NS INT64_C(1000000000)

static int64_t utc(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {
        .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second,
    };
    return (int64_t)timegm(&tm) * NS;
}

// ---- RFC 3339

static const struct {
    const char *text;
    int64_t seconds;
    int64_t fraction;
} rfc3339[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"1970-01-01T00:00:00", 0, 0},
    {"1970-01-01 00:00:00z", 0, 0},
    {"1970-01-01t00:00:01+00:00", 1, 0},
    {"1970-01-01T00:00:00-00:00", 0, 0},
    {"1970-01-01T01:00:00+01:00", 0, 0},
    {"1969-12-31T19:00:00-05:00", 0, 0},
    {"1970-01-01T05:30:00+0530", 0, 0},
    {"1969-12-31T23:59:59.999999999Z", -1, 999999999},
    {"2026-11-22T10:11:12Z", 1795342272, 0},
    {"2026-11-22T10:11:12.5Z", 1795342272, 500000000},
    {"2026-11-22T10:11:12.345678", 1795342272, 345678000},
    {"2026-11-22T10:11:12.123456789123456789Z", 1795342272, 123456789},
    {"2026-11-22T10:11:12.000000000999Z", 1795342272, 0},
    {"2016-12-31T23:59:60Z", 1483228800, 0},
    {"2016-12-31T23:59:60.5Z", 1483228800, 500000000},
    {"2024-02-29T00:00:00Z", 1709164800, 0},
    {"2000-02-29T23:59:59Z", 951868799, 0},
    {"2262-04-11T23:47:16.854775807Z", 9223372036, 854775807},
    {"1677-09-21T00:12:43.145224192Z", -9223372037, 145224192},
    {"2262-04-12T00:47:16+01:00", 9223372036, 0},
};

START_TEST(reads_rfc3339)
{
    int64_t ns = -1;
    ck_assert_msg(timestamp_parse_rfc3339(bytes_of(rfc3339[_i].text), &ns), "%s", rfc3339[_i].text);
    __int128 expected = (__int128)rfc3339[_i].seconds * NS + rfc3339[_i].fraction;
    ck_assert_msg(ns == expected, "%s gave %lld", rfc3339[_i].text, (long long)ns);
}
END_TEST

static const struct {
    const char *text;
    enum timestamp_result result;
} not_rfc3339[] = {
    {"", TIMESTAMP_NOT_A_TIME},
    {"2026", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11Z", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12.", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12.Z", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12Zx", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12 Z", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12+", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12+01", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12+01:", TIMESTAMP_NOT_A_TIME},
    {"2026-11-22T10:11:12+01:000", TIMESTAMP_NOT_A_TIME},
    {"2026/11/22T10:11:12Z", TIMESTAMP_NOT_A_TIME},
    {"26-11-22T10:11:12Z", TIMESTAMP_NOT_A_TIME},
    {" 2026-11-22T10:11:12Z", TIMESTAMP_NOT_A_TIME},
    {"2026-1-22T10:11:12Z", TIMESTAMP_NOT_A_TIME},
    {"-2026-11-22T10:11:12Z", TIMESTAMP_NOT_A_TIME},
    {"2026-02-29T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"1900-02-29T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-00-10T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-13-10T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-31T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-00T00:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-30T24:00:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-30T00:60:00Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-30T00:00:61Z", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-30T00:00:00+24:00", TIMESTAMP_IMPOSSIBLE},
    {"2026-04-30T00:00:00+00:60", TIMESTAMP_IMPOSSIBLE},
    {"0001-01-01T00:00:00Z", TIMESTAMP_OUT_OF_RANGE},
    {"9999-12-31T23:59:59Z", TIMESTAMP_OUT_OF_RANGE},
    {"2262-04-11T23:47:16.854775808Z", TIMESTAMP_OUT_OF_RANGE},
    {"1677-09-21T00:12:43.145224191Z", TIMESTAMP_OUT_OF_RANGE},
};

START_TEST(tells_why_it_is_no_time)
{
    int64_t ns;
    struct bytes text = bytes_of(not_rfc3339[_i].text);
    ck_assert_msg(timestamp_read_rfc3339(text, &ns) == not_rfc3339[_i].result, "%s",
                  not_rfc3339[_i].text);
    ck_assert(!timestamp_parse_rfc3339(text, &ns));
}
END_TEST

// A random moment and its parts by the C library.
static int64_t random_second(struct seed *seed, struct tm *tm)
{
    int64_t seconds = (int64_t)(seed_next(seed) % UINT64_C(18446744072)) - INT64_C(9223372036);
    time_t time = (time_t)seconds;
    gmtime_r(&time, tm);
    return seconds;
}

START_TEST(agrees_with_the_c_library)
{
    struct seed seed = seed_start("timestamps");
    struct clf_cache cache = {0};
    for (int round = 0; round < 200000; round++) {
        struct tm tm;
        int64_t seconds = random_second(&seed, &tm);
        if (seed_below(&seed, 2) == 0) {
            // Near the turn of a day, where days, months and years change.
            seconds -= seconds % 86400 + (int64_t)seed_below(&seed, 3) - 1;
            time_t time = (time_t)seconds;
            gmtime_r(&time, &tm);
        }
        char text[80];
        char expected[80];
        int64_t ns = 0;
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        REQUIRE(timestamp_parse_rfc3339(bytes_of(text), &ns), "%s", text);
        REQUIRE(ns == seconds * NS, "%s", text);

        strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", &tm);
        REQUIRE(timestamp_parse_clf(bytes_of(text), &ns), "%s", text);
        REQUIRE(ns == seconds * NS, "%s", text);
        REQUIRE(timestamp_parse_clf_cached(&cache, bytes_of(text), &ns), "%s", text);
        REQUIRE(ns == seconds * NS, "%s with a cache", text);

        int64_t fraction = (int64_t)seed_below(&seed, 1000000000);
        for (size_t zeros = seed_below(&seed, 10); zeros > 0; zeros--) {
            fraction -= fraction % (zeros == 9 ? NS : zeros > 4 ? 100000 : 10);
        }
        size_t length = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
        if (fraction != 0) {
            length += (size_t)snprintf(expected + length, sizeof(expected) - length, ".%09lld",
                                       (long long)fraction);
            while (expected[length - 1] == '0') {
                length--;
            }
        }
        snprintf(expected + length, sizeof(expected) - length, "Z");
        char formatted[40];
        REQUIRE(timestamp_format(seconds * NS + fraction, formatted) == length + 1 &&
                    strcmp(formatted, expected) == 0,
                "%s, not %s", formatted, expected);
        REQUIRE(timestamp_parse_rfc3339(bytes_of(formatted), &ns) && ns == seconds * NS + fraction,
                "%s", formatted);
    }
}
END_TEST

START_TEST(formats_the_ends_of_the_range)
{
    char text[40];
    ck_assert_uint_eq(timestamp_format(INT64_MAX, text), 30);
    ck_assert_str_eq(text, "2262-04-11T23:47:16.854775807Z");
    timestamp_format(INT64_MIN, text);
    ck_assert_str_eq(text, "1677-09-21T00:12:43.145224192Z");
    timestamp_format(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999999999Z");
    timestamp_format(0, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
}
END_TEST

// ---- access logs

static const struct {
    const char *text;
    const char *same; // in RFC 3339, or NULL when it is no time
} clf[] = {
    {"22/Nov/2026:10:11:12 +0000", "2026-11-22T10:11:12Z"},
    {"22/Nov/2026:10:11:12 +0230", "2026-11-22T10:11:12+02:30"},
    {"22/Nov/2026:10:11:12 -1145", "2026-11-22T10:11:12-11:45"},
    {"31/Dec/2016:23:59:60 +0000", "2017-01-01T00:00:00Z"},
    {"29/Feb/2024:00:00:00 +0000", "2024-02-29T00:00:00Z"},
    {"29/Feb/2023:00:00:00 +0000", NULL},
    {"31/Apr/2023:00:00:00 +0000", NULL},
    {"00/Apr/2023:00:00:00 +0000", NULL},
    {"22/Nov/2026:24:00:00 +0000", NULL},
    {"22/Nov/2026:23:60:00 +0000", NULL},
    {"22/Nov/2026:23:00:61 +0000", NULL},
    {"22/Nov/2026:23:00:00 +2400", NULL},
    {"22/Nov/2026:23:00:00 +0060", NULL},
    {"22/Nov/2026:23:00:00 00000", NULL},
    {"22/Nov/2026:23:00:00 +000", NULL},
    {"22/Nov/2026:23:00:00", NULL},
    {"22/Nov/2026:23:00:00+00000", NULL},
    {"22/Nov/2026:23:00:00 +00:0", NULL},
    {"22/nov/2026:23:00:00 +0000", NULL},
    {"22/Nob/2026:23:00:00 +0000", NULL},
    {"22-Nov-2026:23:00:00 +0000", NULL},
    {"2x/Nov/2026:23:00:00 +0000", NULL},
    {"22/Nov/2026:2 :00:00 +0000", NULL},
    {"22/Nov/2026 23:00:00 +0000", NULL},
    {"22/Nov/2026:23-00-00 +0000", NULL},
    {"22/Nov/2026:/3:00:00 +0000", NULL},
    {"22/Nov/2026:23:00:0\xb0 +0000", NULL},
    {"22/Nov/0001:23:00:00 +0000", NULL},
};

START_TEST(reads_access_log_times)
{
    // Once alone, once after a good one of the same day, once after another.
    struct clf_cache same = {0};
    struct clf_cache other = {0};
    int64_t ns;
    ck_assert(timestamp_parse_clf_cached(&same, bytes_of("22/Nov/2026:01:02:03 +0000"), &ns));
    ck_assert(timestamp_parse_clf_cached(&other, bytes_of("01/Jan/2020:01:02:03 +0100"), &ns));
    struct bytes text = bytes_of(clf[_i].text);
    int64_t got[3] = {0};
    bool is[3] = {
        timestamp_parse_clf(text, &got[0]),
        timestamp_parse_clf_cached(&same, text, &got[1]),
        timestamp_parse_clf_cached(&other, text, &got[2]),
    };
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(is[i] == (clf[_i].same != NULL), "%s", clf[_i].text);
        if (is[i]) {
            ck_assert(timestamp_parse_rfc3339(bytes_of(clf[_i].same), &ns));
            ck_assert_msg(got[i] == ns, "%s", clf[_i].text);
        }
    }
    // A bad text leaves a cache that still works.
    ck_assert(timestamp_parse_clf_cached(&other, bytes_of("01/Jan/2020:01:02:03 +0100"), &ns));
    ck_assert_int_eq(ns, utc(2020, 1, 1, 0, 2, 3));
}
END_TEST

// ---- Unix time

static const struct {
    const char *text;
    int64_t ns;
    bool valid;
} unix_times[] = {
    {"0", 0, true},
    {"1732270272", 1732270272 * NS, true},
    {"1732270272.5", 1732270272 * NS + 500000000, true},
    {"1732270272.123456789", 1732270272 * NS + 123456789, true},
    {"1732270272.1234567899", 1732270272 * NS + 123456789, true},
    {"1732270272.123456789012345678901234567890", 1732270272 * NS + 123456789, true},
    {"1.732270272e9", 1732270272 * NS, true},
    {"99999999999", 0, false}, // seconds, but beyond the range
    {"9223372036", 9223372036 * NS, true},
    {"9223372036.854775807", INT64_MAX, true},
    {"9223372036.854775808", 0, false},
    {"100000000000", 100000000 * NS, true},
    {"1732270272123", 1732270272 * NS + 123000000, true},
    {"1732270272123.25", 1732270272 * NS + 123250000, true},
    {"9223372036854.9", 0, false}, // milliseconds beyond the range
    {"9223372036854", INT64_C(9223372036854000000), true},
    {"99999999999999.9", 0, false},
    {"100000000000000", 100000000 * NS, true},
    {"1732270272123456", 1732270272 * NS + 123456000, true},
    {"99999999999999999", 0, false},
    {"9223372036854775", INT64_C(9223372036854775000), true},
    {"100000000000000000", 100000000 * NS, true},
    {"1732270272123456789", 1732270272 * NS + 123456789, true},
    {"1732270272123456789.9", 1732270272 * NS + 123456789, true},
    {"9223372036854775807", INT64_MAX, true},
    {"9223372036854775808", 0, false},
    {"1e400", 0, false},
    {"1e-400", 0, true},
    {"-1", -NS, true},
    {"-1.5", -NS - 500000000, true},
    {"-0.0000000001", -1, true},
    {"-1e-400", -1, true},
    {"-1732270272123", -1732270272 * NS - 123000000, true},
    {"", 0, false},
    {"12s", 0, false},
    {"0x10", 0, false},
};

START_TEST(unix_times_by_magnitude)
{
    int64_t ns = 0;
    bool valid = timestamp_parse_unix(bytes_of(unix_times[_i].text), &ns);
    ck_assert_msg(valid == unix_times[_i].valid, "%s", unix_times[_i].text);
    ck_assert_msg(!valid || ns == unix_times[_i].ns, "%s gave %lld", unix_times[_i].text,
                  (long long)ns);
}
END_TEST

// ---- ranges

static const struct {
    const char *text;
    const char *from; // NULL: no range
    const char *to;
} ranges[] = {
    {"2026", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z"},
    {"2026Z", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z"},
    {"2026+01:00", "2025-12-31T23:00:00Z", "2026-12-31T22:59:59.999999999Z"},
    {"2026-11:00", "2026-01-01T11:00:00Z", "2027-01-01T10:59:59.999999999Z"},
    {"2026-11", "2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999999999Z"},
    {"2026-12Z", "2026-12-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z"},
    {"2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999999Z"},
    {"2023-02", "2023-02-01T00:00:00Z", "2023-02-28T23:59:59.999999999Z"},
    {"2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999999999Z"},
    {"2026-11-22Z", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999999999Z"},
    {"2026-11-22-05:00", "2026-11-22T05:00:00Z", "2026-11-23T04:59:59.999999999Z"},
    {"2026-11-22T10", "2026-11-22T10:00:00Z", "2026-11-22T10:59:59.999999999Z"},
    {"2026-11-22 10Z", "2026-11-22T10:00:00Z", "2026-11-22T10:59:59.999999999Z"},
    {"2026-11-22T10:11", "2026-11-22T10:11:00Z", "2026-11-22T10:11:59.999999999Z"},
    {"2026-11-22T10:11+0200", "2026-11-22T08:11:00Z", "2026-11-22T08:11:59.999999999Z"},
    {"2026-11-22T10:11:12", "2026-11-22T10:11:12Z", "2026-11-22T10:11:12.999999999Z"},
    {"2026-11-22T10:11:12.5", "2026-11-22T10:11:12.5Z", "2026-11-22T10:11:12.599999999Z"},
    {"2026-11-22T10:11:12.50Z", "2026-11-22T10:11:12.5Z", "2026-11-22T10:11:12.509999999Z"},
    {"2026-11-22T10:11:12.123456789", "2026-11-22T10:11:12.123456789Z",
     "2026-11-22T10:11:12.123456789Z"},
    {"2026-11-22T10:11:12.1234567899", "2026-11-22T10:11:12.123456789Z",
     "2026-11-22T10:11:12.123456789Z"},
    {"2016-12-31T23:59:60", "2017-01-01T00:00:00Z", "2017-01-01T00:00:00.999999999Z"},
    {"2262", "2262-01-01T00:00:00Z", "2262-04-11T23:47:16.854775807Z"},
    {"1677", "1677-09-21T00:12:43.145224192Z", "1677-12-31T23:59:59.999999999Z"},
    {"", NULL, NULL},
    {"26", NULL, NULL},
    {"20261", NULL, NULL},
    {"2026-", NULL, NULL},
    {"2026-1", NULL, NULL},
    {"2026-11-", NULL, NULL},
    {"2026-11-22T", NULL, NULL},
    {"2026-11-22T10:", NULL, NULL},
    {"2026-11-22T10:11:12.", NULL, NULL},
    {"2026-11-22T10:11:12.x", NULL, NULL},
    {"2026-11-22x", NULL, NULL},
    {"2026-11-22T10:11:12ZZ", NULL, NULL},
    {"2026-13", NULL, NULL},
    {"2026-00", NULL, NULL},
    {"2026-02-30", NULL, NULL},
    {"2026-11-22T24", NULL, NULL},
    {"2026-11-22T10:60", NULL, NULL},
    {"2026-11-22T10:11:61", NULL, NULL},
    {"2026-11-22+25:00", NULL, NULL},
    {"0001", NULL, NULL},
    {"9999", NULL, NULL},
    {"5m", NULL, NULL},
};

START_TEST(a_prefix_of_a_date_is_a_range)
{
    int64_t from = 0;
    int64_t to = 0;
    bool valid = timestamp_parse_range(bytes_of(ranges[_i].text), &from, &to);
    ck_assert_msg(valid == (ranges[_i].from != NULL), "%s", ranges[_i].text);
    if (valid) {
        char text[40];
        timestamp_format(from, text);
        ck_assert_str_eq(text, ranges[_i].from);
        timestamp_format(to, text);
        ck_assert_str_eq(text, ranges[_i].to);
    }
}
END_TEST

// ---- durations

static const struct {
    const char *text;
    int64_t ns;
    bool valid;
} durations[] = {
    {"5m", 300 * NS, true},
    {"1h30m", 5400 * NS, true},
    {"1.5s", 1500000000, true},
    {"1.5h", 5400 * NS, true},
    {"1ns", 1, true},
    {"1us", 1000, true},
    {"1\xc2\xb5s", 1000, true},
    {"1\xce\xbcs", 1000, true},
    {"250ms", 250000000, true},
    {"1m1ms", 60 * NS + 1000000, true},
    {"1ms1m", 60 * NS + 1000000, true},
    {"1d", 86400 * NS, true},
    {"1w", 7 * 86400 * NS, true},
    {"1y", 365 * 86400 * NS, true},
    {"1y2w3d4h5m6s7ms8us9ns",
     ((((365 + 14 + 3) * 24 + 4) * 60 + 5) * INT64_C(60) + 6) * NS + 7008009, true},
    {"0s", 0, true},
    {"-5m", -300 * NS, true},
    {"-1h30m", -5400 * NS, true},
    {"0.0000000019s", 1, true},
    {"0.1ns", 0, true},
    {"1.123456789012345678901234567890s", 1123456789, true},
    {"9223372036854775807ns", INT64_MAX, true},
    {"9223372036.854775807s", INT64_MAX, true},
    {"-9223372036854775807ns", -INT64_MAX, true},
    {"9223372036854775808ns", 0, false},
    {"9223372036.854775808s", 0, false},
    {"293y", 0, false},
    {"292y", INT64_C(292) * 365 * 86400 * NS, true},
    {"99999999999999999999s", 0, false},
    {"", 0, false},
    {"5", 0, false},
    {"m", 0, false},
    {"-", 0, false},
    {"5 m", 0, false},
    {".5s", 0, false},
    {"5.s", 0, false},
    {"5M", 0, false},
    {"5mm", 0, false},
    {"5m3", 0, false},
    {"5m-3s", 0, false},
    {"+5m", 0, false},
    {"1.2.3s", 0, false},
    {"5min", 0, false},
    {"5\xc2\xb5", 0, false},
};

START_TEST(durations_of_many_parts)
{
    int64_t ns = 0;
    bool valid = duration_parse(bytes_of(durations[_i].text), &ns);
    ck_assert_msg(valid == durations[_i].valid, "%s", durations[_i].text);
    ck_assert_msg(!valid || ns == durations[_i].ns, "%s gave %lld", durations[_i].text,
                  (long long)ns);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("timestamp");
    TCase *tests = tcase_create("timestamp");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, reads_rfc3339, 0, COUNT(rfc3339));
    tcase_add_loop_test(tests, tells_why_it_is_no_time, 0, COUNT(not_rfc3339));
    tcase_add_test(tests, agrees_with_the_c_library);
    tcase_add_test(tests, formats_the_ends_of_the_range);
    tcase_add_loop_test(tests, reads_access_log_times, 0, COUNT(clf));
    tcase_add_loop_test(tests, unix_times_by_magnitude, 0, COUNT(unix_times));
    tcase_add_loop_test(tests, a_prefix_of_a_date_is_a_range, 0, COUNT(ranges));
    tcase_add_loop_test(tests, durations_of_many_parts, 0, COUNT(durations));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
