// SPDX-License-Identifier: MIT
// plan.c: how a query is carried out.

#include "query/plan.h"

#include "query/aggregate.h"
#include "query/prefilter.h"

#include <stdlib.h>

struct planner {
    struct query *query;
    struct query_error *error;
    struct scope scope;
};

static bool out_of_memory(struct planner *planner)
{
    return query_error_set(planner->error, 0, "out of memory for the query, or more than %d "
                           "different fields, which is the limit", FIELD_SET_LIMIT);
}

static void *plan_alloc(struct planner *planner, size_t bytes)
{
    void *block = arena_alloc(&planner->query->arena, bytes, _Alignof(max_align_t));
    if (block == NULL) {
        out_of_memory(planner);
        return NULL;
    }
    memset(block, 0, bytes);
    return block;
}

static bool place_of(struct planner *planner, struct bytes field, bool as_time, int *place)
{
    *place = scope_place(&planner->scope, &planner->query->fields, field, as_time);
    return *place != SCOPE_FAILED || out_of_memory(planner);
}

// Rows that a stage has held back are columns, unless they are whole records.
static bool hold_back(struct planner *planner)
{
    if (planner->scope.is_open) {
        return true;
    }
    struct scope columns;
    if (!scope_of_columns(planner->scope.names, planner->scope.count, &planner->query->arena,
                          &columns)) {
        return out_of_memory(planner);
    }
    planner->scope = columns;
    return true;
}

// ---- sort

