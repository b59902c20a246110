// SPDX-License-Identifier: MIT
// stats_batch.c: rows that wait for their groups to come closer.

#include "query/stats_batch.h"

bool stats_batch_init(struct stats_batch *batch, const struct stats_stage *stage)
{
    const struct stats_pipe *pipe = stage->pipe;
    batch->count = 0;
    batch->inputs = 0;
    if (pipe->key_count == 0) {
        return false;
    }
    for (unsigned i = 0; i < pipe->function_count; i++) {
        const struct stats_function *function = &pipe->functions[i];
        // A condition may ask for any field.
        if (function->condition != NULL) {
            return false;
        }
        for (unsigned j = 0; j < function->fields.count && !stage->slots[i].is_shared; j++) {
            if (batch->inputs == STATS_BATCH_INPUTS) {
                return false;
            }
            batch->own_places[batch->inputs] = (int)batch->inputs;
            batch->places[batch->inputs++] = stage->slots[i].places[j];
        }
    }
    return true;
}

// The line stays where it is while its block is scanned; anything else does not.
static bool stays(const struct row *row, struct bytes value)
{
    uintptr_t begin = (uintptr_t)row->line.ptr;
    uintptr_t place = (uintptr_t)value.ptr;
    return value.len == 0 || (place >= begin && place - begin < row->line.len &&
                              value.len <= row->line.len - (place - begin));
}

bool stats_batch_add(struct stats_batch *batch, const struct row *row, struct bytes key,
                     uint32_t hash)
{
    struct batched_row *to = &batch->rows[batch->count];
    for (unsigned i = 0; i < batch->inputs; i++) {
        to->inputs[i] = row_value(row, batch->places[i]);
        if (!stays(row, to->inputs[i])) {
            return false;
        }
    }
    if (!stays(row, key)) {
        if (key.len > sizeof(to->copy)) {
            return false;
        }
        memcpy(to->copy, key.ptr, key.len);
        key.ptr = to->copy;
    }
    to->key = key;
    to->hash = hash;
    batch->count++;
    return true;
}
