// SPDX-License-Identifier: MIT
// stage.c: a stage of the plan at work.

#include "query/stage.h"

#include <errno.h>

static bool holds_rows(enum stage_kind kind)
{
    return kind == STAGE_LIMIT || kind == STAGE_OFFSET || kind == STAGE_SORT ||
           kind == STAGE_NEWEST;
}

// ---- beginning and end

static void init_sorter(struct stage_run *run)
{
    const struct stage *stage = run->stage;
    struct row_sorter *sorter = &run->sorter;
    *sorter = (struct row_sorter){
        .shape = { .keeps_line = stage->in.is_open, .columns = stage->in.count },
        .memory = &run->execution->memory,
        .keep = stage->kind == STAGE_SORT ? stage->sort.keep : stage->bound.keep,
    };
    if (stage->kind == STAGE_SORT) {
        sorter->shape.keys = stage->sort.pipe->key_count;
        sorter->shape.key_columns = stage->sort.key_places;
        sorter->compare = row_order_compare;
        sorter->ctx = &run->order;
    } else if (stage->kind == STAGE_NEWEST) {
        sorter->compare = row_newest_compare;
    }
}

static int init_holding(struct stage_run *run)
{
    const struct stage *stage = run->stage;
    struct memory *memory = &run->execution->memory;
    init_sorter(run);
    if (!stage->in.is_open) {
        run->columns = memory_take(memory, stage->in.count * sizeof(*run->columns));
        if (run->columns == NULL) {
            return -ENOMEM;
        }
    }
    if (stage->kind == STAGE_SORT) {
        run->keys = memory_take(memory, run->sorter.shape.keys * sizeof(*run->keys));
        if (run->keys == NULL ||
            !row_order_init(&run->order, stage, run->execution->query->limits.line, memory)) {
            return -ENOMEM;
        }
    }
    return 0;
}

int stage_run_init(struct stage_run *run, const struct stage *stage, struct execution *execution)
{
    *run = (struct stage_run){ .stage = stage, .execution = execution };
    const struct query *query = execution->query;
    if (stage->kind == STAGE_STATS) {
        return stats_run_init(&run->stats, &stage->stats, query->seed, &execution->matcher,
                              &execution->memory);
    }
    if (stage->kind == STAGE_NAMES) {
        group_table_init(&run->counted, sizeof(uint64_t), query->seed, &execution->memory);
    }
    return holds_rows(stage->kind) ? init_holding(run) : 0;
}

void stage_run_free(struct stage_run *run)
{
    if (run->execution == NULL) {
        return;
    }
    struct memory *memory = &run->execution->memory;
    row_sorter_free(&run->sorter);
    row_order_free(&run->order);
    stats_run_free(&run->stats);
    if (run->stage->kind == STAGE_NAMES) {
        group_table_free(&run->counted);
    }
    memory_give(memory, run->columns, run->stage->in.count * sizeof(*run->columns));
    memory_give(memory, run->keys, run->sorter.shape.keys * sizeof(*run->keys));
    *run = (struct stage_run){ 0 };
}

// ---- rows in

static int pass_on(struct stage_run *run, const struct row *row)
{
    if (run->next != NULL) {
        return stage_run_push(run->next, row);
    }
    return execution_emit(run->execution, &run->execution->query->out, row);
}

static void set_keys(struct stage_run *run, const struct row *row)
{
    const struct sort_stage *sort = &run->stage->sort;
    for (unsigned i = 0; i < run->sorter.shape.keys; i++) {
        int place = sort->key_places[i];
        if (place == ROW_RECORD_TIME) {
            run->keys[i] = (struct order_key){
                .rank = row->origin.has_time ? ORDER_TIME : ORDER_EMPTY,
                .time_ns = row->origin.has_time ? row->origin.time_ns : 0,
            };
            continue;
        }
        struct bytes value = { 0 };
        if (place >= 0) {
            value = run->stage->in.is_open ? row->values[place] : run->columns[place];
        }
        order_key_set(&run->keys[i], value, sort->as_time[i]);
    }
}

static int hold(struct stage_run *run, const struct row *row)
{
    if (row_sorter_is_full(&run->sorter)) {
        return STAGE_DONE;
    }
    for (unsigned i = 0; run->columns != NULL && i < run->stage->in.count; i++) {
        run->columns[i] = row_value(row, run->stage->in.places[i]);
    }
    if (run->stage->kind == STAGE_SORT) {
        set_keys(run, row);
    }
    const struct stored_row candidate = {
        .origin = row->origin,
        .line = row->line,
        .columns = run->columns,
        .keys = run->keys,
    };
    if (!row_sorter_offer(&run->sorter, &candidate)) {
        return execution_fail(run->execution, NULL);
    }
    if (run->order.failure != NULL) {
        return execution_fail(run->execution, run->order.failure);
    }
    return row_sorter_is_full(&run->sorter) ? STAGE_DONE : 0;
}

