// SPDX-License-Identifier: MIT
// prefilter.h: ruling out lines by their raw bytes, a block at a time, before any is read.

#ifndef LOGQ_QUERY_PREFILTER_H
#define LOGQ_QUERY_PREFILTER_H

#include "data/arena.h"
#include "data/search.h"
#include "query/required.h"

struct prefilter_clause {
    int count;
    struct search_needle needles[REQUIRED_ALTERNATIVES_LIMIT];
    uint64_t escapes[2]; // as in required.h
};

// Immutable once made. The first clause finds candidates in a block, the others are then asked.
struct prefilter {
    int count;
    struct prefilter_clause clauses[];
};

// NULL when there is nothing to look for, or memory is out.
const struct prefilter *prefilter_new(struct required required, struct arena *arena);

// A walk over the candidates of a block.
struct prefilter_scan {
    const struct prefilter *prefilter;
    struct bytes block;
    const char *found[REQUIRED_ALTERNATIVES_LIMIT]; // the next place of each needle, NULL for none
    const char *escape;                             // the next escape that counts, NULL for none
};

void prefilter_start(struct prefilter_scan *scan, const struct prefilter *prefilter,
                     struct bytes block);

// The first place from `from` on that the line must hold for the first clause; NULL at the end.
const char *prefilter_next(struct prefilter_scan *scan, const char *from);

// Whether a line with a place found by prefilter_next() fulfils the other clauses as well.
bool prefilter_allows(const struct prefilter *prefilter, struct bytes line);

#endif
