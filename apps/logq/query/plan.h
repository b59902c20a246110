// SPDX-License-Identifier: MIT
// plan.h: how a query is carried out: filters on records, then stages.
//
// Pipes that look at one record at a time cost nothing of their own: a `fields` pipe only changes
// where names are found, and `filter` pipes on records join the filter. Every other pipe is a stage
// that holds rows back. The first stage is the one that each partial state has a copy of; those
// behind it run once, on what the merged first one gives.

#ifndef LOGQ_QUERY_PLAN_H
#define LOGQ_QUERY_PLAN_H

#include "data/fields.h"
#include "query/parser.h"
#include "query/query.h"
#include "query/scope.h"

enum stage_kind {
    STAGE_FILTER,
    STAGE_LIMIT,  // count
    STAGE_OFFSET, // count
    STAGE_SORT,
    STAGE_NEWEST, // count
    STAGE_STATS,
    STAGE_NAMES, // counts the names of fields
};

// Room for the state of a function in each group.
struct stats_slot {
    uint32_t offset;
    bool is_shared; // an earlier function has the same state and keeps it up to date
    bool *as_time;  // per field: it is `_time`
    int *places;    // per field
};

struct stats_stage {
    const struct stats_pipe *pipe;
    int *key_places;         // a place of times for BUCKET_TIME
    struct stats_slot *slots; // per function
    uint32_t state_bytes;
};

struct sort_stage {
    const struct sort_pipe *pipe;
    int *key_places; // in an open scope; else positions in the scope
    bool *as_time;   // per key
    unsigned *rest;  // positions of all columns in the order of their names; not when open
    int time_column; // the position of `_time` or -1; not when open
    uint64_t keep;   // offset + limit, or UINT64_MAX
};

struct stage {
    enum stage_kind kind;
    struct scope in;
    union {
        struct filter *filter;
        struct {
            uint64_t count;
            uint64_t keep; // rows that can still be of use to it
        } bound; // STAGE_LIMIT, STAGE_OFFSET, STAGE_NEWEST
        struct sort_stage sort;
        struct stats_stage stats;
    };
};

struct prefilter;

struct query {
    struct arena arena; // everything below
    struct query_limits limits;
    struct bytes text;
    uint64_t seed;
    struct regex **regexes;
    unsigned regex_count;
    // As written and then changed.
    struct filter *filter;
    struct pipe_list pipes;
    bool has_request_limit;
    // The plan, made anew after each change.
    struct field_set fields;
    struct filter **scan_filters; // in the order in which they are asked
    unsigned scan_filter_count;
    const struct prefilter *prefilter; // NULL when nothing can be ruled out by the raw line
    struct stage *stages;
    unsigned stage_count;
    struct scope out;
};

// False with the error set.
bool query_plan(struct query *query, struct query_error *error);

#endif
