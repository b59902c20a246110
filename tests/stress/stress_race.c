// SPDX-License-Identifier: MIT
// stress_race.c: completion against cancel against timeout. A stream of numbered bytes goes through
// a pipe or socket; those who receive are stopped at random moments. Whatever the outcome of each
// single call, no byte is lost, doubled or out of order.
#include "streams.h"

enum { CHUNK = 64, SHARDS = 3 };

typedef enum medium { PIPE, LOCAL_SOCKET, TCP_SOCKET } medium;

typedef struct flow {
    spg_fd in;
    spg_fd out;
    medium through;
    atomic_size_t bytes;
    uint64_t seed;
} flow;

static unsigned char numbered(uint64_t i)
{
    return (unsigned char)(i ^ (i >> 8) ^ (i >> 16));
}

static bool stopped(ssize_t code)
{
    return code == -ETIME || code == -ECANCELED;
}

// One call of the stream, in a task of its own that somebody may cancel.
typedef struct attempt {
    flow *of;
    unsigned char bytes[CHUNK];
    size_t count;
    spg_time deadline;
    ssize_t result;
    bool writes;
    bool vectored;
} attempt;

static ssize_t take(attempt *own)
{
    spg_fd fd = own->of->in;
    struct iovec parts[2] = {{own->bytes, own->count / 2},
                             {own->bytes + own->count / 2, own->count - own->count / 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (own->of->through == PIPE) {
        return own->vectored
                   ? spg_readv_at(fd, parts, 2, SPG_CURRENT, own->deadline)
                   : spg_read_at(fd, own->bytes, own->count, SPG_CURRENT, own->deadline);
    }
    return own->vectored ? spg_recvmsg(fd, &message, 0, own->deadline)
                         : spg_recv(fd, own->bytes, own->count, 0, own->deadline);
}

static ssize_t put(attempt *own)
{
    spg_fd fd = own->of->out;
    struct iovec parts[2] = {{own->bytes, own->count / 2},
                             {own->bytes + own->count / 2, own->count - own->count / 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (own->of->through == PIPE) {
        return own->vectored
                   ? spg_writev_at(fd, parts, 2, SPG_CURRENT, own->deadline)
                   : spg_write_at(fd, own->bytes, own->count, SPG_CURRENT, own->deadline);
    }
    return own->vectored ? spg_sendmsg(fd, &message, 0, own->deadline)
                         : spg_socket_send(fd, own->bytes, own->count, 0, own->deadline);
}

static int tries(void *arg)
{
    attempt *own = arg;
    own->result = own->writes ? put(own) : take(own);
    return 0;
}

static spg_time random_deadline(uint64_t *state)
{
    switch (random_below(state, 4)) {
    case 0:
        return SPG_NOW;
    case 1:
        return patience();
    default:
        return spg_after(random_below(state, 200) * SPG_US);
    }
}

// Makes the call, alone or in a task that is cancelled sooner or later.
static ssize_t attempt_once(attempt *own, uint64_t *state)
{
    own->deadline = random_deadline(state);
    own->vectored = random_below(state, 3) == 0;
    own->count = 1 + random_below(state, CHUNK);
    if (random_below(state, 2) == 0) {
        if (own->deadline > spg_after(SPG_S)) {
            own->deadline = spg_after(SPG_MS);
        }
        tries(own);
        return own->result;
    }
    spg_attr attr = {.place = (enum spg_place)random_below(state, 5),
                     .shard = random_below(state, SHARDS),
                     .key = random_next(state)};
    spg_task task = spawned(&attr, tries, own);
    switch (random_below(state, 3)) {
    case 0:
        break;
    case 1:
        REQUIRE_OK(spg_yield());
        break;
    default:
        REQUIRE_OK(spg_sleep(spg_after(random_below(state, 150) * SPG_US)));
    }
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    return own->result;
}

static int receives(void *arg)
{
    flow *of = arg;
    uint64_t state = of->seed;
    attempt own = {.of = of};
    for (size_t done = 0;;) {
        ssize_t n = attempt_once(&own, &state);
        if (stopped(n)) {
            continue;
        }
        REQUIRE(n >= 0 && n <= CHUNK);
        if (n == 0) {
            REQUIRE_EQ(done, atomic_load(&of->bytes));
            return 0;
        }
        for (ssize_t i = 0; i < n; i++, done++) {
            REQUIRE_EQ(own.bytes[i], numbered(done));
        }
    }
}

static int sends(void *arg)
{
    flow *of = arg;
    uint64_t state = of->seed + 1;
    attempt own = {.of = of, .writes = true};
    for (size_t done = 0; done < atomic_load(&of->bytes);) {
        for (size_t i = 0; i < CHUNK; i++) {
            own.bytes[i] = numbered(done + i);
        }
        ssize_t n = attempt_once(&own, &state);
        if (stopped(n)) {
            continue;
        }
        REQUIRE(n > 0 && n <= CHUNK);
        done += (size_t)n;
        if (done > atomic_load(&of->bytes)) { // the last chunk may be longer than the stream
            atomic_store(&of->bytes, done);
        }
    }
    REQUIRE_OK(spg_close(of->out));
    return 0;
}

static void open_flow(flow *of, medium through, size_t bytes, uint64_t seed)
{
    spg_fd ends[2];
    if (through == PIPE) {
        open_pipe(ends);
    } else if (through == LOCAL_SOCKET) {
        open_socket_pair(ends, SOCK_STREAM);
    } else {
        open_tcp_pair(ends);
    }
    *of = (flow){
        .in = ends[0], .out = ends[1], .through = through, .bytes = bytes, .seed = seed};
}

static int runs_flows(void *arg)
{
    enum { FLOWS = 4 };
    medium through = *(medium *)arg;
    flow flows[FLOWS];
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint64_t i = 0; i < FLOWS; i++) {
        open_flow(&flows[i], through, scaled(100000, 1500), random_stream(100 + 2 * i));
        REQUIRE_OK(spg_spawn(NULL, receives, &flows[i], NULL));
        REQUIRE_OK(spg_spawn(NULL, sends, &flows[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < FLOWS; i++) {
        REQUIRE_OK(spg_close(flows[i].in));
    }
    return 0;
}

static medium media[] = {PIPE, LOCAL_SOCKET, TCP_SOCKET};

START_TEST(no_byte_is_lost)
{
    if (media[_i] == TCP_SOCKET && !loopback_up()) {
        SKIP("no loopback interface");
    }
    spg_options options = test_options(SHARDS);
    run_root(&options, runs_flows, &media[_i]);
}
END_TEST

START_TEST(no_byte_is_lost_while_tasks_move)
{
    if (media[_i] == TCP_SOCKET && !loopback_up()) {
        SKIP("no loopback interface");
    }
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(90) | 1;
    options.sq_entries = 8;
    options.cq_entries = 16;
    run_root(&options, runs_flows, &media[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: race");
    TCase *tests = add_tests(suite, "race", 60);
    tcase_add_loop_test(tests, no_byte_is_lost, 0, 3);
    tcase_add_loop_test(tests, no_byte_is_lost_while_tasks_move, 0, 3);
    return run_suite("stress_race", suite);
}
