// SPDX-License-Identifier: MIT
// regex_pattern.h: looking at a pattern before and after RE2 does.

#ifndef LOGQ_QUERY_REGEX_PATTERN_H
#define LOGQ_QUERY_REGEX_PATTERN_H

#include "data/arena.h"
#include "query/regex.h"
#include "query/required.h"

// Refuses what RE2 takes and Go does not (`\C`), and writes what Go takes and RE2 does not in RE2's
// way (`(?<name>` becomes `(?P<name>`). What both refuse is left to RE2. False with the error set.
bool regex_pattern_prepare(struct bytes pattern, struct arena *arena, struct bytes *prepared,
                           struct regex_error *error);

// RE2 lets `\B` match inside a character, Go does not: a pattern with a `\B` is written so that it
// begins where a character does. The pattern is one that RE2 has taken. ptr is NULL when memory is
// out.
struct bytes regex_pattern_align(struct bytes pattern, struct arena *arena);

// What every text must contain that a pattern matches; the pattern is one that RE2 has taken.
// Literals hold no U+FFFD, for which invalid bytes of a text stand.
struct required regex_pattern_required(struct bytes pattern, struct arena *arena);

#endif
