// SPDX-License-Identifier: MIT
// bytes.h: a byte string by reference; every line, field name and value of logq is one.

#ifndef LOGQ_DATA_BYTES_H
#define LOGQ_DATA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// The memory belongs to someone else, is not terminated, and may hold any byte. An empty string
// may have a NULL ptr: a missing value and an empty one are the same thing everywhere.
struct bytes {
    const char *ptr;
    size_t len;
};

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){ .ptr = text, .len = strlen(text) };
}

static inline struct bytes bytes_between(const char *begin, const char *end)
{
    return (struct bytes){ .ptr = begin, .len = (size_t)(end - begin) };
}

static inline bool bytes_is_empty(struct bytes b)
{
    return b.len == 0;
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

// Orders by the first differing byte (as unsigned), a prefix before what it is a prefix of.
static inline int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool bytes_has_prefix(struct bytes b, struct bytes prefix)
{
    return b.len >= prefix.len &&
           (prefix.len == 0 || memcmp(b.ptr, prefix.ptr, prefix.len) == 0);
}

// The part from offset on; offset must not exceed the length.
static inline struct bytes bytes_from(struct bytes b, size_t offset)
{
    return (struct bytes){ .ptr = offset == 0 ? b.ptr : b.ptr + offset, .len = b.len - offset };
}

#endif
