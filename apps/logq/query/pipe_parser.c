// SPDX-License-Identifier: MIT
// pipe_parser.c: the pipes behind the filter.

#include "query/parser.h"

#define TOP_COUNT_DEFAULT 10

#define PIPE_NAMES \
    "a pipe: stats, sort, limit, head, offset, fields, top, uniq or filter"

static struct pipe *add_pipe(struct parser *parser, struct pipe_list *list, enum pipe_kind kind,
                             size_t position)
{
    if (list->count == parser->limits->pipes) {
        query_error_set(parser->error, position, "the query has more than %u pipes, which is the "
                        "limit (top counts as two)", parser->limits->pipes);
        return NULL;
    }
    struct pipe *pipe = &list->pipes[list->count++];
    *pipe = (struct pipe){ .kind = kind, .position = position };
    return pipe;
}

// `by` may be left out before a parenthesis.
static bool skip_by(struct parser *parser)
{
    return !lexer_is_word(&parser->lexer, "by") || lexer_next(&parser->lexer);
}

// ---- sort

static bool take_direction(struct parser *parser, bool *descending)
{
    *descending = lexer_is_word(&parser->lexer, "desc");
    return !(*descending || lexer_is_word(&parser->lexer, "asc")) || lexer_next(&parser->lexer);
}

static bool parse_sort_keys(struct parser *parser, struct sort_pipe *sort)
{
    struct lexer *lexer = &parser->lexer;
    sort->keys = parser_alloc(parser, parser->limits->columns * sizeof(*sort->keys));
    if (sort->keys == NULL || !skip_by(parser) ||
        !parser_take_mark(parser, '(', "`by (field, ...)` behind sort")) {
        return false;
    }
    for (;;) {
        if (sort->key_count == parser->limits->columns) {
            return query_error_set(parser->error, lexer->token.start, "more than %u sort keys, "
                                   "which is the limit", parser->limits->columns);
        }
        struct sort_key *key = &sort->keys[sort->key_count++];
        if (!parser_take_name(parser, "a field name", &key->field) ||
            !take_direction(parser, &key->descending)) {
            return false;
        }
        if (lexer_is_mark(lexer, ')')) {
            return lexer_next(lexer);
        }
        if (!parser_take_mark(parser, ',', "desc, `,` or `)` behind a field of sort")) {
            return false;
        }
    }
}

