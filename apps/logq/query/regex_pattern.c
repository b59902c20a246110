// SPDX-License-Identifier: MIT
// regex_pattern.c: adapting a pattern to RE2.

#include "query/regex_pattern.h"

#include <stdio.h>

static bool refuse(struct regex_error *error, const char *text)
{
    snprintf(error->text, sizeof(error->text), "%s", text);
    return false;
}

static bool starts_with(struct bytes pattern, size_t at, const char *text)
{
    return bytes_has_prefix(bytes_from(pattern, at), bytes_of(text));
}

// Behind the class whose `[` stands at `at`, or the end. RE2 itself refuses what is wrong in it.
static size_t class_end(struct bytes pattern, size_t at)
{
    at++;
    at += at < pattern.len && pattern.ptr[at] == '^';
    at += at < pattern.len && pattern.ptr[at] == ']';
    while (at < pattern.len && pattern.ptr[at] != ']') {
        if (pattern.ptr[at] == '\\') {
            at += 2;
        } else if (starts_with(pattern, at, "[:")) {
            at += 2;
            while (at < pattern.len && !starts_with(pattern, at, ":]")) {
                at++;
            }
            at += 2;
        } else {
            at++;
        }
    }
    return at < pattern.len ? at + 1 : pattern.len;
}

static bool is_name_start(struct bytes pattern, size_t at)
{
    return at < pattern.len && pattern.ptr[at] != '=' && pattern.ptr[at] != '!';
}

// Behind the piece of the pattern at `at` that has to be copied as one.
static size_t piece_end(struct bytes pattern, size_t at)
{
    if (starts_with(pattern, at, "\\Q")) {
        at += 2;
        while (at < pattern.len && !starts_with(pattern, at, "\\E")) {
            at++;
        }
        return at < pattern.len ? at + 2 : at;
    }
    if (pattern.ptr[at] == '\\') {
        return at + 2 < pattern.len ? at + 2 : pattern.len;
    }
    return pattern.ptr[at] == '[' ? class_end(pattern, at) : at + 1;
}

bool regex_pattern_prepare(struct bytes pattern, struct arena *arena, struct bytes *prepared,
                           struct regex_error *error)
{
    // `(?<` is the only piece that grows, by one byte in three.
    char *out = arena_alloc(arena, pattern.len + pattern.len / 3 + 1, 1);
    if (out == NULL) {
        return refuse(error, "out of memory for the regex");
    }
    size_t length = 0;
    size_t at = 0;
    while (at < pattern.len) {
        if (starts_with(pattern, at, "\\C")) {
            return refuse(error, "invalid escape sequence: `\\C`, a single byte");
        }
        if (starts_with(pattern, at, "(?<") && is_name_start(pattern, at + 3)) {
            memcpy(out + length, "(?P<", 4);
            length += 4;
            at += 3;
            continue;
        }
        size_t end = piece_end(pattern, at);
        memcpy(out + length, pattern.ptr + at, end - at);
        length += end - at;
        at = end;
    }
    *prepared = (struct bytes){ .ptr = out, .len = length };
    return true;
}
