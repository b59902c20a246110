// SPDX-License-Identifier: MIT
// filter_parser.c: AND, OR, NOT, parentheses and field names; what a single filter is stands in
// filter_leaf_parser.c.
//
//   filter   := conjunction { OR conjunction }
//   conjunction := negation { [AND] negation }
//   negation := { NOT | - | ! } operand
//   operand  := ( filter ) | field : negation | leaf

#include "query/filter_parser.h"

#define EXPECTED_FILTER "a filter as word, \"phrase\", field:value or *"

// The field that filters are about when they do not name one.
struct field_scope {
    struct bytes field; // empty: none was named
    bool is_open;       // in parentheses, where a filter may name another one
};

static struct filter *parse_alternatives(struct parser *parser, struct field_scope scope);
static struct filter *parse_operand(struct parser *parser, struct field_scope scope);

struct filter *parser_new_filter(struct parser *parser, enum filter_kind kind, struct bytes field)
{
    if (parser->filters == parser->limits->filters) {
        query_error_set(parser->error, parser->lexer.token.start,
                        "the query has more than %u filters, which is the limit: join values with "
                        "in(...)", parser->limits->filters);
        return NULL;
    }
    parser->filters++;
    struct filter *filter = parser_alloc(parser, sizeof(*filter));
    if (filter != NULL) {
        filter->kind = kind;
        filter->field = field;
        filter->index = ROW_MISSING;
    }
    return filter;
}

static bool enter(struct parser *parser)
{
    if (parser->nesting == parser->limits->nesting) {
        return query_error_set(parser->error, parser->lexer.token.start,
                               "the query nests filters deeper than %u, which is the limit",
                               parser->limits->nesting);
    }
    parser->nesting++;
    return true;
}

static void leave(struct parser *parser)
{
    parser->nesting--;
}

// ---- AND and OR

struct filter_list {
    struct filter **items;
    unsigned count;
    unsigned capacity;
};

