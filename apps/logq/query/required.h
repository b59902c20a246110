// SPDX-License-Identifier: MIT
// required.h: literals of which a text must contain some, whatever else a filter says about it.

#ifndef LOGQ_QUERY_REQUIRED_H
#define LOGQ_QUERY_REQUIRED_H

#include "data/arena.h"
#include "data/bytes.h"

#include <stdint.h>

// Beyond these a requirement is weakened or dropped, which is always allowed.
#define REQUIRED_ALTERNATIVES_LIMIT 8
#define REQUIRED_CLAUSES_LIMIT 16
#define REQUIRED_LITERAL_LIMIT 64

// At least one of the literals is in the text.
struct required_clause {
    struct required_clause *next;
    int count;
    struct bytes any_of[REQUIRED_ALTERNATIVES_LIMIT]; // none is empty
    // What a line may spell another way: bit c set means that a back-slash before the character c
    // stands for a piece of some literal, so that a line that holds this pair fulfils the clause
    // as well. Characters are ASCII.
    uint64_t escapes[2];
};

// A text fulfils every clause. None: nothing is required.
struct required {
    struct required_clause *first;
    int count;
};

// One literal, cut to the limit; nothing for an empty one, or when memory is out.
struct required required_literal(struct arena *arena, struct bytes literal);

// What a text fulfils that fulfils both. Takes over both.
struct required required_both(struct required a, struct required b);

// What a text fulfils that fulfils one or the other.
struct required required_either(struct arena *arena, struct required a, struct required b);

// How much a clause is likely to rule out: the more the higher.
int required_score(const struct required_clause *clause);

// The clause with the highest score, or NULL.
const struct required_clause *required_best(struct required required);

#endif
