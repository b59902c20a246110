// SPDX-License-Identifier: MIT
// query.c: a query, from its text to a plan.

#include "query/plan.h"

#include "query/hash.h"

#include <stdlib.h>

// What the text of a query may grow to when it is taken apart; the text itself has a limit.
#define QUERY_ARENA_LIMIT ((size_t)64 * 1024 * 1024)

// Pipes that stand behind those of the text when a query asks another question.
#define QUESTION_PIPES 4

static bool parse(struct query *query, int64_t now_ns, struct query_error *error)
{
    struct parser parser = {
        .arena = &query->arena,
        .limits = &query->limits,
        .error = error,
        .now_ns = now_ns,
        .seed = query->seed,
        .regexes = query->regexes,
    };
    bool parsed = lexer_init(&parser.lexer, query->text, &query->arena, error);
    if (parsed) {
        query->filter = parse_filter(&parser);
        parsed = query->filter != NULL && parse_pipes(&parser, &query->pipes);
    }
    query->regex_count = parser.regex_count;
    return parsed;
}

static bool compile(struct query *query, struct bytes text, int64_t now_ns,
                    struct query_error *error)
{
    query->text = arena_copy(&query->arena, text);
    size_t regexes = query->limits.regexes * sizeof(struct regex *);
    query->regexes = arena_alloc(&query->arena, regexes, _Alignof(struct regex *));
    if (query->text.ptr == NULL || query->regexes == NULL) {
        return query_error_set(error, 0, "out of memory for the query");
    }
    return parse(query, now_ns, error) && query_plan(query, error);
}

struct query *query_compile(struct bytes text, const struct query_limits *limits, int64_t now_ns,
                            struct query_error *error)
{
    *error = (struct query_error){ 0 };
    if (text.len > limits->length) {
        query_error_set(error, limits->length,
                        "the query has %zu bytes, the limit is %zu (--max-query)", text.len,
                        limits->length);
        return NULL;
    }
    struct query *query = calloc(1, sizeof(*query));
    if (query == NULL) {
        query_error_set(error, 0, "out of memory for the query");
        return NULL;
    }
    arena_init(&query->arena, QUERY_ARENA_LIMIT);
    query->limits = *limits;
    query->seed = hash_seed(query, now_ns);
    if (!compile(query, text, now_ns, error)) {
        query_free(query);
        return NULL;
    }
    return query;
}

void query_free(struct query *query)
{
    if (query == NULL) {
        return;
    }
    for (unsigned i = 0; i < query->regex_count; i++) {
        regex_free(query->regexes[i]);
    }
    field_set_free(&query->fields);
    arena_free(&query->arena);
    free(query);
}

// ---- changes

static bool out_of_memory(struct query_error *error)
{
    return query_error_set(error, 0, "out of memory for the query");
}

static void *query_alloc(struct query *query, size_t bytes)
{
    void *block = arena_alloc(&query->arena, bytes, _Alignof(max_align_t));
    if (block != NULL) {
        memset(block, 0, bytes);
    }
    return block;
}

// The filter of the query and another one, which is asked first.
static bool add_filter(struct query *query, const struct filter *filter)
{
    struct filter *copy = query_alloc(query, sizeof(*copy));
    struct filter *both = query_alloc(query, sizeof(*both));
    struct filter **items = query_alloc(query, 2 * sizeof(*items));
    if (copy == NULL || both == NULL || items == NULL) {
        return false;
    }
    *copy = *filter;
    items[0] = copy;
    items[1] = query->filter;
    both->kind = FILTER_AND;
    both->list.items = items;
    both->list.count = 2;
    query->filter = both;
    return true;
}

bool query_add_time_range(struct query *query, int64_t from_ns, int64_t to_ns,
                          struct query_error *error)
{
    *error = (struct query_error){ 0 };
    const struct filter range = {
        .kind = FILTER_TIME,
        .field = bytes_of("_time"),
        .time = { .from = from_ns, .to = to_ns },
    };
    return add_filter(query, &range) ? query_plan(query, error) : out_of_memory(error);
}

