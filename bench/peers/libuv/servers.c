// SPDX-License-Identifier: MIT
// servers.c: servers for load generators: a loop for each worker; who accepts deals connections out
// to them in turn.
#include "loop.h"

#include "suite/stall.h"
#include "suite/work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TEXT = 2048 };

struct connection {
    uv_tcp_t tcp; // its data is the connection
    int fd;
    struct connection *next;                       // of those that a worker has not begun with
    void (*answer)(struct connection *connection); // what has come
    size_t used;
    char text[TEXT];
};

struct worker {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t dealt;
    uv_mutex_t lock;
    struct connection *connections; // that it has not begun with; under the lock
};

struct service {
    int listener;
    uint32_t workers;
    struct worker all[ROW_MOST_WORKERS];
    void (*answer)(struct connection *connection);
    uv_thread_t acceptor;
};

// ---- Sending ---------------------------------------------------------------------------------

struct later {
    uv_write_t write; // its data is all of this
    char bytes[];
};

static void forget(uv_write_t *write, int status)
{
    (void)status; // the connection's reads tell that it has ended, too
    free(write->data);
}

static void send_later(struct connection *connection, const char *bytes, size_t count)
{
    struct later *later = malloc(sizeof *later + count);
    row_must(later ? 0 : -ENOMEM, "malloc");
    memcpy(later->bytes, bytes, count);
    later->write.data = later;
    uv_buf_t left = uv_buf_init(later->bytes, (unsigned)count);
    if (uv_write(&later->write, (uv_stream_t *)&connection->tcp, &left, 1, forget) < 0) {
        free(later);
    }
}

// At once, as far as there is room.
static void send_bytes(struct connection *connection, const void *bytes, size_t count)
{
    uv_buf_t all = uv_buf_init((char *)bytes, (unsigned)count);
    int n = uv_try_write((uv_stream_t *)&connection->tcp, &all, 1);
    size_t done = n > 0 ? (size_t)n : 0;
    if (done < count) {
        send_later(connection, (const char *)bytes + done, count - done);
    }
}

// ---- Answers ---------------------------------------------------------------------------------

static void drop_front(struct connection *connection, size_t bytes)
{
    connection->used -= bytes;
    memmove(connection->text, connection->text + bytes, connection->used);
}

static void answer_stalling(struct connection *connection)
{
    struct stall stall;
    while (connection->used >= sizeof stall) {
        memcpy(&stall, connection->text, sizeof stall);
        stall.result = stall.rounds ? synthetic_work(stall.seed, (uint32_t)stall.rounds) : 0;
        drop_front(connection, sizeof stall);
        send_bytes(connection, &stall, sizeof stall);
    }
}

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 14\r\n\r\nhello, world!\n";

static void answer_http(struct connection *connection)
{
    char *end;
    while ((end = memmem(connection->text, connection->used, "\r\n\r\n", 4))) {
        drop_front(connection, (size_t)(end + 4 - connection->text));
        send_bytes(connection, hello, sizeof hello - 1);
    }
}

// ---- Connections -----------------------------------------------------------------------------

static void free_connection(uv_handle_t *handle)
{
    free(handle->data);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *room = uv_buf_init(connection->text + connection->used, (unsigned)(TEXT - connection->used));
}

static void take_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *room)
{
    struct connection *connection = tcp->data;
    (void)room;
    if (n < 0) { // with no room left, too
        uv_close((uv_handle_t *)tcp, free_connection);
        return;
    }
    connection->used += (size_t)n;
    connection->answer(connection);
}

static void begin_connection(struct worker *worker, struct connection *connection)
{
    uv_must(uv_tcp_init(&worker->loop, &connection->tcp), "uv_tcp_init");
    connection->tcp.data = connection;
    uv_must(uv_tcp_open(&connection->tcp, connection->fd), "uv_tcp_open");
    uv_must(uv_tcp_nodelay(&connection->tcp, 1), "uv_tcp_nodelay");
    uv_must(uv_read_start((uv_stream_t *)&connection->tcp, give_room, take_read), "uv_read_start");
}

// ---- Workers ---------------------------------------------------------------------------------

static void take_dealt(uv_async_t *dealt)
{
    struct worker *worker = dealt->data;
    uv_mutex_lock(&worker->lock);
    struct connection *connection = worker->connections;
    worker->connections = NULL;
    uv_mutex_unlock(&worker->lock);
    while (connection) {
        struct connection *next = connection->next;
        begin_connection(worker, connection);
        connection = next;
    }
}

static void work(void *arg)
{
    uv_run(&((struct worker *)arg)->loop, UV_RUN_DEFAULT);
}

static void stay_on(uv_thread_t thread, uint32_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    row_must(-pthread_setaffinity_np(thread, sizeof set, &set), "pthread_setaffinity_np");
}

static void start_worker(struct worker *worker)
{
    uv_must(uv_loop_init(&worker->loop), "uv_loop_init");
    uv_must(uv_mutex_init(&worker->lock), "uv_mutex_init");
    uv_must(uv_async_init(&worker->loop, &worker->dealt, take_dealt), "uv_async_init");
    worker->dealt.data = worker;
    uv_must(uv_thread_create(&worker->thread, work, worker), "uv_thread_create");
}

static void deal(struct worker *worker, struct connection *connection)
{
    uv_mutex_lock(&worker->lock);
    connection->next = worker->connections;
    worker->connections = connection;
    uv_mutex_unlock(&worker->lock);
    uv_must(uv_async_send(&worker->dealt), "uv_async_send");
}

static int checked(int value, const char *what)
{
    row_must(value < 0 ? -errno : 0, what);
    return value;
}

static void accept_all(void *arg)
{
    struct service *service = arg;
    for (uint32_t next = 0;; next++) {
        struct connection *connection = calloc(1, sizeof *connection);
        row_must(connection ? 0 : -ENOMEM, "calloc");
        connection->answer = service->answer;
        connection->fd = checked(accept(service->listener, NULL, NULL), "accept");
        deal(&service->all[next % service->workers], connection);
    }
}

static uint16_t start(uint32_t workers, bool pins, void (*answer)(struct connection *))
{
    static struct service service;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    service.listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(bind(service.listener, (struct sockaddr *)&address, sizeof address), "bind");
    checked(listen(service.listener, 1024), "listen");
    checked(getsockname(service.listener, (struct sockaddr *)&address, &bytes), "getsockname");
    service.workers = workers;
    service.answer = answer;
    for (uint32_t i = 0; i < workers; i++) {
        start_worker(&service.all[i]);
        if (pins) {
            stay_on(service.all[i].thread, i);
        }
    }
    uv_must(uv_thread_create(&service.acceptor, accept_all, &service), "uv_thread_create");
    return ntohs(address.sin_port);
}

static uint16_t start_stalling(const struct row_settings *settings, uint32_t workers)
{
    return start(workers, settings->pins, answer_stalling);
}

static uint16_t start_http(const struct row_settings *settings, uint32_t workers)
{
    return start(workers, settings->pins, answer_http);
}

const struct server uv_servers[UV_SERVERS] = {
    {"stall_echo", start_stalling},
    {"http_plain", start_http},
};
