// SPDX-License-Identifier: MIT
// filter.h: what a row must be like.

#ifndef LOGQ_QUERY_FILTER_H
#define LOGQ_QUERY_FILTER_H

#include "query/memory.h"
#include "query/number_range.h"
#include "query/phrase.h"
#include "query/regex.h"
#include "query/required.h"
#include "query/row.h"
#include "query/value_set.h"

enum filter_kind {
    FILTER_ALL,          // every row
    FILTER_AND,          // list
    FILTER_OR,           // list
    FILTER_NOT,          // item
    FILTER_PHRASE,       // phrase: a word, a phrase, or the beginning of one
    FILTER_PHRASE_FOLD,  // the same in any case; phrase holds the lower case
    FILTER_SUBSTRING,    // phrase, whose guards do not count
    FILTER_EXACT,        // text
    FILTER_EXACT_PREFIX, // text
    FILTER_REGEX,        // regex
    FILTER_MISSING,
    FILTER_PRESENT,
    FILTER_RANGE, // range
    FILTER_IN,    // set
    FILTER_TIME,  // time
};

// Built by the parser in the query's arena, fixed once planned, shared by all threads.
struct filter {
    enum filter_kind kind;
    int index;          // the place of `field` in the rows; for FILTER_TIME a place of times
    struct bytes field; // not for the first four kinds
    union {
        struct {
            struct filter **items;
            unsigned count;
        } list;
        struct filter *item;
        struct phrase phrase;
        struct bytes text;
        struct {
            struct bytes pattern; // as RE2 takes it
            unsigned number;      // of this regex in the query
            size_t steps_per_byte;
        } regex;
        struct number_range range;
        struct value_set set;
        struct {
            int64_t from; // both included
            int64_t to;
        } time;
    };
};

// What matching needs that cannot be shared: one for each partial state.
struct matcher {
    struct regex *const *shared; // [count], of the query
    struct regex **own;          // [count], copied at first use
    unsigned count;
    struct memory *memory;
    char *scratch; // for texts that have to be rewritten first
    size_t scratch_size;
    uint64_t regex_steps_limit;
    const char *failure; // why a match could not be decided, naming the limit; NULL for none
};

// 0 or -ENOMEM.
int matcher_init(struct matcher *matcher, struct regex *const *shared, unsigned count,
                 struct memory *memory, uint64_t regex_steps_limit);
void matcher_free(struct matcher *matcher);

// Whether the row fulfils the filter. When matcher->failure is set the answer means nothing.
bool filter_match(const struct filter *filter, const struct row *row, struct matcher *matcher);

// Sets the places of all fields. `place` gives the place of a field's value, or of its time.
struct filter_places {
    int (*place)(void *ctx, struct bytes field, bool as_time);
    void *ctx;
};

// False when place() gave a number below ROW_RECORD_TIME, its way to fail.
bool filter_resolve(struct filter *filter, const struct filter_places *places);

// What the raw line of every record contains that fulfils the filter: literals, or escapes that
// may stand for pieces of them. Only for filters whose rows are records.
struct required filter_required(const struct filter *filter, struct arena *arena);

// How dear a filter is, for the order of an AND.
int filter_cost(const struct filter *filter);

#endif
