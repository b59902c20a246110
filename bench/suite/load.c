// SPDX-License-Identifier: MIT
// load.c: bench_load: an open-loop generator for stall_echo. Messages are due at the times of a
// Poisson process, whatever the server does; a latency counts from then.
//
// One thread: it sends what is due, reads what has come, and sleeps until either. It asks for a
// real-time priority, so that a busy server does not make it late, and tells how late it was.
#include "suite/row.h"
#include "suite/stall.h"
#include "suite/work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, EVENTS = 64, INBOX = 4096 };

#define SECOND INT64_C(1000000000)
// How long answers may take after the last message; what has not come by then is lost.
#define GRACE (10 * SECOND)

struct plan {
    uint16_t port;
    uint32_t connections;
    double rate;     // messages a second, of both kinds
    double share;    // of them that carry a stall
    uint32_t rounds; // of a stall
    double seconds;
};

struct connection {
    int fd;
    struct stall *waiting; // for room in the socket
    size_t waiting_from;   // the first byte of them that has not been sent
    size_t waiting_to;     // bytes
    size_t waiting_room;
    unsigned char inbox[INBOX];
    size_t received;
};

struct load {
    const struct plan *plan;
    int set;
    struct connection *connections;
    uint64_t random;
    uint64_t sent;
    uint64_t answered;
    uint64_t checksum;
    int64_t *latency; // of each answer
    int64_t *late;    // of each message
    uint64_t most;
};

static int checked(int value, const char *what)
{
    row_must(value < 0 ? -errno : 0, what);
    return value;
}

static void *allocated(void *memory)
{
    row_must(memory ? 0 : -ENOMEM, "malloc");
    return memory;
}

// In (0, 1].
static double next_random(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return ((double)(load->random >> 11) + 1) / (double)(UINT64_C(1) << 53);
}

// ---- Sending ---------------------------------------------------------------------------------

static void watch(struct load *load, struct connection *connection, int how, bool for_room)
{
    struct epoll_event event = {.events = EPOLLIN | (for_room ? EPOLLOUT : 0),
                                .data.ptr = connection};
    checked(epoll_ctl(load->set, how, connection->fd, &event), "epoll_ctl");
}

// Sends what waits, as far as there is room.
static void flush(struct load *load, struct connection *connection)
{
    const unsigned char *bytes = (const unsigned char *)connection->waiting;
    while (connection->waiting_from < connection->waiting_to) {
        ssize_t n =
            send(connection->fd, bytes + connection->waiting_from,
                 connection->waiting_to - connection->waiting_from, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(load, connection, EPOLL_CTL_MOD, true);
            return;
        }
        connection->waiting_from += (size_t)checked((int)n, "send");
    }
    connection->waiting_from = 0;
    connection->waiting_to = 0;
}

static void send_message(struct load *load, int64_t due)
{
    struct connection *connection = &load->connections[load->sent % load->plan->connections];
    bool stalls = next_random(load) <= load->plan->share;
    struct stall stall = {
        .seed = load->sent, .rounds = stalls ? load->plan->rounds : 0, .sent_ns = (uint64_t)due};
    bool waited = connection->waiting_to > 0;
    if (connection->waiting_to + sizeof stall > connection->waiting_room) {
        connection->waiting_room = connection->waiting_room * 2 + 64 * sizeof stall;
        connection->waiting = allocated(realloc(connection->waiting, connection->waiting_room));
    }
    memcpy((unsigned char *)connection->waiting + connection->waiting_to, &stall, sizeof stall);
    connection->waiting_to += sizeof stall;
    load->late[load->sent++] = row_now() - due;
    if (!waited) {
        flush(load, connection);
    }
}

// ---- Receiving -------------------------------------------------------------------------------

static void take_answer(struct load *load, const struct stall *stall)
{
    load->checksum += stall->result;
    load->latency[load->answered++] = row_now() - (int64_t)stall->sent_ns;
}

static void receive(struct load *load, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->inbox + connection->received,
                     INBOX - connection->received, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    row_must(n > 0 ? 0 : n < 0 ? -errno : -ECONNRESET, "recv");
    connection->received += (size_t)n;
    size_t at = 0;
    for (; at + sizeof(struct stall) <= connection->received; at += sizeof(struct stall)) {
        struct stall stall;
        memcpy(&stall, connection->inbox + at, sizeof stall);
        take_answer(load, &stall);
    }
    connection->received -= at;
    memmove(connection->inbox, connection->inbox + at, connection->received);
}

static void handle(struct load *load, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    if (event->events & EPOLLOUT) {
        watch(load, connection, EPOLL_CTL_MOD, false);
        flush(load, connection);
    }
    if (event->events & ~(uint32_t)EPOLLOUT) {
        receive(load, connection);
    }
}

