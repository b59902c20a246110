// SPDX-License-Identifier: MIT
// meaning.h: what a compiled query means, as text that a test can compare.
#ifndef TESTS_LOGQ_QUERY_MEANING_H
#define TESTS_LOGQ_QUERY_MEANING_H

#include "query_support.h"

static inline void put_bytes(struct text *out, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char escaped[8];
        unsigned char c = (unsigned char)bytes.ptr[i];
        snprintf(escaped, sizeof(escaped), c < 0x20 ? "\\x%02x" : "%c", c);
        text_put(out, escaped);
    }
}

static inline void put_bound(struct text *out, const struct number_bound *bound)
{
    if (!bound->present) {
        text_put(out, "*");
        return;
    }
    char digits[32];
    number_format_double(number_to_double(&bound->number), digits);
    text_put(out, digits);
    text_put(out, bound->excluded ? "!" : "");
}

static inline void put_time(struct text *out, int64_t ns)
{
    char text[40];
    if (ns == INT64_MIN || ns == INT64_MAX) {
        text_put(out, "*");
        return;
    }
    timestamp_format(ns, text);
    text_put(out, text);
}

static inline void put_filter(struct text *out, const struct filter *filter)
{
    static const char *const names[] = {
        [FILTER_ALL] = "all",        [FILTER_AND] = "and",         [FILTER_OR] = "or",
        [FILTER_NOT] = "not",        [FILTER_PHRASE] = "phrase",   [FILTER_PHRASE_FOLD] = "fold",
        [FILTER_SUBSTRING] = "part", [FILTER_EXACT] = "exact",     [FILTER_EXACT_PREFIX] = "start",
        [FILTER_REGEX] = "regex",    [FILTER_MISSING] = "missing", [FILTER_PRESENT] = "present",
        [FILTER_RANGE] = "range",    [FILTER_IN] = "in",           [FILTER_TIME] = "time",
    };
    bool joins = filter->kind == FILTER_AND || filter->kind == FILTER_OR;
    text_put(out, "(");
    text_put(out, names[filter->kind]);
    if (filter->kind > FILTER_NOT && !bytes_equal(filter->field, bytes_of("_msg"))) {
        text_put(out, " ");
        put_bytes(out, filter->field);
        text_put(out, ":");
    }
    for (unsigned i = 0; joins && i < filter->list.count; i++) {
        text_put(out, " ");
        put_filter(out, filter->list.items[i]);
    }
    text_put(out, joins || filter->kind == FILTER_ALL ? "" : " ");
    switch (filter->kind) {
    case FILTER_NOT:
        put_filter(out, filter->item);
        break;
    case FILTER_PHRASE:
    case FILTER_PHRASE_FOLD:
        text_put(out, filter->phrase.guards_start ? "|" : "");
        put_bytes(out, filter->phrase.needle.text);
        text_put(out, filter->phrase.guards_end ? "|" : "");
        break;
    case FILTER_SUBSTRING:
        put_bytes(out, filter->phrase.needle.text);
        break;
    case FILTER_EXACT:
    case FILTER_EXACT_PREFIX:
        put_bytes(out, filter->text);
        break;
    case FILTER_REGEX:
        put_bytes(out, filter->regex.pattern);
        break;
    case FILTER_RANGE:
        put_bound(out, &filter->range.low);
        text_put(out, " ");
        put_bound(out, &filter->range.high);
        break;
    case FILTER_IN:
        for (uint32_t i = 0; i < filter->set.count; i++) {
            text_put(out, i == 0 ? "" : ",");
            put_bytes(out, filter->set.values[i]);
        }
        break;
    case FILTER_TIME:
        put_time(out, filter->time.from);
        text_put(out, " ");
        put_time(out, filter->time.to);
        break;
    default:
        break;
    }
    text_put(out, ")");
}

static inline char *filter_text(const char *query_text)
{
    struct query *query = compiled(query_text);
    struct text out = {0};
    put_filter(&out, query->filter);
    query_free(query);
    return out.ptr;
}

struct meaning {
    const char *query;
    const char *means;
};

static inline void check_meanings(const struct meaning *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *means = filter_text(table[i].query);
        ck_assert_msg(strcmp(means, table[i].means) == 0, "`%s` means %s, not %s", table[i].query,
                      means, table[i].means);
        free(means);
    }
}

#define CHECK_MEANINGS(table) check_meanings(table, sizeof(table) / sizeof((table)[0]))

#endif
