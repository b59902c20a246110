// SPDX-License-Identifier: MIT
// value_bag.c: all the numbers of one group as they were written.

#include "query/value_bag.h"

#include "data/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void value_bag_free(struct value_bag *bag, struct memory *memory)
{
    for (size_t i = 0; i < bag->lane_count; i++) {
        value_lane_free(&bag->lanes[i].values, memory);
    }
    memory_give(memory, bag->lanes, bag->lane_count * sizeof(*bag->lanes));
    for (size_t i = 0; i < bag->written_count; i++) {
        memory_give(memory, (void *)(uintptr_t)bag->written[i].ptr, bag->written[i].len);
    }
    memory_give(memory, bag->written, bag->written_capacity * sizeof(*bag->written));
    *bag = (struct value_bag){0};
}

// ---- adding

// Digits with at most one point between them, which can be written again from the integer that they
// make and the number of those behind the point.
static bool read_decimal(struct bytes text, int64_t *integer, unsigned *fraction)
{
    size_t start = text.len > 0 && text.ptr[0] == '-';
    size_t point = text.len;
    int64_t value = 0;
    if (text.len - start > VALUE_BAG_DIGITS + 1) {
        return false;
    }
    for (size_t i = start; i < text.len; i++) {
        unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';
        if (digit <= 9) {
            value = value * 10 + (int64_t)digit;
        } else if (text.ptr[i] == '.' && point == text.len && i > start && i + 1 < text.len) {
            point = i;
        } else {
            return false;
        }
    }
    size_t digits = text.len - start - (point < text.len);
    bool has_needless_zero = point - start > 1 && text.ptr[start] == '0';
    if (digits == 0 || digits > VALUE_BAG_DIGITS || has_needless_zero ||
        (start == 1 && value == 0)) {
        return false;
    }
    *integer = start == 1 ? -value : value;
    *fraction = point == text.len ? 0 : (unsigned)(text.len - point - 1);
    return true;
}

static struct value_lane *find_lane(struct value_bag *bag, unsigned fraction, struct memory *memory)
{
    for (size_t i = 0; i < bag->lane_count; i++) {
        if (bag->lanes[i].fraction == fraction) {
            return &bag->lanes[i].values;
        }
    }
    struct value_bag_lane *lanes = memory_grow(memory, bag->lanes, bag->lane_count * sizeof(*lanes),
                                               (bag->lane_count + 1) * sizeof(*lanes));
    if (lanes == NULL) {
        return NULL;
    }
    bag->lanes = lanes;
    lanes[bag->lane_count] = (struct value_bag_lane){.fraction = fraction};
    return &lanes[bag->lane_count++].values;
}

static bool add_written(struct value_bag *bag, struct bytes value, struct memory *memory)
{
    struct bytes *written = memory_reserve(memory, bag->written, &bag->written_capacity,
                                           bag->written_count, 1, sizeof(*bag->written));
    if (written == NULL) {
        return false;
    }
    bag->written = written;
    char *copy = memory_take(memory, value.len);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, value.ptr, value.len);
    bag->written[bag->written_count++] = (struct bytes){copy, value.len};
    return true;
}

bool value_bag_add(struct value_bag *bag, struct bytes value, struct memory *memory)
{
    int64_t integer;
    unsigned fraction;
    if (read_decimal(value, &integer, &fraction)) {
        struct value_lane *lane = find_lane(bag, fraction, memory);
        return lane != NULL && value_lane_add(lane, integer, memory);
    }
    struct number number;
    return value.len == 0 || !number_parse(value, &number) || add_written(bag, value, memory);
}

bool value_bag_merge(struct value_bag *bag, const struct value_bag *other, struct memory *memory)
{
    for (size_t i = 0; i < other->lane_count; i++) {
        struct value_lane *lane = find_lane(bag, other->lanes[i].fraction, memory);
        if (lane == NULL || !value_lane_merge(lane, &other->lanes[i].values, memory)) {
            return false;
        }
    }
    for (size_t i = 0; i < other->written_count; i++) {
        if (!add_written(bag, other->written[i], memory)) {
            return false;
        }
    }
    return true;
}

// ---- order

static int compare_texts(struct bytes a, struct bytes b)
{
    struct number first;
    struct number second;
    if (number_parse(a, &first) && number_parse(b, &second)) {
        int order = number_compare(&first, &second);
        if (order != 0) {
            return order;
        }
    }
    return bytes_compare(a, b);
}

static int compare_written(const void *left, const void *right)
{
    return compare_texts(*(const struct bytes *)left, *(const struct bytes *)right);
}

