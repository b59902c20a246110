// SPDX-License-Identifier: MIT
// filter.c: what a row must be like.

#include "query/filter.h"

#include "query/utf8.h"

#include <errno.h>

int matcher_init(struct matcher *matcher, struct regex *const *shared, unsigned count,
                 struct memory *memory, uint64_t regex_steps_limit)
{
    *matcher = (struct matcher){
        .shared = shared,
        .count = count,
        .memory = memory,
        .regex_steps_limit = regex_steps_limit,
    };
    if (count > 0) {
        matcher->own = memory_take_zeroed(memory, count * sizeof(*matcher->own));
        if (matcher->own == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

void matcher_free(struct matcher *matcher)
{
    for (unsigned i = 0; matcher->own != NULL && i < matcher->count; i++) {
        regex_free(matcher->own[i]);
    }
    memory_give(matcher->memory, matcher->own, matcher->count * sizeof(*matcher->own));
    memory_give(matcher->memory, matcher->scratch, matcher->scratch_size);
    *matcher = (struct matcher){ 0 };
}

// Room for a rewritten text. NULL with the failure set.
static char *scratch_of(struct matcher *matcher, size_t bytes)
{
    if (bytes > matcher->scratch_size) {
        char *grown =
            memory_grow(matcher->memory, matcher->scratch, matcher->scratch_size, bytes);
        if (grown == NULL) {
            matcher->failure = "the memory limit of the query (--query-memory) was reached "
                               "while matching a value";
            return NULL;
        }
        matcher->scratch = grown;
        matcher->scratch_size = bytes;
    }
    return matcher->scratch;
}

// ---- single filters

static bool match_fold(const struct filter *filter, struct bytes value, struct matcher *matcher)
{
    if (value.len == 0) {
        return false;
    }
    char *folded = scratch_of(matcher, value.len * FOLD_GROWTH);
    if (folded == NULL) {
        return false;
    }
    size_t length = fold_case(value, folded);
    return phrase_is_in(&filter->phrase, (struct bytes){ folded, length });
}

// The text as Go sees it: every invalid byte as U+FFFD. ptr is NULL with the failure set.
static struct bytes valid_text(struct matcher *matcher, struct bytes text, size_t valid)
{
    const struct bytes replacement = bytes_of(UTF8_REPLACEMENT_TEXT);
    char *out = scratch_of(matcher, text.len * replacement.len);
    if (out == NULL) {
        return (struct bytes){ 0 };
    }
    size_t length = 0;
    for (;;) {
        memcpy(out + length, text.ptr, valid);
        length += valid;
        text = bytes_from(text, valid);
        if (text.len == 0) {
            return (struct bytes){ .ptr = out, .len = length };
        }
        memcpy(out + length, replacement.ptr, replacement.len);
        length += replacement.len;
        text = bytes_from(text, 1);
        valid = utf8_valid_prefix(text);
    }
}

static bool match_regex(const struct filter *filter, struct bytes value, struct matcher *matcher)
{
    unsigned number = filter->regex.number;
    if (matcher->own[number] == NULL) {
        matcher->own[number] = regex_clone(matcher->shared[number]);
        if (matcher->own[number] == NULL) {
            matcher->failure = "out of memory for a regex";
            return false;
        }
    }
    if (value.len > matcher->regex_steps_limit / filter->regex.steps_per_byte) {
        matcher->failure = "a value is too long for a regex of this size: the limit of regex steps "
                           "(--regex-steps) was reached";
        return false;
    }
    size_t valid = utf8_valid_prefix(value);
    if (valid < value.len) {
        value = valid_text(matcher, value, valid);
        if (value.ptr == NULL) {
            return false;
        }
    }
    int result = regex_matches(matcher->own[number], value);
    if (result < 0) {
        matcher->failure = "out of memory for a regex";
    }
    return result > 0;
}

static bool match_time(const struct filter *filter, const struct row *row)
{
    int64_t ns;
    return row_time(row, filter->index, &ns) && ns >= filter->time.from && ns <= filter->time.to;
}

static bool match_value(const struct filter *filter, const struct row *row,
                        struct matcher *matcher)
{
    struct bytes value = row_value(row, filter->index);
    switch (filter->kind) {
    case FILTER_PHRASE:
        return phrase_is_in(&filter->phrase, value);
    case FILTER_PHRASE_FOLD:
        return match_fold(filter, value, matcher);
    case FILTER_SUBSTRING:
        return search_find(&filter->phrase.needle, value) != NULL;
    case FILTER_EXACT:
        return bytes_equal(value, filter->text);
    case FILTER_EXACT_PREFIX:
        return bytes_has_prefix(value, filter->text);
    case FILTER_REGEX:
        return match_regex(filter, value, matcher);
    case FILTER_MISSING:
        return value.len == 0;
    case FILTER_PRESENT:
        return value.len > 0;
    case FILTER_RANGE:
        return number_range_has(&filter->range, value);
    case FILTER_IN:
        return value_set_has(&filter->set, value);
    default:
        return true;
    }
}

bool filter_match(const struct filter *filter, const struct row *row, struct matcher *matcher)
{
    switch (filter->kind) {
    case FILTER_ALL:
        return true;
    case FILTER_AND:
        for (unsigned i = 0; i < filter->list.count; i++) {
            if (!filter_match(filter->list.items[i], row, matcher)) {
                return false;
            }
        }
        return true;
    case FILTER_OR:
        for (unsigned i = 0; i < filter->list.count; i++) {
            if (filter_match(filter->list.items[i], row, matcher)) {
                return true;
            }
        }
        return false;
    case FILTER_NOT:
        return !filter_match(filter->item, row, matcher);
    case FILTER_TIME:
        return match_time(filter, row);
    default:
        return match_value(filter, row, matcher);
    }
}

// ---- places and costs

static bool is_list(const struct filter *filter)
{
    return filter->kind == FILTER_AND || filter->kind == FILTER_OR;
}

bool filter_resolve(struct filter *filter, const struct filter_places *places)
{
    if (is_list(filter)) {
        for (unsigned i = 0; i < filter->list.count; i++) {
            if (!filter_resolve(filter->list.items[i], places)) {
                return false;
            }
        }
        return true;
    }
    if (filter->kind == FILTER_NOT) {
        return filter_resolve(filter->item, places);
    }
    if (filter->kind != FILTER_ALL) {
        filter->index = places->place(places->ctx, filter->field, filter->kind == FILTER_TIME);
        return filter->index >= ROW_RECORD_TIME;
    }
    return true;
}

int filter_cost(const struct filter *filter)
{
    int cost = 0;
    switch (filter->kind) {
    case FILTER_ALL:
    case FILTER_TIME:
    case FILTER_MISSING:
    case FILTER_PRESENT:
        return 1;
    case FILTER_EXACT:
    case FILTER_EXACT_PREFIX:
    case FILTER_RANGE:
    case FILTER_IN:
        return 2;
    case FILTER_PHRASE:
    case FILTER_SUBSTRING:
        return 4;
    case FILTER_PHRASE_FOLD:
        return 16;
    case FILTER_REGEX:
        return 32;
    case FILTER_NOT:
        return filter_cost(filter->item);
    case FILTER_AND:
    case FILTER_OR:
        for (unsigned i = 0; i < filter->list.count; i++) {
            cost += filter_cost(filter->list.items[i]);
        }
        return cost;
    }
    return cost;
}
