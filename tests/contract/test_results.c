// SPDX-License-Identifier: MIT
// test_results.c: contract C5 (buffers are the caller's again when a call returns; a result beats a
// timeout) and C6 (what the codes mean; errno is of no account).
#include "streams.h"

#include <poll.h>

// ---- C5 ----

enum { BYTES = 512 };

// Receives into its own stack frame and gives up before anything comes; then the frame is used
// for something else. Were the op still alive, it would write into that.
static void gives_up_receiving(spg_fd fd, spg_time deadline, int expected)
{
    char buffer[BYTES];
    memset(buffer, 'a', sizeof buffer);
    REQUIRE_CODE(spg_recv(fd, buffer, sizeof buffer, 0, deadline), expected);
    for (size_t i = 0; i < sizeof buffer; i++) {
        REQUIRE_EQ(buffer[i], 'a');
    }
}

static void uses_the_same_frame(spg_fd sender)
{
    volatile char frame[BYTES + 256];
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = (char)i;
    }
    char message[BYTES];
    memset(message, 'm', sizeof message);
    REQUIRE_CODE(send(spg_fd_number(sender), message, sizeof message, MSG_NOSIGNAL), BYTES);
    for (int i = 0; i < 10; i++) {
        spg_yield();
        spg_sleep(spg_after(100 * SPG_US));
    }
    for (size_t i = 0; i < sizeof frame; i++) {
        REQUIRE_EQ(frame[i], (char)i);
    }
}

static void receives_all_of(spg_fd fd)
{
    char buffer[BYTES];
    REQUIRE_CODE(recv(spg_fd_number(fd), buffer, sizeof buffer, MSG_DONTWAIT), BYTES);
    for (size_t i = 0; i < sizeof buffer; i++) {
        REQUIRE_EQ(buffer[i], 'm');
    }
}

static int times_out_again_and_again(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    size_t rounds = scaled(100, 5);
    for (size_t i = 0; i < rounds; i++) {
        gives_up_receiving(ends[0], spg_after(200 * SPG_US), -ETIME);
        uses_the_same_frame(ends[1]);
        receives_all_of(ends[0]);
    }
    close_pair(ends);
    return 0;
}

static int is_cancelled_while_receiving(void *arg)
{
    spg_fd *ends = arg;
    gives_up_receiving(ends[0], SPG_NEVER, -ECANCELED);
    uses_the_same_frame(ends[1]);
    receives_all_of(ends[0]);
    return 0;
}

TASK_TEST(c5_a_buffer_on_the_own_stack_is_safe_after_a_deadline, 3)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, times_out_again_and_again, NULL, 0, 6));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

TASK_TEST(c5_a_buffer_on_the_own_stack_is_safe_after_a_cancel, 3)
{
    size_t rounds = scaled(100, 5);
    for (size_t i = 0; i < rounds; i++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        spg_attr attr = {.place = (enum spg_place)(i % 5), .shard = (uint32_t)(i % 3)};
        spg_task task = spawned(&attr, is_cancelled_while_receiving, ends);
        REQUIRE_OK(spg_sleep(spg_after((int64_t)(i % 8) * 50 * SPG_US)));
        REQUIRE_OK(spg_cancel(task));
        REQUIRE_OK(joined(task));
        close_pair(ends);
    }
    return 0;
}

TASK_TEST(c5_a_result_beats_a_timeout, 2)
{
    spg_fd ends[2];
    char byte = 0;
    open_socket_pair(ends, SOCK_STREAM);
    for (int i = 0; i < 3; i++) {
        REQUIRE_CODE(spg_socket_send(ends[1], "r", 1, 0, patience()), 1);
    }
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, SPG_NOW), 1);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_now() - SPG_S), 1);
    REQUIRE_CODE(spg_poll(ends[0], POLLIN, SPG_NOW), POLLIN);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_now()), 1);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, SPG_NOW), -ETIME);
    close_pair(ends);
    return 0;
}

