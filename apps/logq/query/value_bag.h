// SPDX-License-Identifier: MIT
// value_bag.h: all the numbers of one group, for exact quantiles.
//
// Nearly every number in a log is an integer up to 2^53 or has at most 15 significant digits. No
// two such numbers share a double, their doubles stand in the same order, and the shortest text of
// the double gives the number back: so they are kept as doubles. Equal ones are counted as soon as
// that saves memory. The few others are kept as they were written.

#ifndef LOGQ_QUERY_VALUE_BAG_H
#define LOGQ_QUERY_VALUE_BAG_H

#include "data/bytes.h"
#include "data/number.h"
#include "query/memory.h"

struct value_run {
    double value;
    uint64_t count;
};

// Zeroed is empty.
struct value_bag {
    double *loose; // in any order; sorted once the bag is settled
    size_t loose_count;
    size_t loose_capacity;
    struct value_run *runs; // ascending; used when is_counted
    size_t run_count;
    struct bytes *written; // numbers that are no doubles; copies
    size_t written_count;
    size_t written_capacity;
    bool is_counted;
    bool is_settled;
};

void value_bag_free(struct value_bag *bag, struct memory *memory);

// False when memory is out; the bag is then of no more use but to be freed.
bool value_bag_add_number(struct value_bag *bag, const struct number *number,
                          struct memory *memory);
bool value_bag_make_room(struct value_bag *bag, struct memory *memory);

// The same for an integer of at most 15 digits, or any number that is kept as a double.
static inline bool value_bag_add_double(struct value_bag *bag, double value,
                                        struct memory *memory)
{
    if (bag->loose_count == bag->loose_capacity && !value_bag_make_room(bag, memory)) {
        return false;
    }
    bag->loose[bag->loose_count++] = value;
    return true;
}

// Adds all of `other`, which stays as it is.
bool value_bag_merge(struct value_bag *bag, const struct value_bag *other, struct memory *memory);

// Sorts what there is; nothing may be added afterwards. False when memory is out.
bool value_bag_settle(struct value_bag *bag, struct memory *memory);

#define VALUE_BAG_TEXT_LIMIT 32

// The value at index min(n - 1, floor(phi * n)) of the n values in ascending order, as text in `out`
// or in the bag; empty without values. The bag is settled.
struct bytes value_bag_quantile(const struct value_bag *bag, double phi,
                                char out[VALUE_BAG_TEXT_LIMIT]);

#endif
