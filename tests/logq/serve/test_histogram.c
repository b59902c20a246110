// SPDX-License-Identifier: MIT
// test_histogram.c: percentiles of latencies against a sorted list.

#include "../seed.h"
#include "load/histogram.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define VALUES 5000

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static const double parts[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};

// Each quantile is at least the exact one, and at most one part in 128 more.
static void check_quantiles(const struct histogram *histogram, int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t rank = (size_t)ceil(parts[i] * (double)count);
        int64_t exact = values[rank == 0 ? 0 : rank - 1];
        int64_t found = histogram_quantile(histogram, parts[i]);
        ck_assert_msg(found >= exact && found <= exact + exact / 128, "%g: %lld for %lld", parts[i],
                      (long long)found, (long long)exact);
    }
    ck_assert_int_eq(histogram_quantile(histogram, 1), values[count - 1]);
    ck_assert_int_eq(histogram->largest, values[count - 1]);
}

START_TEST(gives_quantiles)
{
    struct seed seed = seed_start("gives_quantiles");
    static int64_t values[VALUES];
    struct histogram *histogram = calloc(1, sizeof *histogram);
    for (int round = 0; round < 40; round++) {
        size_t count = 1 + seed_below(&seed, VALUES);
        memset(histogram, 0, sizeof *histogram);
        for (size_t i = 0; i < count; i++) {
            values[i] = (int64_t)(seed_next(&seed) >> (22 + seed_below(&seed, 42)));
            histogram_add(histogram, values[i]);
        }
        ck_assert_uint_eq(histogram->total, count);
        check_quantiles(histogram, values, count);
    }
    free(histogram);
}
END_TEST

START_TEST(merges)
{
    struct seed seed = seed_start("merges");
    static int64_t values[VALUES];
    struct histogram *parts_of = calloc(3, sizeof *parts_of);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = (int64_t)seed_below(&seed, 1000000);
        histogram_add(&parts_of[i % 3], values[i]);
    }
    histogram_merge(&parts_of[0], &parts_of[1]);
    histogram_merge(&parts_of[0], &parts_of[2]);
    ck_assert_uint_eq(parts_of[0].total, VALUES);
    check_quantiles(&parts_of[0], values, VALUES);
    free(parts_of);
}
END_TEST

START_TEST(takes_any_value)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    ck_assert_int_eq(histogram_quantile(histogram, 0.5), 0);
    histogram_add(histogram, -5);
    ck_assert_int_eq(histogram_quantile(histogram, 1), 0);
    // At every power of two, and on both sides of it.
    for (int bits = 0; bits < HISTOGRAM_VALUE_BITS; bits++) {
        for (int64_t delta = -1; delta <= 1; delta++) {
            int64_t value = (INT64_C(1) << bits) + delta;
            memset(histogram, 0, sizeof *histogram);
            histogram_add(histogram, value);
            ck_assert_int_eq(histogram_quantile(histogram, 0.5), value);
            histogram_add(histogram, value + value / 64 + 1);
            int64_t found = histogram_quantile(histogram, 0.5);
            ck_assert_msg(found >= value && found <= value + value / 128, "%lld for %lld",
                          (long long)found, (long long)value);
        }
    }
    histogram_add(histogram, INT64_MAX);
    ck_assert_int_eq(histogram->largest, INT64_MAX);
    free(histogram);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *cases = tcase_create("latencies");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, gives_quantiles);
    tcase_add_test(cases, merges);
    tcase_add_test(cases, takes_any_value);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
