// SPDX-License-Identifier: MIT
// partial.h: carrying out a query, a block at a time, in parts that are merged in the end.
//
//     for each worker   state = partial_new(query, limit)
//     for each block    partial_scan(state, block, info)       any worker, any order
//     at the end        partial_merge(first, other) ...        then partial_finish(first, sink)
//
// One state is used by one thread at a time; it may change threads between calls, and during a call
// only inside the sink. All functions that return int give 0 or a negative errno value; what went
// wrong is in partial_error(). After an error a state can only be freed or merged into, and the
// answer is none.

#ifndef LOGQ_QUERY_PARTIAL_H
#define LOGQ_QUERY_PARTIAL_H

#include "data/bytes.h"
#include "data/record.h"
#include "query/budget.h"
#include "query/query.h"

#include <stdint.h>

struct partial;

// Where rows go. `row` returns 0, or a negative errno value to end the query with. Names and values
// live until it returns; a plain record has no empty value, other rows have all their columns.
struct row_sink {
    int (*row)(void *ctx, const struct bytes *names, const struct bytes *values, size_t count);
    void *ctx;
};

// Whole lines of one file.
struct block_info {
    const struct source_info *source; // must outlive all states of the query
    uint64_t offset;                  // of the block's first byte in its file
    uint32_t file;                    // a number that no other file has
    bool at_file_start;               // a byte order mark is skipped
    bool at_file_end;                 // a last line without its end is a line all the same
};

// What was seen so far. lines_read = lines_blank + lines_skipped + lines_parsed + lines_unparsed.
struct scan_counts {
    uint64_t bytes;
    uint64_t lines_read;
    uint64_t lines_blank;
    uint64_t lines_skipped;  // ruled out by their raw bytes, so that nobody knows their format
    uint64_t lines_parsed;
    uint64_t lines_unparsed; // read as text
    uint64_t lines_cut;      // of these, longer than the line limit
    uint64_t records_matched;
};

// NULL when memory is out. The limit is for this state alone; states merged into it count with it.
struct partial *partial_new(const struct query *query, size_t memory_limit);

// The same with a budget that several states share, and that must outlive them.
struct partial *partial_new_within(const struct query *query, struct budget *budget);

void partial_free(struct partial *partial);

// Where partial_scan() passes rows on to when query_is_streaming(). The sink is copied.
void partial_set_sink(struct partial *partial, const struct row_sink *sink);

// Takes a block into account. -EINVAL when it does not end with a line and not at the file's end,
// -ENOMEM when a limit was hit, or what the sink returned.
int partial_scan(struct partial *partial, struct bytes block, const struct block_info *info);

// Whether more blocks cannot change the answer (but for the counts).
bool partial_is_done(const struct partial *partial);

// Adds what `from` found and frees it, also on error. Both are of the same query.
int partial_merge(struct partial *into, struct partial *from);

// Passes the rows of the answer on, in their order. Once, at the end.
int partial_finish(struct partial *partial, const struct row_sink *sink);

const struct scan_counts *partial_counts(const struct partial *partial);

// Which limit was hit, for people; "" when nothing went wrong here.
const char *partial_error(const struct partial *partial);

#endif
