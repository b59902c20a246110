// SPDX-License-Identifier: MIT
// record_json_all.c: every field of a line that is a JSON object, with duplicates resolved.
//
// A key that comes again in the same object replaces all that its earlier value gave, be it one
// field or a tree of them; these are neighbours in the list of fields. Fields that have the same
// name without that, because a key holds a dot, replace each other one by one.

#include "record_json.h"

#define TABLE_SLOTS_MIN 32

// A key of one object.
struct object_key {
    size_t object; // which object, by the order of opening
    struct bytes key;
    size_t fields_begin; // what its value gave
    size_t fields_end;
};

struct all_reader {
    struct record *record;
    struct json_fields *fields;
    size_t field_capacity;
    struct object_key *keys;
    size_t key_count;
    size_t key_capacity;
    uint32_t *table; // of keys by object and key: index + 1, or 0
    size_t slots;
    struct json_path path;
    struct bytes name;
    int special;
    bool has_dots; // in a key
    size_t objects;
    size_t object[RECORD_JSON_DEPTH_LIMIT + 1]; // by depth: which one is open
    size_t key[RECORD_JSON_DEPTH_LIMIT + 1];    // by depth: its last key
};

static uint64_t mix(uint64_t hash, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 29;
}

// Room for one more in an array that doubles. The old place stays in the arena, so that the sum of
// all places is at most twice the last.
static bool grow(struct arena *arena, void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    size_t wider = *capacity == 0 ? TABLE_SLOTS_MIN : *capacity * 2;
    void *place = arena_alloc(arena, wider * size, _Alignof(max_align_t));
    if (place == NULL) {
        return false;
    }
    if (count != 0) {
        memcpy(place, *array, count * size);
    }
    *array = place;
    *capacity = wider;
    return true;
}

static uint32_t *alloc_table(struct arena *arena, size_t slots)
{
    uint32_t *table = arena_alloc(arena, slots * sizeof(*table), _Alignof(uint32_t));
    if (table != NULL) {
        memset(table, 0, slots * sizeof(*table));
    }
    return table;
}

// ---- keys of objects

static uint32_t *key_slot(const struct all_reader *reader, size_t object, struct bytes key)
{
    size_t slot = (size_t)mix(object * UINT64_C(0x9e3779b97f4a7c15), key) & (reader->slots - 1);
    for (; reader->table[slot] != 0; slot = (slot + 1) & (reader->slots - 1)) {
        const struct object_key *entry = &reader->keys[reader->table[slot] - 1];
        if (entry->object == object && bytes_equal(entry->key, key)) {
            break;
        }
    }
    return &reader->table[slot];
}

static bool rehash_keys(struct all_reader *reader)
{
    size_t slots = reader->slots == 0 ? TABLE_SLOTS_MIN : reader->slots * 2;
    reader->table = alloc_table(&reader->record->arena, slots);
    if (reader->table == NULL) {
        return false;
    }
    reader->slots = slots;
    for (size_t i = 0; i < reader->key_count; i++) {
        *key_slot(reader, reader->keys[i].object, reader->keys[i].key) = (uint32_t)(i + 1);
    }
    return true;
}

// Enters a key of the open object; when it was there, what it gave before is replaced.
static bool enter_key(struct all_reader *reader, struct bytes key)
{
    struct arena *arena = &reader->record->arena;
    void *keys = reader->keys;
    if (!grow(arena, &keys, reader->key_count, &reader->key_capacity, sizeof(*reader->keys))) {
        return false;
    }
    reader->keys = keys;
    if (reader->key_count * 2 >= reader->slots && !rehash_keys(reader)) {
        return false;
    }
    int depth = reader->path.depth;
    uint32_t *slot = key_slot(reader, reader->object[depth], key);
    if (*slot == 0) {
        reader->keys[reader->key_count] = (struct object_key){
            .object = reader->object[depth],
            .key = key,
        };
        *slot = (uint32_t)++reader->key_count;
    }
    reader->key[depth] = *slot - 1;
    struct object_key *entry = &reader->keys[*slot - 1];
    for (size_t i = entry->fields_begin; i < entry->fields_end; i++) {
        reader->fields->field[i].replaced = true;
    }
    entry->fields_begin = reader->fields->count;
    entry->fields_end = reader->fields->count;
    return true;
}

static void finish_key(struct all_reader *reader)
{
    reader->keys[reader->key[reader->path.depth]].fields_end = reader->fields->count;
}

// ---- the walk

