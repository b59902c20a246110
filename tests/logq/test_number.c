// SPDX-License-Identifier: MIT
// test_number.c: numbers are read, compared and converted without losing a digit.

#include "data/number.h"
#include "random_double.h"
#include "seed.h"
#include "text_out.h"

#include <check.h>
#include <math.h>

static struct number parse(const char *text)
{
    struct number number;
    REQUIRE(number_parse(bytes_of(text), &number), "'%s' should be a number", text);
    return number;
}

// ---- what is a number

static const char *const not_numbers[] = {
    "",      "-",    "+1",   "1.",  ".5",       "-.5",  "1e",  "1e+",   "1e-", "e5",   "1.e5",
    "1.5.2", " 1",   "1 ",   "1,5", "0x10",     "NaN",  "Inf", "1_000", "--1", "1-",   "1e5.5",
    "1e5e5", "1..2", "1e 5", "1KB", "\xd9\xa3", "1e5x", "-e1", "1e--5", "1+",  "-0x1", "1.5e",
};

START_TEST(refuses_what_is_no_number)
{
    struct number number;
    const char *text = not_numbers[_i];
    ck_assert_msg(!number_parse(bytes_of(text), &number), "'%s' should be no number", text);
}
END_TEST

START_TEST(refuses_zero_bytes)
{
    struct number number;
    ck_assert(!number_parse((struct bytes){"1\0", 2}, &number));
    ck_assert(!number_parse((struct bytes){"\0", 1}, &number));
    ck_assert(!number_parse((struct bytes){0}, &number));
}
END_TEST

// ---- order

// Groups of equal values, smallest first.
static const char *const ordered[][8] = {
    {"-1e999999999999999999999999999999", "-10e999999999999999999999999999998"},
    {"-1e400", "-0.1e401"},
    {"-9223372036854775809"},
    {"-9223372036854775808", "-9223372036854775808.000", "-9.223372036854775808e18",
     "-92233720368547758080e-1"},
    {"-9223372036854775807.5"},
    {"-9223372036854775807"},
    {"-1.5", "-15e-1", "-0.15E+1"},
    {"-1", "-1.0", "-01"},
    {"-0.1", "-0.10"},
    {"-1e-400"},
    {"0", "-0", "0.0", "-0.000", "0e99999999999999999999999", "-0e-99999999999999999999999999999",
     "000"},
    {"1e-99999999999999999999999999999999999999999999999999",
     "0.1e-99999999999999999999999999999999999999999999999998"},
    {"1e-999999999", "0.0001e-999999995"},
    {"1e-400", "0.1e-399", "10e-401"},
    {"1.0000000000000000000000000000000000001e-400"},
    {"5e-324"},
    {"0.1", "0.10", "1e-1", "0.1000000000000000000000000000000", "00.1", "100e-3"},
    {"0.1000000000000000055511151231257827"},
    {"0.3"},
    {"1", "1.0", "1e0", "10e-1", "0.01e2", "1e-0", "1e+0", "1.00000000000000000000000000000"},
    {"1.0000000000000000000000000000000001"},
    {"9007199254740992", "9007199254740992.0", "9007199254740992e0"},
    {"9007199254740992.5"},
    {"9007199254740993", "9.007199254740993e15"},
    {"9223372036854775807", "9223372036854775807.0"},
    {"9223372036854775807.1"},
    {"9223372036854775808", "9223372036854775808e0"},
    {"9999999999999999999", "9999999999999999999.0"},
    {"10000000000000000000", "1e19", "10000000000000000000.000"},
    {"10000000000000000001", "1.0000000000000000001e19"},
    {"18446744073709551615"},
    {"18446744073709551616"},
    {"170141183460469231731687303715884105727"},
    {"170141183460469231731687303715884105728"},
    {"1e400", "0.1e401", "10e399", "1000000e394"},
    {"1.00000000000000000000000001e400"},
    {"1e99999", "10e99998"},
    {"1e100000", "10e99999"},
    {"1e100001", "10e100000"},
    {"1e999999999999999999999999999999999999999999",
     "10e999999999999999999999999999999999999999998",
     "0.001e1000000000000000000000000000000000000000002"},
    {"2e999999999999999999999999999999999999999999"},
    {"1e1000000000000000000000000000000000000000000"},
};

#define GROUPS (int)(sizeof(ordered) / sizeof(ordered[0]))

START_TEST(order_is_exact)
{
    for (int a = 0; a < 8 && ordered[_i][a] != NULL; a++) {
        struct number x = parse(ordered[_i][a]);
        for (int j = 0; j < GROUPS; j++) {
            for (int b = 0; b < 8 && ordered[j][b] != NULL; b++) {
                struct number y = parse(ordered[j][b]);
                int expected = (_i > j) - (_i < j);
                ck_assert_msg(number_compare(&x, &y) == expected, "%s against %s", ordered[_i][a],
                              ordered[j][b]);
            }
        }
    }
}
END_TEST

