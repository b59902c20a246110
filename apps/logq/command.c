// SPDX-License-Identifier: MIT
// command.c: `logq QUERY FILE...`: one query, answered on standard output.

#include "command.h"

#include "query/table.h"
#include "row_pack.h"
#include "reason.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// A query up to this long is shown again below a message about it.
#define QUERY_SHOWN 160

// One answer on its way, on the task that runs the query.
struct answer {
    const struct settings *settings;
    const struct query *query;
    char *const *paths;
    size_t path_count;
    spg_fd out;
    bool is_terminal;
    struct writer writer;
    struct table table;
    struct row_sink sink;
    int exit_code;
    int output_error; // of writing the answer
};

// ---- out

static int write_out(void *ctx, struct bytes text)
{
    struct answer *answer = ctx;
    while (text.len > 0) {
        ssize_t bytes = spg_write_at(answer->out, text.ptr, text.len, SPG_CURRENT, SPG_NEVER);
        if (bytes < 0) {
            answer->output_error = (int)bytes;
            return (int)bytes;
        }
        text = bytes_from(text, (size_t)bytes);
    }
    return 0;
}

// Rows that leave the query as they are found.
static int write_rows(void *ctx, struct bytes text)
{
    struct answer *answer = ctx;
    return answer->is_terminal ? row_unpack(text, &answer->sink) : write_out(answer, text);
}

// ---- the run

static int fail(struct answer *answer, const char *what, const char *why)
{
    fprintf(stderr, "logq: %s%s%s\n", what, *why == '\0' ? "" : ": ", why);
    answer->exit_code = COMMAND_FAILED;
    return -1;
}

static void report_end(struct answer *answer, const struct run *run,
                       const struct source_set *sources, int result)
{
    char text[160];
    if (answer->output_error == -EPIPE) {
        answer->exit_code = COMMAND_FAILED;
    } else if (answer->output_error != 0) {
        (void)fail(answer, "standard output", reason_text(answer->output_error));
    } else if (result == -ETIME) {
        (void)snprintf(text, sizeof text,
                       "not done within %" PRIu64 " ms (--timeout): read %" PRIu64
                       " of %" PRIu64 " bytes",
                       answer->settings->timeout_ms, run_bytes(run), sources->bytes);
        (void)fail(answer, text, "");
    } else if (result < 0) {
        (void)fail(answer, run_failure(run, result), "");
    } else if (run_counts(run)->records_matched == 0 && !query_aggregates(answer->query)) {
        answer->exit_code = COMMAND_NOTHING;
    }
}

static void report_sources(struct answer *answer, const struct source_set *sources)
{
    if (sources->compressed > 0) {
        fprintf(stderr, "logq: %" PRIu64 " compressed %s skipped\n", sources->compressed,
                sources->compressed == 1 ? "file was" : "files were");
    }
    if (sources->faults > 0) {
        char more[64] = "";
        if (sources->faults > 1) {
            (void)snprintf(more, sizeof more, "; and %" PRIu64 " more like it",
                           sources->faults - 1);
        }
        fprintf(stderr, "logq: the answer is not of everything: %s%s\n", sources->fault, more);
        answer->exit_code = COMMAND_FAILED;
    }
}

static int finish(struct answer *answer, struct run *run)
{
    int result = run_finish(run, &answer->sink);
    if (result == 0 && answer->is_terminal) {
        result = table_end(&answer->table);
    }
    return result == 0 ? writer_flush(&answer->writer) : result;
}

