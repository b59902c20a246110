// SPDX-License-Identifier: MIT
// main.c: bench_epoll: the servers by hand, on threads that wait in epoll: a set for each thread,
// or one set for all.
#include "suite/row.h"
#include "suite/stall.h"
#include "suite/work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, TEXT = 2048 };

struct connection {
    int fd;
    size_t used;
    char text[TEXT];
};

struct service {
    int listener;
    int sets[ROW_MOST_WORKERS];
    uint32_t workers;
    bool shared; // sets[0] is everybody's; a connection is armed for one event at a time
    bool (*answer)(struct connection *connection); // false: it has ended
};

static int checked(int value, const char *what)
{
    row_must(value < 0 ? -errno : 0, what);
    return value;
}

// ---- Answers ---------------------------------------------------------------------------------

static bool send_bytes(int fd, const void *bytes, size_t count)
{
    const char *from = bytes;
    while (count > 0) {
        ssize_t n = send(fd, from, count, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return false; // sockets block: what they send is small
        }
        count -= n > 0 ? (size_t)n : 0;
        from += n > 0 ? n : 0;
    }
    return true;
}

static bool answer_stalling(struct connection *connection)
{
    struct stall stall;
    while (connection->used >= sizeof stall) {
        memcpy(&stall, connection->text, sizeof stall);
        stall.result = stall.rounds ? synthetic_work(stall.seed, (uint32_t)stall.rounds) : 0;
        connection->used -= sizeof stall;
        memmove(connection->text, connection->text + sizeof stall, connection->used);
        if (!send_bytes(connection->fd, &stall, sizeof stall)) {
            return false;
        }
    }
    return true;
}

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 14\r\n\r\nhello, world!\n";

static bool answer_http(struct connection *connection)
{
    char *end;
    while ((end = memmem(connection->text, connection->used, "\r\n\r\n", 4))) {
        size_t bytes = (size_t)(end + 4 - connection->text);
        connection->used -= bytes;
        memmove(connection->text, end + 4, connection->used);
        if (!send_bytes(connection->fd, hello, sizeof hello - 1)) {
            return false;
        }
    }
    return connection->used < TEXT;
}

// ---- Threads ---------------------------------------------------------------------------------

static bool serve(const struct service *service, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->text + connection->used, TEXT - connection->used,
                     MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    connection->used += n > 0 ? (size_t)n : 0;
    return n > 0 && service->answer(connection);
}

static void handle(const struct service *service, int set, struct connection *connection)
{
    if (!serve(service, connection)) {
        close(connection->fd);
        free(connection);
    } else if (service->shared) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = connection};
        checked(epoll_ctl(set, EPOLL_CTL_MOD, connection->fd, &event), "epoll_ctl");
    }
}

struct worker {
    const struct service *service;
    int set;
};

static void *work(void *arg)
{
    const struct worker *worker = arg;
    struct epoll_event events[EVENTS];
    for (;;) {
        // From a shared set one at a time, so that a stall holds nobody else up.
        int most = worker->service->shared ? 1 : EVENTS;
        int n = epoll_wait(worker->set, events, most, -1);
        for (int i = 0; i < n; i++) {
            handle(worker->service, worker->set, events[i].data.ptr);
        }
    }
    return NULL;
}

static void *accept_all(void *arg)
{
    const struct service *service = arg;
    for (uint32_t next = 0;; next++) {
        int on = 1;
        struct connection *connection = calloc(1, sizeof *connection);
        row_must(connection ? 0 : -ENOMEM, "calloc");
        connection->fd = checked(accept(service->listener, NULL, NULL), "accept");
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN | (service->shared ? EPOLLONESHOT : 0),
                                    .data.ptr = connection};
        int set = service->sets[service->shared ? 0 : next % service->workers];
        checked(epoll_ctl(set, EPOLL_CTL_ADD, connection->fd, &event), "epoll_ctl");
    }
    return NULL;
}

static void start_thread(void *(*run)(void *), void *arg, int cpu)
{
    pthread_t thread;
    row_must(-pthread_create(&thread, NULL, run, arg), "pthread_create");
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        row_must(-pthread_setaffinity_np(thread, sizeof set, &set), "pthread_setaffinity_np");
    }
}

static uint16_t start(const struct row_settings *settings, uint32_t workers, bool shared,
                      bool (*answer)(struct connection *))
{
    static struct service service;
    static struct worker threads[ROW_MOST_WORKERS];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    checked(listen(fd, 1024), "listen");
    checked(getsockname(fd, (struct sockaddr *)&address, &bytes), "getsockname");
    service =
        (struct service){.listener = fd, .workers = workers, .shared = shared, .answer = answer};
    for (uint32_t i = 0; i < workers; i++) {
        service.sets[i] =
            shared && i > 0 ? service.sets[0] : checked(epoll_create1(0), "epoll_create1");
        threads[i] = (struct worker){&service, service.sets[i]};
        start_thread(work, &threads[i], settings->pins ? (int)i : -1);
    }
    start_thread(accept_all, &service, -1);
    return ntohs(address.sin_port);
}

static uint16_t start_stalling(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, false, answer_stalling);
}

static uint16_t start_stalling_shared(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, true, answer_stalling);
}

static uint16_t start_http(const struct row_settings *settings, uint32_t workers)
{
    return start(settings, workers, false, answer_http);
}

int main(int count, char **arguments)
{
    static const struct row rows[] = {{0}};
    static const struct server servers[] = {
        {"stall_echo", start_stalling},
        {"stall_echo_shared", start_stalling_shared},
        {"http_plain", start_http},
        {0},
    };
    return row_main(count, arguments, "epoll", "by hand", rows, servers);
}