static bool all_key(void *ctx, struct bytes key, bool *enter)
{
    struct all_reader *reader = ctx;
    *enter = true;
    reader->special = reader->path.depth == 1 ? json_special_find(key) : -1;
    if (reader->special >= 0) {
        reader->fields->specials.value[reader->special].kind = JSON_NULL;
    }
    reader->has_dots |= key.len != 0 && memchr(key.ptr, '.', key.len) != NULL;
    return enter_key(reader, key) &&
           json_path_name(&reader->path, &reader->record->arena, key, &reader->name);
}

static bool add_field(struct all_reader *reader, struct bytes value)
{
    struct arena *arena = &reader->record->arena;
    struct json_fields *fields = reader->fields;
    int builtin = field_builtin_find(reader->name);
    if (value.len == 0 || (builtin >= 0 && builtin < FIELD_FROM_LINE)) {
        return true;
    }
    void *array = fields->field;
    if (!grow(arena, &array, fields->count, &reader->field_capacity, sizeof(*fields->field))) {
        return false;
    }
    fields->field = array;
    struct bytes name = reader->name;
    if (reader->path.depth > 1) {
        name = arena_copy(arena, name);
        if (name.ptr == NULL) {
            return false;
        }
    }
    fields->field[fields->count++] = (struct json_field){ .name = name, .value = value };
    return true;
}

static bool all_value(void *ctx, const struct json_value *value)
{
    struct all_reader *reader = ctx;
    struct bytes text;
    if (reader->special >= 0) {
        reader->fields->specials.value[reader->special] = *value;
    }
    if (!json_value_text(&reader->record->arena, value, &text) || !add_field(reader, text)) {
        return false;
    }
    finish_key(reader);
    return true;
}

static bool all_enter(void *ctx)
{
    struct all_reader *reader = ctx;
    if (!json_path_enter(&reader->path, &reader->record->arena, reader->name)) {
        return false;
    }
    reader->object[reader->path.depth] = ++reader->objects;
    return true;
}

static bool all_leave(void *ctx)
{
    struct all_reader *reader = ctx;
    json_path_leave(&reader->path);
    finish_key(reader);
    return true;
}

// Of fields with the same name only the last stays.
static bool replace_same_names(struct all_reader *reader)
{
    struct json_fields *fields = reader->fields;
    size_t slots = TABLE_SLOTS_MIN;
    while (slots < fields->count * 2) {
        slots *= 2;
    }
    uint32_t *table = alloc_table(&reader->record->arena, slots);
    if (table == NULL) {
        return false;
    }
    for (size_t i = 0; i < fields->count; i++) {
        struct bytes name = fields->field[i].name;
        if (fields->field[i].replaced) {
            continue;
        }
        size_t slot = (size_t)mix(0, name) & (slots - 1);
        while (table[slot] != 0 && !bytes_equal(fields->field[table[slot] - 1].name, name)) {
            slot = (slot + 1) & (slots - 1);
        }
        if (table[slot] != 0) {
            fields->field[table[slot] - 1].replaced = true;
        }
        table[slot] = (uint32_t)(i + 1);
    }
    return true;
}

bool json_fields_read(struct record *record, struct json_fields *fields)
{
    static const struct json_visitor visitor = {
        .key = all_key,
        .value = all_value,
        .enter = all_enter,
        .leave = all_leave,
    };
    *fields = (struct json_fields){ 0 };
    struct all_reader reader = { .record = record, .fields = fields };
    json_path_start(&reader.path);
    return json_walk(record->line, RECORD_JSON_DEPTH_LIMIT, &record->arena, &visitor, &reader) ==
               JSON_VALID &&
           (!reader.has_dots || replace_same_names(&reader));
}

int record_each_json(struct record *record, const struct record_visitor *visitor)
{
    struct json_fields fields;
    struct record_head head = { .format = RECORD_JSON };
    if (!json_fields_read(record, &fields) ||
        json_specials_apply(record, &fields.specials, &head.msg) != RECORD_IS_READ) {
        return RECORD_EACH_NO_MEMORY;
    }
    head.msg = head.msg.len == 0 ? record->line : head.msg;
    head.has_time = record->has_time;
    head.time_ns = record->time_ns;
    int result = record_visit_head(record, visitor, &head);
    for (size_t i = 0; i < fields.count && result == 0; i++) {
        if (!fields.field[i].replaced) {
            result = record_visit(visitor, fields.field[i].name, fields.field[i].value);
        }
    }
    return result;
}
