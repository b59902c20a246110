// SPDX-License-Identifier: MIT
// test_fd.c: descriptors as handles: adopting, releasing, closing, staleness, readiness.
#include "streams.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static bool is_open(int number)
{
    return fcntl(number, F_GETFD) >= 0;
}

static int new_eventfd(void)
{
    int number = eventfd(0, EFD_CLOEXEC);
    REQUIRE(number >= 0);
    return number;
}

START_TEST(outside_a_task_there_are_no_handles)
{
    spg_fd fd = {1};
    char byte;
    REQUIRE_CODE(spg_fd_adopt(0, &fd), -EPERM);
    REQUIRE_CODE(spg_fd_release(fd), -EPERM);
    REQUIRE_CODE(spg_fd_number(fd), -EPERM);
    REQUIRE_CODE(spg_close(fd), -EPERM);
    REQUIRE_CODE(spg_poll(fd, POLLIN, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_read_at(fd, &byte, 1, 0, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_recv(fd, &byte, 1, 0, SPG_NOW), -EPERM);
}
END_TEST

TASK_TEST(adopt_and_release, 2)
{
    int number = new_eventfd();
    spg_fd fd = adopted(number);
    spg_fd second = {11};
    REQUIRE_CODE(spg_fd_number(fd), number);
    REQUIRE_CODE(spg_fd_adopt(number, &second), -EEXIST);
    REQUIRE_EQ(second.v, 11);
    REQUIRE_CODE(spg_fd_release(fd), number);
    REQUIRE(is_open(number));
    REQUIRE_CODE(spg_fd_release(fd), -EBADF);
    REQUIRE_CODE(spg_fd_number(fd), -EBADF);
    REQUIRE_CODE(spg_close(fd), -EBADF);
    REQUIRE(is_open(number));
    second = adopted(number);
    REQUIRE(second.v != fd.v);
    REQUIRE_OK(spg_close(second));
    REQUIRE(!is_open(number));
    REQUIRE_CODE(spg_close(second), -EBADF);
    REQUIRE_CODE(spg_fd_adopt(number, &second), -EBADF);
    REQUIRE_CODE(spg_fd_adopt(-1, &second), -EBADF);
    REQUIRE_CODE(spg_fd_adopt(1 << 30, &second), -EBADF);
    return 0;
}

TASK_TEST(any_kind_is_adopted_and_its_flags_are_left_alone, 2)
{
    int pipes[2];
    REQUIRE_EQ(pipe2(pipes, O_NONBLOCK), 0);
    int numbers[] = {
        open("/proc/self/status", O_RDONLY),
        open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
        new_eventfd(),
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK),
        pipes[0],
        pipes[1],
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int status = fcntl(numbers[i], F_GETFL);
        int flags = fcntl(numbers[i], F_GETFD);
        REQUIRE(status >= 0 && flags >= 0);
        spg_fd fd = adopted(numbers[i]);
        REQUIRE_EQ(fcntl(numbers[i], F_GETFL), status);
        REQUIRE_EQ(fcntl(numbers[i], F_GETFD), flags);
        REQUIRE_OK(spg_close(fd));
        REQUIRE(!is_open(numbers[i]));
    }
    return 0;
}

static void set_not_to_block(spg_fd fd)
{
    int number = spg_fd_number(fd);
    REQUIRE_EQ(fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK), 0);
}

static int sends_later(void *arg)
{
    spg_fd *ends = arg;
    REQUIRE_OK(spg_sleep(spg_after(2 * SPG_MS)));
    REQUIRE_CODE(spg_socket_send(ends[1], "n", 1, 0, patience()), 1);
    return 0;
}

// Calls wait as their deadlines say, whatever the descriptor's flags are.
TASK_TEST(descriptors_that_do_not_block_wait_all_the_same, 2)
{
    spg_fd ends[2];
    char byte = 0;
    open_socket_pair(ends, SOCK_STREAM);
    set_not_to_block(ends[0]);
    set_not_to_block(ends[1]);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, soon()), -ETIME);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, soon()), -ETIME);
    spg_task task = spawned(&(spg_attr){0}, sends_later, ends);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
    REQUIRE_EQ(byte, 'n');
    REQUIRE_OK(joined(task));
    fill_socket(ends[0]);
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, soon()), -ETIME);
    close_pair(ends);
    open_pipe(ends);
    set_not_to_block(ends[0]);
    set_not_to_block(ends[1]);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, soon()), -ETIME);
    while (write(spg_fd_number(ends[1]), "fill", 4) > 0) {
    }
    REQUIRE_CODE(spg_write_at(ends[1], "x", 1, SPG_CURRENT, soon()), -ETIME);
    close_pair(ends);
    return 0;
}

