// SPDX-License-Identifier: MIT
// server.c: `logq serve`: accepts connections, and ends in order.
//
// The end, on SIGTERM or SIGINT:
//   1. the task that accepts is cancelled; what the kernel has accepted already is taken, and then
//      the listener is closed
//   2. connections that wait for a request are told to end; the others end behind their answer,
//      because each answer from now on says so
//   3. when the last of them is gone the server returns 0; a second signal ends the process at once

#include "serve/server.h"

#include "flags.h"
#include "serve/listener.h"
#include "serve/reply.h"
#include "reason.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EXIT_USAGE 2

// How long nothing is accepted after descriptors or memory have run out: until then a connection
// may have ended, and asking again at once would only turn the processor.
#define ACCEPT_PAUSE_NS (100 * SPG_MS)
// And how often that is said on standard error.
#define COMPLAINT_NS (10 * SPG_S)

// What the root task works with.
struct service {
    struct server server;
    struct listener_address address;
    spg_stop stop;
    spg_fd listener;
    spg_scope *clients; // all connections
    spg_time complained;
    int exit_code;
};

// ---- connections

bool server_add(struct server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->lock);
    bool is_room = server->connection_count < server->settings->connections;
    if (is_room) {
        connection->next = server->first;
        if (server->first != NULL) {
            server->first->before = connection;
        }
        server->first = connection;
        server->connection_count++;
    }
    pthread_mutex_unlock(&server->lock);
    return is_room;
}

void server_remove(struct server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->lock);
    if (connection->before == NULL) {
        server->first = connection->next;
    } else {
        connection->before->next = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->before = connection->before;
    }
    server->connection_count--;
    pthread_mutex_unlock(&server->lock);
}

bool server_set_idle(struct server *server, struct connection *connection, bool is_idle)
{
    pthread_mutex_lock(&server->lock);
    connection->is_idle = is_idle;
    bool may_wait = !server_is_stopping(server);
    pthread_mutex_unlock(&server->lock);
    return may_wait;
}

void server_end_idle(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct connection *at = server->first; at != NULL; at = at->next) {
        if (at->is_idle) {
            // What has come is still received; behind that is the end.
            at->is_read_closed = true;
            (void)spg_socket_shutdown(at->fd, SHUT_RD);
        }
    }
    pthread_mutex_unlock(&server->lock);
}

// ---- accepting

// One connection too many: says so, without waiting for it.
static void turn_away(struct service *service, spg_fd fd)
{
    struct server *server = &service->server;
    struct connection *connection = connection_new(server, fd);
    METRICS_ADD(&server->metrics, connections_refused, 1);
    if (connection == NULL) {
        (void)spg_close(fd);
        return;
    }
    reply_error(connection, 503, "Retry-After: 1\r\n",
                "there are %" PRIu64 " connections already (--max-connections): try again later",
                server->settings->connections);
    connection_drop(connection);
}

