// SPDX-License-Identifier: MIT
// servers.c: servers for load generators: an echo whose messages may ask for work before they are
// answered, and a plain answer over HTTP.
#include "suite/spargio/rows.h"

#include "suite/stall.h"
#include "suite/work.h"

#include <spargio.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct service {
    spg_fd listener;
    enum spg_place place; // of connections
    spg_fn *serve;
};

struct connection {
    spg_fd fd;
};

// ---- Echo with stalls ------------------------------------------------------------------------

static int echo_stalling(void *arg)
{
    struct connection *connection = arg;
    struct stall stall;
    while (spg_recv(connection->fd, &stall, sizeof stall, MSG_WAITALL, SPG_NEVER) ==
           (ssize_t)sizeof stall) {
        stall.result = stall.rounds ? synthetic_work(stall.seed, (uint32_t)stall.rounds) : 0;
        if (spg_send_all(connection->fd, &stall, sizeof stall, 0, SPG_NEVER) < 0) {
            break;
        }
    }
    spg_close(connection->fd);
    free(connection);
    return 0;
}

// ---- HTTP ------------------------------------------------------------------------------------

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 14\r\n\r\nhello, world!\n";

// Answers each request whose head is whole, and moves what is left to the front.
static int answer_requests(spg_fd fd, char *text, size_t *used)
{
    char *from = text;
    char *end;
    while ((end = memmem(from, *used - (size_t)(from - text), "\r\n\r\n", 4))) {
        from = end + 4;
        ssize_t sent = spg_send_all(fd, hello, sizeof hello - 1, 0, SPG_NEVER);
        if (sent < 0) {
            return (int)sent;
        }
    }
    *used -= (size_t)(from - text);
    memmove(text, from, *used);
    return 0;
}

static int answer_http(void *arg)
{
    struct connection *connection = arg;
    char text[2048];
    size_t used = 0;
    while (used < sizeof text) {
        ssize_t n = spg_recv(connection->fd, text + used, sizeof text - used, 0, SPG_NEVER);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
        if (answer_requests(connection->fd, text, &used) < 0) {
            break;
        }
    }
    spg_close(connection->fd);
    free(connection);
    return 0;
}

// ---- Accepting -------------------------------------------------------------------------------

_Noreturn static int accept_all(void *arg)
{
    const struct service *service = arg;
    spg_attr attr = {.name = "connection", .place = service->place};
    int on = 1;
    for (;;) {
        struct connection *connection = malloc(sizeof *connection);
        row_must(connection ? 0 : -ENOMEM, "malloc");
        row_must(spg_accept(service->listener, NULL, NULL, 0, &connection->fd, SPG_NEVER),
                 "spg_accept");
        setsockopt(spg_fd_number(connection->fd), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        spg_task task;
        row_must(spg_spawn(&attr, service->serve, connection, &task), "spg_spawn");
        row_must(spg_detach(task), "spg_detach");
    }
}

struct opening {
    struct service *service;
    uint16_t port;
};

static int open_listener(void *arg)
{
    struct opening *opening = arg;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    spg_fd fd;
    row_must(spg_socket(AF_INET, SOCK_STREAM, 0, &fd), "spg_socket");
    row_must(spg_bind(fd, (struct sockaddr *)&address, sizeof address), "spg_bind");
    row_must(spg_listen(fd, 1024), "spg_listen");
    row_must(getsockname(spg_fd_number(fd), (struct sockaddr *)&address, &bytes) < 0 ? -EIO : 0,
             "getsockname");
    opening->service->listener = fd;
    opening->port = ntohs(address.sin_port);
    return 0;
}

static uint16_t start(const struct row_settings *settings, uint32_t workers, enum spg_place place,
                      spg_fn *serve)
{
    static struct service service;
    struct opening opening = {.service = &service};
    uint32_t cpus[ROW_MOST_WORKERS];
    for (uint32_t i = 0; i < workers; i++) {
        cpus[i] = i;
    }
    spg_options options = {.shards = workers,
                           .cpus = settings->pins ? cpus : NULL,
                           .cpu_count = settings->pins ? workers : 0,
                           .idle = settings->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    spg_rt *rt;
    spg_task task;
    service.place = place;
    service.serve = serve;
    row_must(spg_create(&options, &rt), "spg_create");
    row_must(spg_spawn_in(rt, NULL, open_listener, &opening, &task), "spg_spawn_in");
    row_must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    row_must(spg_spawn_in(rt, NULL, accept_all, &service, &task), "spg_spawn_in");
    return opening.port;
}

static uint16_t start_stalling(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, SPG_STEALABLE, echo_stalling);
}

static uint16_t start_stalling_pinned(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, SPG_ROUND_ROBIN, echo_stalling);
}

static uint16_t start_http(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, SPG_STEALABLE, answer_http);
}

const struct server servers[] = {
    {"stall_echo", start_stalling},
    {"stall_echo_pinned", start_stalling_pinned},
    {"http_plain", start_http},
    {0},
};