static bool plan_sort(struct planner *planner, const struct sort_pipe *pipe,
                      struct sort_stage *sort)
{
    const struct scope *scope = &planner->scope;
    sort->pipe = pipe;
    sort->keep = UINT64_MAX;
    if (pipe->is_limited && __builtin_add_overflow(pipe->limit, pipe->offset, &sort->keep)) {
        sort->keep = UINT64_MAX;
    }
    sort->key_places = plan_alloc(planner, pipe->key_count * sizeof(*sort->key_places));
    sort->as_time = plan_alloc(planner, pipe->key_count * sizeof(*sort->as_time));
    if (sort->key_places == NULL || sort->as_time == NULL) {
        return false;
    }
    for (unsigned i = 0; i < pipe->key_count; i++) {
        struct bytes field = pipe->keys[i].field;
        sort->as_time[i] = scope_is_time(field);
        sort->key_places[i] = scope->is_open ? 0 : scope_position(scope, field);
        if (scope->is_open && !place_of(planner, field, true, &sort->key_places[i])) {
            return false;
        }
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(**(const struct bytes *const *)a, **(const struct bytes *const *)b);
}

// The columns in the order of their names.
static bool plan_rest(struct planner *planner, struct sort_stage *sort)
{
    const struct scope *scope = &planner->scope;
    const struct bytes **names = plan_alloc(planner, scope->count * sizeof(*names));
    sort->rest = plan_alloc(planner, scope->count * sizeof(*sort->rest));
    if (names == NULL || sort->rest == NULL) {
        return false;
    }
    sort->time_column = scope_position(scope, bytes_of("_time"));
    for (unsigned i = 0; i < scope->count; i++) {
        names[i] = &scope->names[i];
    }
    qsort(names, scope->count, sizeof(*names), compare_names);
    for (unsigned i = 0; i < scope->count; i++) {
        sort->rest[i] = (unsigned)(names[i] - scope->names);
    }
    return true;
}

// ---- stats

static bool same_fields(const struct stats_function *a, const struct stats_function *b)
{
    if (a->fields.count != b->fields.count) {
        return false;
    }
    for (unsigned i = 0; i < a->fields.count; i++) {
        if (!bytes_equal(a->fields.names[i], b->fields.names[i])) {
            return false;
        }
    }
    return true;
}

// An earlier function whose state is the same in every group, or NULL.
static const struct stats_slot *find_shared(const struct stats_stage *stats, unsigned number)
{
    const struct stats_function *function = &stats->pipe->functions[number];
    for (unsigned i = 0; i < number; i++) {
        const struct stats_function *other = &stats->pipe->functions[i];
        if (function->condition == NULL && other->condition == NULL &&
            !stats->slots[i].is_shared && aggregate_states_agree(function->kind, other->kind) &&
            same_fields(function, other)) {
            return &stats->slots[i];
        }
    }
    return NULL;
}

static bool plan_function(struct planner *planner, struct stats_stage *stats, unsigned number)
{
    const struct stats_function *function = &stats->pipe->functions[number];
    struct stats_slot *slot = &stats->slots[number];
    unsigned count = function->fields.count;
    slot->places = plan_alloc(planner, count * sizeof(*slot->places));
    slot->as_time = plan_alloc(planner, count * sizeof(*slot->as_time));
    if (slot->places == NULL || slot->as_time == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        slot->as_time[i] = scope_is_time(function->fields.names[i]);
        if (!place_of(planner, function->fields.names[i], false, &slot->places[i])) {
            return false;
        }
    }
    const struct stats_slot *shared = find_shared(stats, number);
    slot->is_shared = shared != NULL;
    slot->offset = shared != NULL ? shared->offset : stats->state_bytes;
    if (shared == NULL) {
        stats->state_bytes += aggregate_state_bytes(function->kind);
    }
    return function->condition == NULL ||
           scope_resolve(&planner->scope, &planner->query->fields, function->condition) ||
           out_of_memory(planner);
}

static bool plan_stats(struct planner *planner, const struct stats_pipe *pipe,
                       struct stats_stage *stats)
{
    stats->pipe = pipe;
    stats->key_places = plan_alloc(planner, pipe->key_count * sizeof(*stats->key_places));
    stats->slots = plan_alloc(planner, pipe->function_count * sizeof(*stats->slots));
    unsigned columns = pipe->key_count + pipe->function_count;
    struct bytes *names = plan_alloc(planner, columns * sizeof(*names));
    if (stats->key_places == NULL || stats->slots == NULL || names == NULL) {
        return false;
    }
    for (unsigned i = 0; i < pipe->key_count; i++) {
        names[i] = pipe->keys[i].field;
        bool as_time = pipe->keys[i].bucket == BUCKET_TIME;
        if (!place_of(planner, pipe->keys[i].field, as_time, &stats->key_places[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < pipe->function_count; i++) {
        names[pipe->key_count + i] = pipe->functions[i].name;
        if (!plan_function(planner, stats, i)) {
            return false;
        }
    }
    return scope_of_columns(names, columns, &planner->query->arena, &planner->scope) ||
           out_of_memory(planner);
}

static bool plan_names(struct planner *planner)
{
    struct bytes names[] = { bytes_of("value"), bytes_of("hits") };
    return scope_of_columns(names, 2, &planner->query->arena, &planner->scope) ||
           out_of_memory(planner);
}

// ---- pipes

static bool plan_filter(struct planner *planner, struct filter *filter)
{
    struct query *query = planner->query;
    if (!scope_resolve(&planner->scope, &query->fields, filter)) {
        return out_of_memory(planner);
    }
    if (query->stage_count == 0) {
        query->scan_filters[query->scan_filter_count++] = filter;
        return true;
    }
    query->stages[query->stage_count++] =
        (struct stage){ .kind = STAGE_FILTER, .in = planner->scope, .filter = filter };
    return true;
}

static bool plan_fields(struct planner *planner, const struct name_list *fields)
{
    struct scope narrowed;
    if (!scope_narrow(&planner->scope, &planner->query->fields, fields->names, fields->count,
                      &planner->query->arena, &narrowed)) {
        return out_of_memory(planner);
    }
    planner->scope = narrowed;
    return true;
}

// Rows beyond those that a limit directly behind it lets through are of no use to an offset.
static uint64_t rows_of_use(const struct pipe_list *pipes, unsigned number)
{
    const struct pipe *pipe = &pipes->pipes[number];
    uint64_t keep = pipe->count;
    if (pipe->kind == PIPE_OFFSET &&
        (number + 1 == pipes->count || pipes->pipes[number + 1].kind != PIPE_LIMIT ||
         __builtin_add_overflow(keep, pipes->pipes[number + 1].count, &keep))) {
        return UINT64_MAX;
    }
    return keep;
}

static bool plan_stage(struct planner *planner, unsigned number)
{
    struct query *query = planner->query;
    const struct pipe *pipe = &query->pipes.pipes[number];
    struct stage *stage = &query->stages[query->stage_count++];
    *stage = (struct stage){ .in = planner->scope };
    switch (pipe->kind) {
    case PIPE_SORT:
        stage->kind = STAGE_SORT;
        return plan_sort(planner, &pipe->sort, &stage->sort) &&
               (planner->scope.is_open || plan_rest(planner, &stage->sort)) && hold_back(planner);
    case PIPE_STATS:
        stage->kind = STAGE_STATS;
        return plan_stats(planner, &pipe->stats, &stage->stats);
    case PIPE_NAMES:
        stage->kind = STAGE_NAMES;
        return plan_names(planner);
    case PIPE_NEWEST:
        stage->kind = STAGE_NEWEST;
        query->fields.needs_time = true;
        break;
    case PIPE_OFFSET:
        stage->kind = STAGE_OFFSET;
        break;
    default:
        stage->kind = STAGE_LIMIT;
        break;
    }
    stage->bound.count = pipe->count;
    stage->bound.keep = rows_of_use(&query->pipes, number);
    return hold_back(planner);
}

static bool plan_pipe(struct planner *planner, unsigned number)
{
    const struct pipe *pipe = &planner->query->pipes.pipes[number];
    switch (pipe->kind) {
    case PIPE_FILTER:
        return plan_filter(planner, pipe->filter);
    case PIPE_FIELDS:
        return plan_fields(planner, &pipe->fields);
    default:
        return plan_stage(planner, number);
    }
}

static void plan_prefilter(struct query *query)
{
    struct required required = { 0 };
    for (unsigned i = 0; i < query->scan_filter_count; i++) {
        required = required_both(required,
                                 filter_required(query->scan_filters[i], &query->arena));
    }
    query->prefilter = prefilter_new(required, &query->arena);
}

bool query_plan(struct query *query, struct query_error *error)
{
    struct planner planner = {
        .query = query,
        .error = error,
        .scope = { .of_record = true, .is_open = true },
    };
    field_set_free(&query->fields);
    if (!field_set_init(&query->fields)) {
        return out_of_memory(&planner);
    }
    unsigned pipes = query->pipes.count;
    query->stage_count = 0;
    query->scan_filter_count = 0;
    query->stages = plan_alloc(&planner, (pipes + 1) * sizeof(*query->stages));
    query->scan_filters = plan_alloc(&planner, (pipes + 1) * sizeof(*query->scan_filters));
    if (query->stages == NULL || query->scan_filters == NULL ||
        !plan_filter(&planner, query->filter)) {
        return false;
    }
    for (unsigned i = 0; i < pipes; i++) {
        if (!plan_pipe(&planner, i)) {
            return false;
        }
    }
    query->out = planner.scope;
    plan_prefilter(query);
    return true;
}
