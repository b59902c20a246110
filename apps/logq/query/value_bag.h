// SPDX-License-Identifier: MIT
// value_bag.h: all the numbers of one group as they were written, for exact quantiles.
//
// Nearly every number in a log is written as digits, perhaps with a point among them: 1234, 0.250.
// Such a number is an integer and how many of its digits stand behind the point; all with equally
// many are kept together as integers. The few others, with exponents, superfluous zeros or more
// digits, are kept as text.

#ifndef LOGQ_QUERY_VALUE_BAG_H
#define LOGQ_QUERY_VALUE_BAG_H

#include "data/bytes.h"
#include "query/value_lane.h"

// Digits of a number that is kept as an integer.
#define VALUE_BAG_DIGITS 18

struct value_bag_lane {
    struct value_lane values;
    unsigned fraction; // digits behind the point
};

// Zeroed is empty.
struct value_bag {
    struct value_bag_lane *lanes;
    size_t lane_count;
    struct bytes *written; // the others; copies
    size_t written_count;
    size_t written_capacity;
    bool is_settled;
};

void value_bag_free(struct value_bag *bag, struct memory *memory);

// Adds a value if it is a number. False when memory is out; the bag is then of no more use but to
// be freed.
bool value_bag_add(struct value_bag *bag, struct bytes value, struct memory *memory);

// Adds all of `other`, which stays as it is.
bool value_bag_merge(struct value_bag *bag, const struct value_bag *other, struct memory *memory);

// Sorts what there is; nothing may be added afterwards. False when memory is out.
bool value_bag_settle(struct value_bag *bag, struct memory *memory);

#define VALUE_BAG_TEXT_LIMIT 48

// The number at index min(n - 1, floor(phi * n)) of the n numbers in ascending order, as text in
// `out` or in the bag; empty without numbers. One number written in several ways is ordered by its
// bytes. The bag is settled.
struct bytes value_bag_quantile(const struct value_bag *bag, double phi,
                                char out[VALUE_BAG_TEXT_LIMIT]);

#endif
