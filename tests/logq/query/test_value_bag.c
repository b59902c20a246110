// SPDX-License-Identifier: MIT
// test_value_bag.c: quantiles of any numbers, however they are written, against sorting them all.
#include "random_log.h"

#include "query/integer_sort.h"
#include "query/value_bag.h"

static struct budget budget;
static struct memory memory;

static void start(void)
{
    budget_init(&budget, TEST_MEMORY);
    memory_init(&memory, &budget);
}

static void finish(void)
{
    memory_end(&memory);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
}

static int compare_texts(const void *left, const void *right)
{
    const struct bytes *a = left;
    const struct bytes *b = right;
    struct number first;
    struct number second;
    ck_assert(number_parse(*a, &first) && number_parse(*b, &second));
    int order = number_compare(&first, &second);
    return order != 0 ? order : bytes_compare(*a, *b);
}

// The definition, in double as it says.
static struct bytes quantile_of(const struct bytes *sorted, size_t count, double phi)
{
    double place = phi * (double)count;
    size_t index = (size_t)place; // not negative: truncating is rounding down
    return sorted[index < count ? index : count - 1];
}

static const double phis[] = {0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};

static void check_quantiles(struct value_bag *bag, struct bytes *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_texts);
    ck_assert(value_bag_settle(bag, &memory));
    ck_assert(value_bag_settle(bag, &memory)); // again is allowed
    for (size_t i = 0; i < sizeof(phis) / sizeof(phis[0]); i++) {
        char out[VALUE_BAG_TEXT_LIMIT];
        struct bytes got = value_bag_quantile(bag, phis[i], out);
        struct bytes wanted = quantile_of(values, count, phis[i]);
        ck_assert_msg(bytes_equal(got, wanted), "quantile %g of %zu: %.*s, not %.*s", phis[i],
                      count, (int)got.len, got.ptr, (int)wanted.len, wanted.ptr);
    }
}

START_TEST(an_empty_bag_has_no_quantile)
{
    start();
    struct value_bag bag = {0};
    char out[VALUE_BAG_TEXT_LIMIT];
    ck_assert(value_bag_add(&bag, bytes_of("x"), &memory));
    ck_assert(value_bag_add(&bag, bytes_of(""), &memory));
    ck_assert(value_bag_add(&bag, bytes_of("5s"), &memory));
    ck_assert(value_bag_settle(&bag, &memory));
    ck_assert_uint_eq(value_bag_quantile(&bag, 0.5, out).len, 0);
    value_bag_free(&bag, &memory);
    finish();
}
END_TEST

START_TEST(numbers_come_back_as_they_were_written)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "-0.0",
        "1",
        "-1",
        "1.0",
        "1.00",
        "0.250",
        "0.25",
        "-0.5",
        "-12.030",
        "007",
        "00.5",
        "1e3",
        "1E+3",
        "1e-3",
        "123456789012345678",
        "-123456789012345678",
        "1234567890123456789",
        "12345678901234567890123",
        "0.12345678901234567",
        "0.123456789012345678",
        "123456789.123456789",
        "999999999999999999",
        "1e400",
        "-1e400",
        "100000000000000000000000000000000000000000",
        "0.000000000000000001",
    };
    start();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct value_bag bag = {0};
        char out[VALUE_BAG_TEXT_LIMIT];
        ck_assert(value_bag_add(&bag, bytes_of(texts[i]), &memory));
        ck_assert(value_bag_settle(&bag, &memory));
        struct bytes got = value_bag_quantile(&bag, 0.5, out);
        ck_assert_msg(bytes_equal(got, bytes_of(texts[i])), "%s: %.*s", texts[i], (int)got.len,
                      got.ptr);
        value_bag_free(&bag, &memory);
    }
    finish();
}
END_TEST

enum mixture {
    FEW_INTEGERS, // many equal ones: counted
    INTEGERS,
    DECIMALS,
    EVERYTHING,
    MIXTURES,
};

static char *draw_number(enum mixture mixture)
{
    struct text text = {0};
    char digits[64];
    switch (mixture) {
    case FEW_INTEGERS:
        snprintf(digits, sizeof(digits), "%u", 200 + random_below(300));
        text_put(&text, digits);
        break;
    case INTEGERS:
        snprintf(digits, sizeof(digits), "%" PRId64,
                 (int64_t)(random_next() >> (random_below(60) + 4)) - 1000);
        text_put(&text, digits);
        break;
    case DECIMALS:
        snprintf(digits, sizeof(digits), "%.*f", (int)random_below(4),
                 (double)random_below(100000) / 1000 - 5);
        text_put(&text, digits);
        break;
    default:
        put_number(&text);
    }
    return text.ptr;
}

