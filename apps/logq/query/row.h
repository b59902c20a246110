// SPDX-License-Identifier: MIT
// row.h: one row on its way through the pipes.

#ifndef LOGQ_QUERY_ROW_H
#define LOGQ_QUERY_ROW_H

#include "data/bytes.h"
#include "data/record.h"

#include <stdint.h>

// Places a field can have in a row beside an index into its values.
#define ROW_MISSING (-1)     // it never has a value
#define ROW_RECORD_TIME (-2) // for times only: the time of the record

// Where a record stands; what decides which of two records is the newer one.
struct row_origin {
    const struct source_info *source;
    uint64_t offset; // of the line in its file
    uint32_t file;
    bool has_time;
    bool is_cut; // read as text because it was too long
    int64_t time_ns;
};

// The values belong to whoever pushes the row, and live until the push returns. They are either
// those of a record, by the numbers of the query's field set, or columns that a pipe made.
struct row {
    const struct bytes *values;
    struct bytes line; // of the record; empty when a pipe made the row
    struct row_origin origin;
};

static inline struct bytes row_value(const struct row *row, int index)
{
    return index < 0 ? (struct bytes){ 0 } : row->values[index];
}

// The time at a place; false when there is none. A column holds times as text.
static inline bool row_time(const struct row *row, int index, int64_t *ns)
{
    if (index == ROW_RECORD_TIME) {
        *ns = row->origin.time_ns;
        return row->origin.has_time;
    }
    return index >= 0 && row->values[index].len > 0 &&
           timestamp_parse_rfc3339(row->values[index], ns);
}

#endif
