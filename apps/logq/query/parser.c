// SPDX-License-Identifier: MIT
// parser.c: what the parsers of filters, times and pipes share.

#include "query/parser.h"

#include "query/quantity.h"

void *parser_alloc(struct parser *parser, size_t bytes)
{
    void *block = arena_alloc(parser->arena, bytes, _Alignof(max_align_t));
    if (block == NULL) {
        query_error_set(parser->error, parser->lexer.token.start, "out of memory for the query");
        return NULL;
    }
    memset(block, 0, bytes);
    return block;
}

bool parser_take_mark(struct parser *parser, char mark, const char *expected)
{
    if (!lexer_is_mark(&parser->lexer, mark)) {
        return lexer_expected(&parser->lexer, expected);
    }
    return lexer_next(&parser->lexer);
}

bool parser_take_name(struct parser *parser, const char *expected, struct bytes *name)
{
    struct lexer *lexer = &parser->lexer;
    bool is_name = lexer->token.kind == TOKEN_WORD || lexer->token.kind == TOKEN_QUOTED;
    if (!is_name || lexer->token.text.len == 0) {
        return lexer_expected(lexer, expected);
    }
    *name = lexer->token.text;
    return lexer_next(lexer);
}

bool parser_take_count(struct parser *parser, uint64_t *count)
{
    static const char expected[] = "a whole number as 10";
    struct bytes text;
    struct number number;
    __int128 value;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, expected, &text)) {
        return false;
    }
    if (!quantity_parse(text, parser->arena, &number) || !number_is_int128(&number, &value) ||
        value < 0 || value > INT64_MAX) {
        char excerpt[QUERY_EXCERPT_LIMIT];
        return query_error_set(parser->error, position, "expected %s, found `%s`", expected,
                               query_excerpt(text, excerpt));
    }
    *count = (uint64_t)value;
    return true;
}

static bool is_among(const struct name_list *list, struct bytes name)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (bytes_equal(list->names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool add_name(struct parser *parser, struct name_list *list, struct bytes name,
                     size_t position)
{
    if (list->count == parser->limits->columns) {
        return query_error_set(parser->error, position, "more than %u fields in one list, which is "
                               "the limit", parser->limits->columns);
    }
    if (list->names == NULL) {
        list->names = parser_alloc(parser, parser->limits->columns * sizeof(*list->names));
        if (list->names == NULL) {
            return false;
        }
    }
    list->names[list->count++] = name;
    return true;
}

bool parser_take_names(struct parser *parser, bool once, struct name_list *names)
{
    *names = (struct name_list){ 0 };
    for (;;) {
        struct bytes name = { 0 };
        size_t position = parser->lexer.token.start;
        if (!parser_take_name(parser, "a field name", &name)) {
            return false;
        }
        if (!(once && is_among(names, name)) && !add_name(parser, names, name, position)) {
            return false;
        }
        if (!lexer_is_mark(&parser->lexer, ',')) {
            return true;
        }
        if (!lexer_next(&parser->lexer)) {
            return false;
        }
    }
}