// Until the time or an event, whichever comes first.
static void wait_until(struct load *load, int64_t time)
{
    struct epoll_event events[EVENTS];
    int64_t left = time - row_now();
    struct timespec patience = {0};
    if (left > 0) {
        patience = (struct timespec){left / SECOND, left % SECOND};
    }
    int n = epoll_pwait2(load->set, events, EVENTS, &patience, NULL);
    for (int i = 0; i < n; i++) {
        handle(load, &events[i]);
    }
}

// ---- A run -----------------------------------------------------------------------------------

static void connect_all(struct load *load)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(load->plan->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    for (uint32_t i = 0; i < load->plan->connections; i++) {
        struct connection *connection = &load->connections[i];
        connection->fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        checked(connect(connection->fd, (struct sockaddr *)&address, sizeof address), "connect");
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(load, connection, EPOLL_CTL_ADD, false);
    }
}

static void run(struct load *load)
{
    const struct plan *plan = load->plan;
    int64_t begin = row_now();
    double after = 0; // the begin, so that runs of a plan are all the same
    while (load->sent < load->most) {
        after += -log(next_random(load)) / plan->rate;
        if (after >= plan->seconds) {
            break;
        }
        int64_t due = begin + (int64_t)(after * (double)SECOND);
        while (row_now() < due) {
            wait_until(load, due);
        }
        send_message(load, due);
    }
    int64_t end = row_now() + GRACE;
    while (load->answered < load->sent && row_now() < end) {
        wait_until(load, end);
    }
}

static int compare(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static void tell(struct load *load, double took)
{
    qsort(load->late, load->sent, sizeof load->late[0], compare);
    printf("{\"schema\": 2, \"sent\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"seconds\": %.3f, "
           "\"checksum\": \"%016" PRIx64 "\", \"late_p999_ns\": %" PRId64 ", \"latency_ns\": [",
           load->sent, load->sent - load->answered, took, load->checksum,
           load->sent ? load->late[(load->sent - 1) * 999 / 1000] : 0);
    for (uint64_t i = 0; i < load->answered; i++) {
        printf("%s%" PRId64, i ? ", " : "", load->latency[i]);
    }
    printf("]}\n");
}

// How many rounds of synthetic_work take a millisecond of CPU time here: the fastest of some.
static uint32_t rounds_per_ms(void)
{
    enum { ROUNDS = 1000000, TRIES = 9 };
    int64_t best = INT64_MAX;
    volatile uint64_t sink;
    for (int i = 0; i < TRIES; i++) {
        struct timespec begin;
        struct timespec end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        sink = synthetic_work((uint64_t)i, ROUNDS);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        int64_t took = (end.tv_sec - begin.tv_sec) * SECOND + end.tv_nsec - begin.tv_nsec;
        best = took < best ? took : best;
    }
    (void)sink;
    return (uint32_t)(ROUNDS * INT64_C(1000000) / best);
}

static const char usage[] =
    "usage: bench_load --calibrate | --port P [--connections N] [--rate PER_SECOND]\n"
    "                  [--share OF_STALLS] [--rounds OF_A_STALL] [--seconds S]\n";

static bool read_plan(int count, char **arguments, struct plan *plan, bool *calibrates)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},   {"connections", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},   {"share", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 't'},
        {"calibrate", no_argument, NULL, 'C'},    {0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            plan->port = (uint16_t)strtoul(optarg, NULL, 10);
            break;
        case 'c':
            plan->connections = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            plan->rate = strtod(optarg, NULL);
            break;
        case 's':
            plan->share = strtod(optarg, NULL);
            break;
        case 'n':
            plan->rounds = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 't':
            plan->seconds = strtod(optarg, NULL);
            break;
        case 'C':
            *calibrates = true;
            break;
        default:
            return false;
        }
    }
    return optind == count && (*calibrates || plan->port) && plan->connections > 0 &&
           plan->connections <= MOST_CONNECTIONS && plan->rate > 0 && plan->seconds > 0 &&
           plan->seconds <= 60 && plan->rate <= 1e6;
}

int main(int count, char **arguments)
{
    struct plan plan = {.connections = 64, .rate = 10000, .seconds = 2};
    bool calibrates = false;
    if (!read_plan(count, arguments, &plan, &calibrates)) {
        fputs(usage, stderr);
        return 2;
    }
    if (calibrates) {
        printf("%" PRIu32 "\n", rounds_per_ms());
        return 0;
    }
    struct load load = {.plan = &plan, .random = UINT64_C(88172645463325252)};
    struct sched_param priority = {.sched_priority = 1};
    load.most = (uint64_t)(plan.rate * plan.seconds * 2) + 1000;
    load.set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    load.connections = allocated(calloc(plan.connections, sizeof load.connections[0]));
    load.latency = allocated(calloc(load.most, sizeof load.latency[0]));
    load.late = allocated(calloc(load.most, sizeof load.late[0]));
    (void)sched_setscheduler(0, SCHED_FIFO, &priority); // who may not, is later
    prctl(PR_SET_TIMERSLACK, 1);
    connect_all(&load);
    int64_t begin = row_now();
    run(&load);
    tell(&load, (double)(row_now() - begin) / (double)SECOND);
    return 0;
}
