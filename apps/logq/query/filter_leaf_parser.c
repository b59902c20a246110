// SPDX-License-Identifier: MIT
// filter_leaf_parser.c: filters on the value of one field.

#include "query/filter_parser.h"

#include "query/quantity.h"
#include "query/regex_pattern.h"

#include <string.h>

#define EXPECTED_NUMBER "a number as 500, 1.5, 10KB, 1MiB or a duration as 1.5s"

// A `*` directly behind what was taken. False with the error set.
static bool take_star(struct parser *parser, bool *found)
{
    *found = lexer_is_joined_mark(&parser->lexer, '*');
    return !*found || lexer_next(&parser->lexer);
}

// A word or phrase, perhaps the beginning of one.
static struct filter *text_filter(struct parser *parser, struct bytes field, struct bytes text,
                                  bool is_prefix)
{
    if (text.len == 0) {
        return parser_new_filter(parser, is_prefix ? FILTER_PRESENT : FILTER_MISSING, field);
    }
    struct filter *filter = parser_new_filter(parser, FILTER_PHRASE, field);
    if (filter != NULL) {
        phrase_init(&filter->phrase, text, is_prefix);
    }
    return filter;
}

static struct filter *parse_text(struct parser *parser, struct bytes field, bool named)
{
    struct lexer *lexer = &parser->lexer;
    struct bytes text = lexer->token.text;
    if (named || lexer->token.kind == TOKEN_QUOTED) {
        if (!lexer_take_value(lexer, "a value", &text)) {
            return NULL;
        }
    } else if (!lexer_next(lexer)) {
        return NULL;
    }
    bool is_prefix;
    return take_star(parser, &is_prefix) ? text_filter(parser, field, text, is_prefix) : NULL;
}

// From the `*` on: alone, or around a substring.
static struct filter *parse_star(struct parser *parser, struct bytes field, bool named)
{
    struct lexer *lexer = &parser->lexer;
    if (!lexer_next(lexer)) {
        return NULL;
    }
    bool joined = !lexer->token.after_space;
    if (joined && lexer_is_mark(lexer, '*')) {
        return lexer_next(lexer) ? parser_new_filter(parser, FILTER_PRESENT, field) : NULL;
    }
    if (!joined || (lexer->token.kind != TOKEN_WORD && lexer->token.kind != TOKEN_QUOTED)) {
        return parser_new_filter(parser, named ? FILTER_PRESENT : FILTER_ALL, field);
    }
    struct bytes text;
    if (!lexer_take_value(lexer, "a substring", &text)) {
        return NULL;
    }
    if (!lexer_is_joined_mark(lexer, '*')) {
        lexer_expected(lexer, "`*` behind the substring, as in *text*");
        return NULL;
    }
    if (!lexer_next(lexer)) {
        return NULL;
    }
    if (text.len == 0) {
        return parser_new_filter(parser, FILTER_PRESENT, field);
    }
    struct filter *filter = parser_new_filter(parser, FILTER_SUBSTRING, field);
    if (filter != NULL) {
        phrase_init(&filter->phrase, text, true);
    }
    return filter;
}

// From behind the `=` on.
static struct filter *parse_exact(struct parser *parser, struct bytes field)
{
    struct bytes text;
    bool is_prefix;
    if (!lexer_take_value(&parser->lexer, "the exact value behind `=`", &text) ||
        !take_star(parser, &is_prefix)) {
        return NULL;
    }
    enum filter_kind kind = is_prefix ? FILTER_EXACT_PREFIX : FILTER_EXACT;
    if (text.len == 0) {
        kind = is_prefix ? FILTER_PRESENT : FILTER_MISSING;
    }
    struct filter *filter = parser_new_filter(parser, kind, field);
    if (filter != NULL) {
        filter->text = text;
    }
    return filter;
}

// NULL with the error set; else the pattern becomes the one that RE2 was given.
static struct regex *compile_regex(struct parser *parser, struct bytes *pattern,
                                   struct regex_error *error)
{
    size_t memory = parser->limits->regex_memory;
    struct bytes prepared;
    if (!regex_pattern_prepare(*pattern, parser->arena, &prepared, error)) {
        return NULL;
    }
    struct regex *regex = regex_new(prepared, memory, error);
    *pattern = regex == NULL ? prepared : regex_pattern_align(prepared, parser->arena);
    if (regex != NULL && pattern->ptr != prepared.ptr) {
        regex_free(regex);
        regex = regex_new(*pattern, memory, error);
    }
    return regex;
}