static void carry_out(struct answer *answer, struct source_set *sources, struct buffers *buffers)
{
    struct run_options options = settings_run_options(answer->settings, buffers);
    struct run_output output = {
        .rows = answer->is_terminal ? RUN_ROWS_PACKED : RUN_ROWS_JSON,
        .write = write_rows,
        .ctx = answer,
    };
    struct run *run = run_new(answer->query, sources, &options, &output);
    if (run == NULL) {
        (void)fail(answer, "no memory to begin with", "");
        return;
    }
    writer_init(&answer->writer, WRITER_LIMIT_DEFAULT, write_out, answer);
    table_init(&answer->table, &answer->writer, TABLE_CELL_LIMIT_DEFAULT, run_budget(run));
    answer->sink = answer->is_terminal ? table_sink(&answer->table)
                                       : writer_json_sink(&answer->writer);
    int result = run_scan(run);
    if (result == 0) {
        result = finish(answer, run);
    }
    report_end(answer, run, sources, result);
    table_free(&answer->table);
    writer_free(&answer->writer);
    run_free(run);
}

// Opens the sources and answers from them, in a scope with the timeout.
static void answer_query(struct answer *answer, struct buffers *buffers)
{
    const struct source_options options = {.files_limit = (size_t)answer->settings->files_limit};
    struct source_set sources;
    source_init(&sources, &options);
    uint64_t timeout = answer->settings->timeout_ms;
    spg_scope scope;
    int result =
        spg_scope_open(&scope, timeout == 0 ? SPG_NEVER : spg_after((int64_t)timeout * SPG_MS));
    if (result == 0) {
        result = source_open_paths(&sources, answer->paths, answer->path_count);
        if (result == 0) {
            carry_out(answer, &sources, buffers);
        } else {
            (void)fail(answer, "the files could not be opened in time (--timeout)", "");
        }
        (void)spg_scope_close(&scope);
    }
    report_sources(answer, &sources);
    source_close(&sources);
}

static int root_task(void *arg)
{
    struct answer *answer = arg;
    int result = spg_fd_adopt(STDOUT_FILENO, &answer->out);
    if (result < 0) {
        return fail(answer, "standard output", reason_text(result));
    }
    struct buffers *buffers =
        buffers_new(spg_shards(spg_runtime()), settings_buffer_bytes(answer->settings));
    if (buffers == NULL) {
        (void)fail(answer, "no memory to begin with", "");
    } else {
        answer_query(answer, buffers);
    }
    buffers_free(buffers);
    (void)!spg_fd_release(answer->out);
    return 0;
}

// ---- from main

static struct query *compile(const struct settings *settings, const char *text)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct query_limits limits = settings_query_limits(settings);
    struct query_error error = {0};
    struct query *query = query_compile(bytes_of(text), &limits,
                                        now.tv_sec * SPG_S + now.tv_nsec, &error);
    if (query != NULL) {
        return query;
    }
    fprintf(stderr, "logq: the query is wrong at byte %zu: %s\n", error.position, error.text);
    bool is_one_line = strlen(text) <= QUERY_SHOWN;
    for (const char *at = text; is_one_line && *at != '\0'; at++) {
        is_one_line = *at >= ' ' && *at < 127;
    }
    if (is_one_line) {
        fprintf(stderr, "  %s\n  %*s^\n", text, (int)error.position, "");
    }
    return NULL;
}

int command_run(const struct settings *settings, const char *query_text, char *const *paths,
                size_t path_count)
{
    struct query *query = compile(settings, query_text);
    if (query == NULL) {
        return COMMAND_FAILED;
    }
    struct answer answer = {
        .settings = settings,
        .query = query,
        .paths = paths,
        .path_count = path_count,
        .is_terminal = isatty(STDOUT_FILENO) == 1,
    };
    char error_text[256] = "";
    const spg_options options =
        settings_runtime_options(settings, error_text, sizeof error_text);
    (void)signal(SIGPIPE, SIG_IGN); // a reader that goes away is an error of the write
    int result = spg_run(&options, root_task, &answer, NULL);
    query_free(query);
    if (result < 0) {
        return fail(&answer, *error_text == '\0' ? reason_text(result) : error_text, ""),
               COMMAND_FAILED;
    }
    if (answer.output_error == -EPIPE) {
        (void)signal(SIGPIPE, SIG_DFL);
        (void)raise(SIGPIPE); // end as programs in a pipe do
    }
    return answer.exit_code;
}
