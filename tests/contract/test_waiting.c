// SPDX-License-Identifier: MIT
// test_waiting.c: contract C4: every call that can wait has a deadline and can be cancelled. One
// table of calls, each on something that never comes, against all the ways to stop it.
#include "streams.h"

#include <poll.h>
#include <pthread.h>

#define TEXT(literal) ((void *)(uintptr_t)(literal))

// Things on which one can wait for ever.
typedef struct things {
    spg_fd silent[2]; // socket pair in which nobody sends
    spg_fd full[2];   // socket pair whose first end has no room
    spg_fd empty_pipe[2];
    spg_fd full_pipe[2];
    spg_fd listener; // that nobody connects to
    spg_chan *empty_chan;
    spg_chan *full_chan;
    spg_task sleeper;
    spg_timer timer;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool pool_free;
    spg_task pool_user;
} things;

static char scratch[64];

static long wait_sleep(things *all CK_ATTRIBUTE_UNUSED, spg_time deadline)
{
    return spg_sleep(deadline);
}

static long wait_join(things *all, spg_time deadline)
{
    return spg_join(all->sleeper, NULL, deadline);
}

static long wait_timer(things *all, spg_time deadline)
{
    return spg_timer_wait(&all->timer, deadline);
}

static long wait_poll(things *all, spg_time deadline)
{
    return spg_poll(all->silent[0], POLLIN, deadline);
}

static long wait_recv(things *all, spg_time deadline)
{
    return spg_recv(all->silent[0], scratch, sizeof scratch, 0, deadline);
}

static long wait_recv_all(things *all, spg_time deadline)
{
    return spg_recv(all->silent[0], scratch, sizeof scratch, MSG_WAITALL, deadline);
}

static long wait_recvmsg(things *all, spg_time deadline)
{
    struct iovec part = {scratch, sizeof scratch};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return spg_recvmsg(all->silent[0], &message, 0, deadline);
}

static long wait_send(things *all, spg_time deadline)
{
    return spg_socket_send(all->full[0], "x", 1, 0, deadline);
}

static long wait_send_all(things *all, spg_time deadline)
{
    return spg_send_all(all->full[0], "x", 1, 0, deadline);
}

