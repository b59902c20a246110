// SPDX-License-Identifier: MIT
// routes.c: which path is answered by what.

#include "serve/routes.h"

#include "http/field.h"
#include "http/form.h"
#include "serve/page.h"
#include "serve/reply.h"
#include "serve/selection.h"
#include "serve/server.h"

#include <stdio.h>

// Longer than any path that is answered.
#define PATH_LIMIT 64

struct route {
    const char *path;
    bool is_selection;
    enum selection_kind kind;
    void (*answer)(struct connection *connection); // of other pages
};

static void answer_health(struct connection *connection)
{
    reply_page(connection, 200, REPLY_TEXT, NULL, bytes_of("OK"));
}

static void answer_metrics(struct connection *connection)
{
    struct server *server = connection->server;
    struct metrics_gauges gauges = {
        .uptime_seconds = (double)(spg_now() - server->started) / 1e9,
    };
    admission_count(&server->admission, &gauges.queries_running, &gauges.queries_waiting);
    pthread_mutex_lock(&server->lock);
    gauges.connections = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    struct text text = {0};
    metrics_write(&server->metrics, &gauges, spg_runtime(), &text);
    if (text.is_short) {
        reply_error(connection, 503, "Retry-After: 1\r\n", "no memory for the metrics");
    } else {
        reply_page(connection, 200, "text/plain; version=0.0.4; charset=utf-8", NULL,
                   text_bytes(&text));
    }
    text_free(&text);
}

static const struct route routes[] = {
    {"/select/logsql/query", true, SELECTION_ROWS, NULL},
    {"/select/logsql/hits", true, SELECTION_HITS, NULL},
    {"/select/logsql/field_names", true, SELECTION_FIELD_NAMES, NULL},
    {"/select/logsql/field_values", true, SELECTION_FIELD_VALUES, NULL},
    {"/health", false, 0, answer_health},
    {"/metrics", false, 0, answer_metrics},
    {"/", false, 0, page_answer},
};

// NULL when there is nothing under this path.
static const struct route *find_route(struct bytes path)
{
    char decoded[PATH_LIMIT];
    size_t length = path.len;
    if (length > sizeof decoded) {
        return NULL;
    }
    memcpy(decoded, path.ptr, length);
    if (!form_decode(decoded, &length, false)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (bytes_equal(bytes_of(routes[i].path), (struct bytes){decoded, length})) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool is_form(struct bytes content_type)
{
    const char *end = content_type.len == 0 ? NULL
                                            : memchr(content_type.ptr, ';', content_type.len);
    struct bytes type =
        end == NULL ? content_type : bytes_between(content_type.ptr, end);
    while (type.len > 0 && (type.ptr[type.len - 1] == ' ' || type.ptr[type.len - 1] == '\t')) {
        type.len--;
    }
    return http_same_name(type, "application/x-www-form-urlencoded");
}

static bool add_arguments(struct connection *connection, struct form *form, struct bytes text)
{
    // The text lies in the buffer of the connection, which is ours to write to.
    char *begin = text.len == 0 ? NULL : connection->buffer + (text.ptr - connection->buffer);
    return form_add(form, begin, text.len);
}

static void answer_selection(struct connection *connection, enum selection_kind kind)
{
    const struct http_request *request = &connection->parser.request;
    if (request->body.len > 0 && !is_form(request->content_type)) {
        reply_error(connection, 415, NULL,
                    "a body must be a form: Content-Type: application/x-www-form-urlencoded");
        return;
    }
    struct form form = {.count = 0};
    // What is in the body wins over the URL.
    if (!add_arguments(connection, &form, request->body) ||
        !add_arguments(connection, &form, request->query)) {
        reply_error(connection, 400, NULL, "%s", form.error);
        return;
    }
    selection_answer(connection, kind, &form);
}

void routes_answer(struct connection *connection)
{
    const struct http_request *request = &connection->parser.request;
    const struct route *route = find_route(request->path);
    if (route == NULL) {
        reply_error(connection, 404, NULL,
                    "there is nothing here; a page to type a query on is at /, queries go to "
                    "/select/logsql/query");
        return;
    }
    if (route->is_selection) {
        if (request->method == HTTP_GET || request->method == HTTP_POST) {
            answer_selection(connection, route->kind);
        } else {
            reply_error(connection, 405, "Allow: GET, POST\r\n", "use GET or POST");
        }
    } else if (request->method == HTTP_GET || request->method == HTTP_HEAD) {
        route->answer(connection);
    } else {
        reply_error(connection, 405, "Allow: GET, HEAD\r\n", "use GET");
    }
}