static bool keeps_time(const struct name_list *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        if (bytes_equal(fields->names[i], bytes_of("_time"))) {
            return true;
        }
    }
    return false;
}

// Whether the rows are records that still know their time, in no order of their own.
static bool leaves_records(const struct pipe_list *pipes)
{
    for (unsigned i = 0; i < pipes->count; i++) {
        const struct pipe *pipe = &pipes->pipes[i];
        bool is_bound = pipe->kind == PIPE_LIMIT || pipe->kind == PIPE_OFFSET;
        if (pipe->kind != PIPE_FILTER && !is_bound &&
            (pipe->kind != PIPE_FIELDS || !keeps_time(&pipe->fields))) {
            return false;
        }
    }
    return true;
}

bool query_set_newest_limit(struct query *query, uint64_t limit, struct query_error *error)
{
    *error = (struct query_error){ 0 };
    if (query->has_request_limit) {
        return query_error_set(error, 0, "the number of rows was limited before");
    }
    query->has_request_limit = true;
    struct pipe_list *pipes = &query->pipes;
    struct pipe pipe = { .kind = PIPE_LIMIT, .position = query->text.len, .count = limit };
    if (leaves_records(pipes)) {
        pipe.kind = PIPE_NEWEST;
        // A limit that the text asks for may choose its rows: so it chooses the newest as well.
        for (unsigned i = 0; i < pipes->count; i++) {
            if (pipes->pipes[i].kind == PIPE_LIMIT) {
                pipes->pipes[i].kind = PIPE_NEWEST;
            }
        }
    }
    pipes->pipes[pipes->count++] = pipe;
    return query_plan(query, error);
}

// ---- other questions

// Keeps the `filter` pipes directly behind the filter, and makes room for others.
static bool drop_pipes(struct query *query)
{
    unsigned kept = 0;
    while (kept < query->pipes.count && query->pipes.pipes[kept].kind == PIPE_FILTER) {
        kept++;
    }
    struct pipe *pipes = query_alloc(query, (kept + QUESTION_PIPES) * sizeof(*pipes));
    if (pipes == NULL) {
        return false;
    }
    if (kept > 0) {
        memcpy(pipes, query->pipes.pipes, kept * sizeof(*pipes));
    }
    query->pipes = (struct pipe_list){ .pipes = pipes, .count = kept };
    return true;
}

static struct pipe *append_pipe(struct query *query, enum pipe_kind kind)
{
    struct pipe *pipe = &query->pipes.pipes[query->pipes.count++];
    *pipe = (struct pipe){ .kind = kind, .position = query->text.len };
    return pipe;
}

// stats by (keys) count() as hits
static bool append_count(struct query *query, struct stats_key *keys, unsigned key_count)
{
    struct stats_function *count = query_alloc(query, sizeof(*count));
    if (count == NULL) {
        return false;
    }
    *count = (struct stats_function){ .kind = FUNCTION_COUNT, .name = bytes_of("hits") };
    append_pipe(query, PIPE_STATS)->stats = (struct stats_pipe){
        .keys = keys,
        .key_count = key_count,
        .functions = count,
        .function_count = 1,
    };
    return true;
}

// sort by (hits desc)
static bool append_most_frequent_first(struct query *query, uint64_t limit)
{
    struct sort_key *key = query_alloc(query, sizeof(*key));
    if (key == NULL) {
        return false;
    }
    *key = (struct sort_key){ .field = bytes_of("hits"), .descending = true };
    append_pipe(query, PIPE_SORT)->sort = (struct sort_pipe){
        .keys = key,
        .key_count = 1,
        .is_limited = limit > 0,
        .limit = limit,
    };
    return true;
}

