// SPDX-License-Identifier: MIT
// selection.c: carries out a request for records and sends the answer.
//
// A scope with the deadline holds everything that works for the request: the wait for a place, the
// tasks that scan, and a task that watches the client and cancels the scope when it goes away. What
// remains to be said, an error or the trailers, is sent when the scope has been closed.

#include "serve/selection.h"

#include "query/answers.h"
#include "serve/reply.h"
#include "serve/server.h"
#include "reason.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>

#define STREAM_JSON "application/stream+json; charset=utf-8"
#define PLAIN_JSON "application/json; charset=utf-8"

// Rows are collected up to this size before they are sent.
#define ROWS_AT_ONCE ((size_t)64 * 1024)

static const char trailer_names[] =
    "Trailer: VL-Request-Duration-Seconds, Logq-Lines-Read, Logq-Lines-Unparsed, "
    "Logq-Lines-Skipped, Logq-Bytes-Read, Logq-Files-Skipped, Logq-Partial\r\n";

// One request at work.
struct work {
    struct connection *connection;
    struct server *server;
    struct selection selection;
    struct source_set sources;
    struct run *run;
    struct reply reply;
    struct writer writer;
    spg_scope *scope;
    atomic_bool is_gone; // the client is
    bool has_place;
    int source_error; // nothing could be opened
};

// ---- numbers about the answer

static void add_partial(struct text *text, const struct source_set *sources)
{
    char reason[SOURCE_FAULT_LIMIT + 64];
    int length = sources->faults == 1
                     ? snprintf(reason, sizeof reason, "%s", sources->fault)
                     : snprintf(reason, sizeof reason, "%s; and %" PRIu64 " more like it",
                                sources->fault, sources->faults - 1);
    if (sources->faults > 0 && length > 0) {
        http_field_write(text, "Logq-Partial", bytes_of(reason));
    }
}

static void add_numbers(struct work *work, struct text *text)
{
    const struct scan_counts *counts = run_counts(work->run);
    double seconds = (double)(spg_now() - work->connection->arrived) / 1e9;
    text_add_format(text,
                    "VL-Request-Duration-Seconds: %.6f\r\nLogq-Lines-Read: %" PRIu64
                    "\r\nLogq-Lines-Unparsed: %" PRIu64 "\r\nLogq-Lines-Skipped: %" PRIu64
                    "\r\nLogq-Bytes-Read: %" PRIu64 "\r\nLogq-Files-Skipped: %" PRIu64 "\r\n",
                    seconds, counts->lines_read, counts->lines_unparsed, counts->lines_skipped,
                    run_bytes(work->run), work->sources.compressed);
}

// ---- the client

// A client that has closed its side may be gone, or may have nothing more to say and wait for its
// answer: from here that looks the same, until something is sent to it. To one that is gone that is
// an error.
static int watch_client(void *arg)
{
    struct work *work = arg;
    // A connection whose reading side we have closed looks like one that the client has closed.
    unsigned events = work->connection->is_read_closed ? POLLERR : POLLRDHUP;
    int seen = spg_poll(work->connection->fd, events, SPG_NEVER);
    if (seen > 0 && !(seen & (POLLERR | POLLHUP))) {
        int probed = reply_probe(&work->reply);
        seen = probed == 0 ? spg_poll(work->connection->fd, POLLERR, SPG_NEVER)
               : probed == -ECANCELED || probed == -ETIME ? 0 // the answer is complete, or late
                                                          : POLLERR;
    }
    if (seen > 0) {
        atomic_store(&work->is_gone, true);
        (void)spg_scope_cancel(work->scope);
    }
    return 0;
}

// The zero handle when the client cannot be watched: then it is noticed when something is sent.
static spg_task start_watching(struct work *work)
{
    spg_task watcher = {0};
    spg_attr attr = {.name = "watch"};
    if (spg_spawn(&attr, watch_client, work, &watcher) < 0) {
        watcher = (spg_task){0};
    }
    return watcher;
}

static void stop_watching(spg_task watcher)
{
    if (watcher.v != 0) {
        (void)spg_cancel(watcher);
        (void)spg_detach(watcher);
    }
}

// ---- the run

