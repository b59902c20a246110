// SPDX-License-Identifier: MIT
// partial.c: carrying out a query in parts that are merged in the end.

#include "query/partial_state.h"

#include <errno.h>
#include <stdlib.h>

static int partial_init(struct partial *partial, const struct query *query, struct budget *budget)
{
    int result = execution_init(&partial->execution, query, budget);
    if (result == 0 && query->stage_count > 0) {
        result = stage_run_init(&partial->first, &query->stages[0], &partial->execution);
    }
    return result;
}

static struct partial *partial_make(const struct query *query, size_t memory_limit,
                                    struct budget *budget)
{
    struct partial *partial = calloc(1, sizeof(*partial));
    if (partial == NULL) {
        return NULL;
    }
    budget_init(&partial->own_budget, memory_limit);
    budget = budget == NULL ? &partial->own_budget : budget;
    if (partial_init(partial, query, budget) != 0) {
        partial_free(partial);
        return NULL;
    }
    return partial;
}

struct partial *partial_new(const struct query *query, size_t memory_limit)
{
    return partial_make(query, memory_limit, NULL);
}

struct partial *partial_new_within(const struct query *query, struct budget *budget)
{
    return partial_make(query, 0, budget);
}

void partial_free(struct partial *partial)
{
    if (partial != NULL) {
        stage_run_free(&partial->first);
        execution_free(&partial->execution);
        free(partial);
    }
}

void partial_set_sink(struct partial *partial, const struct row_sink *sink)
{
    partial->execution.sink = *sink;
}

bool partial_is_done(const struct partial *partial)
{
    return partial->execution.query->stage_count > 0 && stage_run_is_full(&partial->first);
}

const struct scan_counts *partial_counts(const struct partial *partial)
{
    return &partial->counts;
}

const char *partial_error(const struct partial *partial)
{
    return partial->execution.failure;
}

static void add_counts(struct scan_counts *counts, const struct scan_counts *more)
{
    counts->bytes += more->bytes;
    counts->lines_read += more->lines_read;
    counts->lines_blank += more->lines_blank;
    counts->lines_skipped += more->lines_skipped;
    counts->lines_parsed += more->lines_parsed;
    counts->lines_unparsed += more->lines_unparsed;
    counts->lines_cut += more->lines_cut;
    counts->records_matched += more->records_matched;
}

int partial_merge(struct partial *into, struct partial *from)
{
    int result = 0;
    if (from->execution.failure[0] != '\0') {
        result = execution_fail(&into->execution, from->execution.failure);
    }
    add_counts(&into->counts, &from->counts);
    if (result == 0 && into->execution.query->stage_count > 0) {
        result = stage_run_merge(&into->first, &from->first);
    }
    partial_free(from);
    return result;
}

// ---- the end

// The stages behind the first, made for the end only.
struct stage_chain {
    struct stage_run *runs;
    unsigned count;
};

static void chain_free(struct stage_chain *chain, struct memory *memory)
{
    for (unsigned i = 0; chain->runs != NULL && i < chain->count; i++) {
        stage_run_free(&chain->runs[i]);
    }
    memory_give(memory, chain->runs, chain->count * sizeof(*chain->runs));
}

static int chain_init(struct stage_chain *chain, struct partial *partial)
{
    const struct query *query = partial->execution.query;
    *chain = (struct stage_chain){ .count = query->stage_count - 1 };
    if (chain->count == 0) {
        return 0;
    }
    chain->runs =
        memory_take_zeroed(&partial->execution.memory, chain->count * sizeof(*chain->runs));
    if (chain->runs == NULL) {
        return -ENOMEM;
    }
    struct stage_run *before = &partial->first;
    for (unsigned i = 0; i < chain->count; i++) {
        int result = stage_run_init(&chain->runs[i], &query->stages[i + 1], &partial->execution);
        if (result != 0) {
            return result;
        }
        before->next = &chain->runs[i];
        before = &chain->runs[i];
    }
    return 0;
}

int partial_finish(struct partial *partial, const struct row_sink *sink)
{
    struct execution *execution = &partial->execution;
    if (execution->failure[0] != '\0') {
        return -ENOMEM;
    }
    if (execution->query->stage_count == 0) {
        return 0;
    }
    execution->sink = *sink;
    struct stage_chain chain;
    int result = chain_init(&chain, partial);
    if (result != 0) {
        execution_fail(execution, NULL);
    } else {
        result = stage_run_flush(&partial->first);
    }
    partial->first.next = NULL;
    chain_free(&chain, &execution->memory);
    return result > 0 ? 0 : result;
}
