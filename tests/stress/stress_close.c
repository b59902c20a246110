// SPDX-License-Identifier: MIT
// stress_close.c: closing against ops in flight on all shards, while the number of the descriptor
// is used again at once. Whoever waits gets -EBADF, and nobody touches the next user's data.
#include "streams.h"

#include <poll.h>

enum { SHARDS = 3, WAITERS = 8 };

typedef struct target {
    spg_fd fd;
    atomic_int wrong;
} target;

typedef struct waiter {
    target *at;
    uint64_t seed;
} waiter;

// What an op on a descriptor that is closed meanwhile may give.
static void judge(target *at, ssize_t code)
{
    if (code != -EBADF && code != -ETIME && code != -ECANCELED) {
        atomic_store(&at->wrong, code == 0 ? 1000 : (int)code);
    }
}

static int uses(void *arg)
{
    waiter *own = arg;
    uint64_t state = own->seed;
    char buffer[32];
    struct iovec part = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    spg_fd fd = own->at->fd;
    for (int i = 0; i < 3; i++) {
        spg_time deadline = random_below(&state, 3) == 0
                                ? spg_after(random_below(&state, 300) * SPG_US)
                                : SPG_NEVER;
        ssize_t code;
        switch (random_below(&state, 5)) {
        case 0:
            code = spg_recv(fd, buffer, sizeof buffer, 0, deadline);
            break;
        case 1:
            code = spg_poll(fd, POLLIN, deadline);
            break;
        case 2:
            code = spg_recvmsg(fd, &message, 0, deadline);
            break;
        case 3:
            code = spg_recv(fd, buffer, sizeof buffer, MSG_WAITALL, deadline);
            break;
        default:
            code = spg_read_at(fd, buffer, sizeof buffer, SPG_CURRENT, deadline);
        }
        judge(own->at, code);
        if (code == -EBADF) {
            break;
        }
    }
    return 0;
}

// A pair that gets the number of the one just closed, unless another task was quicker, with data in
// it that must stay. May run in a cancelled scope, where sleeping is refused.
static void check_next_user(void)
{
    int pair[2];
    char text[8] = "";
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    REQUIRE_EQ(write(pair[1], "guarded", 7), 7);
    REQUIRE_EQ(write(pair[0], "guarded", 7), 7);
    spg_sleep(spg_after(100 * SPG_US));
    REQUIRE_OK(spg_yield());
    for (int side = 0; side < 2; side++) {
        REQUIRE_EQ(recv(pair[side], text, sizeof text, MSG_DONTWAIT), 7);
        REQUIRE(memcmp(text, "guarded", 7) == 0);
    }
    close(pair[0]);
    close(pair[1]);
}

static int closes_under_way(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    size_t rounds = scaled(1500, 15);
    for (size_t round = 0; round < rounds; round++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        target at = {.fd = ends[0]};
        waiter waiters[WAITERS];
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        for (uint32_t i = 0; i < WAITERS; i++) {
            waiters[i] = (waiter){.at = &at, .seed = random_next(&state)};
            spg_attr attr = {.place = (enum spg_place)random_below(&state, 5),
                             .shard = random_below(&state, SHARDS),
                             .key = i};
            REQUIRE_OK(spg_spawn(&attr, uses, &waiters[i], NULL));
        }
        if (random_below(&state, 2) == 0) {
            REQUIRE_OK(spg_sleep(spg_after(random_below(&state, 300) * SPG_US)));
        }
        if (random_below(&state, 8) == 0) {
            REQUIRE_OK(spg_scope_cancel(&scope));
        }
        REQUIRE_OK(spg_close(ends[0]));
        check_next_user();
        REQUIRE_OK(spg_scope_close(&scope));
        if (atomic_load(&at.wrong) != 0) {
            ck_abort_msg("round %zu: an op gave %d", round, atomic_load(&at.wrong));
        }
        REQUIRE_OK(spg_close(ends[1]));
    }
    return 0;
}

static int closes_in_parallel(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { CLOSERS = 4 };
    uint64_t seeds[CLOSERS];
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint64_t i = 0; i < CLOSERS; i++) {
        seeds[i] = random_stream(200 + i);
        REQUIRE_OK(spg_spawn(NULL, closes_under_way, &seeds[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(closing_ends_all_ops_and_harms_nobody_else)
{
    spg_options options = test_options(SHARDS);
    run_root(&options, closes_in_parallel, NULL);
}
END_TEST

START_TEST(closing_ends_all_ops_with_small_rings)
{
    spg_options options = test_options(SHARDS);
    options.sq_entries = 8;
    options.cq_entries = 16;
    run_root(&options, closes_in_parallel, NULL);
}
END_TEST

// Several close the same handle: one succeeds.
typedef struct rivals {
    spg_fd fd;
    atomic_int won;
} rivals;

static int closes_first(void *arg)
{
    rivals *all = arg;
    int code = spg_close(all->fd);
    REQUIRE(code == 0 || code == -EBADF);
    atomic_fetch_add(&all->won, code == 0);
    return 0;
}

TASK_TEST(one_of_many_closers_wins, SHARDS)
{
    size_t rounds = scaled(500, 20);
    for (size_t round = 0; round < rounds; round++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        rivals all = {.fd = ends[0]};
        spg_scope scope;
        spg_attr attr = {.place = SPG_ROUND_ROBIN};
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        REQUIRE_OK(spg_spawn_n(&scope, &attr, closes_first, &all, 0, 6));
        REQUIRE_OK(spg_scope_close(&scope));
        REQUIRE_EQ(atomic_load(&all.won), 1);
        REQUIRE_OK(spg_close(ends[1]));
    }
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("stress: close");
    TCase *tests = add_tests(suite, "close", 60);
    tcase_add_test(tests, closing_ends_all_ops_and_harms_nobody_else);
    tcase_add_test(tests, closing_ends_all_ops_with_small_rings);
    tcase_add_test(tests, one_of_many_closers_wins);
    return run_suite("stress_close", suite);
}