static int write_text(void *ctx, struct bytes text)
{
    struct work *work = ctx;
    return reply_write(&work->reply, text);
}

static int finish_hits(struct work *work)
{
    struct hits_answer hits;
    hits_answer_init(&hits, &work->writer, work->selection.fields_limit, run_budget(work->run));
    struct row_sink sink = hits_answer_sink(&hits);
    int result = run_finish(work->run, &sink);
    result = result == 0 ? hits_answer_end(&hits) : result;
    hits_answer_free(&hits);
    return result;
}

static int finish_values(struct work *work)
{
    struct values_answer values;
    values_answer_init(&values, &work->writer);
    struct row_sink sink = values_answer_sink(&values);
    int result = run_finish(work->run, &sink);
    return result == 0 ? values_answer_end(&values) : result;
}

// Sends what the scan held back. All numbers are known, so they go into the head.
static int finish(struct work *work)
{
    add_numbers(work, &work->reply.fields);
    add_partial(&work->reply.fields, &work->sources);
    if (!work->connection->parser.request.is_http_10) {
        text_add_string(&work->reply.fields, "Trailer: Logq-Partial\r\n");
    }
    writer_init(&work->writer, ROWS_AT_ONCE, write_text, work);
    int result = 0;
    if (work->selection.kind == SELECTION_ROWS) {
        struct row_sink sink = writer_json_sink(&work->writer);
        result = run_finish(work->run, &sink);
    } else if (work->selection.kind == SELECTION_HITS) {
        result = finish_hits(work);
    } else {
        result = finish_values(work);
    }
    result = result == 0 ? writer_flush(&work->writer) : result;
    writer_free(&work->writer);
    return result;
}

static int carry_out(struct work *work)
{
    const struct settings *settings = &work->server->settings->common;
    const struct run_options options = settings_run_options(settings, work->server->buffers);
    const struct run_output output = {.rows = RUN_ROWS_JSON, .write = write_text, .ctx = work};
    int result = source_open_folder(&work->sources, work->server->settings->data);
    if (result < 0) {
        work->source_error = result;
        return result;
    }
    work->run = run_new(work->selection.query, &work->sources, &options, &output);
    if (work->run == NULL) {
        return -ENOMEM;
    }
    bool is_streaming = query_is_streaming(work->selection.query);
    if (is_streaming && !work->connection->parser.request.is_http_10) {
        text_add_string(&work->reply.fields, trailer_names);
    }
    result = run_scan(work->run);
    return result == 0 && !is_streaming ? finish(work) : result;
}

// Waits for a place and does the work in it.
static int take_place(struct work *work)
{
    int result = admission_enter(&work->server->admission, SPG_NEVER);
    if (result < 0) {
        return result;
    }
    work->has_place = true;
    METRICS_ADD(&work->server->metrics, queries_started, 1);
    spg_time began = spg_now();
    result = carry_out(work);
    metrics_duration(&work->server->metrics, spg_now() - began);
    admission_leave(&work->server->admission);
    return result;
}

// ---- what remains to be said

static void refuse_place(struct work *work, int result)
{
    const struct server_settings *settings = work->server->settings;
    METRICS_ADD(&work->server->metrics, queries_refused, 1);
    if (result == -ETIME) {
        reply_error(work->connection, 503, "Retry-After: 1\r\n",
                    "no place became free within the timeout of %" PRId64 " ms: %" PRIu64
                    " queries run at once (--max-queries)",
                    work->selection.timeout_ns / SPG_MS, settings->queries);
    } else {
        reply_error(work->connection, 503, "Retry-After: 1\r\n",
                    "%" PRIu64 " queries are running (--max-queries) and %" PRIu64
                    " are waiting (--max-queue): try again later",
                    settings->queries, settings->queue);
    }
}

