// SPDX-License-Identifier: MIT
// stats_parser.c: `stats by (keys) function(fields) if (filter) as name, ...`.

#include "query/parser.h"

#include "data/timestamp.h"
#include "query/quantity.h"

static const struct {
    const char *name;
    enum function_kind kind;
    bool takes_phi;
} functions[] = {
    { "count", FUNCTION_COUNT, false },       { "count_uniq", FUNCTION_COUNT_UNIQ, false },
    { "sum", FUNCTION_SUM, false },           { "avg", FUNCTION_AVG, false },
    { "min", FUNCTION_MIN, false },           { "max", FUNCTION_MAX, false },
    { "median", FUNCTION_QUANTILE, false },   { "quantile", FUNCTION_QUANTILE, true },
};

#define FUNCTION_NAMES "count, count_uniq, sum, avg, min, max, median or quantile"
#define FUNCTION_COUNT_OF (sizeof(functions) / sizeof(functions[0]))

static size_t function_at(const struct lexer *lexer)
{
    size_t i = 0;
    while (i < FUNCTION_COUNT_OF && !lexer_is_word(lexer, functions[i].name)) {
        i++;
    }
    return i;
}

bool begins_stats_function(const struct parser *parser)
{
    struct lexer behind = parser->lexer;
    struct query_error ignored = { 0 };
    behind.error = &ignored;
    return function_at(&parser->lexer) < FUNCTION_COUNT_OF && lexer_next(&behind) &&
           lexer_is_joined_mark(&behind, '(');
}

// ---- names of results

// A text that is put together in the memory of the query.
struct text_builder {
    char *text;
    size_t length;
    size_t capacity;
    bool failed;
};

static void add_text(struct parser *parser, struct text_builder *builder, struct bytes more)
{
    if (builder->capacity - builder->length < more.len) {
        size_t capacity = (builder->capacity + more.len) * 2;
        char *grown = parser_alloc(parser, capacity);
        builder->failed |= grown == NULL;
        if (grown == NULL) {
            return;
        }
        if (builder->length > 0) {
            memcpy(grown, builder->text, builder->length);
        }
        builder->text = grown;
        builder->capacity = capacity;
    }
    if (more.len > 0) {
        memcpy(builder->text + builder->length, more.ptr, more.len);
        builder->length += more.len;
    }
}

// Field names that are no single word stand in quotes.
static bool needs_quotes(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c == 0x7F || strchr("()[]{},|*:\"'`#\\", c) != NULL) {
            return true;
        }
    }
    return strchr("=<>~!-", name.ptr[0]) != NULL;
}

static void add_name(struct parser *parser, struct text_builder *builder, struct bytes name)
{
    if (!needs_quotes(name)) {
        add_text(parser, builder, name);
        return;
    }
    add_text(parser, builder, bytes_of("\""));
    for (size_t i = 0; i < name.len; i++) {
        struct bytes byte = { .ptr = name.ptr + i, .len = 1 };
        if (*byte.ptr == '"' || *byte.ptr == '\\') {
            add_text(parser, builder, bytes_of("\\"));
        }
        add_text(parser, builder, byte);
    }
    add_text(parser, builder, bytes_of("\""));
}

// What a result is called when nothing else was said: `quantile(0.5, f) if (x)`.
struct canonical_parts {
    const char *function;
    struct bytes phi;       // empty without
    struct bytes condition; // as written, empty without
};

static bool set_canonical_name(struct parser *parser, const struct canonical_parts *parts,
                               struct stats_function *function)
{
    struct text_builder builder = { 0 };
    add_text(parser, &builder, bytes_of(parts->function));
    add_text(parser, &builder, bytes_of("("));
    add_text(parser, &builder, parts->phi);
    for (unsigned i = 0; i < function->fields.count; i++) {
        add_text(parser, &builder, bytes_of(i == 0 && parts->phi.len == 0 ? "" : ", "));
        add_name(parser, &builder, function->fields.names[i]);
    }
    add_text(parser, &builder, bytes_of(")"));
    if (function->condition != NULL) {
        add_text(parser, &builder, bytes_of(" if ("));
        add_text(parser, &builder, parts->condition);
        add_text(parser, &builder, bytes_of(")"));
    }
    function->name = (struct bytes){ .ptr = builder.text, .len = builder.length };
    return !builder.failed;
}