bool value_bag_settle(struct value_bag *bag, struct memory *memory)
{
    if (bag->is_settled) {
        return true;
    }
    bag->is_settled = true;
    if (bag->written_count > 1) {
        qsort(bag->written, bag->written_count, sizeof(*bag->written), compare_written);
    }
    for (size_t i = 0; i < bag->lane_count; i++) {
        if (!value_lane_settle(&bag->lanes[i].values, memory)) {
            return false;
        }
    }
    return true;
}

static __int128 power_of_ten(unsigned exponent)
{
    __int128 power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

// An integer of a lane as it was written.
static struct bytes write_decimal(int64_t integer, unsigned fraction,
                                  char out[VALUE_BAG_TEXT_LIMIT])
{
    char digits[VALUE_BAG_TEXT_LIMIT];
    size_t length = 0;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    // From the last digit on; at least one stands before the point.
    while (rest > 0 || length < fraction + 1 + (fraction > 0)) {
        if (fraction > 0 && length == fraction) {
            digits[length++] = '.';
        }
        digits[length++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (integer < 0) {
        digits[length++] = '-';
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = digits[length - 1 - i];
    }
    return (struct bytes){out, length};
}

// ---- the quantile

// Walks over all lanes and the texts at once, in ascending order.
struct bag_walk {
    const struct value_bag *bag;
    size_t at[VALUE_BAG_DIGITS];
    struct value_run next[VALUE_BAG_DIGITS];
    bool has_next[VALUE_BAG_DIGITS];
    size_t written;
};

static void walk_start(struct bag_walk *walk, const struct value_bag *bag)
{
    *walk = (struct bag_walk){.bag = bag};
    for (size_t i = 0; i < bag->lane_count; i++) {
        walk->has_next[i] = value_lane_next(&bag->lanes[i].values, &walk->at[i], &walk->next[i]);
    }
}

// Both of at most 18 digits, so that nothing overflows. Fewer digits behind the point come first
// where the values agree, as their bytes do.
static bool comes_before(int64_t a, unsigned a_fraction, int64_t b, unsigned b_fraction)
{
    __int128 left = a * power_of_ten(b_fraction);
    __int128 right = b * power_of_ten(a_fraction);
    return left != right ? left < right : a_fraction < b_fraction;
}

// The lane whose next run is the lowest, or lane_count when all are at their end.
static size_t lowest_lane(const struct bag_walk *walk)
{
    const struct value_bag_lane *lanes = walk->bag->lanes;
    size_t lowest = walk->bag->lane_count;
    for (size_t i = 0; i < walk->bag->lane_count; i++) {
        if (walk->has_next[i] && (lowest == walk->bag->lane_count ||
                                  comes_before(walk->next[i].value, lanes[i].fraction,
                                               walk->next[lowest].value, lanes[lowest].fraction))) {
            lowest = i;
        }
    }
    return lowest;
}

// Takes the next number and how often it occurs; false at the end.
static bool walk_next(struct bag_walk *walk, struct bytes *text, uint64_t *count,
                      char out[VALUE_BAG_TEXT_LIMIT])
{
    const struct value_bag *bag = walk->bag;
    size_t lane = lowest_lane(walk);
    bool has_written = walk->written < bag->written_count;
    if (lane == bag->lane_count) {
        if (has_written) {
            *text = bag->written[walk->written++];
            *count = 1;
        }
        return has_written;
    }
    struct value_run run = walk->next[lane];
    *text = write_decimal(run.value, bag->lanes[lane].fraction, out);
    if (has_written && compare_texts(bag->written[walk->written], *text) < 0) {
        *text = bag->written[walk->written++];
        *count = 1;
        return true;
    }
    *count = run.count;
    walk->has_next[lane] =
        value_lane_next(&bag->lanes[lane].values, &walk->at[lane], &walk->next[lane]);
    return true;
}

static uint64_t total_count(const struct value_bag *bag)
{
    uint64_t total = bag->written_count;
    for (size_t i = 0; i < bag->lane_count; i++) {
        total += value_lane_total(&bag->lanes[i].values);
    }
    return total;
}

struct bytes value_bag_quantile(const struct value_bag *bag, double phi,
                                char out[VALUE_BAG_TEXT_LIMIT])
{
    uint64_t total = total_count(bag);
    if (total == 0) {
        return (struct bytes){0};
    }
    double place = floor(phi * (double)total);
    uint64_t index = place >= (double)total ? total - 1 : (uint64_t)place;
    index = index < total ? index : total - 1;
    if (bag->lane_count == 1 && bag->written_count == 0 && !bag->lanes[0].values.is_counted) {
        return write_decimal(bag->lanes[0].values.loose[index], bag->lanes[0].fraction, out);
    }
    struct bag_walk walk;
    walk_start(&walk, bag);
    struct bytes text = {0};
    uint64_t count;
    while (walk_next(&walk, &text, &count, out)) {
        if (index < count) {
            break;
        }
        index -= count;
    }
    return text;
}
