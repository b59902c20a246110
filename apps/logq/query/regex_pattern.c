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

// An integer as both read it, without superfluous zeros; its digits, or 0.
static size_t integer_digits(struct bytes pattern, size_t at)
{
    size_t digits = 0;
    while (at + digits < pattern.len && pattern.ptr[at + digits] >= '0' &&
           pattern.ptr[at + digits] <= '9') {
        digits++;
    }
    return digits > 1 && pattern.ptr[at] == '0' ? 0 : digits;
}

// RE2 takes a count that it cannot hold for plain characters, Go for an error.
#define COUNT_DIGITS_MAX 8

// Whether `{...}` at `at` is a count with more digits than that.
static bool is_huge_count(struct bytes pattern, size_t at)
{
    size_t low = integer_digits(pattern, at + 1);
    size_t high = 0;
    at += 1 + low;
    if (low > 0 && starts_with(pattern, at, ",")) {
        high = integer_digits(pattern, at + 1);
        at += 1 + high;
    }
    return low > 0 && starts_with(pattern, at, "}") &&
           (low > COUNT_DIGITS_MAX || high > COUNT_DIGITS_MAX);
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
        if (pattern.ptr[at] == '{' && is_huge_count(pattern, at)) {
            return refuse(error, "invalid repetition size: more than 1000");
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

// Whether there is a `\B`, and whether a `\Q` is still open at the end.
static bool has_inner_border(struct bytes pattern, bool *is_quoted)
{
    bool found = false;
    size_t end;
    *is_quoted = false;
    for (size_t at = 0; at < pattern.len; at = end) {
        end = piece_end(pattern, at);
        found = found || starts_with(pattern, at, "\\B");
        *is_quoted = starts_with(pattern, at, "\\Q") &&
                     (end - at < 4 || !starts_with(pattern, end - 2, "\\E"));
    }
    return found;
}

struct bytes regex_pattern_align(struct bytes pattern, struct arena *arena)
{
    static const char before[] = "\\A(?s:.)*?(?:";
    bool is_quoted;
    if (!has_inner_border(pattern, &is_quoted)) {
        return pattern;
    }
    struct bytes after = bytes_of(is_quoted ? "\\E)" : ")");
    size_t head = sizeof(before) - 1;
    char *out = arena_alloc(arena, head + pattern.len + after.len, 1);
    if (out == NULL) {
        return (struct bytes){ 0 };
    }
    memcpy(out, before, head);
    memcpy(out + head, pattern.ptr, pattern.len);
    memcpy(out + head + pattern.len, after.ptr, after.len);
    return (struct bytes){ .ptr = out, .len = head + pattern.len + after.len };
}
