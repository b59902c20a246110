// SPDX-License-Identifier: MIT
// value_lane.c: many integers, sorted and counted as soon as that saves memory.

#include "query/value_lane.h"

#include "query/integer_sort.h"

// From this many loose values on it is worth a look whether they repeat.
#define COUNTING_MIN 4096

void value_lane_free(struct value_lane *lane, struct memory *memory)
{
    memory_give(memory, lane->loose, lane->loose_capacity * sizeof(*lane->loose));
    memory_give(memory, lane->runs, lane->run_count * sizeof(*lane->runs));
    *lane = (struct value_lane){ 0 };
}

static size_t count_distinct(const int64_t *sorted, size_t count)
{
    size_t distinct = count > 0;
    for (size_t i = 1; i < count; i++) {
        distinct += sorted[i] != sorted[i - 1];
    }
    return distinct;
}

// The next run of equal values from *at on.
static struct value_run take_run(const int64_t *sorted, size_t count, size_t *at)
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

// Adds runs to those of the lane, which then counts.
static bool add_runs(struct value_lane *lane, const struct value_run *more, size_t more_count,
                     struct memory *memory)
{
    size_t capacity = lane->run_count + more_count;
    lane->is_counted = true;
    if (more_count == 0) {
        return true;
    }
    struct value_run *merged = memory_take(memory, capacity * sizeof(*merged));
    if (merged == NULL) {
        return false;
    }
    size_t count = merge_runs(merged, lane->runs, lane->run_count, more, more_count);
    if (count < capacity) {
        struct value_run *fitting =
            memory_grow(memory, merged, capacity * sizeof(*merged), count * sizeof(*merged));
        if (fitting == NULL) {
            memory_give(memory, merged, capacity * sizeof(*merged));
            return false;
        }
        merged = fitting;
    }
    memory_give(memory, lane->runs, lane->run_count * sizeof(*lane->runs));
    lane->runs = merged;
    lane->run_count = count;
    return true;
}

// The loose values, which are sorted and of which `distinct` differ, become runs.
static bool count_loose(struct value_lane *lane, size_t distinct, struct memory *memory)
{
    lane->is_counted = true;
    if (distinct == 0) {
        return true;
    }
    struct value_run *runs = memory_take(memory, distinct * sizeof(*runs));
    if (runs == NULL) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < distinct; i++) {
        runs[i] = take_run(lane->loose, lane->loose_count, &at);
    }
    bool added = add_runs(lane, runs, distinct, memory);
    memory_give(memory, runs, distinct * sizeof(*runs));
    lane->loose_count = 0;
    return added;
}

static bool grow_loose(struct value_lane *lane, size_t capacity, struct memory *memory)
{
    int64_t *grown = memory_grow(memory, lane->loose, lane->loose_capacity * sizeof(*lane->loose),
                                 capacity * sizeof(*lane->loose));
    if (grown == NULL) {
        return false;
    }
    lane->loose = grown;
    lane->loose_capacity = capacity;
    return true;
}

bool value_lane_make_room(struct value_lane *lane, struct memory *memory)
{
    if (lane->loose_capacity < COUNTING_MIN) {
        size_t capacity = lane->loose_capacity == 0 ? 8 : lane->loose_capacity * 2;
        return grow_loose(lane, capacity, memory);
    }
    if (!integer_sort(lane->loose, lane->loose_count, memory)) {
        return false;
    }
    size_t distinct = count_distinct(lane->loose, lane->loose_count);
    if (!lane->is_counted && distinct > lane->loose_count / 2) {
        return grow_loose(lane, lane->loose_capacity * 2, memory);
    }
    if (!count_loose(lane, distinct, memory)) {
        return false;
    }
    // Each merge walks over all runs, so that as many values as half of them should come before.
    return lane->loose_capacity >= lane->run_count / 2 ||
           grow_loose(lane, lane->loose_capacity * 2, memory);
}

static bool sort_and_count(struct value_lane *lane, struct memory *memory)
{
    return integer_sort(lane->loose, lane->loose_count, memory) &&
           count_loose(lane, count_distinct(lane->loose, lane->loose_count), memory);
}

bool value_lane_merge(struct value_lane *lane, const struct value_lane *other,
                      struct memory *memory)
{
    if (other->is_counted) {
        if ((!lane->is_counted && !sort_and_count(lane, memory)) ||
            !add_runs(lane, other->runs, other->run_count, memory)) {
            return false;
        }
    }
    for (size_t i = 0; i < other->loose_count; i++) {
        if (!value_lane_add(lane, other->loose[i], memory)) {
            return false;
        }
    }
    return true;
}

bool value_lane_settle(struct value_lane *lane, struct memory *memory)
{
    return lane->is_counted ? sort_and_count(lane, memory)
                            : integer_sort(lane->loose, lane->loose_count, memory);
}

uint64_t value_lane_total(const struct value_lane *lane)
{
    uint64_t total = lane->loose_count;
    for (size_t i = 0; i < lane->run_count; i++) {
        total += lane->runs[i].count;
    }
    return total;
}

bool value_lane_next(const struct value_lane *lane, size_t *at, struct value_run *run)
{
    if (lane->is_counted) {
        if (*at == lane->run_count) {
            return false;
        }
        *run = lane->runs[(*at)++];
        return true;
    }
    if (*at == lane->loose_count) {
        return false;
    }
    *run = take_run(lane->loose, lane->loose_count, at);
    return true;
}
