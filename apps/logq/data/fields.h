// SPDX-License-Identifier: MIT
// fields.h: the field names a query asks for, numbered, so that a record is read into an array.

#ifndef LOGQ_DATA_FIELDS_H
#define LOGQ_DATA_FIELDS_H

#include "arena.h"

#include <stdint.h>

// The names logq itself gives to fields. field_builtin_names[] holds the texts.
enum field_builtin {
    FIELD_MSG,    // _msg
    FIELD_TIME,   // _time
    FIELD_STREAM, // _stream
    FIELD_FILE,   // _file
    FIELD_FORMAT, // _format
    FIELD_HOST,   // host, and from here on in the order of an access log line
    FIELD_REMOTE_ADDR,
    FIELD_REMOTE_USER,
    FIELD_REQUEST,
    FIELD_REQUEST_METHOD,
    FIELD_REQUEST_URI,
    FIELD_SERVER_PROTOCOL,
    FIELD_STATUS,
    FIELD_BODY_BYTES_SENT,
    FIELD_HTTP_REFERER,
    FIELD_HTTP_USER_AGENT,
    FIELD_EXTRA,
    FIELD_BUILTIN_COUNT,
    FIELD_FROM_LINE = FIELD_HOST, // the ones before are made by logq, whatever a line says
};

extern const struct bytes field_builtin_names[FIELD_BUILTIN_COUNT];

// The built-in of that name, or -1.
int field_builtin_find(struct bytes name);

#define FIELD_SET_LIMIT 256            // names in one set
#define FIELD_NAME_LIMIT ((size_t)4096) // bytes in one name

// A name asked for, or what stands before a dot in one: JSON objects are followed only along these.
struct field_path {
    struct bytes name;
    int index;      // into names, or -1: only leads to names
    bool has_below; // some name asked for starts with this one and a dot
    bool is_used;   // a slot of the table that holds a path
};

// Fill it, then share it: reading never changes it.
struct field_set {
    int count;
    struct bytes *names;               // [count], in the order they were added
    int builtin[FIELD_BUILTIN_COUNT];  // the index of each built-in name, or -1
    uint32_t builtin_mask;             // bit i: built-in i is asked for
    bool needs_time;                   // set it to have record.time_ns without asking for _time
    struct field_path *paths;          // open addressing, path_slots is a power of two
    size_t path_slots;
    size_t path_count;
    uint64_t path_filter;              // a bit for each kind of name that is a path
    struct arena memory;
};

// False when memory is out; field_set_free is then still allowed.
bool field_set_init(struct field_set *set);
void field_set_free(struct field_set *set);

// The index of the name, which is the same for the same name and never changes; -1 past
// FIELD_SET_LIMIT names or FIELD_NAME_LIMIT bytes, or when memory is out. The name is copied.
int field_set_add(struct field_set *set, struct bytes name);

// The index of a name, or -1.
int field_set_find(const struct field_set *set, struct bytes name);

// The name or leading part of one, or NULL; for the JSON reader.
const struct field_path *field_set_path(const struct field_set *set, struct bytes name);

#endif