// Every call with a handle that is stale, or that never was.
static void require_useless(spg_fd fd)
{
    char byte = 0;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    struct sockaddr_in address = loopback_address(1);
    struct sockaddr *to = (struct sockaddr *)&address;
    spg_fd out;
    REQUIRE_CODE(spg_fd_number(fd), -EBADF);
    REQUIRE_CODE(spg_fd_release(fd), -EBADF);
    REQUIRE_CODE(spg_close(fd), -EBADF);
    REQUIRE_CODE(spg_poll(fd, POLLIN, patience()), -EBADF);
    REQUIRE_CODE(spg_read_at(fd, &byte, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_write_at(fd, &byte, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_readv_at(fd, &vector, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_writev_at(fd, &vector, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_fsync(fd, patience()), -EBADF);
    REQUIRE_CODE(spg_fdatasync(fd, patience()), -EBADF);
    REQUIRE_CODE(spg_ftruncate(fd, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_bind(fd, to, sizeof address), -EBADF);
    REQUIRE_CODE(spg_listen(fd, 1), -EBADF);
    REQUIRE_CODE(spg_accept(fd, NULL, NULL, 0, &out, patience()), -EBADF);
    REQUIRE_CODE(spg_connect(fd, to, sizeof address, patience()), -EBADF);
    REQUIRE_CODE(spg_recv(fd, &byte, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_recv(fd, &byte, 1, 0, SPG_NOW), -EBADF);
    REQUIRE_CODE(spg_socket_send(fd, &byte, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_send_all(fd, &byte, 1, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_recvmsg(fd, &message, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_sendmsg(fd, &message, 0, patience()), -EBADF);
    REQUIRE_CODE(spg_socket_shutdown(fd, SHUT_RDWR), -EBADF);
}

TASK_TEST(a_stale_handle_never_reaches_the_descriptor_that_followed, 2)
{
    require_useless((spg_fd){0});
    require_useless((spg_fd){UINT64_MAX});
    require_useless((spg_fd){(uint64_t)1 << 63});
    spg_fd stale[20];
    int number = -1;
    for (int i = 0; i < 20; i++) {
        int next = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(number < 0 || next == number); // the number is used again
        number = next;
        stale[i] = adopted(number);
        REQUIRE_OK(spg_close(stale[i]));
    }
    int pair[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    REQUIRE_EQ(pair[0], number);
    spg_fd live = adopted(pair[0]);
    for (int i = 0; i < 20; i++) {
        REQUIRE(stale[i].v != live.v);
        require_useless(stale[i]);
    }
    char byte = 'b';
    REQUIRE_EQ(write(pair[1], &byte, 1), 1);
    REQUIRE_CODE(spg_recv(live, &byte, 1, 0, patience()), 1);
    REQUIRE_OK(spg_close(live));
    close(pair[1]);
    return 0;
}

// ---- Closing while others wait ----

static int reads_forever(void *arg)
{
    char byte;
    return (int)spg_recv(*(spg_fd *)arg, &byte, 1, 0, SPG_NEVER);
}

static int polls_forever(void *arg)
{
    return spg_poll(*(spg_fd *)arg, POLLIN, SPG_NEVER);
}

enum { SHARDS = 3, WAITERS = 12 };

TASK_TEST(close_ends_what_waits_on_any_shard, SHARDS)
{
    for (int round = 0; round < 5; round++) {
        spg_fd ends[2];
        spg_task tasks[WAITERS];
        open_socket_pair(ends, SOCK_STREAM);
        uint64_t before = ops_in_flight(spg_runtime());
        for (uint32_t i = 0; i < WAITERS; i++) {
            spg_attr attr = pinned_to(i % SHARDS);
            tasks[i] = spawned(&attr, i % 2 == 0 ? reads_forever : polls_forever, &ends[0]);
        }
        if (round % 2 == 0) {
            AWAIT(ops_in_flight(spg_runtime()) >= before + WAITERS);
        }
        int number = spg_fd_number(ends[0]);
        REQUIRE_OK(spg_close(ends[0]));
        REQUIRE(!is_open(number));
        for (int i = 0; i < WAITERS; i++) {
            REQUIRE_CODE(joined(tasks[i]), -EBADF);
        }
        REQUIRE_OK(spg_close(ends[1]));
    }
    return 0;
}

// More receivers than the submission queue has entries: those that wait for room when the request
// to stop goes by must not begin afterwards.
static int closes_what_waits_for_room(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { RECEIVERS = 20 };
    spg_fd ends[2];
    spg_task receivers[RECEIVERS];
    open_socket_pair(ends, SOCK_STREAM);
    for (int i = 0; i < RECEIVERS; i++) {
        receivers[i] = spawned(&(spg_attr){0}, reads_forever, &ends[0]);
    }
    REQUIRE_OK(spg_yield());
    REQUIRE_OK(spg_close(ends[0]));
    for (int i = 0; i < RECEIVERS; i++) {
        REQUIRE_CODE(joined(receivers[i]), -EBADF);
    }
    REQUIRE_OK(spg_close(ends[1]));
    return 0;
}

START_TEST(close_ends_what_waits_for_room)
{
    spg_options options = test_options(1);
    options.sq_entries = 8;
    options.cq_entries = 16;
    run_root(&options, closes_what_waits_for_room, NULL);
}
END_TEST

TASK_TEST(release_is_refused_while_somebody_waits, SHARDS)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    uint64_t before = ops_in_flight(spg_runtime());
    spg_attr attr = pinned_to(1);
    spg_task task = spawned(&attr, reads_forever, &ends[0]);
    AWAIT(ops_in_flight(spg_runtime()) > before);
    REQUIRE_CODE(spg_fd_release(ends[0]), -EBUSY);
    REQUIRE_CODE(spg_socket_send(ends[1], "x", 1, 0, patience()), 1);
    REQUIRE_CODE(joined(task), 1); // it was not disturbed
    int number = spg_fd_release(ends[0]);
    REQUIRE(number >= 0 && is_open(number));
    close(number);
    REQUIRE_OK(spg_close(ends[1]));
    return 0;
}

static int closes_although_cancelled(void *arg)
{
    REQUIRE_OK(spg_cancel(spg_self()));
    return spg_close(*(spg_fd *)arg);
}

TASK_TEST(a_cancelled_task_can_close, 2)
{
    int number = new_eventfd();
    spg_fd fd = adopted(number);
    REQUIRE_OK(joined(spawned(&(spg_attr){0}, closes_although_cancelled, &fd)));
    REQUIRE(!is_open(number));
    return 0;
}

static int uses_handle(void *arg)
{
    spg_fd *ends = arg;
    char byte;
    REQUIRE_CODE(spg_socket_send(ends[1], "y", 1, 0, patience()), 1);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
    REQUIRE(spg_fd_number(ends[0]) >= 0);
    return 0;
}

TASK_TEST(a_handle_works_on_all_shards, SHARDS)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        spg_attr attr = pinned_to(shard);
        REQUIRE_OK(joined(spawned(&attr, uses_handle, ends)));
    }
    close_pair(ends);
    return 0;
}

// ---- Readiness ----

TASK_TEST(poll_tells_what_is_ready, 2)
{
    spg_fd ends[2];
    open_pipe(ends);
    REQUIRE_CODE(spg_poll(ends[0], 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_poll(ends[0], POLLIN, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_poll(ends[0], POLLIN, soon()), -ETIME);
    REQUIRE_CODE(spg_poll(ends[1], POLLOUT, SPG_NOW), POLLOUT);
    REQUIRE_CODE(spg_poll(ends[1], POLLOUT, SPG_NEVER), POLLOUT);
    spg_task task = spawned(&(spg_attr){0}, polls_forever, &ends[0]);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_EQ(write(spg_fd_number(ends[1]), "ab", 2), 2);
    REQUIRE_CODE(joined(task), POLLIN);
    char bytes[2];
    REQUIRE_CODE(spg_read_at(ends[0], bytes, 2, SPG_CURRENT, patience()), 2);
    task = spawned(&(spg_attr){0}, polls_forever, &ends[0]);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), -ECANCELED);
    REQUIRE_OK(spg_close(ends[1]));
    REQUIRE((spg_poll(ends[0], POLLIN, patience()) & POLLHUP) != 0); // counts always
    REQUIRE_OK(spg_close(ends[0]));
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_CODE(spg_poll(ends[0], POLLIN | POLLOUT, patience()), POLLOUT);
    REQUIRE_OK(spg_socket_shutdown(ends[1], SHUT_WR));
    REQUIRE((spg_poll(ends[0], POLLRDHUP, patience()) & POLLRDHUP) != 0);
    close_pair(ends);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("fd");
    TCase *tests = add_tests(suite, "fd", 30);
    tcase_add_test(tests, outside_a_task_there_are_no_handles);
    tcase_add_test(tests, adopt_and_release);
    tcase_add_test(tests, any_kind_is_adopted_and_its_flags_are_left_alone);
    tcase_add_test(tests, descriptors_that_do_not_block_wait_all_the_same);
    tcase_add_test(tests, a_stale_handle_never_reaches_the_descriptor_that_followed);
    tcase_add_test(tests, close_ends_what_waits_on_any_shard);
    tcase_add_test(tests, close_ends_what_waits_for_room);
    tcase_add_test(tests, release_is_refused_while_somebody_waits);
    tcase_add_test(tests, a_cancelled_task_can_close);
    tcase_add_test(tests, a_handle_works_on_all_shards);
    tcase_add_test(tests, poll_tells_what_is_ready);
    return run_suite("test_fd", suite);
}
