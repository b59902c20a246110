// SPDX-License-Identifier: MIT
// execution.c: what the stages of one partial state share.

#include "query/stage.h"

#include <errno.h>
#include <stdio.h>

// Decoded values of a line never need more than this many times its length.
#define RECORD_ARENA_LINES 4

int execution_init(struct execution *execution, const struct query *query, struct budget *budget)
{
    execution->query = query;
    memory_init(&execution->memory, budget);
    int result = matcher_init(&execution->matcher, query->regexes, query->regex_count,
                              &execution->memory, query->limits.regex_steps);
    if (result != 0) {
        return result;
    }
    return record_init(&execution->record, &query->fields, query->limits.line * RECORD_ARENA_LINES);
}

void execution_free(struct execution *execution)
{
    struct memory *memory = &execution->memory;
    memory_give(memory, execution->names, execution->name_capacity * sizeof(*execution->names));
    memory_give(memory, execution->values, execution->value_capacity * sizeof(*execution->values));
    record_free(&execution->record);
    matcher_free(&execution->matcher);
    memory_end(memory);
}

int execution_fail(struct execution *execution, const char *failure)
{
    if (execution->failure[0] != '\0') {
        return -ENOMEM;
    }
    char *out = execution->failure;
    size_t room = sizeof(execution->failure);
    if (failure == NULL) {
        failure = execution->matcher.failure;
    }
    if (failure != NULL) {
        snprintf(out, room, "%s", failure);
    } else if (execution->memory.exhausted) {
        snprintf(out, room,
                 "the memory limit of the query, %zu bytes, was reached (--query-memory): select "
                 "fewer records, or group by something with fewer values",
                 execution->memory.budget->limit);
    } else {
        snprintf(out, room, "the machine is out of memory, or a line needs more than %d times its "
                 "length when it is decoded", RECORD_ARENA_LINES);
    }
    return -ENOMEM;
}

int execution_read(struct execution *execution, struct bytes line, bool is_cut,
                   const struct source_info *source)
{
    bool is_read = is_cut ? record_read_text(&execution->record, line, source)
                          : record_read(&execution->record, line, source);
    return is_read ? 0 : execution_fail(execution, NULL);
}

// ---- rows out

static bool add_column(struct execution *execution, struct bytes name, struct bytes value)
{
    struct memory *memory = &execution->memory;
    struct bytes *names = memory_reserve(memory, execution->names, &execution->name_capacity,
                                         execution->columns, 1, sizeof(*names));
    if (names == NULL) {
        return false;
    }
    execution->names = names;
    struct bytes *values = memory_reserve(memory, execution->values, &execution->value_capacity,
                                          execution->columns, 1, sizeof(*values));
    if (values == NULL) {
        return false;
    }
    execution->values = values;
    names[execution->columns] = name;
    values[execution->columns++] = value;
    return true;
}

static int collect_field(void *ctx, struct bytes name, struct bytes value)
{
    return add_column(ctx, name, value) ? 0 : -ENOMEM;
}

int execution_emit(struct execution *execution, const struct scope *scope, const struct row *row)
{
    execution->columns = 0;
    if (scope->is_open) {
        if (record_each(&execution->record, collect_field, execution) != 0) {
            return execution_fail(execution, NULL);
        }
    } else {
        for (unsigned i = 0; i < scope->count; i++) {
            if (!add_column(execution, scope->names[i], row_value(row, scope->places[i]))) {
                return execution_fail(execution, NULL);
            }
        }
    }
    if (execution->sink.row == NULL) {
        return 0;
    }
    return execution->sink.row(execution->sink.ctx, execution->names, execution->values,
                               execution->columns);
}
