// SPDX-License-Identifier: MIT
// stats_batch.h: rows that wait for their groups to come closer.
//
// With many groups each row would wait for main memory twice: for the slot of its key, and for the
// entry. So rows are put off, memory is told what will be needed, and a batch of them is then added
// at once. The order in which rows are added does not matter to any function.

#ifndef LOGQ_QUERY_STATS_BATCH_H
#define LOGQ_QUERY_STATS_BATCH_H

#include "query/plan.h"
#include "query/row.h"

#define STATS_BATCH_ROWS 32

// From this many groups on their entries do not stay in the caches next to the core.
#define STATS_BATCH_GROUPS_MIN ((size_t)8192)

// Rows with longer keys that are no part of the line, or with more values, are not put off.
#define STATS_BATCH_KEY_MAX 96
#define STATS_BATCH_INPUTS 4

struct batched_row {
    struct bytes key;
    uint32_t hash;
    struct bytes inputs[STATS_BATCH_INPUTS]; // of all functions, one after the other
    char copy[STATS_BATCH_KEY_MAX];          // of a key that was put together
};

struct stats_batch {
    unsigned count;
    unsigned inputs;     // of each row
    int places[STATS_BATCH_INPUTS]; // where each of them is in a row
    int own_places[STATS_BATCH_INPUTS]; // 0, 1, 2, ...: where they are in `inputs`
    struct batched_row rows[STATS_BATCH_ROWS];
};

// Whether rows of this stage can be put off at all; then sets the batch up.
bool stats_batch_init(struct stats_batch *batch, const struct stats_stage *stage);

// Puts a row off. False when it cannot be. There is room for one.
bool stats_batch_add(struct stats_batch *batch, const struct row *row, struct bytes key,
                     uint32_t hash);

#endif
