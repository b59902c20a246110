// SPDX-License-Identifier: MIT
// run.h: carrying out a query over files: fan out over their pieces, fan in again.
//
// The pieces of all files are numbered. A bounded count of chains go through them: a chain is one
// task at a time, which takes the next number, reads and scans that piece, and spawns the task that
// goes on. So every piece is a task of its own, placed as the options say, and none of them waits
// for another. Each scans into the partial state of the shard it is on: between asking for the
// shard and the end of the scan nothing suspends, so no other task can be in that state.
//
// When rows leave the query as they are found, a chain stops with the rows of its piece in hand
// until the task that runs the query has passed them on: a slow reader slows the scan down, and the
// rows that wait are never more than those of one piece per chain.

#ifndef LOGQ_RUN_H
#define LOGQ_RUN_H

#include "buffers.h"
#include "query/partial.h"
#include "query/query.h"
#include "source.h"

// Where the pieces of a file are read.
enum run_placement {
    RUN_STEALABLE,   // where a shard is free
    RUN_PINNED,      // all of one file on one shard
    RUN_ROUND_ROBIN, // on each shard in turn
};

// Bytes of a piece when the user sets nothing: large enough that a task is cheap beside its work,
// small enough to stay in the cache between reading and scanning.
#define RUN_PIECE_BYTES_DEFAULT ((size_t)256 * 1024)

// Bytes behind a piece that are read with it, so that its last line is mostly there at once.
#define RUN_PIECE_SLACK ((size_t)4096)

// Chains of one query per shard: one computes, the others read.
#define RUN_CHAINS_PER_SHARD 3

struct run_options {
    enum run_placement placement;
    size_t piece_bytes;
    size_t line_limit;
    size_t memory_limit;
    struct buffers *buffers; // of piece_bytes + RUN_PIECE_SLACK or more each
};

enum run_rows {
    RUN_ROWS_JSON,   // JSON lines
    RUN_ROWS_PACKED, // see row_pack.h
};

// Where rows go that leave the query as they are found. `write` is called by the task that runs the
// query, and may suspend; it returns 0 or a negative errno value that ends the query.
struct run_output {
    enum run_rows rows;
    int (*write)(void *ctx, struct bytes text);
    void *ctx;
};

#define RUN_FAILURE_LIMIT 256

struct run;

// query and sources must outlive the run. NULL when memory is out. Tasks only.
struct run *run_new(const struct query *query, struct source_set *sources,
                    const struct run_options *options, const struct run_output *output);
void run_free(struct run *run);

// Scans everything, in the scope that is open, and merges what was found. Files that cannot be read
// to their end become faults of the sources. Suspends.
// Returns 0; -ENOMEM or -EAGAIN a limit was hit, which run_failure() names; -ETIME, -ECANCELED;
// what output->write returned.
int run_scan(struct run *run);

// Passes the rows on that run_scan() held back, in the order of the answer. The sink may suspend.
// Returns as run_scan().
int run_finish(struct run *run, const struct row_sink *sink);

// Why a call gave this result below zero, and which limit was hit, for people.
const char *run_failure(const struct run *run, int result);

// The budget of the query, for what else holds memory on its behalf.
struct budget *run_budget(struct run *run);

// Valid after run_scan(), also when it failed.
const struct scan_counts *run_counts(const struct run *run);

// How far the scan has come.
uint64_t run_bytes(const struct run *run);

#endif
