// SPDX-License-Identifier: MIT
// record_json.c: the fields asked for of a line that is a JSON object.
//
// Only objects whose path leads to a wanted name are entered; all else is passed over, but checked.
// When a path that matters comes a second time, by duplicate keys or by dots in keys, everything is
// read again by record_json_all.c, which keeps track of what replaces what.

#include "record_json.h"

// ---- keys with a meaning

// In the order of preference, as json_specials counts them.
enum special_key {
    KEY__TIME,
    KEY_TIME,
    KEY_TIMESTAMP,
    KEY_AT_TIMESTAMP,
    KEY_TS,
    KEY__MSG,
    KEY_MESSAGE,
    KEY_MSG,
    KEY_LOG,
};

_Static_assert(KEY__MSG == JSON_TIME_KEYS && KEY_LOG + 1 == JSON_SPECIAL_KEYS, "two kinds of keys");

static int if_equal(struct bytes key, const char *text, enum special_key special)
{
    return memcmp(key.ptr, text, key.len) == 0 ? (int)special : -1;
}

int json_special_find(struct bytes key)
{
    switch (key.len) {
    case 2:
        return if_equal(key, "ts", KEY_TS);
    case 3:
        return key.ptr[0] == 'm' ? if_equal(key, "msg", KEY_MSG) : if_equal(key, "log", KEY_LOG);
    case 4:
        return key.ptr[0] == 't' ? if_equal(key, "time", KEY_TIME)
                                 : if_equal(key, "_msg", KEY__MSG);
    case 5:
        return if_equal(key, "_time", KEY__TIME);
    case 7:
        return if_equal(key, "message", KEY_MESSAGE);
    case 9:
        return if_equal(key, "timestamp", KEY_TIMESTAMP);
    case 10:
        return if_equal(key, "@timestamp", KEY_AT_TIMESTAMP);
    default:
        return -1;
    }
}

bool json_value_text(struct arena *arena, const struct json_value *value, struct bytes *out)
{
    switch (value->kind) {
    case JSON_NULL:
    case JSON_OBJECT:
        *out = (struct bytes){ 0 };
        return true;
    case JSON_ESCAPED:
        *out = json_unescape(arena, value->text);
        return out->ptr != NULL;
    case JSON_STRING:
    case JSON_OTHER:
        break;
    }
    *out = value->text;
    return true;
}

// The text of the first value that is not empty.
static bool first_present(struct arena *arena, const struct json_value *values, int count,
                          struct bytes *out)
{
    *out = (struct bytes){ 0 };
    for (int i = 0; i < count && out->len == 0; i++) {
        if (!json_value_text(arena, &values[i], out)) {
            return false;
        }
    }
    return true;
}

enum record_outcome json_specials_apply(struct record *record, const struct json_specials *specials,
                                        struct bytes *msg)
{
    struct bytes time;
    if (!first_present(&record->arena, specials->value, JSON_TIME_KEYS, &time) ||
        !first_present(&record->arena, specials->value + JSON_TIME_KEYS, JSON_MSG_KEYS, msg)) {
        return RECORD_NO_MEMORY;
    }
    enum timestamp_result result = timestamp_read_rfc3339(time, &record->time_ns);
    record->has_time = result == TIMESTAMP_OK || timestamp_parse_unix(time, &record->time_ns);
    return result == TIMESTAMP_IMPOSSIBLE ? RECORD_IS_OTHER : RECORD_IS_READ;
}

// ---- paths

void json_path_start(struct json_path *path)
{
    path->text = NULL;
    path->capacity = 0;
    path->depth = 1;
    path->prefix[1] = 0;
}

static bool json_path_reserve(struct json_path *path, struct arena *arena, size_t needed)
{
    if (needed <= path->capacity) {
        return true;
    }
    size_t capacity = needed < 128 ? 256 : needed * 2;
    char *text = arena_alloc(arena, capacity, 1);
    if (text == NULL) {
        return false;
    }
    if (path->prefix[path->depth] != 0) {
        memcpy(text, path->text, path->prefix[path->depth]);
    }
    path->text = text;
    path->capacity = capacity;
    return true;
}

