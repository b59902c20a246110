// SPDX-License-Identifier: MIT
// stats_run.c: grouping rows and aggregating each group.

#include "query/stats_run.h"

#include "data/timestamp.h"

#include <errno.h>

#define TIME_KEY_BYTES sizeof(int64_t)

int stats_run_init(struct stats_run *run, const struct stats_stage *stage, uint64_t seed,
                   struct matcher *matcher, struct memory *memory)
{
    *run = (struct stats_run){ .stage = stage, .matcher = matcher, .memory = memory };
    group_table_init(&run->groups, stage->state_bytes, seed, memory);
    aggregator_init(&run->aggregator, memory, seed);
    run->can_batch = stats_batch_init(&run->batch, stage);
    if (stage->pipe->key_count > 0) {
        run->times = memory_take_zeroed(memory, stage->pipe->key_count * sizeof(*run->times));
        return run->times == NULL ? -ENOMEM : 0;
    }
    // Without keys there is one group, even of no row.
    struct bytes none = { 0 };
    run->last = group_table_put(&run->groups, none, group_table_hash(&run->groups, none));
    return run->last == NULL ? -ENOMEM : 0;
}

static void *slot_state(const struct stats_run *run, void *group, unsigned function)
{
    return (char *)group + run->stage->slots[function].offset;
}

static bool owns_something(const struct stats_pipe *pipe)
{
    for (unsigned i = 0; i < pipe->function_count; i++) {
        if (pipe->functions[i].kind != FUNCTION_COUNT) {
            return true;
        }
    }
    return false;
}

void stats_run_free(struct stats_run *run)
{
    if (run->memory == NULL) {
        return;
    }
    const struct stats_pipe *pipe = run->stage->pipe;
    struct group_cursor cursor = { 0 };
    void *group;
    while (owns_something(pipe) && (group = group_table_next(&run->groups, &cursor)) != NULL) {
        for (unsigned i = 0; i < pipe->function_count; i++) {
            if (!run->stage->slots[i].is_shared) {
                aggregate_release(&run->aggregator, pipe->functions[i].kind,
                                  slot_state(run, group, i));
            }
        }
    }
    group_table_free(&run->groups);
    aggregator_free(&run->aggregator);
    tuple_free(&run->key, run->memory);
    memory_give(run->memory, run->times, pipe->key_count * sizeof(*run->times));
    *run = (struct stats_run){ 0 };
}

// ---- keys

// What stands in the key for one field. `scratch` has room for NUMBER_BUCKET_TEXT_LIMIT bytes.
static struct bytes key_part(struct stats_run *run, const struct row *row, unsigned i,
                             char *scratch)
{
    const struct stats_key *key = &run->stage->pipe->keys[i];
    int place = run->stage->key_places[i];
    if (key->bucket == BUCKET_TIME) {
        int64_t ns;
        if (!row_time(row, place, &ns)) {
            return (struct bytes){ 0 };
        }
        int64_t start = time_bucket(&run->times[i], ns, key->step_ns);
        memcpy(scratch, &start, TIME_KEY_BYTES);
        return (struct bytes){ .ptr = scratch, .len = TIME_KEY_BYTES };
    }
    struct bytes value = row_value(row, place);
    return key->bucket == BUCKET_NUMBER ? number_bucket(value, &key->step, scratch) : value;
}

// ptr is NULL with a length above 0 when memory is out.
static bool make_tuple(struct stats_run *run, const struct row *row, struct bytes *key)
{
    char scratch[NUMBER_BUCKET_TEXT_LIMIT];
    run->key.length = 0;
    for (unsigned i = 0; i < run->stage->pipe->key_count; i++) {
        if (!tuple_add(&run->key, key_part(run, row, i, scratch), run->memory)) {
            return false;
        }
    }
    *key = tuple_bytes(&run->key);
    return true;
}

