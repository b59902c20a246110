// SPDX-License-Identifier: MIT
// order.c: which of two values comes first.

#include "query/order.h"

#include "data/timestamp.h"
#include "query/number_range.h"

// Integers up to here are doubles.
#define EXACT_INTEGER_MAX (INT64_C(1) << 53)

void order_key_set(struct order_key *key, struct bytes value, bool is_time)
{
    *key = (struct order_key){ .text = value, .rank = ORDER_TEXT };
    int64_t integer;
    struct number number;
    if (value.len == 0) {
        key->rank = ORDER_EMPTY;
        return;
    }
    if (number_read_short(value, &integer)) {
        key->rank = ORDER_NUMBER;
        key->approximate = (double)integer;
        key->is_exact = integer >= -EXACT_INTEGER_MAX && integer <= EXACT_INTEGER_MAX;
    } else if (number_parse(value, &number)) {
        key->rank = ORDER_NUMBER;
        key->approximate = number_to_double(&number);
    } else if (is_time && timestamp_parse_rfc3339(value, &key->time_ns)) {
        key->rank = ORDER_TIME;
    }
}

static int compare_numbers(const struct order_key *a, const struct order_key *b)
{
    // Rounding keeps the order, but may make two numbers equal.
    if (a->approximate < b->approximate) {
        return -1;
    }
    if (a->approximate > b->approximate) {
        return 1;
    }
    if ((a->is_exact && b->is_exact) || bytes_equal(a->text, b->text)) {
        return 0;
    }
    struct number first;
    struct number second;
    if (!number_parse(a->text, &first) || !number_parse(b->text, &second)) {
        return 0;
    }
    return number_compare(&first, &second);
}

int order_compare(const struct order_key *a, const struct order_key *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    switch (a->rank) {
    case ORDER_NUMBER:
        return compare_numbers(a, b);
    case ORDER_TIME:
        return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
    default:
        return bytes_compare(a->text, b->text);
    }
}

int order_compare_strictly(const struct order_key *a, const struct order_key *b)
{
    int order = order_compare(a, b);
    return order != 0 ? order : bytes_compare(a->text, b->text);
}
