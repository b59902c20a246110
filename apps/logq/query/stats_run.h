// SPDX-License-Identifier: MIT
// stats_run.h: grouping rows and aggregating each group.

#ifndef LOGQ_QUERY_STATS_RUN_H
#define LOGQ_QUERY_STATS_RUN_H

#include "query/aggregate.h"
#include "query/bucket.h"
#include "query/plan.h"
#include "query/stats_batch.h"

// The key of a group is the value of the only key field, or a tuple of the values of all; of a time
// bucket the 8 bytes of where it begins; nothing without keys.
struct stats_run {
    const struct stats_stage *stage;
    struct matcher *matcher;
    struct memory *memory;
    struct group_table groups;
    struct aggregator aggregator;
    struct tuple_buffer key;
    struct time_bucket_cache *times; // per key
    void *last;            // the state of the group found last, or NULL
    struct bytes last_key; // in the table
    bool can_batch;
    struct stats_batch batch;
};

// 0 or -ENOMEM.
int stats_run_init(struct stats_run *run, const struct stats_stage *stage, uint64_t seed,
                   struct matcher *matcher, struct memory *memory);
void stats_run_free(struct stats_run *run);

// False when memory is out or the matcher failed.
bool stats_run_push(struct stats_run *run, const struct row *row);

// Takes the rows into account that were put off: they point into the block they came from. False
// when memory is out.
bool stats_run_settle(struct stats_run *run);

// Takes the groups of another run of the same stage; both are settled. False when memory is out.
bool stats_run_merge(struct stats_run *run, const struct stats_run *other);

// Calls `emit` for each group with its columns, which live until it returns; the run is settled. 0,
// what emit returned
// when that was not 0, or -ENOMEM.
int stats_run_emit(struct stats_run *run, int (*emit)(void *ctx, const struct bytes *columns),
                   void *ctx);

#endif
