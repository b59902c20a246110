// SPDX-License-Identifier: MIT
// aggregate.h: what a function of stats keeps for one group.

#ifndef LOGQ_QUERY_AGGREGATE_H
#define LOGQ_QUERY_AGGREGATE_H

#include "data/arena.h"
#include "data/exact_sum.h"
#include "query/group_table.h"
#include "query/order.h"
#include "query/pipe.h"
#include "query/tuple.h"
#include "query/value_bag.h"

// Zeroed memory is the state of an empty group, for every function. COUNT is a uint64_t; the
// others:

struct sum_state {
    int64_t pending; // sum of integers that stands for itself, within 2^53
    uint64_t count;
    struct exact_sum *exact; // everything else; NULL while there is nothing
};

struct extreme_state {
    struct order_key best; // its text is a copy
    uint32_t capacity;     // of the copy
    bool is_set;
};

struct unique_state {
    struct group_table *values;
};

struct quantile_state {
    struct value_bag *bag;
};

// What all states of one partial state share.
struct aggregator {
    struct memory *memory;
    struct arena sums; // for exact_sum
    size_t sums_charged;
    struct tuple_buffer tuple;
    uint64_t seed;
};

void aggregator_init(struct aggregator *aggregator, struct memory *memory, uint64_t seed);
// The states must have been released before.
void aggregator_free(struct aggregator *aggregator);

uint32_t aggregate_state_bytes(enum function_kind kind);

// Whether two functions of the same fields keep the same state.
bool aggregate_states_agree(enum function_kind a, enum function_kind b);

// The values of one row for the fields of a function, in their order.
struct aggregate_input {
    const struct bytes *values; // of the row
    const int *places;          // [count]
    const bool *as_time;        // [count]
    unsigned count;
};

// Takes a row into account. False when memory is out.
bool aggregate_add(struct aggregator *aggregator, enum function_kind kind, void *state,
                   const struct aggregate_input *input);

// Takes a state of another aggregator into account. False when memory is out.
bool aggregate_merge(struct aggregator *aggregator, enum function_kind kind, void *state,
                     const void *other);

// Frees what the state owns.
void aggregate_release(struct aggregator *aggregator, enum function_kind kind, void *state);

#define AGGREGATE_TEXT_LIMIT 64

// The result as text in `out` or in the state. *result is what it is. False when memory is out.
bool aggregate_result(struct aggregator *aggregator, const struct stats_function *function,
                      void *state, char out[AGGREGATE_TEXT_LIMIT], struct bytes *result);

#endif
