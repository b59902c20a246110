// SPDX-License-Identifier: MIT
// value_bag.c: all the numbers of one group, for exact quantiles.

#include "query/value_bag.h"

#include "query/double_sort.h"

#include <math.h>
#include <stdlib.h>

// From this many loose values on it is worth a look whether they repeat.
#define COUNTING_MIN 4096

// A decimal of this many digits survives the way through a double.
#define DIGITS_KEPT UINT64_C(1000000000000000)
#define INTEGER_KEPT (INT64_C(1) << 53)
// Beyond this exponent a decimal may come near the ends of what a double holds.
#define EXPONENT_KEPT 280

void value_bag_free(struct value_bag *bag, struct memory *memory)
{
    memory_give(memory, bag->loose, bag->loose_capacity * sizeof(*bag->loose));
    memory_give(memory, bag->runs, bag->run_count * sizeof(*bag->runs));
    for (size_t i = 0; i < bag->written_count; i++) {
        memory_give(memory, (void *)(uintptr_t)bag->written[i].ptr, bag->written[i].len);
    }
    memory_give(memory, bag->written, bag->written_capacity * sizeof(*bag->written));
    *bag = (struct value_bag){ 0 };
}

// ---- counting

static size_t count_distinct(const double *sorted, size_t count)
{
    size_t distinct = count > 0;
    for (size_t i = 1; i < count; i++) {
        distinct += sorted[i] != sorted[i - 1];
    }
    return distinct;
}

// The next run of equal values from *at on.
static struct value_run take_run(const double *sorted, size_t count, size_t *at)
{
    struct value_run run = { .value = sorted[*at] };
    while (*at < count && sorted[*at] == run.value) {
        run.count++;
        (*at)++;
    }
    return run;
}

static size_t merge_runs(struct value_run *out, const struct value_run *a, size_t a_count,
                         const struct value_run *b, size_t b_count)
{
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < a_count || j < b_count) {
        if (j == b_count || (i < a_count && a[i].value < b[j].value)) {
            out[count++] = a[i++];
        } else if (i == a_count || b[j].value < a[i].value) {
            out[count++] = b[j++];
        } else {
            out[count] = a[i++];
            out[count++].count += b[j++].count;
        }
    }
    return count;
}

// Adds runs to those of the bag, which then counts.
static bool add_runs(struct value_bag *bag, const struct value_run *more, size_t more_count,
                     struct memory *memory)
{
    size_t capacity = bag->run_count + more_count;
    if (capacity == 0) {
        bag->is_counted = true;
        return true;
    }
    struct value_run *merged = memory_take(memory, capacity * sizeof(*merged));
    if (merged == NULL) {
        return false;
    }
    size_t count = merge_runs(merged, bag->runs, bag->run_count, more, more_count);
    if (count < capacity) {
        struct value_run *fitting =
            memory_grow(memory, merged, capacity * sizeof(*merged), count * sizeof(*merged));
        if (fitting == NULL) {
            memory_give(memory, merged, capacity * sizeof(*merged));
            return false;
        }
        merged = fitting;
    }
    memory_give(memory, bag->runs, bag->run_count * sizeof(*bag->runs));
    bag->runs = merged;
    bag->run_count = count;
    bag->is_counted = true;
    return true;
}

// The loose values, which are sorted and of which `distinct` differ, become runs.
static bool count_loose(struct value_bag *bag, size_t distinct, struct memory *memory)
{
    if (distinct == 0) {
        bag->is_counted = true;
        return true;
    }
    struct value_run *runs = memory_take(memory, distinct * sizeof(*runs));
    if (runs == NULL) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < distinct; i++) {
        runs[i] = take_run(bag->loose, bag->loose_count, &at);
    }
    bool added = add_runs(bag, runs, distinct, memory);
    memory_give(memory, runs, distinct * sizeof(*runs));
    bag->loose_count = 0;
    return added;
}

static bool grow_loose(struct value_bag *bag, size_t capacity, struct memory *memory)
{
    double *grown = memory_grow(memory, bag->loose, bag->loose_capacity * sizeof(*bag->loose),
                                capacity * sizeof(*bag->loose));
    if (grown == NULL) {
        return false;
    }
    bag->loose = grown;
    bag->loose_capacity = capacity;
    return true;
}

bool value_bag_make_room(struct value_bag *bag, struct memory *memory)
{
    if (bag->loose_capacity < COUNTING_MIN) {
        size_t capacity = bag->loose_capacity == 0 ? 8 : bag->loose_capacity * 2;
        return grow_loose(bag, capacity, memory);
    }
    if (!double_sort(bag->loose, bag->loose_count, memory)) {
        return false;
    }
    size_t distinct = count_distinct(bag->loose, bag->loose_count);
    if (!bag->is_counted && distinct > bag->loose_count / 2) {
        return grow_loose(bag, bag->loose_capacity * 2, memory);
    }
    if (!count_loose(bag, distinct, memory)) {
        return false;
    }
    // Each merge walks over all runs, so that as many values as half of them should come before.
    return bag->loose_capacity >= bag->run_count / 2 ||
           grow_loose(bag, bag->loose_capacity * 2, memory);
}