static void take_connection(struct service *service, spg_fd fd)
{
    struct server *server = &service->server;
    const int on = 1;
    (void)setsockopt(spg_fd_number(fd), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = connection_new(server, fd);
    if (connection == NULL || !server_add(server, connection)) {
        free(connection);
        turn_away(service, fd);
        return;
    }
    METRICS_ADD(&server->metrics, connections_accepted, 1);
    spg_attr attr = {.name = "connection", .scope = service->clients};
    if (spg_spawn(&attr, connection_task, connection, NULL) < 0) {
        METRICS_ADD(&server->metrics, connections_refused, 1);
        server_remove(server, connection);
        connection_drop(connection);
    }
}

static bool is_shortage(int result)
{
    return result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
}

static void complain(struct service *service, int result)
{
    spg_time now = spg_now();
    if (service->complained == 0 || now - service->complained > COMPLAINT_NS) {
        service->complained = now;
        fprintf(stderr, "logq: a connection could not be accepted: %s\n", reason_text(result));
    }
}

// A task: accepts until it is cancelled.
static int accept_task(void *arg)
{
    struct service *service = arg;
    for (;;) {
        spg_fd fd;
        int result = spg_accept(service->listener, NULL, NULL, 0, &fd, SPG_NEVER);
        if (result == 0) {
            take_connection(service, fd);
        } else if (result == -ECANCELED) {
            return 0;
        } else {
            METRICS_ADD(&service->server.metrics, connections_refused, is_shortage(result));
            complain(service, result);
            (void)spg_sleep(spg_after(ACCEPT_PAUSE_NS));
        }
    }
}

// Takes what the kernel has accepted before the listener is closed.
static void accept_rest(struct service *service)
{
    spg_fd fd;
    while (spg_accept(service->listener, NULL, NULL, 0, &fd, SPG_NOW) == 0) {
        take_connection(service, fd);
    }
}

// ---- the root task

static int start(struct service *service, spg_task *accepting)
{
    const char *listen = service->server.settings->listen;
    int result = listener_open(&service->address, &service->listener);
    if (result < 0) {
        fprintf(stderr, "logq: cannot listen on %s (--listen): %s\n", listen, reason_text(result));
        return result;
    }
    spg_attr attr = {.name = "accept", .scope = service->clients};
    result = spg_spawn(&attr, accept_task, service, accepting);
    char name[LISTENER_TEXT_LIMIT];
    if (result == 0 && listener_name(service->listener, name)) {
        printf("logq: ready on http://%s/ (data %s, %u shards)\n", name,
               service->server.settings->data, spg_shards(spg_runtime()));
        (void)fflush(stdout);
    }
    return result;
}

static void stop(struct service *service, spg_task accepting)
{
    atomic_store(&service->server.stops, true);
    (void)spg_cancel(accepting);
    (void)!spg_join(accepting, NULL, SPG_NEVER);
    accept_rest(service);
    (void)spg_close(service->listener);
    server_end_idle(&service->server);
}

// Serves until the first signal, and then until the last connection has ended.
static int serve(struct service *service)
{
    spg_scope clients;
    spg_task accepting;
    int result = spg_scope_open(&clients, SPG_NEVER);
    if (result < 0) {
        return result;
    }
    service->clients = &clients;
    result = start(service, &accepting);
    if (result == 0) {
        result = spg_stop_wait(&service->stop, SPG_NEVER);
        stop(service, accepting);
    }
    (void)spg_scope_close(&clients);
    return result < 0 ? result : 0;
}

static int root_task(void *arg)
{
    struct service *service = arg;
    const struct server_settings *settings = service->server.settings;
    service->exit_code = EXIT_USAGE;
    service->server.started = spg_now();
    service->server.buffers =
        buffers_new(spg_shards(spg_runtime()), settings_buffer_bytes(&settings->common));
    if (service->server.buffers == NULL) {
        fprintf(stderr, "logq: no memory to begin with\n");
    } else if (serve(service) == 0) {
        service->exit_code = 0;
    }
    buffers_free(service->server.buffers);
    return 0;
}

// ---- from main

static const char usage[] =
    "usage: logq serve --data DIR [FLAGS]\n"
    "\n"
    "Answers queries over the files below DIR: /select/logsql/query, hits, field_names,\n"
    "field_values, /health, /metrics, and a page at /.\n"
    "\n";

#define LISTEN_DEFAULT "127.0.0.1:9428"

// False when a message has been written. *wants_help: the help has been printed instead.
static bool read_flags(struct server_settings *settings, bool *wants_help, int count,
                       char **arguments)
{
    const struct flag flags[] = {
        {"--data", FLAG_TEXT, &settings->data, 0, 0, NULL, "DIR", "folder with the files"},
        {"--listen", FLAG_TEXT, &settings->listen, 0, 0, NULL, "HOST:PORT",
         "where to listen (default " LISTEN_DEFAULT "); port 0: any"},
        SETTINGS_FLAGS(&settings->common),
        {"--timeout", FLAG_NUMBER, &settings->common.timeout_ms, 1, SETTINGS_DAY_MS, NULL, "MS",
         "of a query that names none (default 30000)"},
        {"--max-queries", FLAG_NUMBER, &settings->queries, 1, 10000, NULL, "N",
         "queries at once (default 16)"},
        {"--max-queue", FLAG_NUMBER, &settings->queue, 0, 100000, NULL, "N",
         "queries that may wait (default 64)"},
        {"--max-connections", FLAG_NUMBER, &settings->connections, 1, 1000000, NULL, "N",
         "connections at once (default 1024)"},
        {"--max-request", FLAG_BYTES, &settings->request_bytes, 1024, SETTINGS_GIB / 16, NULL,
         "BYTES", "head and body of a request (default 256K)"},
        {"--header-timeout", FLAG_NUMBER, &settings->header_timeout_ms, 1, SETTINGS_DAY_MS, NULL,
         "MS",
         "from the first byte of a request to its last\n"
         "                            (default 10000)"},
        {"--idle-timeout", FLAG_NUMBER, &settings->idle_timeout_ms, 1, SETTINGS_DAY_MS, NULL, "MS",
         "between two requests, or for a client that takes\n"
         "                            nothing of its answer (default 60000)"},
        {"--help", FLAG_SWITCH, wants_help, 0, 0, NULL, NULL, "print this"},
        {0},
    };
    if (!flags_read(flags, "logq serve", arguments, &count)) {
        return false;
    }
    if (*wants_help) {
        (void)fputs(usage, stdout);
        flags_print(flags);
        return true;
    }
    if (count > 0) {
        fprintf(stderr, "logq serve: %s: what is this? see logq serve --help\n", arguments[0]);
        return false;
    }
    return true;
}

static bool check_settings(const struct server_settings *settings, struct listener_address *address)
{
    struct stat about;
    if (settings->data == NULL) {
        fprintf(stderr, "%slogq serve: --data is missing; see logq serve --help\n", usage);
        return false;
    }
    if (stat(settings->data, &about) != 0 || !S_ISDIR(about.st_mode)) {
        fprintf(stderr, "logq serve: --data %s: there is no such folder\n", settings->data);
        return false;
    }
    if (!listener_address_read(settings->listen, address)) {
        fprintf(stderr,
                "logq serve: --listen %s: give an address and a port from 0 to 65535, as "
                "127.0.0.1:9428 or [::1]:9428\n",
                settings->listen);
        return false;
    }
    return true;
}

static int run_service(struct service *service)
{
    const struct server_settings *settings = service->server.settings;
    char error_text[256] = "";
    const spg_options options =
        settings_runtime_options(&settings->common, error_text, sizeof error_text);
    (void)signal(SIGPIPE, SIG_IGN);
    int caught = spg_stop_open(&service->stop);
    if (caught < 0) {
        fprintf(stderr, "logq: signals cannot be caught: %s\n", reason_text(caught));
        return EXIT_USAGE;
    }
    pthread_mutex_init(&service->server.lock, NULL);
    admission_init(&service->server.admission, (uint32_t)settings->queries,
                   (uint32_t)settings->queue);
    int result = spg_run(&options, root_task, service, NULL);
    if (result < 0) {
        fprintf(stderr, "logq: %s\n", *error_text == '\0' ? reason_text(result) : error_text);
        service->exit_code = EXIT_USAGE;
    }
    admission_destroy(&service->server.admission);
    pthread_mutex_destroy(&service->server.lock);
    (void)spg_stop_close(&service->stop);
    return service->exit_code;
}

int server_main(int count, char **arguments)
{
    struct server_settings settings = {
        .common = settings_default(),
        .listen = LISTEN_DEFAULT,
        .queries = 16,
        .queue = 64,
        .connections = 1024,
        .request_bytes = HTTP_REQUEST_LIMIT_DEFAULT,
        .header_timeout_ms = 10000,
        .idle_timeout_ms = 60000,
    };
    settings.common.timeout_ms = 30000;
    bool wants_help = false;
    if (!read_flags(&settings, &wants_help, count, arguments)) {
        return EXIT_USAGE;
    }
    if (wants_help) {
        return 0;
    }
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        fprintf(stderr, "logq: no memory to begin with\n");
        return EXIT_USAGE;
    }
    service->server.settings = &settings;
    int exit_code = EXIT_USAGE;
    if (check_settings(&settings, &service->address)) {
        exit_code = run_service(service);
    }
    free(service);
    return exit_code;
}