static bool check_hits_fields(const struct bytes *fields, unsigned count,
                              struct query_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        bool is_free = fields[i].len > 0 && !bytes_equal(fields[i], bytes_of("_time")) &&
                       !bytes_equal(fields[i], bytes_of("hits"));
        for (unsigned j = 0; j < i; j++) {
            is_free = is_free && !bytes_equal(fields[i], fields[j]);
        }
        if (!is_free) {
            char excerpt[QUERY_EXCERPT_LIMIT];
            return query_error_set(error, 0, "hits cannot be split by the field `%s`",
                                   query_excerpt(fields[i], excerpt));
        }
    }
    return true;
}

// Keys of stats and of sort: the fields, and then the time.
static bool set_hits_keys(struct query *query, int64_t step_ns, const struct bytes *fields,
                          unsigned field_count)
{
    struct stats_key *keys = query_alloc(query, (field_count + 1) * sizeof(*keys));
    struct sort_key *sort_keys = query_alloc(query, (field_count + 1) * sizeof(*sort_keys));
    if (keys == NULL || sort_keys == NULL) {
        return false;
    }
    keys[0] = (struct stats_key){
        .field = bytes_of("_time"),
        .bucket = BUCKET_TIME,
        .step_ns = step_ns,
    };
    sort_keys[field_count].field = keys[0].field;
    for (unsigned i = 0; i < field_count; i++) {
        struct bytes name = arena_copy(&query->arena, fields[i]);
        if (name.ptr == NULL) {
            return false;
        }
        keys[i + 1].field = name;
        sort_keys[i].field = name;
    }
    if (!append_count(query, keys, field_count + 1)) {
        return false;
    }
    append_pipe(query, PIPE_SORT)->sort =
        (struct sort_pipe){ .keys = sort_keys, .key_count = field_count + 1 };
    return true;
}

bool query_make_hits(struct query *query, int64_t step_ns, const struct bytes *fields,
                     unsigned field_count, struct query_error *error)
{
    *error = (struct query_error){ 0 };
    if (step_ns <= 0) {
        return query_error_set(error, 0, "expected a step above 0 for hits");
    }
    if (!check_hits_fields(fields, field_count, error)) {
        return false;
    }
    const struct filter has_time = {
        .kind = FILTER_TIME,
        .field = bytes_of("_time"),
        .time = { .from = INT64_MIN, .to = INT64_MAX },
    };
    if (!drop_pipes(query) || !add_filter(query, &has_time) ||
        !set_hits_keys(query, step_ns, fields, field_count)) {
        return out_of_memory(error);
    }
    return query_plan(query, error);
}

bool query_make_field_names(struct query *query, uint64_t limit, struct query_error *error)
{
    *error = (struct query_error){ 0 };
    if (!drop_pipes(query)) {
        return out_of_memory(error);
    }
    append_pipe(query, PIPE_NAMES);
    return append_most_frequent_first(query, limit) ? query_plan(query, error)
                                                    : out_of_memory(error);
}

bool query_make_field_values(struct query *query, struct bytes field, uint64_t limit,
                             struct query_error *error)
{
    *error = (struct query_error){ 0 };
    if (field.len == 0 || bytes_equal(field, bytes_of("hits"))) {
        return query_error_set(error, 0, "expected the name of a field other than `hits`");
    }
    struct stats_key *key = query_alloc(query, sizeof(*key));
    struct bytes name = arena_copy(&query->arena, field);
    if (key == NULL || name.ptr == NULL || !drop_pipes(query)) {
        return out_of_memory(error);
    }
    key->field = name;
    const struct filter present = { .kind = FILTER_PRESENT, .field = name };
    if (!add_filter(query, &present) || !append_count(query, key, 1) ||
        !append_most_frequent_first(query, limit)) {
        return out_of_memory(error);
    }
    return query_plan(query, error);
}

// ---- questions about the query

bool query_is_streaming(const struct query *query)
{
    return query->stage_count == 0;
}

bool query_has_plain_records(const struct query *query)
{
    return query->out.is_open;
}

bool query_aggregates(const struct query *query)
{
    for (unsigned i = 0; i < query->stage_count; i++) {
        if (query->stages[i].kind == STAGE_STATS || query->stages[i].kind == STAGE_NAMES) {
            return true;
        }
    }
    return false;
}
