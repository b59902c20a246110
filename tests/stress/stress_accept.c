// SPDX-License-Identifier: MIT
// stress_accept.c: connections against cancels and deadlines of those who accept. Every connection
// that was made is served once: one that is accepted while its acceptor is stopped is not lost.
#include "streams.h"

enum { SHARDS = 3, ACCEPTORS = 4 };

typedef struct desk {
    spg_fd listener;
    struct sockaddr_storage address;
    socklen_t bytes;
    int domain;
    size_t clients;
    atomic_size_t served;
    atomic_size_t refused; // calls of accept that were stopped
    atomic_char *seen;     // per client
} desk;

static int serves(desk *at, spg_fd fd)
{
    uint32_t number = 0;
    REQUIRE_CODE(spg_recv(fd, &number, sizeof number, MSG_WAITALL, patience()), sizeof number);
    REQUIRE(number < at->clients);
    REQUIRE_EQ(atomic_fetch_add(&at->seen[number], 1), 0);
    REQUIRE_CODE(spg_send_all(fd, &number, sizeof number, 0, patience()), sizeof number);
    atomic_fetch_add(&at->served, 1);
    return spg_close(fd);
}

// One call of accept, in a task that somebody may cancel.
typedef struct attempt {
    desk *at;
    spg_time deadline;
    spg_fd fd;
    int code;
} attempt;

static int accepts_once(void *arg)
{
    attempt *own = arg;
    own->code = spg_accept(own->at->listener, NULL, NULL, 0, &own->fd, own->deadline);
    return 0;
}

typedef struct acceptor {
    desk *at;
    uint64_t seed;
} acceptor;

static int accepts(void *arg)
{
    acceptor *self = arg;
    desk *at = self->at;
    uint64_t state = self->seed;
    while (atomic_load(&at->served) < at->clients) {
        attempt own = {.at = at, .deadline = spg_after(random_below(&state, 300) * SPG_US)};
        if (random_below(&state, 2) == 0) {
            accepts_once(&own);
        } else {
            spg_attr attr = {.place = SPG_PINNED, .shard = random_below(&state, SHARDS)};
            spg_task task = spawned(&attr, accepts_once, &own);
            if (random_below(&state, 2) == 0) {
                REQUIRE_OK(spg_sleep(spg_after(random_below(&state, 100) * SPG_US)));
            }
            REQUIRE_OK(spg_cancel(task));
            REQUIRE_OK(joined(task));
        }
        if (own.code == 0) {
            REQUIRE_OK(serves(at, own.fd));
        } else {
            REQUIRE(own.code == -ETIME || own.code == -ECANCELED);
            atomic_fetch_add(&at->refused, 1);
        }
    }
    return 0;
}

typedef struct client {
    desk *at;
    uint32_t number;
} client;

static int visits(void *arg)
{
    client *own = arg;
    desk *at = own->at;
    uint32_t answer = UINT32_MAX;
    spg_fd fd;
    REQUIRE_OK(spg_socket(at->domain, SOCK_STREAM, 0, &fd));
    REQUIRE_OK(spg_connect(fd, (struct sockaddr *)&at->address, at->bytes, patience()));
    REQUIRE_CODE(spg_send_all(fd, &own->number, sizeof own->number, 0, patience()),
                 sizeof own->number);
    REQUIRE_CODE(spg_recv(fd, &answer, sizeof answer, MSG_WAITALL, patience()), sizeof answer);
    REQUIRE_EQ(answer, own->number);
    return spg_close(fd);
}

static void open_desk(desk *at)
{
    enum { BACKLOG = 128 };
    if (at->domain == AF_INET) {
        struct sockaddr_in address;
        at->listener = listening_socket(BACKLOG, &address);
        memcpy(&at->address, &address, sizeof address);
        at->bytes = sizeof address;
        return;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "spargio-accept-%d",
                          (int)getpid());
    memcpy(&at->address, &address, sizeof address);
    at->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_STREAM, 0, &at->listener));
    REQUIRE_OK(spg_bind(at->listener, (struct sockaddr *)&at->address, at->bytes));
    REQUIRE_OK(spg_listen(at->listener, BACKLOG));
}

static int serves_all(void *arg)
{
    desk *at = arg;
    size_t at_once = 64;
    client *clients = calloc(at->clients, sizeof *clients);
    at->seen = calloc(at->clients, sizeof *at->seen);
    REQUIRE(clients != NULL && at->seen != NULL);
    open_desk(at);
    acceptor crew[ACCEPTORS];
    spg_scope acceptors;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&acceptors, SPG_NEVER));
    for (uint64_t i = 0; i < ACCEPTORS; i++) {
        crew[i] = (acceptor){.at = at, .seed = random_stream(1000 + i)};
        REQUIRE_OK(spg_spawn(NULL, accepts, &crew[i], NULL));
    }
    for (size_t done = 0; done < at->clients; done += at_once) {
        size_t count = at->clients - done < at_once ? at->clients - done : at_once;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        for (size_t i = done; i < done + count; i++) {
            clients[i] = (client){.at = at, .number = (uint32_t)i};
        }
        REQUIRE_OK(spg_spawn_n(&scope, NULL, visits, &clients[done], sizeof *clients, count));
        REQUIRE_OK(spg_scope_close(&scope));
    }
    REQUIRE_OK(spg_scope_close(&acceptors));
    REQUIRE_EQ(atomic_load(&at->served), at->clients);
    REQUIRE(atomic_load(&at->refused) > 0); // else nothing was shown
    REQUIRE_OK(spg_close(at->listener));
    free(clients);
    free((void *)at->seen);
    return 0;
}

START_TEST(no_connection_is_lost)
{
    static const int domains[] = {AF_UNIX, AF_INET};
    if (domains[_i] == AF_INET && !loopback_up()) {
        SKIP("no loopback interface");
    }
    desk at = {.domain = domains[_i], .clients = scaled(10000, 100)};
    spg_options options = test_options(SHARDS);
    run_root(&options, serves_all, &at);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: accept");
    TCase *tests = add_tests(suite, "accept", 60);
    tcase_add_loop_test(tests, no_connection_is_lost, 0, 2);
    return run_suite("stress_accept", suite);
}