// However data and deadline race: each byte is returned by one call, and none is lost.
TASK_TEST(c5_nothing_is_lost_when_data_and_deadline_race, 2)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    uint64_t state = random_stream(21);
    size_t rounds = scaled(2000, 50);
    for (size_t i = 0; i < rounds; i++) {
        unsigned char out = (unsigned char)i;
        unsigned char in = 0;
        int64_t wait = random_below(&state, 100) * SPG_US;
        ssize_t n = spg_recv(ends[0], &in, 1, 0, spg_after(wait));
        REQUIRE_CODE(n, -ETIME);
        REQUIRE_CODE(spg_socket_send(ends[1], &out, 1, 0, patience()), 1);
        do {
            n = spg_recv(ends[0], &in, 1, 0, spg_after(random_below(&state, 30) * SPG_US));
        } while (n == -ETIME);
        REQUIRE_CODE(n, 1);
        REQUIRE_EQ(in, out);
    }
    close_pair(ends);
    return 0;
}

// ---- C6 ----

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

TASK_TEST(c6_whichever_came_first_wins, 2)
{
    spg_scope scope;
    // The cancel first, then the deadline.
    spg_time deadline = later();
    REQUIRE_OK(spg_scope_open(&scope, deadline));
    spg_task inside = spawned(&(spg_attr){0}, sleeps, NULL);
    REQUIRE_OK(spg_scope_cancel(&scope));
    bool in_time = spg_now() < deadline;
    while (spg_now() <= deadline + SPG_MS) {
        REQUIRE_OK(spg_yield());
    }
    if (in_time) {
        REQUIRE_CODE(spg_cancelled(), -ECANCELED);
        REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
        REQUIRE_OK(spg_detach(inside));
        REQUIRE_CODE(spg_scope_close(&scope), -ECANCELED);
    } else {
        REQUIRE_OK(spg_detach(inside));
        spg_scope_close(&scope);
    }
    // The deadline first, then the cancel.
    REQUIRE_OK(spg_scope_open(&scope, soon()));
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ETIME);
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ETIME);
    REQUIRE_CODE(spg_cancelled(), -ETIME);
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

TASK_TEST(c6_now_gives_the_result_or_etime_without_suspending, 1)
{
    spg_fd ends[2];
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    spg_task other = spawned(&(spg_attr){0}, sleeps, NULL);
    REQUIRE_OK(spg_yield());
    spg_stats before;
    spg_stats after;
    spg_timer timer = {0};
    REQUIRE_OK(spg_stats_get(spg_runtime(), &before));
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_poll(ends[0], POLLIN, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_timer_wait(&timer, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_join(other, NULL, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_poll(ends[0], POLLOUT, SPG_NOW), POLLOUT);
    REQUIRE_OK(spg_stats_get(spg_runtime(), &after));
    REQUIRE_EQ(after.suspends, before.suspends);
    REQUIRE_EQ(after.switches, before.switches);
    REQUIRE_OK(spg_cancel(other));
    REQUIRE_CODE(joined(other), -ECANCELED);
    close_pair(ends);
    return 0;
}

// In a function of its own, which does not suspend: else the compiler keeps the address of errno,
// and the noise gets into another thread's.
static __attribute__((noinline)) void make_noise(uint64_t *state)
{
    errno = (int)random_below(state, 130);
}

// errno is neither where errors come from, nor what they depend on.
static int fails_in_many_ways(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    spg_fd ends[2];
    spg_fd fd;
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    for (int i = 0; i < 50; i++) {
        make_noise(&state);
        REQUIRE_CODE(spg_open("/none/such", 0, 0, &fd, patience()), -ENOENT);
        make_noise(&state);
        REQUIRE_CODE(spg_socket(9999, SOCK_STREAM, 0, &fd), -EAFNOSUPPORT);
        make_noise(&state);
        REQUIRE_CODE(spg_recv((spg_fd){0}, &byte, 1, 0, patience()), -EBADF);
        make_noise(&state);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_after(20 * SPG_US)), -ETIME);
        make_noise(&state);
        REQUIRE_CODE(spg_socket_send(ends[1], "e", 1, 0, patience()), 1);
        make_noise(&state);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
        make_noise(&state);
        REQUIRE_OK(spg_yield());
        make_noise(&state);
        REQUIRE_CODE(spg_socket_shutdown(ends[0], 77), -EINVAL);
        make_noise(&state);
        REQUIRE_CODE(spg_fsync(ends[0], patience()), -EINVAL);
    }
    close_pair(ends);
    return 0;
}

