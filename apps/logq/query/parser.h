// SPDX-License-Identifier: MIT
// parser.h: what the parsers of filters, times and pipes share.

#ifndef LOGQ_QUERY_PARSER_H
#define LOGQ_QUERY_PARSER_H

#include "query/filter.h"
#include "query/lexer.h"
#include "query/pipe.h"
#include "query/query_limits.h"

struct parser {
    struct lexer lexer;
    struct arena *arena; // of the query; whatever is parsed lives there
    const struct query_limits *limits;
    struct query_error *error;
    int64_t now_ns;
    uint64_t seed; // for sets of values
    unsigned nesting;
    unsigned filters;
    unsigned values;
    struct regex **regexes; // [limits->regexes]; whoever made the parser frees them
    unsigned regex_count;
};

// Each parses from the next token on and leaves the token behind what it took. NULL or false with
// the error set.

// A filter with everything that AND, OR and NOT join to it.
struct filter *parse_filter(struct parser *parser);

// Behind `_time:`, everything that names times.
bool parse_time_filter(struct parser *parser, struct filter *filter);

// Whether `(` or `[` at the next token opens a range of times and not a filter in parentheses.
bool opens_time_range(const struct parser *parser);

// All pipes, from the first `|` to the end.
bool parse_pipes(struct parser *parser, struct pipe_list *pipes);

// Behind the word `stats` or at its first function when that word is left out.
bool parse_stats(struct parser *parser, struct stats_pipe *stats);

// Whether a function of stats begins at the next token.
bool begins_stats_function(const struct parser *parser);

// Memory of the query, zeroed; NULL with the error set.
void *parser_alloc(struct parser *parser, size_t bytes);

// Takes a mark that must come now. `expected` says it to people.
bool parser_take_mark(struct parser *parser, char mark, const char *expected);

// A field name or a name for a result.
bool parser_take_name(struct parser *parser, const char *expected, struct bytes *name);

// A whole number, not negative.
bool parser_take_count(struct parser *parser, uint64_t *count);

// `a, b, ...`, at least one. With `once`, names that came before are left out.
bool parser_take_names(struct parser *parser, bool once, struct name_list *names);

#endif