static int count_name(void *ctx, struct bytes name, struct bytes value)
{
    struct stage_run *run = ctx;
    (void)value;
    uint64_t *count = group_table_put(&run->counted, name, group_table_hash(&run->counted, name));
    if (count == NULL) {
        return -ENOMEM;
    }
    (*count)++;
    return 0;
}

static int count_names(struct stage_run *run)
{
    int result = record_each(&run->execution->record, count_name, run);
    return result == 0 ? 0 : execution_fail(run->execution, NULL);
}

int stage_run_push(struct stage_run *run, const struct row *row)
{
    struct execution *execution = run->execution;
    switch (run->stage->kind) {
    case STAGE_FILTER:
        if (filter_match(run->stage->filter, row, &execution->matcher)) {
            return pass_on(run, row);
        }
        return execution->matcher.failure == NULL ? 0 : execution_fail(execution, NULL);
    case STAGE_STATS:
        return stats_run_push(&run->stats, row) ? 0 : execution_fail(execution, NULL);
    case STAGE_NAMES:
        return count_names(run);
    default:
        return hold(run, row);
    }
}

int stage_run_settle(struct stage_run *run)
{
    if (run->stage->kind != STAGE_STATS || stats_run_settle(&run->stats)) {
        return 0;
    }
    return execution_fail(run->execution, NULL);
}

bool stage_run_is_full(const struct stage_run *run)
{
    return holds_rows(run->stage->kind) && row_sorter_is_full(&run->sorter);
}

// ---- merging

static int merge_names(struct stage_run *run, const struct stage_run *from)
{
    struct group_cursor cursor = { 0 };
    const uint64_t *more;
    while ((more = group_table_next(&from->counted, &cursor)) != NULL) {
        struct bytes name = group_table_key(&from->counted, more);
        uint64_t *count =
            group_table_put(&run->counted, name, group_table_hash(&run->counted, name));
        if (count == NULL) {
            return execution_fail(run->execution, NULL);
        }
        *count += *more;
    }
    return 0;
}

static int merge_rows(struct stage_run *run, const struct stage_run *from)
{
    for (size_t i = 0; i < from->sorter.count; i++) {
        if (!row_sorter_offer(&run->sorter, from->sorter.rows[i])) {
            return execution_fail(run->execution, NULL);
        }
    }
    return run->order.failure == NULL ? 0 : execution_fail(run->execution, run->order.failure);
}

int stage_run_merge(struct stage_run *run, struct stage_run *from)
{
    switch (run->stage->kind) {
    case STAGE_FILTER:
        return 0;
    case STAGE_STATS:
        return stats_run_merge(&run->stats, &from->stats) ? 0
                                                          : execution_fail(run->execution, NULL);
    case STAGE_NAMES:
        return merge_names(run, from);
    default:
        return merge_rows(run, from);
    }
}

// ---- rows out

static int flush_row(struct stage_run *run, const struct stored_row *stored)
{
    struct row row = { .origin = stored->origin, .line = stored->line,
                       .values = stored->columns };
    if (run->stage->in.is_open) {
        int result = execution_read(run->execution, stored->line, stored->origin.is_cut,
                                    stored->origin.source);
        if (result != 0) {
            return result;
        }
        row.values = run->execution->record.values;
    }
    return pass_on(run, &row);
}

static int flush_rows(struct stage_run *run)
{
    struct row_sorter *sorter = &run->sorter;
    row_sorter_sort(sorter);
    if (run->order.failure != NULL) {
        return execution_fail(run->execution, run->order.failure);
    }
    uint64_t from = 0;
    uint64_t to = sorter->count;
    if (run->stage->kind == STAGE_SORT) {
        from = run->stage->sort.pipe->offset;
    } else if (run->stage->kind == STAGE_OFFSET) {
        from = run->stage->bound.count;
    }
    int result = 0;
    for (uint64_t i = from; result == 0 && i < to; i++) {
        result = flush_row(run, sorter->rows[i]);
    }
    return result;
}

static int flush_group(void *ctx, const struct bytes *columns)
{
    const struct row row = { .values = columns };
    return pass_on(ctx, &row);
}

static int flush_names(struct stage_run *run)
{
    struct group_cursor cursor = { 0 };
    const uint64_t *count;
    int result = 0;
    while (result == 0 && (count = group_table_next(&run->counted, &cursor)) != NULL) {
        char text[48];
        const struct bytes columns[] = {
            group_table_key(&run->counted, count),
            { .ptr = text, .len = number_format_int128(*count, text) },
        };
        result = flush_group(run, columns);
    }
    return result;
}

int stage_run_flush(struct stage_run *run)
{
    int result = 0;
    if (holds_rows(run->stage->kind)) {
        result = flush_rows(run);
    } else if (run->stage->kind == STAGE_STATS) {
        result = stage_run_settle(run);
        result = result == 0 ? stats_run_emit(&run->stats, flush_group, run) : result;
        if (result == -ENOMEM) {
            execution_fail(run->execution, NULL);
        }
    } else if (run->stage->kind == STAGE_NAMES) {
        result = flush_names(run);
    }
    if (result < 0 || run->next == NULL) {
        return result;
    }
    return stage_run_flush(run->next);
}