// ---- adding

static bool has_kept_digits(const struct number *number)
{
    uint64_t digits = number->mantissa;
    if (number->form == NUMBER_INT64) {
        int64_t value = number->integer;
        if (value >= -INTEGER_KEPT && value <= INTEGER_KEPT) {
            return true;
        }
        while (value % 10 == 0) {
            value /= 10;
        }
        digits = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    } else if (number->form == NUMBER_LONG || number->exponent > EXPONENT_KEPT ||
               number->exponent < -EXPONENT_KEPT) {
        return false;
    }
    return digits < DIGITS_KEPT;
}

bool value_bag_add_number(struct value_bag *bag, const struct number *number,
                          struct memory *memory)
{
    if (has_kept_digits(number)) {
        return value_bag_add_double(bag, number_to_double(number), memory);
    }
    struct bytes *written =
        memory_reserve(memory, bag->written, &bag->written_capacity, bag->written_count, 1,
                       sizeof(*bag->written));
    if (written == NULL) {
        return false;
    }
    bag->written = written;
    char *copy = memory_take(memory, number->text.len);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, number->text.ptr, number->text.len);
    bag->written[bag->written_count++] = (struct bytes){ copy, number->text.len };
    return true;
}

static bool sort_and_count(struct value_bag *bag, struct memory *memory)
{
    return double_sort(bag->loose, bag->loose_count, memory) &&
           count_loose(bag, count_distinct(bag->loose, bag->loose_count), memory);
}

bool value_bag_merge(struct value_bag *bag, const struct value_bag *other, struct memory *memory)
{
    if (other->is_counted) {
        if (!bag->is_counted && !sort_and_count(bag, memory)) {
            return false;
        }
        if (!add_runs(bag, other->runs, other->run_count, memory)) {
            return false;
        }
    }
    for (size_t i = 0; i < other->loose_count; i++) {
        if (!value_bag_add_double(bag, other->loose[i], memory)) {
            return false;
        }
    }
    for (size_t i = 0; i < other->written_count; i++) {
        struct number number;
        if (!number_parse(other->written[i], &number) ||
            !value_bag_add_number(bag, &number, memory)) {
            return false;
        }
    }
    return true;
}

// ---- the answer

// Numbers by value; the same number written in two ways by its bytes, so that the choice between
// them does not depend on who came first.
static int compare_written(const void *left, const void *right)
{
    const struct bytes *a = left;
    const struct bytes *b = right;
    struct number first;
    struct number second;
    if (number_parse(*a, &first) && number_parse(*b, &second)) {
        int order = number_compare(&first, &second);
        if (order != 0) {
            return order;
        }
    }
    return bytes_compare(*a, *b);
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
    return bag->is_counted ? sort_and_count(bag, memory)
                           : double_sort(bag->loose, bag->loose_count, memory);
}

// A walk over the doubles in ascending order, whichever way they are kept.
struct double_walk {
    const struct value_bag *bag;
    size_t at;
};

static bool next_run(struct double_walk *walk, struct value_run *run)
{
    const struct value_bag *bag = walk->bag;
    if (bag->is_counted) {
        if (walk->at == bag->run_count) {
            return false;
        }
        *run = bag->runs[walk->at++];
        return true;
    }
    if (walk->at == bag->loose_count) {
        return false;
    }
    *run = take_run(bag->loose, bag->loose_count, &walk->at);
    return true;
}

static struct bytes format_value(double value, char out[VALUE_BAG_TEXT_LIMIT])
{
    return (struct bytes){ .ptr = out, .len = number_format_double(value, out) };
}

static bool is_below(struct bytes written, double value)
{
    char text[VALUE_BAG_TEXT_LIMIT];
    struct number a;
    struct number b;
    return number_parse(written, &a) && number_parse(format_value(value, text), &b) &&
           number_compare(&a, &b) < 0;
}

static uint64_t total_count(const struct value_bag *bag)
{
    uint64_t total = bag->loose_count + bag->written_count;
    for (size_t i = 0; i < bag->run_count; i++) {
        total += bag->runs[i].count;
    }
    return total;
}

struct bytes value_bag_quantile(const struct value_bag *bag, double phi,
                                char out[VALUE_BAG_TEXT_LIMIT])
{
    uint64_t total = total_count(bag);
    if (total == 0) {
        return (struct bytes){ 0 };
    }
    double place = floor(phi * (double)total);
    uint64_t index = place >= (double)total ? total - 1 : (uint64_t)place;
    index = index < total ? index : total - 1;
    if (!bag->is_counted && bag->written_count == 0) {
        return format_value(bag->loose[index], out);
    }
    struct double_walk walk = { .bag = bag };
    struct value_run run;
    size_t written = 0;
    while (next_run(&walk, &run)) {
        while (written < bag->written_count && is_below(bag->written[written], run.value)) {
            if (index == 0) {
                return bag->written[written];
            }
            index--;
            written++;
        }
        if (index < run.count) {
            return format_value(run.value, out);
        }
        index -= run.count;
    }
    return bag->written[written + index];
}
