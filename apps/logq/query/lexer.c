// SPDX-License-Identifier: MIT
// lexer.c: cutting the text of a query into words, quoted strings and marks.

#include "query/lexer.h"

#include "query/utf8.h"

#include <stdio.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

// Ends a word wherever it stands.
static bool ends_word(char c)
{
    return is_space(c) || is_one_of(c, "()[]{},|*:\"'`#");
}

// Ends a value, which may hold a colon.
static bool ends_value(char c)
{
    return c != ':' && ends_word(c);
}

static bool begins_mark(char c)
{
    return is_one_of(c, "()[]{},|*:=<>~!-");
}

static size_t skip_space(struct bytes query, size_t at)
{
    while (at < query.len) {
        if (is_space(query.ptr[at])) {
            at++;
        } else if (query.ptr[at] == '#') {
            while (at < query.len && query.ptr[at] != '\n') {
                at++;
            }
        } else {
            break;
        }
    }
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Where the decoding of one quoted string stands. The output is never longer than the input.
struct unquoting {
    struct bytes query;
    size_t at;
    char *out;
    size_t length;
};

// `count` digits of the given base make one number.
static bool read_digits(struct unquoting *state, int count, uint32_t base, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (state->at >= state->query.len) {
            return false;
        }
        int digit = hex_digit(state->query.ptr[state->at]);
        if (digit < 0 || (uint32_t)digit >= base) {
            return false;
        }
        *value = *value * base + (uint32_t)digit;
        state->at++;
    }
    return true;
}

static void put_rune(struct unquoting *state, uint32_t rune)
{
    char text[UTF8_WIDTH_MAX];
    size_t width = utf8_encode(rune, text);
    memcpy(state->out + state->length, text, width);
    state->length += width;
}

// What stands after a back-slash; state->at is there. False when Go has no such escape.
static bool unquote_escape(struct unquoting *state)
{
    static const char names[] = "abfnrtv\\'\"";
    static const char bytes[] = "\a\b\f\n\r\t\v\\'\"";
    if (state->at >= state->query.len) {
        return false;
    }
    char name = state->query.ptr[state->at];
    uint32_t value;
    if (is_one_of(name, names)) {
        state->out[state->length++] = bytes[strchr(names, name) - names];
        state->at++;
        return true;
    }
    if (name == 'x') {
        state->at++;
        if (!read_digits(state, 2, 16, &value)) {
            return false;
        }
        state->out[state->length++] = (char)value;
        return true;
    }
    if (name == 'u' || name == 'U') {
        state->at++;
        if (!read_digits(state, name == 'u' ? 4 : 8, 16, &value) || value > UTF8_RUNE_MAX ||
            (value >= 0xD800 && value <= 0xDFFF)) {
            return false;
        }
        put_rune(state, value);
        return true;
    }
    if (!read_digits(state, 3, 8, &value) || value > 0xFF) {
        return false;
    }
    state->out[state->length++] = (char)value;
    return true;
}

static bool read_backquoted(struct lexer *lexer, struct token *token)
{
    size_t begin = token->start + 1;
    const char *close = memchr(lexer->query.ptr + begin, '`', lexer->query.len - begin);
    if (close == NULL) {
        return query_error_set(lexer->error, token->start,
                               "expected a closing ` before the end of the query");
    }
    token->text = bytes_between(lexer->query.ptr + begin, close);
    token->end = (size_t)(close - lexer->query.ptr) + 1;
    return true;
}

// Where the quote that stands at `open` closes, or the end of the query.
static size_t closing_quote(struct bytes query, size_t open)
{
    size_t at = open + 1;
    while (at < query.len && query.ptr[at] != query.ptr[open]) {
        at += query.ptr[at] == '\\' ? 2 : 1;
    }
    return at < query.len ? at : query.len;
}

