// SPDX-License-Identifier: MIT
// test_exact_sum.c: sums are exact, and the same in every order and for every tree of merges.

#include "data/exact_sum.h"
#include "seed.h"

#include <check.h>
#include <math.h>

#define SUM_MEMORY ((size_t)64 * 1024 * 1024)

static void add_text(struct exact_sum *sum, const char *text)
{
    struct number number;
    REQUIRE(number_parse(bytes_of(text), &number), "%s", text);
    REQUIRE(exact_sum_add(sum, &number), "no memory for %s", text);
}

// ---- known sums

#define TERMS_MAX 12

static const struct {
    const char *terms[TERMS_MAX];
    const char *sum;
} examples[] = {
    {{NULL}, "0"},
    {{"1", "2"}, "3"},
    {{"1.0", "2e0"}, "3"},
    {{"9223372036854775807", "9223372036854775807"}, "18446744073709551614"},
    {{"-9223372036854775808", "-9223372036854775808", "-1"}, "-18446744073709551617"},
    {{"9007199254740993", "1"}, "9007199254740994"},
    // Longer than 128 bits, and there and back.
    {{"170141183460469231731687303715884105727", "170141183460469231731687303715884105727", "3"},
     "340282366920938463463374607431768211457"},
    {{"-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
     "-340282366920938463463374607431768211456"},
    {{"170141183460469231731687303715884105727", "170141183460469231731687303715884105727",
      "-170141183460469231731687303715884105727", "-170141183460469231731687303715884105728"},
     "-1"},
    {{"0.1", "0.2"}, "0.30000000000000004"},
    {{"0.1", "0.2", "0.3"}, "0.6"},
    // Ten tenths as doubles are 1.000000000000000055, which is nearest to 1.
    {{"0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"}, "1"},
    {{"0.5", "0.5"}, "1"},
    {{"1e100", "1.5", "-1e100"}, "1.5"},
    {{"1.5", "1e100", "2.25", "-1e100"}, "3.75"},
    {{"1e308", "1e308", "-1e308"}, "1e+308"},
    {{"1e308", "1e308"}, "+Inf"},
    {{"-1e308", "-1e308"}, "-Inf"},
    {{"1e400", "5"}, "+Inf"},
    {{"1e400", "-1e400"}, "NaN"},
    {{"-1e400", "0.5"}, "-Inf"},
    {{"5e-324", "5e-324"}, "1e-323"},
    {{"1e300", "5e-324", "-1e300"}, "5e-324"},
    {{"1e-400"}, "0"},
    {{"1e-400", "-1e-400", "7"}, "7"},
    // Ties go to even: 2^53 and a half step, below and above.
    {{"9007199254740992", "1.0", "1e-30", "-1e-30"}, "9007199254740992"},
    {{"9007199254740994", "1.0", "1e-30", "-1e-30"}, "9007199254740996"},
    {{"9007199254740992", "1.0", "1e-300"}, "9007199254740994"},
    // With a fraction among them, integers count as their doubles: 2^53 + 1 as 2^53.
    {{"9007199254740993", "0.5"}, "9007199254740992"},
    {{"9007199254740993", "9007199254740993", "0.5", "-0.5"}, "18014398509481984"},
    {{"1e39", "1"}, "1e+39"},
    {{"0.000000001", "4398046511104.5", "-4398046511104.5"}, "1e-9"},
    {{"2199023255552.5", "2199023255552.5"}, "4398046511105"},
    {{"-0.75", "0.25"}, "-0.5"},
    {{"-0.5", "0.5"}, "0"},
};

START_TEST(known_sums)
{
    struct arena arena;
    arena_init(&arena, SUM_MEMORY);
    // Forwards, backwards, and one by one merged.
    for (int way = 0; way < 3; way++) {
        struct exact_sum sum;
        exact_sum_init(&sum, &arena);
        int terms = 0;
        while (terms < TERMS_MAX && examples[_i].terms[terms] != NULL) {
            terms++;
        }
        for (int t = 0; t < terms; t++) {
            if (way < 2) {
                add_text(&sum, examples[_i].terms[way == 0 ? t : terms - 1 - t]);
            } else {
                struct exact_sum one;
                exact_sum_init(&one, &arena);
                add_text(&one, examples[_i].terms[t]);
                ck_assert(exact_sum_merge(&sum, &one));
            }
        }
        ck_assert_uint_eq(sum.count, (uint64_t)terms);
        char text[64];
        size_t length = exact_sum_format(&sum, text);
        ck_assert_str_eq(text, examples[_i].sum);
        ck_assert_uint_eq(length, strlen(text));
    }
    arena_free(&arena);
}
END_TEST

// ---- random sums

// A double that is an integer times 2^unit, with the exact integer.
struct term {
    char text[40];
    __int128 units;
};

#define UNIT (-70)

// Doubles whose sum is known exactly: multiples of 2^UNIT below 2^41, and now and then an integer.
static struct term random_term(struct seed *seed)
{
    struct term term;
    uint64_t mantissa = seed_next(seed) >> (11 + seed_below(seed, 53));
    int exponent = (int)seed_below(seed, 58) + UNIT;
    double value = ldexp((double)mantissa, exponent);
    if (seed_below(seed, 2) == 0) {
        value = -value;
    }
    if (seed_below(seed, 4) == 0) {
        value = (double)(int64_t)value;
    }
    snprintf(term.text, sizeof(term.text), "%.17g", value);
    term.units = (__int128)ldexp(value, -UNIT);
    return term;
}

// Rounds once: the compiler's conversion does, and scaling by a power of two is exact.
static double double_of_units(__int128 units)
{
    return ldexp((double)units, UNIT);
}

START_TEST(random_sums_are_rounded_once)
{
    struct seed seed = seed_start("exact sum");
    struct arena arena;
    arena_init(&arena, SUM_MEMORY);
    enum { TERMS = 60, PARTS = 7 };
    for (int round = 0; round < 4000; round++) {
        struct exact_sum part[PARTS];
        for (int p = 0; p < PARTS; p++) {
            exact_sum_init(&part[p], &arena);
        }
        __int128 units = 0;
        bool fraction = false;
        for (int t = 0; t < TERMS; t++) {
            struct term term = random_term(&seed);
            units += term.units;
            fraction |= term.units % ((__int128)1 << -UNIT) != 0;
            add_text(&part[seed_below(&seed, PARTS)], term.text);
        }
        // Cancel most of it, so that small rests matter.
        char text[64];
        snprintf(text, sizeof(text), "%.17g", -double_of_units(units));
        units -= (__int128)ldexp(double_of_units(units), -UNIT);
        add_text(&part[0], text);
        for (int live = PARTS; live > 1; live--) {
            size_t into = seed_below(&seed, (size_t)live - 1);
            ck_assert(exact_sum_merge(&part[into], &part[live - 1]));
        }
        double expected = double_of_units(units);
        double got = exact_sum_to_double(&part[0]);
        ck_assert_msg(got == expected, "round %d: %.17g, not %.17g", round, got, expected);
        ck_assert(part[0].has_fraction || !fraction);
        arena_reset(&arena);
    }
    arena_free(&arena);
}
END_TEST

START_TEST(any_order_and_any_merge_give_the_same_text)
{
    struct seed seed = seed_start("exact sum order");
    struct arena arena;
    arena_init(&arena, SUM_MEMORY);
    enum { TERMS = 40 };
    for (int round = 0; round < 1500; round++) {
        char terms[TERMS][48];
        for (int t = 0; t < TERMS; t++) {
            uint64_t bits = seed_next(&seed);
            double value;
            do {
                bits = bits * 3 + 1;
                memcpy(&value, &bits, sizeof(value));
            } while (!isfinite(value));
            if (round % 3 == 0) {
                snprintf(terms[t], sizeof(terms[t]), "%lld", (long long)bits);
            } else if (round % 3 == 1) {
                snprintf(terms[t], sizeof(terms[t]), "%.17g", value);
            } else {
                snprintf(terms[t], sizeof(terms[t]), "%lld.%u", (long long)bits, (unsigned)t);
            }
        }
        char first[64] = "";
        for (int order = 0; order < 4; order++) {
            struct exact_sum a;
            struct exact_sum b;
            exact_sum_init(&a, &arena);
            exact_sum_init(&b, &arena);
            for (int t = TERMS - 1; t > 0; t--) {
                size_t other = seed_below(&seed, (size_t)t + 1);
                char swap[48];
                memcpy(swap, terms[t], sizeof(swap));
                memcpy(terms[t], terms[other], sizeof(swap));
                memcpy(terms[other], swap, sizeof(swap));
            }
            for (int t = 0; t < TERMS; t++) {
                add_text(seed_below(&seed, 2) == 0 ? &a : &b, terms[t]);
            }
            ck_assert(exact_sum_merge(&a, &b));
            char text[64];
            exact_sum_format(&a, text);
            if (order == 0) {
                memcpy(first, text, sizeof(first));
            }
            ck_assert_str_eq(text, first);
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
}
END_TEST

START_TEST(integers_stay_exact_over_many)
{
    struct arena arena;
    arena_init(&arena, 0); // integers and usual doubles need no memory
    struct exact_sum sum;
    exact_sum_init(&sum, &arena);
    struct number large;
    struct number fraction;
    ck_assert(number_parse(bytes_of("9223372036854775807"), &large));
    ck_assert(number_parse(bytes_of("0.001"), &fraction));
    for (int i = 0; i < 1000000; i++) {
        REQUIRE(exact_sum_add(&sum, &large), "no memory");
    }
    char text[64];
    exact_sum_format(&sum, text);
    ck_assert_str_eq(text, "9223372036854775807000000");
    exact_sum_init(&sum, &arena);
    for (int i = 0; i < 1000000; i++) {
        REQUIRE(exact_sum_add(&sum, &fraction), "no memory");
    }
    exact_sum_format(&sum, text);
    ck_assert_str_eq(text, "1000");
    ck_assert_uint_eq(arena_used(&arena), 0);
}
END_TEST

START_TEST(a_hit_limit_leaves_the_sum_as_it_was)
{
    struct arena none;
    struct arena some;
    arena_init(&none, 0);
    arena_init(&some, SUM_MEMORY);
    struct exact_sum sum;
    struct exact_sum other;
    exact_sum_init(&sum, &none);
    exact_sum_init(&other, &some);
    add_text(&sum, "1.5");
    add_text(&other, "1e300");
    struct number huge;
    ck_assert(number_parse(bytes_of("1e300"), &huge));
    ck_assert(!exact_sum_add(&sum, &huge));
    ck_assert(!exact_sum_merge(&sum, &other));
    char text[64];
    exact_sum_format(&sum, text);
    ck_assert_str_eq(text, "1.5");
    ck_assert_uint_eq(sum.count, 1);
    ck_assert(exact_sum_merge(&other, &sum));
    exact_sum_format(&other, text);
    ck_assert_str_eq(text, "1e+300");
    arena_free(&some);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exact_sum");
    TCase *tests = tcase_create("exact_sum");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, known_sums, 0, (int)(sizeof(examples) / sizeof(examples[0])));
    tcase_add_test(tests, random_sums_are_rounded_once);
    tcase_add_test(tests, any_order_and_any_merge_give_the_same_text);
    tcase_add_test(tests, integers_stay_exact_over_many);
    tcase_add_test(tests, a_hit_limit_leaves_the_sum_as_it_was);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