// ---- functions

static bool take_phi(struct parser *parser, struct stats_function *function, struct bytes *written)
{
    static const char expected[] = "a number from 0 to 1 as first argument of quantile";
    struct number phi;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, expected, written)) {
        return false;
    }
    if (number_parse(*written, &phi)) {
        function->phi = number_to_double(&phi);
        if (function->phi >= 0 && function->phi <= 1) {
            return parser_take_mark(parser, ',', "`,` and a field behind the first argument of "
                                                 "quantile");
        }
    }
    return query_error_set(parser->error, position, "expected %s", expected);
}

// From behind the `(` to behind the `)`.
static bool parse_arguments(struct parser *parser, struct stats_function *function)
{
    struct lexer *lexer = &parser->lexer;
    if (function->kind == FUNCTION_COUNT) {
        if (lexer_is_mark(lexer, '*') && !lexer_next(lexer)) {
            return false;
        }
        if (lexer_is_mark(lexer, ')')) {
            return lexer_next(lexer);
        }
    }
    return parser_take_names(parser, false, &function->fields) &&
           parser_take_mark(parser, ')', "`,` or `)` behind a field name");
}

// `if (filter)`, when it is there.
static bool parse_condition(struct parser *parser, struct stats_function *function,
                            struct bytes *written)
{
    struct lexer *lexer = &parser->lexer;
    if (!lexer_is_word(lexer, "if")) {
        return true;
    }
    if (!lexer_next(lexer) || !parser_take_mark(parser, '(', "`(` behind if")) {
        return false;
    }
    const char *begin = lexer->query.ptr + lexer->token.start;
    function->condition = parse_filter(parser);
    if (function->condition == NULL) {
        return false;
    }
    const char *end = lexer->query.ptr + lexer->token.start;
    while (end > begin && strchr(" \t\r\n", end[-1]) != NULL) {
        end--;
    }
    *written = bytes_between(begin, end);
    return parser_take_mark(parser, ')', "`)` behind the filter of if");
}

static bool parse_function(struct parser *parser, struct stats_function *function)
{
    struct lexer *lexer = &parser->lexer;
    size_t which = function_at(lexer);
    if (which == FUNCTION_COUNT_OF) {
        return lexer_expected(lexer, "a function: " FUNCTION_NAMES);
    }
    struct canonical_parts parts = { .function = functions[which].name };
    function->kind = functions[which].kind;
    function->phi = 0.5;
    if (!lexer_next(lexer) || !parser_take_mark(parser, '(', "`(` behind the function")) {
        return false;
    }
    if (functions[which].takes_phi && !take_phi(parser, function, &parts.phi)) {
        return false;
    }
    if (!parse_arguments(parser, function) ||
        !parse_condition(parser, function, &parts.condition)) {
        return false;
    }
    bool has_as = lexer_is_word(lexer, "as");
    if (has_as && !lexer_next(lexer)) {
        return false;
    }
    bool is_name = lexer->token.kind == TOKEN_WORD || lexer->token.kind == TOKEN_QUOTED;
    if (has_as || is_name) {
        return parser_take_name(parser, "a name for the result", &function->name);
    }
    return set_canonical_name(parser, &parts, function);
}

// ---- keys

static bool take_time_step(struct parser *parser, struct stats_key *key)
{
    static const char expected[] = "a step above 0 as 1s, 5m, 1h or 1d";
    static const struct {
        const char *name;
        int64_t ns;
    } named[] = {
        { "nanosecond", 1 },          { "microsecond", 1000 },
        { "millisecond", 1000000 },   { "second", INT64_C(1000000000) },
        { "minute", INT64_C(60000000000) }, { "hour", INT64_C(3600000000000) },
        { "day", INT64_C(86400000000000) }, { "week", INT64_C(604800000000000) },
    };
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (lexer_is_word(&parser->lexer, named[i].name)) {
            key->step_ns = named[i].ns;
            return lexer_next(&parser->lexer);
        }
    }
    struct bytes text;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, expected, &text)) {
        return false;
    }
    if (!duration_parse(text, &key->step_ns) || key->step_ns <= 0) {
        char excerpt[QUERY_EXCERPT_LIMIT];
        return query_error_set(parser->error, position, "expected %s, found `%s`", expected,
                               query_excerpt(text, excerpt));
    }
    return true;
}

