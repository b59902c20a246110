// SPDX-License-Identifier: MIT
// test_arrivals.c: arrivals come in order, at the rate, the same for the same seed; and whom they
// go to.

#include "load/arrivals.h"
#include "load/target.h"

#include <check.h>
#include <math.h>

#define SECOND INT64_C(1000000000)

START_TEST(fixed_ones_are_equally_far_apart)
{
    struct arrivals arrivals;
    struct arrival arrival;
    int64_t count = 0;
    arrivals_init(&arrivals, ARRIVALS_FIXED, 1000, SECOND, UINT64_MAX, 1);
    while (arrivals_next(&arrivals, &arrival)) {
        count++;
        ck_assert_int_eq(arrival.at_ns, count * 1000000);
    }
    ck_assert_int_eq(count, 999); // the thousandth falls on the end
    arrivals_destroy(&arrivals);
}
END_TEST

START_TEST(poisson_ones_have_their_rate)
{
    enum { RATE = 10000, SECONDS = 20 };
    struct arrivals arrivals;
    struct arrival arrival;
    int64_t before = 0;
    double sum = 0;
    double squares = 0;
    int64_t count = 0;
    arrivals_init(&arrivals, ARRIVALS_POISSON, RATE, SECONDS * SECOND, UINT64_MAX, 7);
    while (arrivals_next(&arrivals, &arrival)) {
        ck_assert_int_ge(arrival.at_ns, before);
        double gap = (double)(arrival.at_ns - before);
        sum += gap;
        squares += gap * gap;
        before = arrival.at_ns;
        count++;
    }
    arrivals_destroy(&arrivals);
    double mean = sum / (double)count;
    double deviation = sqrt(squares / (double)count - mean * mean);
    // 200,000 of them: the mean lies within 1 %, and the gaps vary as much as they are long.
    ck_assert_msg(fabs(mean * RATE / 1e9 - 1) < 0.01, "mean gap %g", mean);
    ck_assert_msg(fabs(deviation / mean - 1) < 0.02, "deviation %g of %g", deviation, mean);
}
END_TEST

START_TEST(a_seed_repeats_them)
{
    struct arrivals a;
    struct arrivals b;
    struct arrivals c;
    struct arrival from_a;
    struct arrival from_b;
    struct arrival from_c;
    arrivals_init(&a, ARRIVALS_POISSON, 5, SECOND * 1000, 50, 3);
    arrivals_init(&b, ARRIVALS_POISSON, 5, SECOND * 1000, 50, 3);
    arrivals_init(&c, ARRIVALS_POISSON, 5, SECOND * 1000, 50, 4);
    int different = 0;
    for (int i = 0; i < 50; i++) {
        ck_assert(arrivals_next(&a, &from_a) && arrivals_next(&b, &from_b) &&
                  arrivals_next(&c, &from_c));
        ck_assert_int_eq(from_a.at_ns, from_b.at_ns);
        ck_assert_uint_eq(from_a.random, from_b.random);
        different += from_a.at_ns != from_c.at_ns;
    }
    ck_assert_int_gt(different, 45);
    ck_assert(!arrivals_next(&a, &from_a)); // the count is used up
    arrivals_destroy(&a);
    arrivals_destroy(&b);
    arrivals_destroy(&c);
}
END_TEST

START_TEST(reads_targets)
{
    static const struct {
        const char *url;
        bool is_read;
        bool is_loopback;
        const char *request; // with the query `a|b c` and the limit 3
    } examples[] = {
        {"http://127.0.0.1:9428", true, true,
         "GET /select/logsql/query?query=a%7Cb%20c&limit=3 HTTP/1.1\r\nHost: 127.0.0.1:9428\r\n"},
        {"http://127.1.2.3:1/", true, true, "GET /select/logsql/query?query="},
        {"http://localhost:9428/health", true, true, "GET /health?query="},
        {"http://[::1]:9428/a?b=c", true, true, "GET /a?b=c&query="},
        {"http://10.0.0.1:80", true, false, "GET "},
        {"http://[2001:db8::1]:80", true, false, "GET "},
        {"http://0.0.0.0:80", true, false, "GET "},
        {"https://127.0.0.1:80", false, false, NULL},
        {"http://127.0.0.1", false, false, NULL},
        {"http://:80", false, false, NULL},
        {"http://127.0.0.1:65536", false, false, NULL},
        {"http://127.0.0.1:x", false, false, NULL},
        {"http://logq.example:80", false, false, NULL},
        {"", false, false, NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct target target;
        struct text request = {0};
        ck_assert_msg(target_read(examples[i].url, &target) == examples[i].is_read, "%s",
                      examples[i].url);
        if (!examples[i].is_read) {
            continue;
        }
        ck_assert_int_eq(target.is_loopback, examples[i].is_loopback);
        target_request(&target, "a|b c", "3", &request);
        ck_assert_msg(bytes_has_prefix(text_bytes(&request), bytes_of(examples[i].request)), "%.*s",
                      (int)request.length, request.data);
        text_free(&request);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arrivals");
    TCase *cases = tcase_create("load");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, fixed_ones_are_equally_far_apart);
    tcase_add_test(cases, poisson_ones_have_their_rate);
    tcase_add_test(cases, a_seed_repeats_them);
    tcase_add_test(cases, reads_targets);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
