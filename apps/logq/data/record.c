// SPDX-License-Identifier: MIT
// record.c: one log line read into the fields a query asks for.

#include "record.h"

#include "record_formats.h"

#include <errno.h>
#include <stdlib.h>

// Decoding a usual line stays within this, so that reading line after line allocates nothing.
#define FIRST_CHUNK ((size_t)32 * 1024)

int record_init(struct record *record, const struct field_set *wanted, size_t arena_limit)
{
    *record = (struct record){ .wanted = wanted };
    arena_init(&record->arena, arena_limit);
    if (arena_limit >= 2 * FIRST_CHUNK && arena_alloc(&record->arena, FIRST_CHUNK, 1) != NULL) {
        arena_reset(&record->arena);
    }
    // One more than needed, so that an empty set is no special case.
    record->values = calloc((size_t)wanted->count + 1, sizeof(*record->values));
    record->json_seen = calloc(wanted->path_slots, sizeof(*record->json_seen));
    if (record->values == NULL || record->json_seen == NULL) {
        record_free(record);
        return -ENOMEM;
    }
    return 0;
}

void record_free(struct record *record)
{
    free(record->values);
    free(record->json_seen);
    arena_free(&record->arena);
    *record = (struct record){ 0 };
}

struct bytes record_format_name(enum record_format format)
{
    static const struct bytes names[] = {
        [RECORD_TEXT] = { "text", 4 },       [RECORD_JSON] = { "json", 4 },
        [RECORD_COMMON] = { "common", 6 },   [RECORD_COMBINED] = { "combined", 8 },
        [RECORD_ACCESS] = { "common", 6 },
    };
    return names[format];
}

void record_clear_values(struct record *record)
{
    for (int i = 0; i < record->wanted->count; i++) {
        record->values[i] = (struct bytes){ 0 };
    }
}

static void record_start(struct record *record, struct bytes line, const struct source_info *source)
{
    record->line = line;
    record->source = source;
    record->format = RECORD_TEXT;
    record->has_time = false;
    record_clear_values(record);
    if (arena_used(&record->arena) != 0) {
        arena_reset(&record->arena);
    }
}

#define MADE_BY_LOGQ ((UINT32_C(1) << FIELD_FROM_LINE) - 1)

static void record_set(struct record *record, enum field_builtin field, struct bytes value)
{
    int index = record->wanted->builtin[field];
    if (index >= 0) {
        record->values[index] = value;
    }
}

// Sets the fields that do not come from the line.
static void record_finish(struct record *record, struct bytes msg)
{
    if ((record->wanted->builtin_mask & MADE_BY_LOGQ) == 0) {
        return;
    }
    record_set(record, FIELD_MSG, msg);
    if ((record->wanted->builtin_mask & MADE_BY_LOGQ) == UINT32_C(1) << FIELD_MSG) {
        return;
    }
    record_set(record, FIELD_STREAM, record->source->stream);
    record_set(record, FIELD_FILE, record->source->file);
    record_set(record, FIELD_FORMAT, record_format_name(record->format));
    if (record->has_time && record->wanted->builtin[FIELD_TIME] >= 0) {
        size_t length = timestamp_format(record->time_ns, record->time_text);
        record_set(record, FIELD_TIME, (struct bytes){ record->time_text, length });
    }
}

static bool looks_like_json(struct bytes line)
{
    size_t i = 0;
    while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t' || line.ptr[i] == '\r')) {
        i++;
    }
    return i < line.len && line.ptr[i] == '{';
}

bool record_read(struct record *record, struct bytes line, const struct source_info *source)
{
    record_start(record, line, source);
    struct bytes msg = line;
    enum record_outcome outcome = RECORD_IS_OTHER;
    if (looks_like_json(line)) {
        struct bytes chosen = { 0 };
        outcome = record_read_json(record, &chosen);
        msg = outcome == RECORD_IS_READ && chosen.len != 0 ? chosen : line;
    }
    if (outcome == RECORD_IS_OTHER) {
        outcome = record_read_access(record);
    }
    if (outcome == RECORD_NO_MEMORY) {
        return false;
    }
    if (outcome == RECORD_IS_OTHER) {
        record->format = RECORD_TEXT;
        record->has_time = false;
    }
    record_finish(record, msg);
    return true;
}

bool record_read_text(struct record *record, struct bytes line, const struct source_info *source)
{
    record_start(record, line, source);
    record_finish(record, line);
    return true;
}

int record_visit(const struct record_visitor *visitor, struct bytes name, struct bytes value)
{
    return value.len == 0 ? 0 : visitor->visit(visitor->ctx, name, value);
}

int record_visit_head(struct record *record, const struct record_visitor *visitor,
                      const struct record_head *head)
{
    struct bytes time = { .ptr = record->time_text };
    if (head->has_time) {
        time.len = timestamp_format(head->time_ns, record->time_text);
    }
    const struct bytes values[FIELD_FROM_LINE] = {
        [FIELD_MSG] = head->msg,
        [FIELD_TIME] = time,
        [FIELD_STREAM] = record->source->stream,
        [FIELD_FILE] = record->source->file,
        [FIELD_FORMAT] = record_format_name(head->format),
    };
    int result = 0;
    for (int i = 0; i < FIELD_FROM_LINE && result == 0; i++) {
        result = record_visit(visitor, field_builtin_names[i], values[i]);
    }
    return result;
}

int record_each(struct record *record,
                int (*visit)(void *ctx, struct bytes name, struct bytes value), void *ctx)
{
    const struct record_visitor visitor = { visit, ctx };
    switch (record->format) {
    case RECORD_JSON:
        return record_each_json(record, &visitor);
    case RECORD_COMMON:
    case RECORD_COMBINED:
    case RECORD_ACCESS:
        return record_each_access(record, &visitor);
    case RECORD_TEXT:
        break;
    }
    const struct record_head head = { .msg = record->line, .format = RECORD_TEXT };
    return record_visit_head(record, &visitor, &head);
}