// The text of a failure; its status is the result.
static int describe_failure(struct work *work, int result, char *text, size_t room)
{
    uint64_t read = work->run == NULL ? 0 : run_bytes(work->run);
    if (result == -ETIME) {
        METRICS_ADD(&work->server->metrics, queries_timed_out, 1);
        (void)snprintf(text, room,
                       "the query was not done within %" PRId64
                       " ms (timeout): it had read %" PRIu64 " of %" PRIu64 " bytes in %zu files",
                       work->selection.timeout_ns / SPG_MS, read, work->sources.bytes,
                       work->sources.count);
        return 504;
    }
    METRICS_ADD(&work->server->metrics, queries_failed, 1);
    const char *why = work->run != NULL ? run_failure(work->run, result) : work->sources.fault;
    (void)snprintf(text, room, "%s", *why == '\0' ? reason_text(result) : why);
    if (work->source_error == -E2BIG) {
        return 413; // as with other limits of size, it does not help to try again
    }
    if (result == -EAGAIN || result == -EMFILE || result == -ENFILE || work->run == NULL) {
        return work->source_error == -EIO ? 500 : 503;
    }
    return result == -ENOMEM ? 422 : 500; // a limit of the query's own, or something unforeseen
}

static void send_failure(struct work *work, int result)
{
    char text[SOURCE_FAULT_LIMIT];
    int status = describe_failure(work, result, text, sizeof text);
    if (!work->reply.has_begun) {
        reply_error(work->connection, status, status == 503 ? "Retry-After: 1\r\n" : NULL, "%s",
                    text);
    } else if (work->connection->parser.request.is_http_10) {
        reply_break(&work->reply); // there is no other way to say it
    } else {
        METRICS_ADD(&work->server->metrics, queries_partial, 1);
        http_field_write(&work->reply.trailers, "Logq-Partial", bytes_of(text));
        if (query_is_streaming(work->selection.query)) {
            add_numbers(work, &work->reply.trailers);
        }
        reply_end(&work->reply);
    }
}

static void send_end(struct work *work)
{
    struct metrics *metrics = &work->server->metrics;
    METRICS_ADD(metrics, lines_read, run_counts(work->run)->lines_read);
    METRICS_ADD(metrics, bytes_read, run_bytes(work->run));
    METRICS_ADD(metrics, queries_partial, work->sources.faults > 0);
    if (query_is_streaming(work->selection.query)) {
        bool has_trailers = !work->connection->parser.request.is_http_10;
        if (!has_trailers && work->reply.has_begun && work->sources.faults > 0) {
            reply_break(&work->reply);
            return;
        }
        // Without rows the head is still to come, and is where HTTP/1.0 has room for them.
        struct text *place = has_trailers ? &work->reply.trailers : &work->reply.fields;
        add_numbers(work, place);
        add_partial(place, &work->sources);
    }
    reply_end(&work->reply);
}

static void conclude(struct work *work, int result)
{
    if (atomic_load(&work->is_gone) || result == -EPIPE || result == -ECONNRESET ||
        work->connection->is_broken) {
        METRICS_ADD(&work->server->metrics, queries_abandoned, 1);
        work->connection->is_broken = true;
    } else if (!work->has_place) {
        refuse_place(work, result);
    } else if (result < 0) {
        send_failure(work, result);
    } else {
        send_end(work);
    }
}

static void answer(struct work *work)
{
    const struct source_options options = {
        .files_limit = (size_t)work->server->settings->common.files_limit,
        .waits_for_end = true,
    };
    int64_t timeout = work->selection.timeout_ns;
    spg_scope scope;
    int result = spg_scope_open(&scope, timeout == 0 ? SPG_NEVER : spg_after(timeout));
    if (result < 0) {
        reply_error(work->connection, 500, NULL, "%s", reason_text(result));
        return;
    }
    work->scope = &scope;
    source_init(&work->sources, &options);
    reply_init(&work->reply, work->connection,
               work->selection.kind == SELECTION_ROWS ? STREAM_JSON : PLAIN_JSON);
    spg_task watcher = start_watching(work);
    result = take_place(work);
    stop_watching(watcher);
    (void)spg_scope_close(&scope);
    conclude(work, result);
    run_free(work->run);
    source_close(&work->sources);
    reply_free(&work->reply);
}

void selection_answer(struct connection *connection, enum selection_kind kind,
                      const struct form *form)
{
    struct work work = {.connection = connection, .server = connection->server};
    char error[SELECTION_ERROR_LIMIT];
    if (!selection_read(&work.selection, connection->server, kind, form, error)) {
        reply_error(connection, work.selection.refusal, NULL, "%s", error);
        return;
    }
    answer(&work);
    query_free(work.selection.query);
}
