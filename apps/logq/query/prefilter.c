// SPDX-License-Identifier: MIT
// prefilter.c: ruling out lines by their raw bytes.

#include "query/prefilter.h"

const struct prefilter *prefilter_new(struct required required, struct arena *arena)
{
    const struct required_clause *best = required_best(required);
    if (best == NULL) {
        return NULL;
    }
    size_t bytes = sizeof(struct prefilter) +
                   (size_t)required.count * sizeof(struct prefilter_clause);
    struct prefilter *prefilter = arena_alloc(arena, bytes, _Alignof(struct prefilter));
    if (prefilter == NULL) {
        return NULL;
    }
    memset(prefilter, 0, bytes);
    // Clause 0 is kept for the best one.
    int others = 1;
    for (const struct required_clause *from = required.first; from != NULL; from = from->next) {
        struct prefilter_clause *to = &prefilter->clauses[from == best ? 0 : others++];
        to->count = from->count;
        memcpy(to->escapes, from->escapes, sizeof(to->escapes));
        for (int i = 0; i < from->count; i++) {
            search_needle_init(&to->needles[i], from->any_of[i]);
        }
    }
    prefilter->count = others;
    return prefilter;
}

// The next back-slash with one of these characters behind it, or NULL. The last byte of a block of
// whole lines is no back-slash that could matter.
static const char *find_escape(const uint64_t escapes[2], const char *from, const char *end)
{
    while (from < end) {
        const char *place = memchr(from, '\\', (size_t)(end - from));
        if (place == NULL || place + 1 == end) {
            return NULL;
        }
        unsigned char next = (unsigned char)place[1];
        if (next < 128 && (escapes[next / 64] >> (next % 64) & 1) != 0) {
            return place;
        }
        from = place + 1;
    }
    return NULL;
}

static const char *find_needle(const struct search_needle *needle, const char *from,
                               const char *end)
{
    return search_find(needle, bytes_between(from, end));
}

void prefilter_start(struct prefilter_scan *scan, const struct prefilter *prefilter,
                     struct bytes block)
{
    const struct prefilter_clause *clause = &prefilter->clauses[0];
    const char *end = block.ptr + block.len;
    *scan = (struct prefilter_scan){ .prefilter = prefilter, .block = block };
    for (int i = 0; i < clause->count; i++) {
        scan->found[i] = find_needle(&clause->needles[i], block.ptr, end);
    }
    scan->escape = find_escape(clause->escapes, block.ptr, end);
}

const char *prefilter_next(struct prefilter_scan *scan, const char *from)
{
    const struct prefilter_clause *clause = &scan->prefilter->clauses[0];
    const char *end = scan->block.ptr + scan->block.len;
    if (scan->escape != NULL && scan->escape < from) {
        scan->escape = find_escape(clause->escapes, from, end);
    }
    const char *first = scan->escape;
    for (int i = 0; i < clause->count; i++) {
        if (scan->found[i] != NULL && scan->found[i] < from) {
            scan->found[i] = find_needle(&clause->needles[i], from, end);
        }
        if (scan->found[i] != NULL && (first == NULL || scan->found[i] < first)) {
            first = scan->found[i];
        }
    }
    return first;
}

static bool fulfils(const struct prefilter_clause *clause, struct bytes line)
{
    for (int i = 0; i < clause->count; i++) {
        if (search_find(&clause->needles[i], line) != NULL) {
            return true;
        }
    }
    return find_escape(clause->escapes, line.ptr, line.ptr + line.len) != NULL;
}

bool prefilter_allows(const struct prefilter *prefilter, struct bytes line)
{
    for (int i = 1; i < prefilter->count; i++) {
        if (!fulfils(&prefilter->clauses[i], line)) {
            return false;
        }
    }
    return true;
}
