// SPDX-License-Identifier: MIT
// selection_arguments.c: the arguments of a request for records.

#include "data/timestamp.h"
#include "query/time_bound.h"
#include "serve/selection.h"
#include "serve/server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define STEP_DEFAULT_NS (INT64_C(24) * 3600 * SPG_S)

// The reading of one request.
struct reader {
    struct selection *selection;
    const struct server *server;
    const struct form *form;
    char *error;
    int64_t now_ns;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct reader *reader, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reader->error, SELECTION_ERROR_LIMIT, format, arguments);
    va_end(arguments);
    return false;
}

static bool fail_argument(struct reader *reader, const char *name, struct bytes value,
                          const char *expected)
{
    char excerpt[QUERY_EXCERPT_LIMIT];
    return fail(reader, "argument %s: expected %s, found `%s`", name, expected,
                query_excerpt(value, excerpt));
}

// An argument that is empty counts as not given.
static bool has_argument(const struct reader *reader, const char *name, struct bytes *value)
{
    return form_find(reader->form, name, value) && value->len > 0;
}

static bool read_count(struct reader *reader, const char *name, uint64_t *count)
{
    struct bytes value;
    *count = 0;
    if (!has_argument(reader, name, &value)) {
        return true;
    }
    for (size_t i = 0; i < value.len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)value.ptr[i] - '0';
        if (digit > 9 || *count > (UINT64_MAX - digit) / 10) {
            return fail_argument(reader, name, value, "a count");
        }
        *count = *count * 10 + digit;
    }
    return true;
}

// A duration with its unit, or a number of seconds.
static bool read_duration(struct reader *reader, const char *name, int64_t *ns)
{
    struct bytes value;
    if (!has_argument(reader, name, &value)) {
        return true;
    }
    char seconds[32];
    int64_t read = 0;
    bool is_read = duration_parse(value, &read);
    if (!is_read && value.len < sizeof seconds - 1) {
        memcpy(seconds, value.ptr, value.len);
        seconds[value.len] = 's';
        is_read = duration_parse((struct bytes){seconds, value.len + 1}, &read);
    }
    if (!is_read || read <= 0) {
        return fail_argument(reader, name, value, "a duration above 0, as 30s or 1h");
    }
    *ns = read;
    return true;
}

static bool read_bound(struct reader *reader, const char *name, bool is_end, int64_t *bound)
{
    struct bytes value;
    int64_t from;
    int64_t to;
    if (!has_argument(reader, name, &value)) {
        return true;
    }
    if (!time_bound_parse(value, reader->now_ns, &from, &to)) {
        return fail_argument(reader, name, value,
                             "a time (RFC 3339 or the beginning of it, Unix time, or a duration "
                             "before now)");
    }
    *bound = is_end ? to : from;
    return true;
}

static bool change_failed(struct reader *reader, const struct query_error *error)
{
    return fail(reader, "%s", error->text);
}

static bool add_times(struct reader *reader)
{
    int64_t from = INT64_MIN;
    int64_t to = INT64_MAX;
    if (!read_bound(reader, "start", false, &from) || !read_bound(reader, "end", true, &to)) {
        return false;
    }
    if (from == INT64_MIN && to == INT64_MAX) {
        return true;
    }
    struct query_error error = {0};
    return query_add_time_range(reader->selection->query, from, to, &error) ||
           change_failed(reader, &error);
}

static bool add_limit(struct reader *reader)
{
    uint64_t limit;
    struct query_error error = {0};
    if (!read_count(reader, "limit", &limit)) {
        return false;
    }
    return limit == 0 || query_set_newest_limit(reader->selection->query, limit, &error) ||
           change_failed(reader, &error);
}

// VictoriaLogs shifts buckets by it; ours count from the epoch. No shift is what we do.
static bool refuse_offset(struct reader *reader)
{
    struct bytes value;
    int64_t ns = 0;
    if (!has_argument(reader, "offset", &value) || bytes_equal(value, bytes_of("0")) ||
        (duration_parse(value, &ns) && ns == 0)) {
        return true;
    }
    return fail_argument(reader, "offset", value, "none, or 0: steps count from the epoch in UTC");
}

static bool make_hits(struct reader *reader)
{
    int64_t step = STEP_DEFAULT_NS;
    if (!read_duration(reader, "step", &step) || !refuse_offset(reader) ||
        !read_count(reader, "fields_limit", &reader->selection->fields_limit)) {
        return false;
    }
    struct bytes fields[SELECTION_FIELDS_LIMIT];
    unsigned count = 0;
    for (size_t i = 0; i < reader->form->count; i++) {
        const struct form_argument *argument = &reader->form->arguments[i];
        if (!bytes_equal(argument->name, bytes_of("field")) || argument->value.len == 0) {
            continue;
        }
        if (count == SELECTION_FIELDS_LIMIT) {
            return fail(reader, "argument field stands there more than %d times",
                        SELECTION_FIELDS_LIMIT);
        }
        fields[count++] = argument->value;
    }
    struct query_error error = {0};
    return query_make_hits(reader->selection->query, step, fields, count, &error) ||
           change_failed(reader, &error);
}

static bool make_field_names(struct reader *reader)
{
    uint64_t limit;
    struct query_error error = {0};
    return read_count(reader, "limit", &limit) &&
           (query_make_field_names(reader->selection->query, limit, &error) ||
            change_failed(reader, &error));
}

static bool make_field_values(struct reader *reader)
{
    struct bytes field;
    uint64_t limit;
    if (!has_argument(reader, "field", &field)) {
        return fail(reader, "argument field is missing: the name of the field whose values are "
                            "asked for");
    }
    struct query_error error = {0};
    if (!read_count(reader, "limit", &limit)) {
        return false;
    }
    return query_make_field_values(reader->selection->query, field, limit, &error) ||
           change_failed(reader, &error);
}

static bool shape(struct reader *reader)
{
    switch (reader->selection->kind) {
    case SELECTION_ROWS:
        return add_limit(reader);
    case SELECTION_HITS:
        return make_hits(reader);
    case SELECTION_FIELD_NAMES:
        return make_field_names(reader);
    case SELECTION_FIELD_VALUES:
        return make_field_values(reader);
    }
    return false;
}

static bool compile(struct reader *reader)
{
    struct bytes text;
    if (!form_find(reader->form, "query", &text)) {
        return fail(reader, "argument query is missing");
    }
    struct query_limits limits = settings_query_limits(&reader->server->settings->common);
    struct query_error error = {0};
    if (text.len > limits.length) {
        reader->selection->refusal = 413;
        return fail(reader, "the query has %zu bytes, the limit is %zu (--max-query)", text.len,
                    limits.length);
    }
    reader->selection->query = query_compile(text, &limits, reader->now_ns, &error);
    return reader->selection->query != NULL ||
           fail(reader, "the query is wrong at byte %zu: %s", error.position, error.text);
}

bool selection_read(struct selection *selection, const struct server *server,
                    enum selection_kind kind, const struct form *form,
                    char error[SELECTION_ERROR_LIMIT])
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *selection = (struct selection){
        .kind = kind,
        .refusal = 400,
        .timeout_ns = (int64_t)server->settings->common.timeout_ms * SPG_MS,
    };
    struct reader reader = {
        .selection = selection,
        .server = server,
        .form = form,
        .error = error,
        .now_ns = now.tv_sec * SPG_S + now.tv_nsec,
    };
    if (read_duration(&reader, "timeout", &selection->timeout_ns) && compile(&reader) &&
        add_times(&reader) && shape(&reader)) {
        return true;
    }
    query_free(selection->query);
    selection->query = NULL;
    return false;
}