static bool add_item(struct parser *parser, struct filter_list *list, struct filter *item)
{
    if (item == NULL) {
        return false;
    }
    if (list->count == list->capacity) {
        unsigned capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        struct filter **grown = parser_alloc(parser, capacity * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        if (list->count > 0) {
            memcpy(grown, list->items, list->count * sizeof(*grown));
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static struct filter *join(struct parser *parser, enum filter_kind kind,
                           const struct filter_list *list)
{
    if (list->count == 1) {
        return list->items[0];
    }
    struct filter *filter = parser_new_filter(parser, kind, (struct bytes){ 0 });
    if (filter != NULL) {
        filter->list.items = list->items;
        filter->list.count = list->count;
    }
    return filter;
}

// The cheapest first; the rest of the order stays, so that a person can choose it.
static void order_by_cost(struct filter_list *list)
{
    for (unsigned i = 1; i < list->count; i++) {
        struct filter *item = list->items[i];
        unsigned at = i;
        while (at > 0 && filter_cost(list->items[at - 1]) > filter_cost(item)) {
            list->items[at] = list->items[at - 1];
            at--;
        }
        list->items[at] = item;
    }
}

static bool ends_filter(const struct lexer *lexer)
{
    return lexer->token.kind == TOKEN_END || lexer_is_mark(lexer, ')') ||
           lexer_is_mark(lexer, '|');
}

static struct filter *parse_negation(struct parser *parser, struct field_scope scope)
{
    struct lexer *lexer = &parser->lexer;
    if (!lexer_is_mark(lexer, '!') && !lexer_is_mark(lexer, '-') && !lexer_is_word(lexer, "not")) {
        return parse_operand(parser, scope);
    }
    if (!lexer_next(lexer) || !enter(parser)) {
        return NULL;
    }
    struct filter *item = parse_negation(parser, scope);
    leave(parser);
    struct filter *filter = NULL;
    if (item != NULL) {
        filter = parser_new_filter(parser, FILTER_NOT, (struct bytes){ 0 });
    }
    if (filter != NULL) {
        filter->item = item;
    }
    return filter;
}

static struct filter *parse_conjunction(struct parser *parser, struct field_scope scope)
{
    struct lexer *lexer = &parser->lexer;
    struct filter_list list = { 0 };
    for (;;) {
        if (!add_item(parser, &list, parse_negation(parser, scope))) {
            return NULL;
        }
        if (lexer_is_word(lexer, "and")) {
            if (!lexer_next(lexer)) {
                return NULL;
            }
        } else if (ends_filter(lexer) || lexer_is_word(lexer, "or")) {
            break;
        } else if (!lexer->token.after_space && !lexer_is_mark(lexer, '(')) {
            lexer_expected(lexer, "a space or an operator between two filters; text with marks "
                                  "in it needs quotes");
            return NULL;
        }
    }
    order_by_cost(&list);
    return join(parser, FILTER_AND, &list);
}

static struct filter *parse_alternatives(struct parser *parser, struct field_scope scope)
{
    struct filter_list list = { 0 };
    for (;;) {
        if (!add_item(parser, &list, parse_conjunction(parser, scope))) {
            return NULL;
        }
        if (!lexer_is_word(&parser->lexer, "or")) {
            return join(parser, FILTER_OR, &list);
        }
        if (!lexer_next(&parser->lexer)) {
            return NULL;
        }
    }
}

// ---- operands

static struct filter *parse_parentheses(struct parser *parser, struct field_scope scope)
{
    if (!enter(parser) || !lexer_next(&parser->lexer)) {
        return NULL;
    }
    scope.is_open = true;
    struct filter *filter = parse_alternatives(parser, scope);
    leave(parser);
    if (filter == NULL || !parser_take_mark(parser, ')', "`)`, AND, OR or another filter")) {
        return NULL;
    }
    return filter;
}

static bool is_time_field(struct bytes field)
{
    return bytes_equal(field, bytes_of("_time"));
}

// Behind `_time:` these ask for the text of the time, all others name times.
static bool asks_for_text(const struct lexer *lexer)
{
    return lexer_is_mark(lexer, '=') || lexer_is_mark(lexer, '~') || lexer_is_mark(lexer, '*') ||
           (lexer->token.kind == TOKEN_QUOTED && lexer->token.text.len == 0) ||
           lexer_is_word(lexer, "in") || lexer_is_word(lexer, "i");
}

// `name:` if it stands at the next token; then takes it. False with the error set or with the name
// empty and nothing taken.
static bool take_field(struct parser *parser, struct bytes *field)
{
    struct lexer *lexer = &parser->lexer;
    *field = (struct bytes){ 0 };
    if (lexer->token.kind != TOKEN_WORD && lexer->token.kind != TOKEN_QUOTED) {
        return true;
    }
    struct lexer before = *lexer;
    if (!lexer_next(lexer)) {
        return false;
    }
    if (!lexer_is_joined_mark(lexer, ':')) {
        *lexer = before;
        return true;
    }
    if (before.token.text.len == 0) {
        return query_error_set(parser->error, before.token.start,
                               "expected a field name before `:`, found an empty one");
    }
    *field = before.token.text;
    return lexer_next(lexer);
}

static struct filter *parse_operand(struct parser *parser, struct field_scope scope)
{
    struct lexer *lexer = &parser->lexer;
    bool is_time = is_time_field(scope.field);
    if (lexer_is_mark(lexer, '(') && !(is_time && opens_time_range(parser))) {
        return parse_parentheses(parser, scope);
    }
    if (lexer_is_mark(lexer, '{')) {
        lexer_expected(lexer, "a filter (stream filters in { } are not supported: write "
                              "_file:=\"name\" instead)");
        return NULL;
    }
    if (ends_filter(lexer) || lexer_is_word(lexer, "and") || lexer_is_word(lexer, "or")) {
        lexer_expected(lexer, EXPECTED_FILTER);
        return NULL;
    }
    if (is_time && !asks_for_text(lexer)) {
        struct filter *filter = parser_new_filter(parser, FILTER_TIME, scope.field);
        return filter != NULL && parse_time_filter(parser, filter) ? filter : NULL;
    }
    struct bytes named = { 0 };
    if (scope.is_open && !take_field(parser, &named)) {
        return NULL;
    }
    if (named.len == 0) {
        bool has_field = scope.field.len > 0;
        return parse_leaf(parser, has_field ? scope.field : bytes_of("_msg"), has_field);
    }
    const struct field_scope inner = { .field = named };
    bool is_negative_time = is_time_field(named) && lexer_is_mark(lexer, '-');
    return is_negative_time ? parse_operand(parser, inner) : parse_negation(parser, inner);
}

struct filter *parse_filter(struct parser *parser)
{
    const struct field_scope scope = { .is_open = true };
    return parse_alternatives(parser, scope);
}