TASK_TEST(c6_codes_do_not_depend_on_errno, 3)
{
    uint64_t seeds[8];
    for (size_t i = 0; i < 8; i++) {
        seeds[i] = random_stream(30 + i);
    }
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, fails_in_many_ways, seeds, sizeof seeds[0], 8));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

// An op that was submitted keeps its result; the refusal comes with the next wait.
static int accepts_then_waits(void *arg)
{
    spg_fd fd = *(spg_fd *)arg;
    char byte = 0;
    ssize_t n = spg_recv(fd, &byte, 1, 0, SPG_NEVER);
    REQUIRE(n == 1 || n == -ECANCELED);
    if (n == 1) {
        REQUIRE_EQ(byte, 'k');
    }
    REQUIRE_CODE(spg_recv(fd, &byte, 1, 0, SPG_NEVER), -ECANCELED);
    return n == 1;
}

TASK_TEST(c6_a_cancel_that_comes_late_keeps_the_result, 2)
{
    uint64_t state = random_stream(40);
    size_t rounds = scaled(500, 20);
    for (size_t i = 0; i < rounds; i++) {
        spg_fd ends[2];
        char byte;
        open_socket_pair(ends, SOCK_STREAM);
        spg_task task = spawned(&(spg_attr){0}, accepts_then_waits, &ends[0]);
        if (random_below(&state, 2) == 0) {
            REQUIRE_OK(spg_yield());
        }
        REQUIRE_CODE(send(spg_fd_number(ends[1]), "k", 1, MSG_NOSIGNAL), 1);
        if (random_below(&state, 2) == 0) {
            REQUIRE_OK(spg_yield());
        }
        REQUIRE_OK(spg_cancel(task));
        int received = joined(task);
        // Whoever was refused has left the byte in the socket.
        ssize_t left = recv(spg_fd_number(ends[0]), &byte, 1, MSG_DONTWAIT);
        REQUIRE_EQ(left == 1, !received);
        close_pair(ends);
    }
    return 0;
}