static void check_random_bag(enum mixture mixture, size_t count)
{
    struct bytes *values = calloc(count, sizeof(*values));
    struct value_bag parts[3] = {{0}};
    for (size_t i = 0; i < count; i++) {
        values[i] = bytes_of(draw_number(mixture));
        ck_assert(value_bag_add(&parts[random_below(3)], values[i], &memory));
    }
    ck_assert(value_bag_merge(&parts[0], &parts[1], &memory));
    ck_assert(value_bag_merge(&parts[0], &parts[2], &memory));
    check_quantiles(&parts[0], values, count);
    for (size_t i = 0; i < 3; i++) {
        value_bag_free(&parts[i], &memory);
    }
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)values[i].ptr);
    }
    free(values);
}

START_TEST(quantiles_are_those_of_all_values_sorted)
{
    start();
    random_start(7);
    for (unsigned round = scaled(120); round > 0; round--) {
        enum mixture mixture = (enum mixture)random_below(MIXTURES);
        check_random_bag(mixture, 1 + random_below(round % 20 == 0 ? 3000 : 60));
    }
    finish();
}
END_TEST

START_TEST(many_values_are_counted)
{
    start();
    random_start(8);
    check_random_bag(FEW_INTEGERS, 60000);
    check_random_bag(DECIMALS, 40000);
    check_random_bag(INTEGERS, 30000);
    finish();
}
END_TEST

START_TEST(equal_values_take_little_memory)
{
    start();
    struct value_bag bag = {0};
    for (unsigned i = 0; i < 2000000; i++) {
        char digits[16];
        int length = snprintf(digits, sizeof(digits), "%u", i % 500);
        ck_assert(value_bag_add(&bag, (struct bytes){digits, (size_t)length}, &memory));
    }
    ck_assert_uint_lt(atomic_load(&budget.used), 512 * 1024);
    char out[VALUE_BAG_TEXT_LIMIT];
    ck_assert(value_bag_settle(&bag, &memory));
    ck_assert(bytes_equal(value_bag_quantile(&bag, 0.5, out), bytes_of("250")));
    value_bag_free(&bag, &memory);
    finish();
}
END_TEST

START_TEST(running_out_of_memory_is_said)
{
    budget_init(&budget, 200000);
    memory_init(&memory, &budget);
    struct value_bag bag = {0};
    bool added = true;
    for (unsigned i = 0; i < 100000 && added; i++) {
        char digits[16];
        int length = snprintf(digits, sizeof(digits), "%u", i * 7);
        added = value_bag_add(&bag, (struct bytes){digits, (size_t)length}, &memory);
    }
    ck_assert(!added);
    ck_assert(memory.exhausted);
    value_bag_free(&bag, &memory);
    finish();
}
END_TEST

static int compare_integers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

START_TEST(integers_are_sorted)
{
    start();
    random_start(9);
    for (unsigned round = scaled(300); round > 0; round--) {
        size_t count = random_below(round % 10 == 0 ? 5000 : 200);
        int64_t *values = calloc(count + 1, sizeof(*values));
        int64_t *wanted = calloc(count + 1, sizeof(*values));
        unsigned shift = random_below(64);
        for (size_t i = 0; i < count; i++) {
            values[i] = (int64_t)(random_next() << random_below(2)) >> shift;
            if (random_below(100) == 0) {
                values[i] = random_below(2) == 0 ? INT64_MIN : INT64_MAX;
            }
            wanted[i] = values[i];
        }
        qsort(wanted, count, sizeof(*wanted), compare_integers);
        ck_assert(integer_sort(values, count, &memory));
        ck_assert_mem_eq(values, wanted, count * sizeof(*values));
        free(values);
        free(wanted);
    }
    finish();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("value_bag");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, an_empty_bag_has_no_quantile);
    tcase_add_test(tcase, numbers_come_back_as_they_were_written);
    tcase_add_test(tcase, quantiles_are_those_of_all_values_sorted);
    tcase_add_test(tcase, many_values_are_counted);
    tcase_add_test(tcase, equal_values_take_little_memory);
    tcase_add_test(tcase, running_out_of_memory_is_said);
    tcase_add_test(tcase, integers_are_sorted);
    return run_case(tcase, "logq/query/value_bag");
}
