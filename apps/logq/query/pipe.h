// SPDX-License-Identifier: MIT
// pipe.h: the pipes of a query as they were written. `top` is a stats and a sort, `uniq` a stats.

#ifndef LOGQ_QUERY_PIPE_H
#define LOGQ_QUERY_PIPE_H

#include "data/number.h"
#include "query/filter.h"

struct name_list {
    struct bytes *names;
    unsigned count;
};

enum bucket_kind {
    BUCKET_NONE,   // the value itself is the key
    BUCKET_TIME,   // the beginning of the step its time lies in
    BUCKET_NUMBER, // the lower end of the step its number lies in
};

struct stats_key {
    struct bytes field;
    enum bucket_kind bucket;
    int64_t step_ns;    // BUCKET_TIME, above 0
    struct number step; // BUCKET_NUMBER, above 0
};

enum function_kind {
    FUNCTION_COUNT, // of rows with a value in any of the fields, or of all rows without fields
    FUNCTION_COUNT_UNIQ,
    FUNCTION_SUM,
    FUNCTION_AVG,
    FUNCTION_MIN,
    FUNCTION_MAX,
    FUNCTION_QUANTILE,
};

struct stats_function {
    enum function_kind kind;
    struct name_list fields;
    double phi;               // FUNCTION_QUANTILE, from 0 to 1
    struct filter *condition; // of `if (...)`, or NULL
    struct bytes name;        // of the result
};

struct stats_pipe {
    struct stats_key *keys;
    unsigned key_count;
    struct stats_function *functions;
    unsigned function_count;
};

struct sort_key {
    struct bytes field;
    bool descending;
};

struct sort_pipe {
    struct sort_key *keys;
    unsigned key_count;
    bool is_limited;
    uint64_t limit;
    uint64_t offset;
};

enum pipe_kind {
    PIPE_FILTER,
    PIPE_FIELDS,
    PIPE_LIMIT,
    PIPE_OFFSET,
    PIPE_SORT,
    PIPE_STATS,
    PIPE_NEWEST, // never written: the `limit` argument of a request
    PIPE_NAMES,  // never written: the names of all fields, counted
};

struct pipe {
    enum pipe_kind kind;
    size_t position; // in the text of the query
    union {
        struct filter *filter;
        struct name_list fields;
        uint64_t count; // PIPE_LIMIT, PIPE_OFFSET, PIPE_NEWEST
        struct sort_pipe sort;
        struct stats_pipe stats;
    };
};

struct pipe_list {
    struct pipe *pipes;
    unsigned count;
};

#endif