// `limit N` and `offset N` in any order.
static bool parse_sort_bounds(struct parser *parser, struct sort_pipe *sort)
{
    struct lexer *lexer = &parser->lexer;
    for (;;) {
        if (lexer_is_word(lexer, "limit")) {
            sort->is_limited = true;
            if (!lexer_next(lexer) || !parser_take_count(parser, &sort->limit)) {
                return false;
            }
        } else if (lexer_is_word(lexer, "offset")) {
            if (!lexer_next(lexer) || !parser_take_count(parser, &sort->offset)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

static bool parse_sort(struct parser *parser, struct pipe *pipe)
{
    struct sort_pipe *sort = &pipe->sort;
    bool all_descending;
    if (!parse_sort_keys(parser, sort) || !take_direction(parser, &all_descending)) {
        return false;
    }
    for (unsigned i = 0; all_descending && i < sort->key_count; i++) {
        sort->keys[i].descending = !sort->keys[i].descending;
    }
    return parse_sort_bounds(parser, sort);
}

// ---- top and uniq

// `[by] (a, b, ...)`
static bool take_by(struct parser *parser, struct name_list *fields)
{
    return skip_by(parser) && parser_take_mark(parser, '(', "`by (field, ...)`") &&
           parser_take_names(parser, true, fields) &&
           parser_take_mark(parser, ')', "`,` or `)` behind a field name");
}

static bool is_among(const struct name_list *names, struct bytes name)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (bytes_equal(names->names[i], name)) {
            return true;
        }
    }
    return false;
}

// `hits`, with an s more for each time that name is taken.
static bool choose_hits_name(struct parser *parser, const struct name_list *fields,
                             struct bytes *name)
{
    static const char hits[] = "hits";
    size_t length = sizeof(hits) - 1;
    char *text = parser_alloc(parser, length + fields->count);
    if (text == NULL) {
        return false;
    }
    memcpy(text, hits, length);
    while (is_among(fields, (struct bytes){ text, length })) {
        text[length++] = 's';
    }
    *name = (struct bytes){ text, length };
    return true;
}

// stats by (fields) count() as hits, or without the count.
static bool set_grouping(struct parser *parser, struct stats_pipe *stats,
                         const struct name_list *fields, struct bytes hits)
{
    stats->keys = parser_alloc(parser, fields->count * sizeof(*stats->keys));
    if (stats->keys == NULL) {
        return false;
    }
    for (unsigned i = 0; i < fields->count; i++) {
        stats->keys[i].field = fields->names[i];
    }
    stats->key_count = fields->count;
    if (hits.len == 0) {
        return true;
    }
    stats->functions = parser_alloc(parser, sizeof(*stats->functions));
    if (stats->functions == NULL) {
        return false;
    }
    stats->functions[0] = (struct stats_function){ .kind = FUNCTION_COUNT, .name = hits };
    stats->function_count = 1;
    return true;
}

// `top [N] [by] (fields) [hits [as] name]`, behind the word.
static bool parse_top(struct parser *parser, struct pipe_list *list, struct pipe *pipe)
{
    struct lexer *lexer = &parser->lexer;
    uint64_t count = TOP_COUNT_DEFAULT;
    struct name_list fields;
    struct bytes hits;
    bool has_count = !lexer_is_mark(lexer, '(') && !lexer_is_word(lexer, "by");
    if ((has_count && !parser_take_count(parser, &count)) || !take_by(parser, &fields) ||
        !choose_hits_name(parser, &fields, &hits)) {
        return false;
    }
    if (lexer_is_word(lexer, "hits")) {
        if (!lexer_next(lexer) || (lexer_is_word(lexer, "as") && !lexer_next(lexer)) ||
            !parser_take_name(parser, "a name for the count", &hits)) {
            return false;
        }
        if (is_among(&fields, hits)) {
            return query_error_set(parser->error, pipe->position, "expected a name for the count "
                                   "that is none of the fields of top");
        }
    }
    struct pipe *sort = add_pipe(parser, list, PIPE_SORT, pipe->position);
    if (sort == NULL || !set_grouping(parser, &pipe->stats, &fields, hits)) {
        return false;
    }
    sort->sort.keys = parser_alloc(parser, sizeof(*sort->sort.keys));
    if (sort->sort.keys == NULL) {
        return false;
    }
    sort->sort.keys[0] = (struct sort_key){ .field = hits, .descending = true };
    sort->sort.key_count = 1;
    sort->sort.is_limited = true;
    sort->sort.limit = count;
    return true;
}

// `uniq [by] (fields) [with hits] [limit N]`, behind the word.
static bool parse_uniq(struct parser *parser, struct pipe_list *list, struct pipe *pipe)
{
    struct lexer *lexer = &parser->lexer;
    struct name_list fields;
    struct bytes hits = { 0 };
    if (!take_by(parser, &fields)) {
        return false;
    }
    if (lexer_is_word(lexer, "with")) {
        if (!lexer_next(lexer)) {
            return false;
        }
        if (!lexer_is_word(lexer, "hits")) {
            return lexer_expected(lexer, "`hits` behind with");
        }
        if (!lexer_next(lexer) || !choose_hits_name(parser, &fields, &hits)) {
            return false;
        }
    }
    if (!set_grouping(parser, &pipe->stats, &fields, hits)) {
        return false;
    }
    if (lexer_is_word(lexer, "limit")) {
        struct pipe *limit = add_pipe(parser, list, PIPE_LIMIT, pipe->position);
        return limit != NULL && lexer_next(lexer) && parser_take_count(parser, &limit->count);
    }
    return true;
}

// ---- all of them

static bool parse_filter_pipe(struct parser *parser, struct pipe *pipe)
{
    pipe->filter = parse_filter(parser);
    return pipe->filter != NULL;
}

static bool is_any_word(const struct lexer *lexer, const char *a, const char *b)
{
    return lexer_is_word(lexer, a) || lexer_is_word(lexer, b);
}

// A filter may stand without the word `filter` where it cannot be taken for a pipe.
static bool begins_bare_filter(const struct lexer *lexer)
{
    if (lexer->token.kind == TOKEN_QUOTED || lexer->token.kind == TOKEN_MARK) {
        return lexer->token.kind == TOKEN_QUOTED || !(lexer_is_mark(lexer, '|') ||
                                                      lexer_is_mark(lexer, ')') ||
                                                      lexer_is_mark(lexer, ','));
    }
    struct lexer behind = *lexer;
    struct query_error ignored = { 0 };
    behind.error = &ignored;
    return lexer->token.kind == TOKEN_WORD && lexer_next(&behind) &&
           lexer_is_joined_mark(&behind, ':');
}

static bool parse_pipe(struct parser *parser, struct pipe_list *list)
{
    struct lexer *lexer = &parser->lexer;
    size_t position = lexer->token.start;
    bool is_stats = lexer_is_word(lexer, "stats");
    if (is_stats || begins_stats_function(parser)) {
        struct pipe *pipe = add_pipe(parser, list, PIPE_STATS, position);
        return pipe != NULL && (!is_stats || lexer_next(lexer)) &&
               parse_stats(parser, &pipe->stats);
    }
    if (begins_bare_filter(lexer)) {
        struct pipe *pipe = add_pipe(parser, list, PIPE_FILTER, position);
        return pipe != NULL && parse_filter_pipe(parser, pipe);
    }
    struct lexer name = *lexer;
    if (lexer->token.kind != TOKEN_WORD) {
        return lexer_expected(lexer, PIPE_NAMES);
    }
    struct pipe *pipe = add_pipe(parser, list, PIPE_FILTER, position);
    if (pipe == NULL || !lexer_next(lexer)) {
        return false;
    }
    if (is_any_word(&name, "filter", "where")) {
        return parse_filter_pipe(parser, pipe);
    }
    if (is_any_word(&name, "sort", "order")) {
        pipe->kind = PIPE_SORT;
        return parse_sort(parser, pipe);
    }
    if (is_any_word(&name, "fields", "keep")) {
        pipe->kind = PIPE_FIELDS;
        return parser_take_names(parser, true, &pipe->fields);
    }
    if (is_any_word(&name, "limit", "head")) {
        pipe->kind = PIPE_LIMIT;
        return parser_take_count(parser, &pipe->count);
    }
    if (is_any_word(&name, "offset", "skip")) {
        pipe->kind = PIPE_OFFSET;
        return parser_take_count(parser, &pipe->count);
    }
    pipe->kind = PIPE_STATS;
    if (lexer_is_word(&name, "top")) {
        return parse_top(parser, list, pipe);
    }
    if (lexer_is_word(&name, "uniq")) {
        return parse_uniq(parser, list, pipe);
    }
    return lexer_expected(&name, PIPE_NAMES);
}

bool parse_pipes(struct parser *parser, struct pipe_list *pipes)
{
    struct lexer *lexer = &parser->lexer;
    *pipes = (struct pipe_list){ 0 };
    // One more for the `limit` of a request.
    pipes->pipes = parser_alloc(parser, (parser->limits->pipes + 1) * sizeof(*pipes->pipes));
    if (pipes->pipes == NULL) {
        return false;
    }
    while (lexer->token.kind != TOKEN_END) {
        if (!parser_take_mark(parser, '|', "`|` and a pipe, or the end of the query") ||
            !parse_pipe(parser, pipes)) {
            return false;
        }
    }
    return true;
}