static bool read_quoted(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_QUOTED;
    char quote = lexer->query.ptr[token->start];
    if (quote == '`') {
        return read_backquoted(lexer, token);
    }
    size_t close = closing_quote(lexer->query, token->start);
    if (close == lexer->query.len) {
        return query_error_set(lexer->error, token->start,
                               "expected a closing %c before the end of the query", quote);
    }
    struct unquoting state = {
        .query = { .ptr = lexer->query.ptr, .len = close },
        .at = token->start + 1,
        .out = arena_alloc(lexer->arena, close - token->start, 1),
    };
    if (state.out == NULL) {
        return query_error_set(lexer->error, token->start, "out of memory for the query");
    }
    while (state.at < close) {
        char c = state.query.ptr[state.at++];
        if (c != '\\') {
            state.out[state.length++] = c;
            continue;
        }
        size_t escape = state.at - 1;
        if (!unquote_escape(&state)) {
            return query_error_set(lexer->error, escape,
                                   "expected an escape as \\n, \\\\, \\\", \\x41 or \\u00e9 after "
                                   "the back-slash; in `...` none is needed");
        }
    }
    token->text = (struct bytes){ .ptr = state.out, .len = state.length };
    token->end = close + 1;
    return true;
}

static bool read_token(struct lexer *lexer, size_t from)
{
    struct bytes query = lexer->query;
    struct token *token = &lexer->token;
    size_t at = skip_space(query, from);
    *token = (struct token){ .after_space = at > from, .start = at, .end = at };
    if (at == query.len) {
        token->kind = TOKEN_END;
        return true;
    }
    char c = query.ptr[at];
    if (c == '"' || c == '\'' || c == '`') {
        return read_quoted(lexer, token);
    }
    if (begins_mark(c)) {
        token->kind = TOKEN_MARK;
        token->mark = c;
        token->end = at + 1;
    } else {
        token->kind = TOKEN_WORD;
        while (token->end < query.len && !ends_word(query.ptr[token->end])) {
            token->end++;
        }
    }
    token->text = bytes_between(query.ptr + at, query.ptr + token->end);
    return true;
}

bool lexer_init(struct lexer *lexer, struct bytes query, struct arena *arena,
                struct query_error *error)
{
    *lexer = (struct lexer){ .query = query, .arena = arena, .error = error };
    return read_token(lexer, 0);
}

bool lexer_next(struct lexer *lexer)
{
    return read_token(lexer, lexer->token.end);
}

bool lexer_is_word(const struct lexer *lexer, const char *lower_case)
{
    const struct token *token = &lexer->token;
    if (token->kind != TOKEN_WORD || token->text.len != strlen(lower_case)) {
        return false;
    }
    for (size_t i = 0; i < token->text.len; i++) {
        char c = token->text.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower_case[i]) {
            return false;
        }
    }
    return true;
}

bool lexer_take_value(struct lexer *lexer, const char *expected, struct bytes *value)
{
    struct token *token = &lexer->token;
    if (token->kind == TOKEN_QUOTED) {
        *value = token->text;
        return lexer_next(lexer);
    }
    size_t end = token->start;
    while (end < lexer->query.len && !ends_value(lexer->query.ptr[end])) {
        end++;
    }
    if (end == token->start) {
        return lexer_expected(lexer, expected);
    }
    *value = bytes_between(lexer->query.ptr + token->start, lexer->query.ptr + end);
    return read_token(lexer, end);
}

bool lexer_expected(const struct lexer *lexer, const char *expected)
{
    const struct token *token = &lexer->token;
    if (token->kind == TOKEN_END) {
        return query_error_set(lexer->error, token->start,
                               "expected %s, found the end of the query", expected);
    }
    char excerpt[QUERY_EXCERPT_LIMIT];
    struct bytes written =
        bytes_between(lexer->query.ptr + token->start, lexer->query.ptr + token->end);
    return query_error_set(lexer->error, token->start, "expected %s, found `%s`", expected,
                           query_excerpt(written, excerpt));
}