// From behind the `~` on.
static struct filter *parse_regex(struct parser *parser, struct bytes field)
{
    struct bytes pattern;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, "a regular expression in quotes behind `~`", &pattern)) {
        return NULL;
    }
    if (parser->regex_count == parser->limits->regexes) {
        query_error_set(parser->error, position,
                        "the query has more than %u regular expressions, which is the limit",
                        parser->limits->regexes);
        return NULL;
    }
    struct regex_error error;
    struct regex *regex = compile_regex(parser, &pattern, &error);
    if (regex == NULL) {
        query_error_set(parser->error, position,
                        "expected a regular expression in RE2 syntax, found %s", error.text);
        return NULL;
    }
    unsigned number = parser->regex_count++;
    parser->regexes[number] = regex;
    struct filter *filter = parser_new_filter(parser, FILTER_REGEX, field);
    if (filter != NULL) {
        filter->regex.pattern = pattern;
        filter->regex.number = number;
        filter->regex.steps_per_byte = regex_steps_per_byte(regex);
    }
    return filter;
}

// ---- numbers

static bool take_number(struct parser *parser, struct number *number)
{
    struct bytes text;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, EXPECTED_NUMBER, &text)) {
        return false;
    }
    if (!quantity_parse(text, parser->arena, number)) {
        char excerpt[QUERY_EXCERPT_LIMIT];
        return query_error_set(parser->error, position, "expected %s, found `%s`", EXPECTED_NUMBER,
                               query_excerpt(text, excerpt));
    }
    return true;
}

// From the `<` or `>` on.
static struct filter *parse_comparison(struct parser *parser, struct bytes field)
{
    struct number_bound bound = { .present = true, .excluded = true };
    bool above = parser->lexer.token.mark == '>';
    if (!lexer_next(&parser->lexer)) {
        return NULL;
    }
    if (lexer_is_joined_mark(&parser->lexer, '=')) {
        bound.excluded = false;
        if (!lexer_next(&parser->lexer)) {
            return NULL;
        }
    }
    struct filter *filter = parser_new_filter(parser, FILTER_RANGE, field);
    if (filter == NULL || !take_number(parser, &bound.number)) {
        return NULL;
    }
    *(above ? &filter->range.low : &filter->range.high) = bound;
    number_range_init(&filter->range);
    return filter;
}

// A bound of range(...), which may be infinite.
static bool take_bound(struct parser *parser, bool excluded, struct number_bound *bound)
{
    struct lexer *lexer = &parser->lexer;
    *bound = (struct number_bound){ .excluded = excluded };
    struct lexer before = *lexer;
    if (lexer_is_mark(lexer, '-') && !lexer_next(lexer)) {
        return false;
    }
    if (lexer_is_word(lexer, "inf")) {
        return lexer_next(lexer);
    }
    *lexer = before;
    bound->present = true;
    return take_number(parser, &bound->number);
}

// From the bracket behind `range` on.
static struct filter *parse_range(struct parser *parser, struct bytes field)
{
    struct lexer *lexer = &parser->lexer;
    struct filter *filter = parser_new_filter(parser, FILTER_RANGE, field);
    bool low_excluded = lexer_is_mark(lexer, '(');
    if (filter == NULL || !lexer_next(lexer) ||
        !take_bound(parser, low_excluded, &filter->range.low) ||
        !parser_take_mark(parser, ',', "`,` between the bounds of range") ||
        !take_bound(parser, false, &filter->range.high)) {
        return NULL;
    }
    filter->range.high.excluded = lexer_is_mark(lexer, ')');
    if (!filter->range.high.excluded && !lexer_is_mark(lexer, ']')) {
        lexer_expected(lexer, "`)` or `]` behind the bounds of range");
        return NULL;
    }
    number_range_init(&filter->range);
    return lexer_next(lexer) ? filter : NULL;
}

// ---- in(...) and i(...)

struct value_list {
    struct bytes *values;
    uint32_t count;
    uint32_t capacity;
};

static bool add_value(struct parser *parser, struct value_list *list, struct bytes value)
{
    if (parser->values == parser->limits->values) {
        return query_error_set(parser->error, parser->lexer.token.start,
                               "the query has more than %u values in in(...), which is the limit",
                               parser->limits->values);
    }
    parser->values++;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct bytes *grown = parser_alloc(parser, capacity * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        if (list->count > 0) {
            memcpy(grown, list->values, list->count * sizeof(*grown));
        }
        list->values = grown;
        list->capacity = capacity;
    }
    list->values[list->count++] = value;
    return true;
}

