// SPDX-License-Identifier: MIT
// regex.h: regular expressions with the meaning of Go's regexp package, run by RE2 in linear time.

#ifndef LOGQ_QUERY_REGEX_H
#define LOGQ_QUERY_REGEX_H

#include "data/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

// What one regex may hold for its program and its tables of states. When the states outgrow it, RE2
// drops them and goes on more slowly.
#define REGEX_MEMORY_LIMIT_DEFAULT ((size_t)8 * 1024 * 1024)

#define REGEX_ERROR_TEXT_LIMIT 128

struct regex_error {
    char text[REGEX_ERROR_TEXT_LIMIT]; // what RE2 has against the pattern, and against which part
};

// Compiles a pattern that went through regex_pattern_prepare(). NULL with the error set.
struct regex *regex_new(struct bytes pattern, size_t memory_limit, struct regex_error *error);

// The same regex with tables of its own: one regex used by two threads at once would make them wait
// for each other. NULL when memory is out.
struct regex *regex_clone(const struct regex *regex);

void regex_free(struct regex *regex);

// How many steps one byte of text may take in the worst case.
size_t regex_steps_per_byte(const struct regex *regex);

// Whether the pattern matches anywhere in the text, which must be valid UTF-8: RE2 and Go treat
// anything else differently. 1 or 0, or -1 when memory is out.
int regex_matches(struct regex *regex, struct bytes text);

#ifdef __cplusplus
}
#endif

#endif