static long wait_sendmsg(things *all, spg_time deadline)
{
    struct iovec part = {TEXT("x"), 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return spg_sendmsg(all->full[0], &message, 0, deadline);
}

static long wait_read(things *all, spg_time deadline)
{
    return spg_read_at(all->empty_pipe[0], scratch, sizeof scratch, SPG_CURRENT, deadline);
}

static long wait_readv(things *all, spg_time deadline)
{
    struct iovec part = {scratch, sizeof scratch};
    return spg_readv_at(all->empty_pipe[0], &part, 1, SPG_CURRENT, deadline);
}

static long wait_write(things *all, spg_time deadline)
{
    return spg_write_at(all->full_pipe[1], "x", 1, SPG_CURRENT, deadline);
}

static long wait_writev(things *all, spg_time deadline)
{
    struct iovec part = {TEXT("x"), 1};
    return spg_writev_at(all->full_pipe[1], &part, 1, SPG_CURRENT, deadline);
}

static long wait_accept(things *all, spg_time deadline)
{
    spg_fd fd;
    return spg_accept(all->listener, NULL, NULL, 0, &fd, deadline);
}

static long wait_chan_receive(things *all, spg_time deadline)
{
    return spg_chan_receive(all->empty_chan, scratch, deadline);
}

static long wait_chan_receive_n(things *all, spg_time deadline)
{
    return spg_chan_receive_n(all->empty_chan, scratch, sizeof scratch, deadline);
}

static long wait_chan_send(things *all, spg_time deadline)
{
    return spg_chan_send(all->full_chan, "x", deadline);
}

static long wait_chan_send_n(things *all, spg_time deadline)
{
    return spg_chan_send_n(all->full_chan, "xyz", 3, deadline);
}

static int never_called(void *arg CK_ATTRIBUTE_UNUSED)
{
    ck_abort_msg("a job was called although it was stopped");
    return 0;
}

static long wait_blocking(things *all CK_ATTRIBUTE_UNUSED, spg_time deadline)
{
    return spg_blocking(never_called, NULL, NULL, deadline);
}

typedef struct wait_call {
    const char *name;
    long (*wait)(things *all, spg_time deadline);
    int at_deadline; // what its own deadline gives
} wait_call;

static const wait_call calls[] = {
    {"sleep", wait_sleep, 0},
    {"join", wait_join, -ETIME},
    {"timer_wait", wait_timer, -ETIME},
    {"poll", wait_poll, -ETIME},
    {"recv", wait_recv, -ETIME},
    {"recv MSG_WAITALL", wait_recv_all, -ETIME},
    {"recvmsg", wait_recvmsg, -ETIME},
    {"socket_send", wait_send, -ETIME},
    {"send_all", wait_send_all, -ETIME},
    {"sendmsg", wait_sendmsg, -ETIME},
    {"read_at", wait_read, -ETIME},
    {"readv_at", wait_readv, -ETIME},
    {"write_at", wait_write, -ETIME},
    {"writev_at", wait_writev, -ETIME},
    {"accept", wait_accept, -ETIME},
    {"blocking", wait_blocking, -ETIME},
    {"chan_receive", wait_chan_receive, -ETIME},
    {"chan_receive_n", wait_chan_receive_n, -ETIME},
    {"chan_send", wait_chan_send, -ETIME},
    {"chan_send_n", wait_chan_send_n, -ETIME},
};

#define CALLS (sizeof calls / sizeof calls[0])

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

// Keeps the only thread of the pool.
static int occupies(void *arg)
{
    things *all = arg;
    pthread_mutex_lock(&all->lock);
    while (!all->pool_free) {
        pthread_cond_wait(&all->moved, &all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    return 0;
}

static int occupies_pool(void *arg)
{
    return spg_blocking(occupies, arg, NULL, SPG_NEVER);
}

static void set_up(things *all)
{
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->moved, NULL);
    open_socket_pair(all->silent, SOCK_STREAM);
    open_socket_pair(all->full, SOCK_STREAM);
    open_pipe(all->empty_pipe);
    open_pipe(all->full_pipe);
    fill_socket(all->full[0]);
    fill_pipe(all->full_pipe[1]);
    REQUIRE_OK(spg_chan_open(1, 1, &all->empty_chan));
    REQUIRE_OK(spg_chan_open(1, 1, &all->full_chan));
    REQUIRE_OK(spg_chan_send(all->full_chan, "x", SPG_NOW));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "spargio-wait-%d",
                          (int)getpid());
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_STREAM, 0, &all->listener));
    REQUIRE_OK(spg_bind(all->listener, (struct sockaddr *)&address, bytes));
    REQUIRE_OK(spg_listen(all->listener, 1));
    all->sleeper = spawned(&(spg_attr){0}, sleeps, NULL);
    all->pool_user = spawned(&(spg_attr){0}, occupies_pool, all);
    spg_stats stats;
    do {
        REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
        REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    } while (stats.blocking_jobs == 0);
    REQUIRE_OK(spg_sleep(later())); // until the job has left the queue for its thread
}

static void take_down(things *all)
{
    pthread_mutex_lock(&all->lock);
    all->pool_free = true;
    pthread_cond_broadcast(&all->moved);
    pthread_mutex_unlock(&all->lock);
    REQUIRE_OK(joined(all->pool_user));
    REQUIRE_OK(spg_cancel(all->sleeper));
    REQUIRE_OK(joined(all->sleeper));
    close_pair(all->silent);
    close_pair(all->full);
    close_pair(all->empty_pipe);
    close_pair(all->full_pipe);
    REQUIRE_OK(spg_chan_free(all->empty_chan));
    REQUIRE_OK(spg_chan_free(all->full_chan));
    REQUIRE_OK(spg_close(all->listener));
}

// One call in a task of its own.
typedef struct attempt {
    things *all;
    const wait_call *call;
    spg_time deadline;
    long code;
    long next; // what the next wait gives
} attempt;

static int waits(void *arg)
{
    attempt *own = arg;
    own->code = own->call->wait(own->all, own->deadline);
    own->next = spg_sleep(spg_now());
    return 0;
}

static void require_codes(const attempt *own, const char *how, long code, long next)
{
    if (own->code != code || own->next != next) {
        ck_abort_msg("%s, %s: gives %ld (%s), expected %ld; the next wait %ld, expected %ld",
                     own->call->name, how, own->code, spg_strerror((int)own->code), code, own->next,
                     next);
    }
}

