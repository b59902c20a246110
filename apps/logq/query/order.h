// SPDX-License-Identifier: MIT
// order.h: which of two values comes first: numbers by value, then everything else by bytes, and
// times by time.

#ifndef LOGQ_QUERY_ORDER_H
#define LOGQ_QUERY_ORDER_H

#include "data/bytes.h"

#include <stdint.h>

// Only values of `_time` are looked at as times: as text, 10:00:00.5Z would come before 10:00:00Z.
enum order_rank {
    ORDER_NUMBER,
    ORDER_EMPTY, // the first of all that is no number, as its bytes are
    ORDER_TIME,
    ORDER_TEXT,
};

// A value made ready to be compared many times.
struct order_key {
    struct bytes text; // the value; it must outlive the key
    double approximate; // ORDER_NUMBER: the nearest double
    int64_t time_ns;    // ORDER_TIME
    uint8_t rank;
    bool is_exact; // the double is the number
};

void order_key_set(struct order_key *key, struct bytes value, bool is_time);

// -1, 0 or 1; 0 also for one number that is written in two ways.
int order_compare(const struct order_key *a, const struct order_key *b);

// The same, and then by bytes: 0 for the same value only.
int order_compare_strictly(const struct order_key *a, const struct order_key *b);

#endif
