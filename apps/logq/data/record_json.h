// SPDX-License-Identifier: MIT
// record_json.h: what the two readers of JSON lines share: the one for the fields asked for, and
// the one for all.

#ifndef LOGQ_DATA_RECORD_JSON_H
#define LOGQ_DATA_RECORD_JSON_H

#include "json.h"
#include "record_formats.h"

// The top-level keys that may give the time or the message, each kind in the order of preference.
#define JSON_TIME_KEYS 5
#define JSON_MSG_KEYS 4
#define JSON_SPECIAL_KEYS (JSON_TIME_KEYS + JSON_MSG_KEYS)

// Which of them it is, or -1.
int json_special_find(struct bytes key);

// Their values as read so far, of duplicates the last.
struct json_specials {
    struct json_value value[JSON_SPECIAL_KEYS];
};

// The text of a value, as a field has it: null and objects are empty. False when memory is out.
bool json_value_text(struct arena *arena, const struct json_value *value, struct bytes *out);

// Sets time and message of the record from the special keys. RECORD_IS_OTHER when the time is
// impossible.
enum record_outcome json_specials_apply(struct record *record, const struct json_specials *specials,
                                        struct bytes *msg);

// The name of a field in the innermost open object: the keys above it and its own, joined by dots.
struct json_path {
    char *text;
    size_t capacity;
    int depth; // 1 for a key of the outermost object
    size_t prefix[RECORD_JSON_DEPTH_LIMIT + 1]; // by depth: length of the keys above, with dots
};

void json_path_start(struct json_path *path);

// The name of a key here; for a nested one it is valid until the next. False when memory is out.
bool json_path_name(struct json_path *path, struct arena *arena, struct bytes key,
                    struct bytes *name);

// Goes below the key with that name, which json_path_name gave last, and back.
bool json_path_enter(struct json_path *path, struct arena *arena, struct bytes name);
void json_path_leave(struct json_path *path);

// Every field of a JSON line, for lines with duplicate keys and for record_each.
struct json_field {
    struct bytes name;
    struct bytes value;
    bool replaced; // by a later one
};

struct json_fields {
    struct json_field *field;
    size_t count;
    struct json_specials specials;
};

// Reads record->line, which is valid JSON. False when memory is out.
bool json_fields_read(struct record *record, struct json_fields *fields);

#endif
