// SPDX-License-Identifier: MIT
// query.h: a query, from its text to a plan that any number of threads can carry out.
//
//     compile -> [change] -> partial states (partial.h), one per worker -> free
//
// Compiled and changed by one thread; from then on it is only read. It must outlive all partial
// states made for it.

#ifndef LOGQ_QUERY_QUERY_H
#define LOGQ_QUERY_QUERY_H

#include "data/bytes.h"
#include "query/query_error.h"
#include "query/query_limits.h"

#include <stdint.h>

struct query;

// NULL with the error set: what is wrong and where, or which limit was hit. The text is copied.
// now_ns is what `_time:5m` counts back from.
struct query *query_compile(struct bytes text, const struct query_limits *limits, int64_t now_ns,
                            struct query_error *error);
void query_free(struct query *query);

// Changes. Each is false with the error set when memory is out or the result makes no sense.

// Only records whose time lies in [from, to], both included: `start` and `end` of a request. See
// time_bound_parse() for what these may be. May be called more than once.
bool query_add_time_range(struct query *query, int64_t from_ns, int64_t to_ns,
                          struct query_error *error);

// At most `limit` rows: the newest, if the pipes leave the rows what they are (filter, and fields
// with _time), else the first. Newest is: _time descending, _file ascending, line descending, and
// records without time last. The rows come in that order.
bool query_set_newest_limit(struct query *query, uint64_t limit, struct query_error *error);

// The three below answer other questions about the records that the filter, and `filter` pipes
// directly behind it, select; all other pipes are dropped. See answers.h for printing them.

// Rows `_time`, the fields, `hits`: how many records lie in each step, for each set of values. In
// the order of the values and then of the time. Records without time are left out. step_ns > 0.
bool query_make_hits(struct query *query, int64_t step_ns, const struct bytes *fields,
                     unsigned field_count, struct query_error *error);

// Rows `value`, `hits`: the names of all fields, the most frequent first; no limit with 0.
bool query_make_field_names(struct query *query, uint64_t limit, struct query_error *error);

// Rows of the field's name and `hits`: its values, the most frequent first; no limit with 0.
bool query_make_field_values(struct query *query, struct bytes field, uint64_t limit,
                             struct query_error *error);

// Whether partial_scan() itself passes the rows on, because no pipe has to see all of them first.
bool query_is_streaming(const struct query *query);

// Whether a row is a record with all its fields, and not columns that a pipe made.
bool query_has_plain_records(const struct query *query);

// Whether the answer counts or calculates, so that it means something when no record matched.
bool query_aggregates(const struct query *query);

#endif