static bool take_number_step(struct parser *parser, struct stats_key *key)
{
    static const char expected[] = "a step above 0 as 100, 0.5 or 10KB";
    struct bytes text;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, expected, &text)) {
        return false;
    }
    struct number zero = number_of_int64(0);
    if (!quantity_parse(text, parser->arena, &key->step) ||
        number_compare(&key->step, &zero) <= 0) {
        char excerpt[QUERY_EXCERPT_LIMIT];
        return query_error_set(parser->error, position, "expected %s, found `%s`", expected,
                               query_excerpt(text, excerpt));
    }
    return true;
}

static bool parse_key(struct parser *parser, struct stats_key *key)
{
    struct lexer *lexer = &parser->lexer;
    if (!parser_take_name(parser, "a field name", &key->field)) {
        return false;
    }
    if (!lexer_is_mark(lexer, ':')) {
        return true;
    }
    if (!lexer_next(lexer)) {
        return false;
    }
    if (bytes_equal(key->field, bytes_of("_time"))) {
        key->bucket = BUCKET_TIME;
        return take_time_step(parser, key);
    }
    key->bucket = BUCKET_NUMBER;
    return take_number_step(parser, key);
}

// From behind the `(` to behind the `)`.
static bool parse_keys(struct parser *parser, struct stats_pipe *stats)
{
    struct lexer *lexer = &parser->lexer;
    stats->keys = parser_alloc(parser, parser->limits->columns * sizeof(*stats->keys));
    if (stats->keys == NULL) {
        return false;
    }
    for (;;) {
        if (lexer_is_mark(lexer, ')')) {
            return lexer_next(lexer);
        }
        if (stats->key_count == parser->limits->columns) {
            return query_error_set(parser->error, lexer->token.start, "more than %u fields in by, "
                                   "which is the limit", parser->limits->columns);
        }
        if (!parse_key(parser, &stats->keys[stats->key_count++])) {
            return false;
        }
        if (!lexer_is_mark(lexer, ')') &&
            !parser_take_mark(parser, ',', "`,` or `)` behind a field of by")) {
            return false;
        }
    }
}

// ---- all of it

// No two columns of the result may have the same name.
static bool check_names(struct parser *parser, const struct stats_pipe *stats, size_t position)
{
    unsigned total = stats->key_count + stats->function_count;
    for (unsigned i = 0; i < total; i++) {
        struct bytes name = i < stats->key_count ? stats->keys[i].field
                                                 : stats->functions[i - stats->key_count].name;
        for (unsigned j = 0; j < i; j++) {
            struct bytes other = j < stats->key_count
                                     ? stats->keys[j].field
                                     : stats->functions[j - stats->key_count].name;
            if (bytes_equal(name, other)) {
                char excerpt[QUERY_EXCERPT_LIMIT];
                return query_error_set(parser->error, position, "expected different names for the "
                                       "columns of stats, found `%s` twice: rename one with `as`",
                                       query_excerpt(name, excerpt));
            }
        }
    }
    return true;
}

bool parse_stats(struct parser *parser, struct stats_pipe *stats)
{
    struct lexer *lexer = &parser->lexer;
    size_t position = lexer->token.start;
    bool has_by = lexer_is_word(lexer, "by");
    if (has_by && !lexer_next(lexer)) {
        return false;
    }
    if (has_by || lexer_is_mark(lexer, '(')) {
        if (!parser_take_mark(parser, '(', "`(` behind by") || !parse_keys(parser, stats)) {
            return false;
        }
    }
    stats->functions =
        parser_alloc(parser, parser->limits->columns * sizeof(*stats->functions));
    if (stats->functions == NULL) {
        return false;
    }
    for (;;) {
        if (stats->function_count == parser->limits->columns) {
            return query_error_set(parser->error, lexer->token.start, "more than %u functions in "
                                   "one stats, which is the limit", parser->limits->columns);
        }
        if (!parse_function(parser, &stats->functions[stats->function_count++])) {
            return false;
        }
        if (!lexer_is_mark(lexer, ',')) {
            return check_names(parser, stats, position);
        }
        if (!lexer_next(lexer)) {
            return false;
        }
    }
}
