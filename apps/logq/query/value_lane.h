// SPDX-License-Identifier: MIT
// value_lane.h: many integers, sorted and counted as soon as that saves memory.

#ifndef LOGQ_QUERY_VALUE_LANE_H
#define LOGQ_QUERY_VALUE_LANE_H

#include "query/memory.h"

#include <stdint.h>

struct value_run {
    int64_t value;
    uint64_t count;
};

// Zeroed is empty.
struct value_lane {
    int64_t *loose; // in any order; ascending once the lane is settled
    size_t loose_count;
    size_t loose_capacity;
    struct value_run *runs; // ascending; used when is_counted
    size_t run_count;
    bool is_counted;
};

void value_lane_free(struct value_lane *lane, struct memory *memory);

// All of these are false when memory is out; the lane is then of no more use but to be freed.
bool value_lane_make_room(struct value_lane *lane, struct memory *memory);

static inline bool value_lane_add(struct value_lane *lane, int64_t value, struct memory *memory)
{
    if (lane->loose_count == lane->loose_capacity && !value_lane_make_room(lane, memory)) {
        return false;
    }
    lane->loose[lane->loose_count++] = value;
    return true;
}

// Adds all of `other`, which stays as it is.
bool value_lane_merge(struct value_lane *lane, const struct value_lane *other,
                      struct memory *memory);

// Sorts what there is; nothing may be added afterwards.
bool value_lane_settle(struct value_lane *lane, struct memory *memory);

uint64_t value_lane_total(const struct value_lane *lane);

// A walk over a settled lane in ascending order. Start with `at` 0; false at the end.
bool value_lane_next(const struct value_lane *lane, size_t *at, struct value_run *run);

#endif
