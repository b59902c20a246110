// SPDX-License-Identifier: MIT
// fields.c: the field names a query asks for, numbered, so that a record is read into an array.

#include "fields.h"

#define FIELD_NAME(text) { (text), sizeof(text) - 1 }

const struct bytes field_builtin_names[FIELD_BUILTIN_COUNT] = {
    [FIELD_MSG] = FIELD_NAME("_msg"),
    [FIELD_TIME] = FIELD_NAME("_time"),
    [FIELD_STREAM] = FIELD_NAME("_stream"),
    [FIELD_FILE] = FIELD_NAME("_file"),
    [FIELD_FORMAT] = FIELD_NAME("_format"),
    [FIELD_HOST] = FIELD_NAME("host"),
    [FIELD_REMOTE_ADDR] = FIELD_NAME("remote_addr"),
    [FIELD_REMOTE_USER] = FIELD_NAME("remote_user"),
    [FIELD_REQUEST] = FIELD_NAME("request"),
    [FIELD_REQUEST_METHOD] = FIELD_NAME("request_method"),
    [FIELD_REQUEST_URI] = FIELD_NAME("request_uri"),
    [FIELD_SERVER_PROTOCOL] = FIELD_NAME("server_protocol"),
    [FIELD_STATUS] = FIELD_NAME("status"),
    [FIELD_BODY_BYTES_SENT] = FIELD_NAME("body_bytes_sent"),
    [FIELD_HTTP_REFERER] = FIELD_NAME("http_referer"),
    [FIELD_HTTP_USER_AGENT] = FIELD_NAME("http_user_agent"),
    [FIELD_EXTRA] = FIELD_NAME("extra"),
};

#define PATH_SLOTS_MIN 64
#define FIELD_SET_MEMORY_LIMIT ((size_t)64 * 1024 * 1024)

int field_builtin_find(struct bytes name)
{
    for (int i = 0; i < FIELD_BUILTIN_COUNT; i++) {
        if (bytes_equal(field_builtin_names[i], name)) {
            return i;
        }
    }
    return -1;
}

static uint64_t load8(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

static uint64_t load4(const char *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

// Names of a query are few and chosen by its author, so the hash need not resist an attacker; it
// has to be cheap on the keys of JSON lines. Loads overlap where the length is no multiple.
static size_t path_hash(struct bytes name)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = name.len * factor;
    const char *at = name.ptr;
    const char *end = name.ptr + name.len;
    if (name.len >= 8) {
        for (; end - at > 8; at += 8) {
            hash = (hash ^ load8(at)) * factor;
            hash ^= hash >> 32;
        }
        hash = (hash ^ load8(end - 8)) * factor;
    } else if (name.len >= 4) {
        hash = (hash ^ (load4(at) << 32 | load4(end - 4))) * factor;
    } else if (name.len > 0) {
        uint64_t letters = (unsigned char)at[0] | (uint64_t)(unsigned char)at[name.len / 2] << 8 |
                           (uint64_t)(unsigned char)end[-1] << 16;
        hash = (hash ^ letters) * factor;
    }
    return (size_t)(hash >> 32);
}

// Most keys of a line are not asked for; the length and the first byte tell so for nearly all.
static uint64_t path_filter_bit(struct bytes name)
{
    size_t first = name.len == 0 ? 0 : (unsigned char)name.ptr[0];
    return UINT64_C(1) << ((name.len * 7 + first) & 63);
}

// The slot of a name, or the free one where it would go. There is always a free one.
static struct field_path *path_slot(struct field_path *paths, size_t slots, struct bytes name)
{
    size_t slot = path_hash(name) & (slots - 1);
    while (paths[slot].is_used && !bytes_equal(paths[slot].name, name)) {
        slot = (slot + 1) & (slots - 1);
    }
    return &paths[slot];
}

static struct field_path *paths_alloc(struct field_set *set, size_t slots)
{
    struct field_path *paths =
        arena_alloc(&set->memory, slots * sizeof(*paths), _Alignof(struct field_path));
    if (paths != NULL) {
        memset(paths, 0, slots * sizeof(*paths));
    }
    return paths;
}

bool field_set_init(struct field_set *set)
{
    *set = (struct field_set){ 0 };
    for (int i = 0; i < FIELD_BUILTIN_COUNT; i++) {
        set->builtin[i] = -1;
    }
    arena_init(&set->memory, FIELD_SET_MEMORY_LIMIT);
    set->names = arena_alloc(&set->memory, FIELD_SET_LIMIT * sizeof(*set->names),
                             _Alignof(struct bytes));
    set->paths = paths_alloc(set, PATH_SLOTS_MIN);
    set->path_slots = PATH_SLOTS_MIN;
    return set->names != NULL && set->paths != NULL;
}

void field_set_free(struct field_set *set)
{
    arena_free(&set->memory);
}

static bool paths_double(struct field_set *set)
{
    size_t slots = set->path_slots * 2;
    struct field_path *paths = paths_alloc(set, slots);
    if (paths == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->path_slots; i++) {
        if (set->paths[i].is_used) {
            *path_slot(paths, slots, set->paths[i].name) = set->paths[i];
        }
    }
    set->paths = paths;
    set->path_slots = slots;
    return true;
}

// Finds or enters a path; name must stay valid.
static struct field_path *path_enter(struct field_set *set, struct bytes name)
{
    if (set->path_count * 2 >= set->path_slots && !paths_double(set)) {
        return NULL;
    }
    struct field_path *path = path_slot(set->paths, set->path_slots, name);
    if (!path->is_used) {
        *path = (struct field_path){ .name = name, .index = -1, .is_used = true };
        set->path_filter |= path_filter_bit(name);
        set->path_count++;
    }
    return path;
}

// What stands before each dot leads to the name, since a key may itself hold dots.
static bool paths_add(struct field_set *set, struct bytes name, int index)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '.') {
            struct field_path *above = path_enter(set, (struct bytes){ name.ptr, i });
            if (above == NULL) {
                return false;
            }
            above->has_below = true;
        }
    }
    struct field_path *path = path_enter(set, name);
    if (path == NULL) {
        return false;
    }
    path->index = index;
    return true;
}

int field_set_add(struct field_set *set, struct bytes name)
{
    int index = field_set_find(set, name);
    if (index >= 0) {
        return index;
    }
    if (set->count == FIELD_SET_LIMIT || name.len > FIELD_NAME_LIMIT) {
        return -1;
    }
    struct bytes copy = arena_copy(&set->memory, name);
    if (copy.ptr == NULL) {
        return -1;
    }
    int builtin = field_builtin_find(name);
    // A key of a JSON line never gives a field that logq itself makes.
    bool from_line = builtin < 0 || builtin >= FIELD_FROM_LINE;
    if (from_line && !paths_add(set, copy, set->count)) {
        return -1;
    }
    if (builtin >= 0) {
        set->builtin[builtin] = set->count;
        set->builtin_mask |= UINT32_C(1) << builtin;
    }
    set->names[set->count] = copy;
    return set->count++;
}

int field_set_find(const struct field_set *set, struct bytes name)
{
    int builtin = field_builtin_find(name);
    if (builtin >= 0) {
        return set->builtin[builtin];
    }
    const struct field_path *path = field_set_path(set, name);
    return path == NULL ? -1 : path->index;
}

const struct field_path *field_set_path(const struct field_set *set, struct bytes name)
{
    if ((set->path_filter & path_filter_bit(name)) == 0) {
        return NULL;
    }
    const struct field_path *path = path_slot(set->paths, set->path_slots, name);
    return path->is_used ? path : NULL;
}
