// SPDX-License-Identifier: MIT
// required.c: literals of which a text must contain some.

#include "query/required.h"

struct required required_literal(struct arena *arena, struct bytes literal)
{
    if (literal.len > REQUIRED_LITERAL_LIMIT) {
        literal.len = REQUIRED_LITERAL_LIMIT;
    }
    struct required_clause *clause = NULL;
    if (literal.len > 0) {
        clause = arena_alloc(arena, sizeof(*clause), _Alignof(struct required_clause));
    }
    if (clause == NULL) {
        return (struct required){ 0 };
    }
    *clause = (struct required_clause){ .count = 1 };
    clause->any_of[0] = arena_copy(arena, literal);
    if (clause->any_of[0].ptr == NULL) {
        return (struct required){ 0 };
    }
    return (struct required){ .first = clause, .count = 1 };
}

struct required required_both(struct required a, struct required b)
{
    struct required all = a;
    while (b.first != NULL && all.count < REQUIRED_CLAUSES_LIMIT) {
        struct required_clause *clause = b.first;
        b.first = clause->next;
        clause->next = all.first;
        all.first = clause;
        all.count++;
    }
    return all;
}

struct required required_either(struct arena *arena, struct required a, struct required b)
{
    const struct required_clause *left = required_best(a);
    const struct required_clause *right = required_best(b);
    if (left == NULL || right == NULL ||
        left->count + right->count > REQUIRED_ALTERNATIVES_LIMIT) {
        return (struct required){ 0 };
    }
    struct required_clause *clause =
        arena_alloc(arena, sizeof(*clause), _Alignof(struct required_clause));
    if (clause == NULL) {
        return (struct required){ 0 };
    }
    *clause = *left;
    clause->next = NULL;
    for (int i = 0; i < right->count; i++) {
        clause->any_of[clause->count++] = right->any_of[i];
    }
    clause->escapes[0] |= right->escapes[0];
    clause->escapes[1] |= right->escapes[1];
    return (struct required){ .first = clause, .count = 1 };
}

int required_score(const struct required_clause *clause)
{
    size_t shortest = REQUIRED_LITERAL_LIMIT;
    for (int i = 0; i < clause->count; i++) {
        shortest = clause->any_of[i].len < shortest ? clause->any_of[i].len : shortest;
    }
    return (int)shortest * REQUIRED_ALTERNATIVES_LIMIT - clause->count;
}

const struct required_clause *required_best(struct required required)
{
    const struct required_clause *best = NULL;
    for (const struct required_clause *clause = required.first; clause != NULL;
         clause = clause->next) {
        if (best == NULL || required_score(clause) > required_score(best)) {
            best = clause;
        }
    }
    return best;
}