bool json_path_name(struct json_path *path, struct arena *arena, struct bytes key,
                    struct bytes *name)
{
    size_t prefix = path->prefix[path->depth];
    *name = key;
    if (path->depth == 1) {
        return true;
    }
    // A line is never so long that this overflows: prefix and key are parts of it.
    if (!json_path_reserve(path, arena, prefix + key.len + 1)) {
        return false;
    }
    if (key.len != 0) {
        memcpy(path->text + prefix, key.ptr, key.len);
    }
    *name = (struct bytes){ path->text, prefix + key.len };
    return true;
}

bool json_path_enter(struct json_path *path, struct arena *arena, struct bytes name)
{
    if (path->depth == 1) {
        if (!json_path_reserve(path, arena, name.len + 1)) {
            return false;
        }
        if (name.len != 0) {
            memcpy(path->text, name.ptr, name.len);
        }
    }
    path->text[name.len] = '.';
    path->prefix[++path->depth] = name.len + 1;
    return true;
}

void json_path_leave(struct json_path *path)
{
    path->depth--;
}

// ---- the fields asked for

struct wanted_reader {
    struct record *record;
    struct json_path path;
    struct bytes name; // of the last key
    const struct field_path *wanted;
    int special;
    struct json_specials specials;
    bool repeated;
};

static bool wanted_key(void *ctx, struct bytes key, bool *enter)
{
    struct wanted_reader *reader = ctx;
    const struct field_set *set = reader->record->wanted;
    reader->special = -1;
    if (reader->path.depth == 1) {
        reader->special = json_special_find(key);
        if (reader->special >= 0) {
            // An object as value, which may be entered, is no text.
            reader->specials.value[reader->special].kind = JSON_NULL;
        }
    }
    if (!json_path_name(&reader->path, &reader->record->arena, key, &reader->name)) {
        return false;
    }
    reader->wanted = field_set_path(set, reader->name);
    if (reader->wanted != NULL) {
        uint64_t *seen = &reader->record->json_seen[reader->wanted - set->paths];
        reader->repeated |= *seen == reader->record->serial;
        *seen = reader->record->serial;
        *enter = reader->wanted->has_below;
    }
    return true;
}

static bool wanted_value(void *ctx, const struct json_value *value)
{
    struct wanted_reader *reader = ctx;
    if (reader->special >= 0) {
        reader->specials.value[reader->special] = *value;
    }
    if (reader->wanted == NULL || reader->wanted->index < 0) {
        return true;
    }
    return json_value_text(&reader->record->arena, value,
                           &reader->record->values[reader->wanted->index]);
}

static bool wanted_enter(void *ctx)
{
    struct wanted_reader *reader = ctx;
    return json_path_enter(&reader->path, &reader->record->arena, reader->name);
}

static bool wanted_leave(void *ctx)
{
    struct wanted_reader *reader = ctx;
    json_path_leave(&reader->path);
    return true;
}

static bool read_with_duplicates(struct record *record)
{
    struct json_fields fields;
    record_clear_values(record);
    if (!json_fields_read(record, &fields)) {
        return false;
    }
    for (size_t i = 0; i < fields.count; i++) {
        const struct field_path *path = field_set_path(record->wanted, fields.field[i].name);
        if (path != NULL && path->index >= 0 && !fields.field[i].replaced) {
            record->values[path->index] = fields.field[i].value;
        }
    }
    return true;
}

enum record_outcome record_read_json(struct record *record, struct bytes *msg)
{
    static const struct json_visitor visitor = {
        .key = wanted_key,
        .value = wanted_value,
        .enter = wanted_enter,
        .leave = wanted_leave,
    };
    struct wanted_reader reader; // most of the path is never used
    reader.record = record;
    reader.repeated = false;
    memset(&reader.specials, 0, sizeof(reader.specials));
    json_path_start(&reader.path);
    record->serial++;
    enum json_result result =
        json_walk(record->line, RECORD_JSON_DEPTH_LIMIT, &record->arena, &visitor, &reader);
    enum record_outcome outcome = RECORD_NO_MEMORY;
    if (result == JSON_VALID) {
        outcome = json_specials_apply(record, &reader.specials, msg);
    } else if (result == JSON_INVALID) {
        outcome = RECORD_IS_OTHER;
    }
    if (outcome == RECORD_IS_READ && reader.repeated && !read_with_duplicates(record)) {
        outcome = RECORD_NO_MEMORY;
    }
    if (outcome == RECORD_IS_OTHER) {
        record_clear_values(record);
    }
    record->format = RECORD_JSON;
    return outcome;
}