// From behind the `(` on, up to behind the `)`.
static bool parse_values(struct parser *parser, struct value_list *list)
{
    struct lexer *lexer = &parser->lexer;
    while (!lexer_is_mark(lexer, ')')) {
        struct bytes value;
        if (!lexer_take_value(lexer, "a value or `)`", &value) ||
            !add_value(parser, list, value)) {
            return false;
        }
        if (lexer_is_mark(lexer, ')')) {
            break;
        }
        if (!parser_take_mark(parser, ',', "`,` or `)` behind a value of in(...); a query inside "
                                           "it is not supported")) {
            return false;
        }
    }
    return lexer_next(lexer);
}

static struct filter *parse_in(struct parser *parser, struct bytes field)
{
    struct lexer *lexer = &parser->lexer;
    if (!lexer_next(lexer)) {
        return NULL;
    }
    if (lexer_is_mark(lexer, '*')) {
        if (!lexer_next(lexer) || !parser_take_mark(parser, ')', "`)` behind in(*")) {
            return NULL;
        }
        return parser_new_filter(parser, FILTER_ALL, field);
    }
    struct value_list list = { 0 };
    struct filter *filter = parser_new_filter(parser, FILTER_IN, field);
    if (filter == NULL || !parse_values(parser, &list)) {
        return NULL;
    }
    if (!value_set_init(&filter->set, list.values, list.count, parser->seed, parser->arena)) {
        query_error_set(parser->error, lexer->token.start, "out of memory for the query");
        return NULL;
    }
    return filter;
}

static struct filter *parse_fold(struct parser *parser, struct bytes field)
{
    struct lexer *lexer = &parser->lexer;
    struct bytes text;
    bool is_prefix;
    if (!lexer_next(lexer) || !lexer_take_value(lexer, "a word or phrase inside i(...)", &text) ||
        !take_star(parser, &is_prefix) ||
        !parser_take_mark(parser, ')', "`)` behind the text of i(...)")) {
        return NULL;
    }
    char *folded = parser_alloc(parser, text.len * FOLD_GROWTH + 1);
    if (folded == NULL) {
        return NULL;
    }
    struct bytes lower = { .ptr = folded, .len = fold_case(text, folded) };
    struct filter *filter = text_filter(parser, field, lower, is_prefix);
    if (filter != NULL && filter->kind == FILTER_PHRASE) {
        filter->kind = FILTER_PHRASE_FOLD;
    }
    return filter;
}

// A word with a bracket directly behind it; the token is the word.
static struct filter *parse_function(struct parser *parser, const struct lexer *behind,
                                     struct bytes field)
{
    struct lexer *lexer = &parser->lexer;
    bool round = lexer_is_mark(behind, '(');
    struct filter *(*parse)(struct parser *, struct bytes) = NULL;
    if (lexer_is_word(lexer, "range")) {
        parse = parse_range;
    } else if (lexer_is_word(lexer, "in") && round) {
        parse = parse_in;
    } else if (lexer_is_word(lexer, "i") && round) {
        parse = parse_fold;
    }
    if (parse == NULL) {
        lexer_expected(lexer, "one of the filters i(...), in(...) and range(...)");
        return NULL;
    }
    *lexer = *behind;
    return parse(parser, field);
}

struct filter *parse_leaf(struct parser *parser, struct bytes field, bool named)
{
    struct lexer *lexer = &parser->lexer;
    if (lexer_is_mark(lexer, '*')) {
        return parse_star(parser, field, named);
    }
    if (lexer_is_mark(lexer, '=')) {
        return lexer_next(lexer) ? parse_exact(parser, field) : NULL;
    }
    if (lexer_is_mark(lexer, '~')) {
        return lexer_next(lexer) ? parse_regex(parser, field) : NULL;
    }
    if (lexer_is_mark(lexer, '<') || lexer_is_mark(lexer, '>')) {
        return parse_comparison(parser, field);
    }
    if (lexer->token.kind == TOKEN_WORD) {
        struct lexer behind = *lexer;
        if (!lexer_next(&behind)) {
            return NULL;
        }
        if (lexer_is_joined_mark(&behind, '(') || lexer_is_joined_mark(&behind, '[')) {
            return parse_function(parser, &behind, field);
        }
    }
    if (lexer->token.kind == TOKEN_MARK) {
        lexer_expected(lexer, "a word, a \"phrase\", =, ~, <, > or *");
        return NULL;
    }
    return parse_text(parser, field, named);
}
