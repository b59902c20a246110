// SPDX-License-Identifier: MIT
// test_number_format.c: doubles are written in the shortest form that reads back equal.

#include "data/number.h"
#include "random_double.h"
#include "seed.h"

#include <check.h>
#include <math.h>

START_TEST(doubles_in_plain_and_scientific_form)
{
    static const struct {
        double value;
        const char *expected;
    } examples[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {100, "100"},
        {1e15, "1000000000000000"},
        {123456789012345680.0, "123456789012345680"},
        {1e20, "100000000000000000000"},
        {999999999999999900000.0, "999999999999999900000"},
        {1e21, "1e+21"},
        {1.5e21, "1.5e+21"},
        {1e-6, "0.000001"},
        {1.25e-6, "0.00000125"},
        {9.999999e-7, "9.999999e-7"},
        {1e-7, "1e-7"},
        {-1.5e-10, "-1.5e-10"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {5.684341886080802e-14, "5.684341886080802e-14"}, // a power of two: uneven neighbours
        {9007199254740993.0, "9007199254740992"},
        {1e23, "1e+23"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {4.35, "4.35"},
        {2.0 / 3, "0.6666666666666666"},
        {HUGE_VAL, "+Inf"},
        {-HUGE_VAL, "-Inf"},
        {(double)NAN, "NaN"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        char text[32];
        size_t length = number_format_double(examples[i].value, text);
        ck_assert_str_eq(text, examples[i].expected);
        ck_assert_uint_eq(length, strlen(text));
    }
}
END_TEST

// The significant digits of a decimal, without zeros at either end.
static size_t significant(const char *text, char *out)
{
    size_t count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count != 0 || *text != '0')) {
            out[count++] = *text;
        }
    }
    while (count > 0 && out[count - 1] == '0') {
        count--;
    }
    out[count] = '\0';
    return count;
}

static void assert_shortest(double value)
{
    char text[32];
    number_format_double(value, text);
    REQUIRE(strtod(text, NULL) == value, "%.17g written as %s reads back differently", value, text);
    char digits[40];
    size_t count = significant(text, digits);
    char nearest[64];
    char nearest_digits[64];
    if (count > 1) {
        // The nearest decimal with one digit less, and the next one away from zero.
        snprintf(nearest, sizeof(nearest), "%.*e", (int)count - 2, value);
        REQUIRE(strtod(nearest, NULL) != value, "%s is shorter than %s", nearest, text);
        double step = pow(10, floor(log10(fabs(value))) - (double)count + 2);
        snprintf(nearest, sizeof(nearest), "%.*e", (int)count - 2,
                 value + copysign(step * 0.5, value));
        REQUIRE(strtod(nearest, NULL) != value, "%s is shorter than %s", nearest, text);
    }
    snprintf(nearest, sizeof(nearest), "%.*e", (int)count - 1, value);
    if (strtod(nearest, NULL) == value) {
        significant(nearest, nearest_digits);
        REQUIRE(strcmp(digits, nearest_digits) == 0, "%s is nearer than %s", nearest, text);
    }
}

START_TEST(doubles_are_written_in_the_shortest_form)
{
    struct seed seed = seed_start("shortest doubles");
    for (int round = 0; round < 200000; round++) {
        double value = random_double(&seed);
        if (round % 4 == 1) {
            value = (double)(int64_t)seed_next(&seed) / (double)(1 + seed_below(&seed, 100000));
        } else if (round % 4 == 2) {
            value = (double)(int64_t)(seed_next(&seed) >> seed_below(&seed, 64)) / 1000;
        }
        if (value != 0) {
            assert_shortest(value);
        }
    }
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double power = ldexp(1, exponent);
        assert_shortest(power);
        assert_shortest(nextafter(power, 0) > 0 ? nextafter(power, 0) : power);
        assert_shortest(nextafter(power, HUGE_VAL));
    }
}
END_TEST

START_TEST(int128_at_its_ends)
{
    char text[48];
    unsigned __int128 half = (unsigned __int128)1 << 127;
    number_format_int128((__int128)half, text);
    ck_assert_str_eq(text, "-170141183460469231731687303715884105728");
    number_format_int128((__int128)(half - 1), text);
    ck_assert_str_eq(text, "170141183460469231731687303715884105727");
    number_format_int128((__int128)10000000000000000000u * 1000000000000000000, text);
    ck_assert_str_eq(text, "10000000000000000000000000000000000000");
    number_format_int128(-7, text);
    ck_assert_str_eq(text, "-7");
    ck_assert_uint_eq(number_format_int128(0, text), 1);
    ck_assert_str_eq(text, "0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("number_format");
    TCase *tests = tcase_create("number_format");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, doubles_in_plain_and_scientific_form);
    tcase_add_test(tests, doubles_are_written_in_the_shortest_form);
    tcase_add_test(tests, int128_at_its_ends);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