// The key of a row; false when memory is out. `scratch` as above.
static bool make_key(struct stats_run *run, const struct row *row, char *scratch,
                     struct bytes *key)
{
    if (run->stage->pipe->key_count == 1) {
        *key = key_part(run, row, 0, scratch);
        return true;
    }
    return make_tuple(run, row, key);
}

static void *put_group(struct stats_run *run, struct bytes key, uint32_t hash)
{
    void *group = group_table_put(&run->groups, key, hash);
    if (group != NULL) {
        run->last = group;
        run->last_key = group_table_key(&run->groups, group);
    }
    return group;
}

// ---- rows

static bool add_row(struct stats_run *run, void *group, const struct row *row)
{
    const struct stats_pipe *pipe = run->stage->pipe;
    for (unsigned i = 0; i < pipe->function_count; i++) {
        const struct stats_function *function = &pipe->functions[i];
        const struct stats_slot *slot = &run->stage->slots[i];
        if (slot->is_shared ||
            (function->condition != NULL &&
             !filter_match(function->condition, row, run->matcher))) {
            continue;
        }
        void *state = (char *)group + slot->offset;
        if (function->kind == FUNCTION_COUNT && function->fields.count == 0) {
            (*(uint64_t *)state)++;
            continue;
        }
        const struct aggregate_input input = {
            .values = row->values,
            .places = slot->places,
            .as_time = slot->as_time,
            .count = function->fields.count,
        };
        if (!aggregate_add(&run->aggregator, function->kind, state, &input)) {
            return false;
        }
    }
    return run->matcher->failure == NULL;
}

// The same for a row that was put off.
static bool add_batched(struct stats_run *run, void *group, const struct batched_row *row)
{
    const struct stats_pipe *pipe = run->stage->pipe;
    unsigned used = 0;
    for (unsigned i = 0; i < pipe->function_count; i++) {
        const struct stats_function *function = &pipe->functions[i];
        const struct stats_slot *slot = &run->stage->slots[i];
        if (slot->is_shared) {
            continue;
        }
        const struct aggregate_input input = {
            .values = row->inputs,
            .places = run->batch.own_places + used,
            .as_time = slot->as_time,
            .count = function->fields.count,
        };
        used += input.count;
        if (!aggregate_add(&run->aggregator, function->kind, (char *)group + slot->offset,
                           &input)) {
            return false;
        }
    }
    return true;
}

bool stats_run_settle(struct stats_run *run)
{
    struct stats_batch *batch = &run->batch;
    unsigned count = batch->count;
    batch->count = 0;
    for (unsigned i = 0; i < count; i++) {
        group_table_prefetch_entry(&run->groups, batch->rows[i].hash);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct batched_row *row = &batch->rows[i];
        void *group = put_group(run, row->key, row->hash);
        if (group == NULL || !add_batched(run, group, row)) {
            return false;
        }
    }
    return true;
}

static bool push_grouped(struct stats_run *run, const struct row *row)
{
    char scratch[NUMBER_BUCKET_TEXT_LIMIT];
    struct bytes key;
    if (!make_key(run, row, scratch, &key)) {
        return false;
    }
    // Many lines are followed by one of the same group.
    if (run->last != NULL && group_table_key_is(run->last_key, key)) {
        return add_row(run, run->last, row);
    }
    uint32_t hash = group_table_hash(&run->groups, key);
    if (run->can_batch && run->groups.count >= STATS_BATCH_GROUPS_MIN) {
        group_table_prefetch(&run->groups, hash);
        if (stats_batch_add(&run->batch, row, key, hash)) {
            return run->batch.count < STATS_BATCH_ROWS || stats_run_settle(run);
        }
    }
    void *group = put_group(run, key, hash);
    return group != NULL && add_row(run, group, row);
}

bool stats_run_push(struct stats_run *run, const struct row *row)
{
    return run->stage->pipe->key_count == 0 ? add_row(run, run->last, row)
                                            : push_grouped(run, row);
}