// Writes value / 10^places in one of many ways.
static void write_variant(struct seed *seed, __int128 value, int places, char *text, size_t bytes)
{
    struct text_out out = {text, text + bytes};
    char digits[48];
    bool negative = value < 0;
    number_format_int128(negative ? -value : value, digits);
    // Move the point by a random number of places, and say so in an exponent.
    int shift = (int)seed_below(seed, 61) - 30;
    char padded[300] = "";
    int leading = 80 + (int)seed_below(seed, 5);
    memset(padded, '0', (size_t)leading);
    snprintf(padded + leading, sizeof(padded) - (size_t)leading, "%s", digits);
    int trailing = 40 + (int)seed_below(seed, 5);
    size_t length = strlen(padded);
    memset(padded + length, '0', (size_t)trailing);
    padded[length + (size_t)trailing] = '\0';
    int point = (int)length - places + shift; // digits before the point
    const char *start = padded;
    while (point > 1 && *start == '0' && seed_below(seed, 50) != 0) {
        start++;
        point--;
    }
    char *end = padded + strlen(padded);
    while (end - start > point + 1 && end[-1] == '0' && seed_below(seed, 50) != 0) {
        end--;
    }
    if (end - start == point + 1 && end[-1] == '0' && seed_below(seed, 2) != 0) {
        end--;
    }
    text_put(&out, "%s%.*s", negative ? "-" : "", point, start);
    if (end - start > point) {
        text_put(&out, ".%.*s", (int)(end - start) - point, start + point);
    }
    if (shift != 0) {
        text_put(&out, "%c%s%0*d", "eE"[seed_below(seed, 2)],
                 shift < 0 && seed_below(seed, 2) ? "+" : "", 1 + (int)seed_below(seed, 30),
                 -shift);
    }
}

static __int128 random_int128(struct seed *seed)
{
    unsigned __int128 value = (unsigned __int128)seed_next(seed) << 64 | seed_next(seed);
    value >>= 1 + seed_below(seed, 127);
    return seed_next(seed) % 2 ? -(__int128)value : (__int128)value;
}

START_TEST(all_ways_to_write_a_value_are_equal)
{
    struct seed seed = seed_start("number variants");
    for (int round = 0; round < 60000; round++) {
        __int128 a = random_int128(&seed) / 1000;
        __int128 near = a + (__int128)seed_below(&seed, 3) - 1;
        __int128 b = round % 2 ? near : random_int128(&seed) / 1000;
        int places = (int)seed_below(&seed, 40);
        char text_a[400];
        char text_b[400];
        write_variant(&seed, a, places, text_a, sizeof(text_a));
        write_variant(&seed, b, places, text_b, sizeof(text_b));
        struct number x = parse(text_a);
        struct number y = parse(text_b);
        int expected = (a > b) - (a < b);
        REQUIRE(number_compare(&x, &y) == expected, "%s against %s", text_a, text_b);
        REQUIRE(number_compare(&y, &x) == -expected, "%s against %s", text_b, text_a);
    }
}
END_TEST

START_TEST(computed_integers_compare_like_read_ones)
{
    static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, 10, INT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct number computed = number_of_int64(values[i]);
        char text[100];
        number_format_int128(values[i], text);
        struct number read = parse(text);
        ck_assert_int_eq(number_compare(&computed, &read), 0);
        // Against forms that are read from text.
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, ".%037d1", 0);
        struct number beyond = parse(text);
        ck_assert_int_eq(number_compare(&computed, &beyond), values[i] < 0 ? 1 : -1);
    }
}
END_TEST

// ---- conversion to double

START_TEST(doubles_are_correctly_rounded)
{
    static const char *const hard[] = {
        "0",
        "-0",
        "1",
        "0.1",
        "0.3",
        "1e23",
        "8.5e22",
        "9007199254740993",
        "9007199254740992.5",
        "9007199254740993.0000000000000000000000000000000000000000000001",
        "1e22",
        "1e-22",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e309",
        "1e400",
        "1e-400",
        "-1e-400",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "0.000001",
        "123456789012345678901234567890",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "3.14159265358979323846264338327950288",
        "5e-324",
        "1e-323",
    };
    for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
        struct number number = parse(hard[i]);
        double expected = strtod(hard[i], NULL);
        double got = number_to_double(&number);
        ck_assert_msg(got == expected, "%s gave %.17g, not %.17g", hard[i], got, expected);
    }
}
END_TEST

START_TEST(random_texts_convert_like_strtod)
{
    struct seed seed = seed_start("number to double");
    for (int round = 0; round < 200000; round++) {
        char text[400];
        if (round % 3 == 0) {
            write_variant(&seed, random_int128(&seed) / 1000, (int)seed_below(&seed, 40), text,
                          sizeof(text));
        } else if (round % 3 == 1) {
            snprintf(text, sizeof(text), "%.*e", (int)seed_below(&seed, 25), random_double(&seed));
        } else {
            struct text_out out = TEXT_OUT(text);
            text_put(&out, "%lld.%0*llu", (long long)seed_next(&seed) >> seed_below(&seed, 64),
                     1 + (int)seed_below(&seed, 20), (unsigned long long)seed_next(&seed) >> 34);
        }
        struct number number = parse(text);
        double expected = strtod(text, NULL);
        double got = number_to_double(&number);
        REQUIRE(got == expected, "%s gave %.17g, not %.17g", text, got, expected);
    }
}
END_TEST

