// SPDX-License-Identifier: MIT
// time_parser.c: what may stand behind `_time:`.

#include "query/parser.h"

#include "data/timestamp.h"
#include "query/time_bound.h"

#define EXPECTED_TIME \
    "a time as 5m, 2026-11-22Z, 2026-11-22T10:11:12Z, now-1h or a Unix time"

struct time_span {
    int64_t from;
    int64_t to;
};

static bool take_bound(struct parser *parser, struct time_span *span)
{
    struct bytes text;
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, EXPECTED_TIME, &text)) {
        return false;
    }
    if (!time_bound_parse(text, parser->now_ns, &span->from, &span->to)) {
        char excerpt[QUERY_EXCERPT_LIMIT];
        return query_error_set(parser->error, position, "expected %s, found `%s`", EXPECTED_TIME,
                               query_excerpt(text, excerpt));
    }
    return true;
}

// [a, b], [a, b), (a, b], (a, b): a bound covers its unit, and is excluded with all of it.
static bool parse_span(struct parser *parser, struct filter *filter)
{
    struct time_span low;
    struct time_span high;
    bool low_excluded = lexer_is_mark(&parser->lexer, '(');
    if (!lexer_next(&parser->lexer) || !take_bound(parser, &low) ||
        !parser_take_mark(parser, ',', "`,` between the two times") || !take_bound(parser, &high)) {
        return false;
    }
    bool high_excluded = lexer_is_mark(&parser->lexer, ')');
    if (!high_excluded && !lexer_is_mark(&parser->lexer, ']')) {
        return lexer_expected(&parser->lexer, "`]` or `)` behind the two times");
    }
    filter->time.from = low_excluded ? time_add(low.to, 1) : low.from;
    filter->time.to = high_excluded ? time_subtract(high.from, 1) : high.to;
    return lexer_next(&parser->lexer);
}

// >a, >=a, <a, <=a. A duration is an age: `>1h` is older than one hour.
static bool parse_comparison(struct parser *parser, struct filter *filter)
{
    bool above = parser->lexer.token.mark == '>';
    bool included = false;
    if (!lexer_next(&parser->lexer)) {
        return false;
    }
    if (lexer_is_joined_mark(&parser->lexer, '=')) {
        included = true;
        if (!lexer_next(&parser->lexer)) {
            return false;
        }
    }
    struct time_span span;
    int64_t age;
    struct lexer before = parser->lexer;
    struct bytes text;
    bool is_age = lexer_take_value(&parser->lexer, EXPECTED_TIME, &text) &&
                  duration_parse(text, &age);
    parser->lexer = before;
    if (!take_bound(parser, &span)) {
        return false;
    }
    filter->time.from = INT64_MIN;
    filter->time.to = INT64_MAX;
    if (above != is_age) {
        filter->time.from = included ? span.from : time_add(span.to, 1);
    } else {
        filter->time.to = included ? span.to : time_subtract(span.from, 1);
    }
    return true;
}

// A duration reaches from that long ago, excluded, to now; everything else is its unit.
static bool parse_unit(struct parser *parser, struct filter *filter)
{
    struct lexer before = parser->lexer;
    struct bytes text;
    int64_t age;
    if (!lexer_take_value(&parser->lexer, EXPECTED_TIME, &text)) {
        return false;
    }
    bool is_age = duration_parse(text, &age);
    parser->lexer = before;
    struct time_span span;
    if (!take_bound(parser, &span)) {
        return false;
    }
    filter->time.from = is_age ? time_add(span.from, 1) : span.from;
    filter->time.to = is_age ? parser->now_ns : span.to;
    return true;
}

// `offset 1h` moves the whole back in time.
static bool parse_offset(struct parser *parser, struct filter *filter)
{
    struct bytes text;
    int64_t offset;
    if (!lexer_next(&parser->lexer)) {
        return false;
    }
    size_t position = parser->lexer.token.start;
    if (!lexer_take_value(&parser->lexer, "a duration as 1h behind `offset`", &text)) {
        return false;
    }
    if (!duration_parse(text, &offset)) {
        return query_error_set(parser->error, position,
                               "expected a duration as 1h or 90m behind `offset`");
    }
    if (filter->time.from != INT64_MIN) {
        filter->time.from = time_subtract(filter->time.from, offset);
    }
    if (filter->time.to != INT64_MAX) {
        filter->time.to = time_subtract(filter->time.to, offset);
    }
    return true;
}

bool opens_time_range(const struct parser *parser)
{
    const struct lexer *lexer = &parser->lexer;
    if (lexer_is_mark(lexer, '[')) {
        return true;
    }
    if (!lexer_is_mark(lexer, '(')) {
        return false;
    }
    for (size_t at = lexer->token.end; at < lexer->query.len; at++) {
        char c = lexer->query.ptr[at];
        if (c == ',') {
            return true;
        }
        if (c == '(' || c == '[' || c == ')' || c == ']' || c == '|') {
            return false;
        }
    }
    return false;
}

bool parse_time_filter(struct parser *parser, struct filter *filter)
{
    filter->kind = FILTER_TIME;
    bool parsed;
    if (opens_time_range(parser)) {
        parsed = parse_span(parser, filter);
    } else if (lexer_is_mark(&parser->lexer, '>') || lexer_is_mark(&parser->lexer, '<')) {
        parsed = parse_comparison(parser, filter);
    } else if (lexer_is_word(&parser->lexer, "day_range") ||
               lexer_is_word(&parser->lexer, "week_range")) {
        return lexer_expected(&parser->lexer, EXPECTED_TIME
                              " (day_range and week_range are not supported)");
    } else {
        parsed = parse_unit(parser, filter);
    }
    if (parsed && lexer_is_word(&parser->lexer, "offset")) {
        return parse_offset(parser, filter);
    }
    return parsed;
}
