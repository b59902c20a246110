// SPDX-License-Identifier: MIT
// lexer.h: cutting the text of a query into words, quoted strings and marks.

#ifndef LOGQ_QUERY_LEXER_H
#define LOGQ_QUERY_LEXER_H

#include "data/arena.h"
#include "data/bytes.h"
#include "query/query_error.h"

// Which mark a character is depends on where it stands: `-`, `!`, `=`, `~`, `<`, `>` are marks at
// the beginning of a token and part of a word inside one, so that `foo-bar` and `a=b` are words.
enum token_kind {
    TOKEN_END,    // of the query
    TOKEN_WORD,   // text is what is written
    TOKEN_QUOTED, // text is what the quotes mean
    TOKEN_MARK,   // one of ( ) [ ] { } , | * : = < > ~ ! - in `mark`
};

struct token {
    enum token_kind kind;
    char mark;
    bool after_space; // something separates it from the token before
    size_t start;     // offsets into the query
    size_t end;
    struct bytes text;
};

// Copy it to come back to a place. The token is the next one, not yet taken.
struct lexer {
    struct bytes query; // must outlive the tokens
    struct arena *arena; // for the text of quoted strings
    struct query_error *error;
    struct token token;
};

// Reads the first token. False with the error set.
bool lexer_init(struct lexer *lexer, struct bytes query, struct arena *arena,
                struct query_error *error);

// Goes on to the next token. False with the error set.
bool lexer_next(struct lexer *lexer);

static inline bool lexer_is_mark(const struct lexer *lexer, char mark)
{
    return lexer->token.kind == TOKEN_MARK && lexer->token.mark == mark;
}

// A mark that follows the token before without a space.
static inline bool lexer_is_joined_mark(const struct lexer *lexer, char mark)
{
    return lexer_is_mark(lexer, mark) && !lexer->token.after_space;
}

// An unquoted word, in any case.
bool lexer_is_word(const struct lexer *lexer, const char *lower_case);

// A value: a quoted string, or an unquoted run that may hold marks other than ( ) [ ] { } , | *, as
// `2026-11-22T10:11:12Z`, `-5` or `10.0.0.1:80` do. Takes it. False, with the error naming what was
// expected, when the next token begins no value.
bool lexer_take_value(struct lexer *lexer, const char *expected, struct bytes *value);

// Sets the error "expected ..., found ..." at the next token. Always false.
bool lexer_expected(const struct lexer *lexer, const char *expected);

#endif