START_TEST(the_exact_middle_decides)
{
    // All digits of the middle between two doubles: 767 of them for the longest.
    struct seed seed = seed_start("number middles");
    for (int round = 0; round < 3000; round++) {
        double low = fabs(random_double(&seed));
        double high = nextafter(low, HUGE_VAL);
        if (round == 0) {
            low = nextafter(2.2250738585072014e-308, 0);
            high = 2.2250738585072014e-308;
        }
        if (low >= 1e300) {
            continue;
        }
        // long double has 11 bits more and a wider exponent on x86-64, 60 more on aarch64.
        long double middle = ((long double)low + (long double)high) / 2;
        char text[2000];
        int length = snprintf(text, sizeof(text), "%.1100Lf", middle);
        uint64_t bits;
        memcpy(&bits, &low, sizeof(bits));
        double even = bits % 2 == 0 ? low : high;
        struct number number = parse(text);
        REQUIRE(number_to_double(&number) == even, "middle above %a", low);
        text[length - 1] = '1';
        number = parse(text);
        REQUIRE(number_to_double(&number) == high, "just beyond the middle above %a", low);
    }
}
END_TEST

// ---- integers

START_TEST(integers_by_value)
{
    static const struct {
        const char *text;
        const char *expected; // NULL: no integer of 128 bits
    } examples[] = {
        {"0", "0"},
        {"-0", "0"},
        {"1.0", "1"},
        {"1e3", "1000"},
        {"-1.5e1", "-15"},
        {"150e-1", "15"},
        {"1.5", NULL},
        {"1e-1", NULL},
        {"0.000", "0"},
        {"0e-999999999999999999999", "0"},
        {"170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
        {"170141183460469231731687303715884105728", NULL},
        {"-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
        {"-170141183460469231731687303715884105729", NULL},
        {"1e38", "100000000000000000000000000000000000000"},
        {"1e39", NULL},
        {"1e400", NULL},
        {"1e99999999999999999999", NULL},
        {"1e-99999999999999999999", NULL},
        {"12345678901234567890123456789.0000000000", "12345678901234567890123456789"},
        {"12345678901234567890123456789.0000000001", NULL},
        {"1234567890123456789012.3456e4", "12345678901234567890123456"},
        {"0.00000000000000000000000000001e29", "1"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct number number = parse(examples[i].text);
        __int128 value = 0;
        bool is = number_is_int128(&number, &value);
        ck_assert_msg(is == (examples[i].expected != NULL), "%s", examples[i].text);
        if (is) {
            char text[48];
            size_t length = number_format_int128(value, text);
            ck_assert_str_eq(text, examples[i].expected);
            ck_assert_uint_eq(length, strlen(text));
        }
    }
}
END_TEST

START_TEST(scaling_cuts_towards_zero)
{
    static const struct {
        const char *text;
        int power;
        long long expected;
        bool exact;
    } examples[] = {
        {"1.999", 0, 1, false},
        {"-1.999", 0, -1, false},
        {"1.999", 3, 1999, true},
        {"1.9995", 3, 1999, false},
        {"12345", -2, 123, false},
        {"12300", -2, 123, true},
        {"0.5", -1000, 0, false},
        {"0", 1000, 0, true},
        {"1e18", -18, 1, true},
        {"1.00000000000000000000000000000001", 5, 100000, false},
        {"123.00000000000000000000000000", 1, 1230, true},
        {"0.00000000000000000000000000123", 27, 1, false},
        {"0.00000000000000000000000000123", 29, 123, true},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct number number = parse(examples[i].text);
        __int128 value;
        bool exact;
        ck_assert(number_scale(&number, examples[i].power, &value, &exact));
        ck_assert_msg(value == examples[i].expected && exact == examples[i].exact, "%s by 10^%d",
                      examples[i].text, examples[i].power);
    }
    struct number number = parse("2");
    __int128 value;
    bool exact;
    ck_assert(!number_scale(&number, 38, &value, &exact));
    ck_assert(number_scale(&number, 37, &value, &exact));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("number");
    TCase *tests = tcase_create("number");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, refuses_what_is_no_number, 0,
                        (int)(sizeof(not_numbers) / sizeof(not_numbers[0])));
    tcase_add_test(tests, refuses_zero_bytes);
    tcase_add_loop_test(tests, order_is_exact, 0, GROUPS);
    tcase_add_test(tests, all_ways_to_write_a_value_are_equal);
    tcase_add_test(tests, computed_integers_compare_like_read_ones);
    tcase_add_test(tests, doubles_are_correctly_rounded);
    tcase_add_test(tests, random_texts_convert_like_strtod);
    tcase_add_test(tests, the_exact_middle_decides);
    tcase_add_test(tests, integers_by_value);
    tcase_add_test(tests, scaling_cuts_towards_zero);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