static void stop_by_own_deadline(attempt *own)
{
    own->deadline = soon();
    REQUIRE_OK(waits(own));
    REQUIRE(spg_now() >= own->deadline);
    require_codes(own, "own deadline", own->call->at_deadline, 0);
    own->deadline = SPG_NOW;
    REQUIRE_OK(waits(own));
    require_codes(own, "SPG_NOW", own->call->at_deadline, 0);
    own->deadline = spg_now() - SPG_S;
    REQUIRE_OK(waits(own));
    require_codes(own, "deadline in the past", own->call->at_deadline, 0);
}

static void stop_by_cancel(attempt *own, bool let_it_begin)
{
    own->deadline = SPG_NEVER;
    spg_task task = spawned(&(spg_attr){0}, waits, own);
    if (let_it_begin) {
        REQUIRE_OK(spg_sleep(spg_after(2 * SPG_MS)));
    }
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    require_codes(own, "cancelled task", -ECANCELED, -ECANCELED);
}

static void stop_by_scope(attempt *own)
{
    spg_scope scope;
    own->deadline = SPG_NEVER;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn(NULL, waits, own, NULL));
    REQUIRE_OK(spg_sleep(spg_after(2 * SPG_MS)));
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_OK(spg_scope_close(&scope));
    require_codes(own, "cancelled scope", -ECANCELED, -ECANCELED);
    REQUIRE_OK(spg_scope_open(&scope, soon()));
    REQUIRE_OK(waits(own));
    REQUIRE_OK(spg_scope_close(&scope));
    require_codes(own, "deadline of the scope", -ETIME, -ETIME);
    // The earlier of two deadlines counts, and tells the scope's from the call's by what follows.
    REQUIRE_OK(spg_scope_open(&scope, soon()));
    own->deadline = patience();
    REQUIRE_OK(waits(own));
    REQUIRE_OK(spg_scope_close(&scope));
    require_codes(own, "deadline of the scope before the call's", -ETIME, -ETIME);
}

static int stops_every_call(void *arg CK_ATTRIBUTE_UNUSED)
{
    static things all;
    set_up(&all);
    for (size_t i = 0; i < CALLS; i++) {
        attempt own = {.all = &all, .call = &calls[i]};
        stop_by_own_deadline(&own);
        stop_by_cancel(&own, true);
        stop_by_cancel(&own, false);
        stop_by_scope(&own);
    }
    take_down(&all);
    return 0;
}

START_TEST(c4_every_wait_ends_at_its_deadline_and_when_cancelled)
{
    spg_options options = test_options(2);
    options.blocking_threads = 1;
    run_root(&options, stops_every_call, NULL);
}
END_TEST

// The same calls on many shards and in great number at once: each is stopped by the deadline of one
// scope.
static int stops_all_at_once(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { COPIES = 4 };
    static things all;
    static attempt attempts[COPIES * CALLS];
    set_up(&all);
    for (int round = 0; round < 3; round++) {
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        for (size_t i = 0; i < COPIES * CALLS; i++) {
            attempts[i] = (attempt){.all = &all, .call = &calls[i % CALLS], .deadline = SPG_NEVER};
            spg_attr attr = {
                .place = (enum spg_place)(i % 5), .shard = (uint32_t)(i % 3), .key = i};
            // Of several that join, or wait for one timer, only one may.
            if (i >= CALLS &&
                (attempts[i].call->wait == wait_join || attempts[i].call->wait == wait_timer)) {
                attempts[i].call = &calls[0];
            }
            REQUIRE_OK(spg_spawn(&attr, waits, &attempts[i], NULL));
        }
        REQUIRE_OK(spg_sleep(later()));
        REQUIRE_OK(spg_scope_cancel(&scope));
        REQUIRE_OK(spg_scope_close(&scope));
        for (size_t i = 0; i < COPIES * CALLS; i++) {
            require_codes(&attempts[i], "many at once", -ECANCELED, -ECANCELED);
        }
    }
    take_down(&all);
    return 0;
}

START_TEST(c4_many_waits_of_all_kinds_are_stopped_at_once)
{
    spg_options options = test_options(3);
    options.blocking_threads = 1;
    run_root(&options, stops_all_at_once, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C4");
    TCase *tests = add_tests(suite, "waiting", 60);
    tcase_add_test(tests, c4_every_wait_ends_at_its_deadline_and_when_cancelled);
    tcase_add_test(tests, c4_many_waits_of_all_kinds_are_stopped_at_once);
    return run_suite("test_waiting", suite);
}