static bool merge_group(struct stats_run *run, const struct stats_run *other, void *from,
                        uint32_t hash)
{
    const struct stats_pipe *pipe = run->stage->pipe;
    void *to = group_table_put(&run->groups, group_table_key(&other->groups, from), hash);
    if (to == NULL) {
        return false;
    }
    for (unsigned i = 0; i < pipe->function_count; i++) {
        if (!run->stage->slots[i].is_shared &&
            !aggregate_merge(&run->aggregator, pipe->functions[i].kind, slot_state(run, to, i),
                             slot_state(other, from, i))) {
            return false;
        }
    }
    return true;
}

bool stats_run_merge(struct stats_run *run, const struct stats_run *other)
{
    struct group_cursor cursor = { 0 };
    void *groups[STATS_BATCH_ROWS];
    uint32_t hashes[STATS_BATCH_ROWS];
    unsigned count;
    do {
        count = 0;
        while (count < STATS_BATCH_ROWS &&
               (groups[count] = group_table_next(&other->groups, &cursor)) != NULL) {
            struct bytes key = group_table_key(&other->groups, groups[count]);
            hashes[count] = group_table_hash(&run->groups, key);
            group_table_prefetch(&run->groups, hashes[count++]);
        }
        for (unsigned i = 0; i < count; i++) {
            group_table_prefetch_entry(&run->groups, hashes[i]);
        }
        for (unsigned i = 0; i < count; i++) {
            if (!merge_group(run, other, groups[i], hashes[i])) {
                return false;
            }
        }
    } while (count > 0);
    return true;
}

// ---- results

static struct bytes key_column(const struct stats_key *key, struct bytes part, char *scratch)
{
    if (key->bucket != BUCKET_TIME || part.len == 0) {
        return part;
    }
    int64_t start;
    memcpy(&start, part.ptr, TIME_KEY_BYTES);
    return (struct bytes){ .ptr = scratch, .len = timestamp_format(start, scratch) };
}

// Room for one column that is made up: a time, or the result of a function.
#define COLUMN_TEXT_LIMIT AGGREGATE_TEXT_LIMIT

static bool fill_columns(struct stats_run *run, void *group, struct bytes *columns, char *texts)
{
    const struct stats_pipe *pipe = run->stage->pipe;
    struct bytes key = group_table_key(&run->groups, group);
    for (unsigned i = 0; i < pipe->key_count; i++) {
        struct bytes part = pipe->key_count == 1 ? key : tuple_take(&key);
        columns[i] = key_column(&pipe->keys[i], part, texts + (size_t)i * COLUMN_TEXT_LIMIT);
    }
    for (unsigned i = 0; i < pipe->function_count; i++) {
        unsigned column = pipe->key_count + i;
        if (!aggregate_result(&run->aggregator, &pipe->functions[i], slot_state(run, group, i),
                              texts + (size_t)column * COLUMN_TEXT_LIMIT, &columns[column])) {
            return false;
        }
    }
    return true;
}

int stats_run_emit(struct stats_run *run, int (*emit)(void *ctx, const struct bytes *columns),
                   void *ctx)
{
    const struct stats_pipe *pipe = run->stage->pipe;
    size_t count = (size_t)pipe->key_count + pipe->function_count;
    size_t bytes = count * (sizeof(struct bytes) + COLUMN_TEXT_LIMIT) + 1;
    struct bytes *columns = memory_take(run->memory, bytes);
    if (columns == NULL) {
        return -ENOMEM;
    }
    char *texts = (char *)(columns + count);
    struct group_cursor cursor = { 0 };
    void *group;
    int result = 0;
    while (result == 0 && (group = group_table_next(&run->groups, &cursor)) != NULL) {
        result = fill_columns(run, group, columns, texts) ? emit(ctx, columns) : -ENOMEM;
    }
    memory_give(run->memory, columns, bytes);
    return result;
}