// Of the headers' calls, those whose contract says so: a thread that is no task is told, whatever
// the arguments.
START_TEST(c6_calls_that_need_a_task_say_so)
{
    spg_fd fd = {0};
    spg_scope scope;
    spg_timer timer = {0};
    spg_task task;
    spg_mailbox box = {0};
    spg_msg message;
    spg_flush_ticket ticket = {0};
    uint64_t sum;
    struct statx about;
    struct iovec part = {.iov_base = &sum, .iov_len = 1};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    struct sockaddr address = {0};
    const int codes[] = {
        spg_yield(),
        spg_sleep(SPG_NOW),
        spg_cancelled(),
        spg_shard(),
        spg_set_name("x"),
        spg_local_set(0, NULL),
        spg_spawn(NULL, sleeps, NULL, &task),
        spg_spawn_n(NULL, NULL, sleeps, NULL, 0, 1),
        spg_scope_open(&scope, SPG_NEVER),
        spg_timer_set(&timer, SPG_NOW),
        spg_timer_wait(&timer, SPG_NOW),
        spg_blocking(sleeps, NULL, NULL, SPG_NOW),
        spg_fd_adopt(0, &fd),
        spg_fd_release(fd),
        spg_fd_number(fd),
        spg_close(fd),
        spg_poll(fd, POLLIN, SPG_NOW),
        spg_open("/", 0, 0, &fd, SPG_NOW),
        (int)spg_read_at(fd, &sum, 1, 0, SPG_NOW),
        (int)spg_write_at(fd, &sum, 1, 0, SPG_NOW),
        (int)spg_readv_at(fd, &part, 1, 0, SPG_NOW),
        (int)spg_writev_at(fd, &part, 1, 0, SPG_NOW),
        spg_fsync(fd, SPG_NOW),
        spg_fdatasync(fd, SPG_NOW),
        spg_statx(fd, 0, &about, SPG_NOW),
        spg_statx_path("/", 0, 0, &about, SPG_NOW),
        spg_ftruncate(fd, 0, SPG_NOW),
        spg_rename("/none", "/none", 0, SPG_NOW),
        spg_unlink("/none", 0, SPG_NOW),
        spg_socket(AF_UNIX, SOCK_STREAM, 0, &fd),
        spg_bind(fd, &address, sizeof address),
        spg_listen(fd, 1),
        spg_accept(fd, NULL, NULL, 0, &fd, SPG_NOW),
        spg_connect(fd, &address, sizeof address, SPG_NOW),
        (int)spg_recv(fd, &sum, 1, 0, SPG_NOW),
        (int)spg_socket_send(fd, &sum, 1, 0, SPG_NOW),
        (int)spg_send_all(fd, &sum, 1, 0, SPG_NOW),
        (int)spg_recvmsg(fd, &header, 0, SPG_NOW),
        (int)spg_sendmsg(fd, &header, 0, SPG_NOW),
        spg_socket_shutdown(fd, SHUT_RD),
        spg_mailbox_open(0, 0, &box),
        spg_mailbox_close(box),
        (int)spg_receive(box, &message, 1, SPG_NOW),
        spg_flush(SPG_NOW),
        spg_flush_begin(&ticket),
        spg_flush_wait(ticket, SPG_NOW),
        spg_tally_take(box, 0, &sum, SPG_NOW),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] != -EPERM) {
            ck_abort_msg("call %zu of the list gives %d (%s)", i, codes[i],
                         spg_error_name(codes[i]));
        }
    }
}
END_TEST

// What calls give for reasons of their own has a row: a text, and a cause that tells what to do.
START_TEST(c6_there_is_one_table_of_codes)
{
    static const int table[] = {
#define CODE(code, text, cause) code,
        SPG_ERRORS(CODE)
#undef CODE
    };
    static const int promised[] = {ETIME, ECANCELED,  ESRCH, EBADF, EAGAIN,  ESHUTDOWN, ENOMEM,
                                   EPERM, EOWNERDEAD, EXDEV, EBUSY, EDEADLK, EINVAL};
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        REQUIRE(spg_error_cause(-promised[i]) != NULL);
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t k = 0; k < i; k++) {
            REQUIRE(table[i] != table[k]);
            REQUIRE(strcmp(spg_strerror(table[i]), spg_strerror(table[k])) != 0);
        }
        REQUIRE(strlen(spg_error_cause(table[i])) > 15);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C5-C6");
    TCase *tests = add_tests(suite, "results", 60);
    tcase_add_test(tests, c5_a_buffer_on_the_own_stack_is_safe_after_a_deadline);
    tcase_add_test(tests, c5_a_buffer_on_the_own_stack_is_safe_after_a_cancel);
    tcase_add_test(tests, c5_a_result_beats_a_timeout);
    tcase_add_test(tests, c5_nothing_is_lost_when_data_and_deadline_race);
    tcase_add_test(tests, c6_whichever_came_first_wins);
    tcase_add_test(tests, c6_now_gives_the_result_or_etime_without_suspending);
    tcase_add_test(tests, c6_codes_do_not_depend_on_errno);
    tcase_add_test(tests, c6_a_cancel_that_comes_late_keeps_the_result);
    tcase_add_test(tests, c6_calls_that_need_a_task_say_so);
    tcase_add_test(tests, c6_there_is_one_table_of_codes);
    return run_suite("test_results", suite);
}
