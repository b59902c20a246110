// SPDX-License-Identifier: MIT
// stage.h: a stage of the plan at work.

#ifndef LOGQ_QUERY_STAGE_H
#define LOGQ_QUERY_STAGE_H

#include "query/partial.h"
#include "query/row_order.h"
#include "query/row_sorter.h"
#include "query/stats_run.h"

#define EXECUTION_FAILURE_LIMIT 192

// What the stages of one partial state share.
struct execution {
    const struct query *query;
    struct memory memory;
    struct matcher matcher;
    struct record record; // the one whose values a row of a record points to
    struct row_sink sink;
    struct bytes *names;  // room for a row on its way out
    struct bytes *values;
    size_t name_capacity;
    size_t value_capacity;
    size_t columns; // used of both
    char failure[EXECUTION_FAILURE_LIMIT]; // which limit was hit; "" while all is well
};

// On zeroed memory. 0 or -ENOMEM; execution_free() is allowed either way.
int execution_init(struct execution *execution, const struct query *query, struct budget *budget);
void execution_free(struct execution *execution);

// No more rows are needed.
#define STAGE_DONE 1

struct stage_run {
    const struct stage *stage;
    struct execution *execution;
    struct stage_run *next; // NULL: rows leave the query
    struct bytes *columns;  // [stage->in.count]: the columns of a row that is held back
    struct order_key *keys; // per sort key
    struct row_order order;
    struct row_sorter sorter;
    struct stats_run stats;
    struct group_table counted; // STAGE_NAMES: uint64_t per name
};

// 0 or -ENOMEM.
int stage_run_init(struct stage_run *run, const struct stage *stage, struct execution *execution);
void stage_run_free(struct stage_run *run);

// Hands a row to a stage, to be held back or passed on. 0, STAGE_DONE, or a negative errno value.
int stage_run_push(struct stage_run *run, const struct row *row);

// Takes rows into account that were put off and point into memory that will not stay. 0 or -ENOMEM.
int stage_run_settle(struct stage_run *run);

// Whether further rows would change nothing.
bool stage_run_is_full(const struct stage_run *run);

// Adds what another run of the same stage holds back. 0 or a negative errno value.
int stage_run_merge(struct stage_run *run, struct stage_run *from);

// Passes on everything that is held back, here and then in the stages behind. As push.
int stage_run_flush(struct stage_run *run);

// A row that leaves the query; `scope` says what it consists of. 0 or a negative errno value.
int execution_emit(struct execution *execution, const struct scope *scope, const struct row *row);

// Notes that a limit was hit; -ENOMEM. The text is static, or NULL for the memory.
int execution_fail(struct execution *execution, const char *failure);

// Reads the line of a record again. 0 or -ENOMEM.
int execution_read(struct execution *execution, struct bytes line, bool is_cut,
                   const struct source_info *source);

#endif
