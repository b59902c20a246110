// SPDX-License-Identifier: MIT
// test_net.c: stream sockets: making, connecting, accepting, receiving and sending. Datagrams,
// messages and descriptors in messages are in test_message.c.
#include "streams.h"

#include <signal.h>

TASK_TEST(sockets_are_made_or_refused, 2)
{
    spg_fd fd = {5};
    REQUIRE_CODE(spg_socket(AF_INET, SOCK_STREAM, 0, NULL), -EINVAL);
    REQUIRE_CODE(spg_socket(9999, SOCK_STREAM, 0, &fd), -EAFNOSUPPORT);
    REQUIRE_EQ(fd.v, 5);
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_STREAM, 0, &fd));
    REQUIRE_EQ(fcntl(spg_fd_number(fd), F_GETFD), FD_CLOEXEC);
    REQUIRE_CODE(spg_listen(fd, 4), -EINVAL); // it has no address
    char byte;
    REQUIRE_CODE(spg_recv(fd, &byte, 1, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_socket_send(fd, "x", 1, 0, patience()), -ENOTCONN);
    REQUIRE_OK(spg_close(fd));
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_DGRAM, 0, &fd));
    REQUIRE_CODE(spg_listen(fd, 4), -EOPNOTSUPP);
    REQUIRE_OK(spg_close(fd));
    REQUIRE_OK(spg_socket(AF_INET, SOCK_STREAM, 0, &fd));
    REQUIRE_CODE(spg_socket_shutdown(fd, SHUT_RD), -ENOTCONN);
    REQUIRE_OK(spg_close(fd));
    int pair[2];
    REQUIRE_EQ(pipe2(pair, O_CLOEXEC), 0);
    spg_fd ends[2] = {adopted(pair[0]), adopted(pair[1])};
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), -ENOTSOCK);
    REQUIRE_CODE(spg_socket_send(ends[1], "x", 1, 0, patience()), -ENOTSOCK);
    REQUIRE_CODE(spg_socket_shutdown(ends[0], SHUT_RD), -ENOTSOCK);
    close_pair(ends);
    return 0;
}

NET_TEST(connections_are_made_both_ways, 2)
{
    struct sockaddr_in address;
    struct sockaddr_in peer = {0};
    socklen_t bytes = sizeof peer;
    spg_fd listener = listening_socket(8, &address);
    spg_fd other;
    spg_fd client;
    REQUIRE_OK(spg_socket(AF_INET, SOCK_STREAM, 0, &other));
    REQUIRE_CODE(spg_bind(other, (struct sockaddr *)&address, sizeof address), -EADDRINUSE);
    REQUIRE_OK(spg_close(other));
    REQUIRE_CODE(spg_accept(listener, NULL, NULL, 0, &other, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_accept(listener, NULL, NULL, 0, &other, soon()), -ETIME);
    REQUIRE_CODE(spg_accept(listener, NULL, NULL, 0, NULL, patience()), -EINVAL);
    client = connected_to(&address);
    REQUIRE_OK(spg_accept(listener, (struct sockaddr *)&peer, &bytes, 0, &other, patience()));
    REQUIRE_EQ(bytes, sizeof peer);
    struct sockaddr_in own = own_address(client);
    REQUIRE_EQ(peer.sin_port, own.sin_port);
    REQUIRE_EQ(peer.sin_addr.s_addr, own.sin_addr.s_addr);
    REQUIRE_EQ(fcntl(spg_fd_number(other), F_GETFD), FD_CLOEXEC);
    REQUIRE_EQ(fcntl(spg_fd_number(other), F_GETFL) & O_NONBLOCK, 0);
    char text[8];
    REQUIRE_CODE(spg_socket_send(client, "ping", 4, 0, patience()), 4);
    REQUIRE_CODE(spg_recv(other, text, sizeof text, 0, patience()), 4);
    REQUIRE_CODE(spg_socket_send(other, "pong!", 5, 0, patience()), 5);
    REQUIRE_CODE(spg_recv(client, text, sizeof text, 0, patience()), 5);
    REQUIRE(memcmp(text, "pong!", 5) == 0);
    spg_fd ends[2] = {client, other};
    close_pair(ends);
    client = connected_to(&address);
    REQUIRE_OK(spg_accept(listener, NULL, NULL, SOCK_NONBLOCK, &other, patience()));
    REQUIRE((fcntl(spg_fd_number(other), F_GETFL) & O_NONBLOCK) != 0);
    REQUIRE_OK(spg_close(other));
    REQUIRE_OK(spg_close(client));
    REQUIRE_OK(spg_close(listener));
    return 0;
}

NET_TEST(connect_reports_a_refusal_and_its_deadline, 2)
{
    struct sockaddr_in address;
    spg_fd listener = listening_socket(0, &address);
    // The queue of a listener that accepts nobody fills up; then the kernel lets connects wait.
    enum { MOST = 16 };
    spg_fd clients[MOST];
    int code = 0;
    int count = 0;
    while (code == 0 && count < MOST) {
        REQUIRE_OK(spg_socket(AF_INET, SOCK_STREAM, 0, &clients[count]));
        code = spg_connect(clients[count], (struct sockaddr *)&address, sizeof address, later());
        count++;
    }
    REQUIRE_CODE(code, -ETIME);
    for (int i = 0; i < count; i++) {
        REQUIRE_OK(spg_close(clients[i]));
    }
    REQUIRE_OK(spg_close(listener));
    spg_fd client;
    REQUIRE_OK(spg_socket(AF_INET, SOCK_STREAM, 0, &client));
    code = spg_connect(client, (struct sockaddr *)&address, sizeof address, patience());
    REQUIRE_CODE(code, -ECONNREFUSED);
    REQUIRE_OK(spg_close(client));
    return 0;
}

static int accepts(void *arg)
{
    spg_fd fd;
    int code = spg_accept(*(spg_fd *)arg, NULL, NULL, 0, &fd, patience());
    return code == 0 ? spg_close(fd) : code;
}

NET_TEST(accept_is_cancelled_and_takes_the_next, 2)
{
    struct sockaddr_in address;
    spg_fd listener = listening_socket(8, &address);
    spg_task task = spawned(&(spg_attr){0}, accepts, &listener);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), -ECANCELED);
    task = spawned(&(spg_attr){0}, accepts, &listener);
    spg_fd client = connected_to(&address);
    REQUIRE_OK(joined(task));
    char byte;
    REQUIRE_CODE(spg_recv(client, &byte, 1, 0, patience()), 0);
    REQUIRE_OK(spg_close(client));
    // Closing the listener ends those who wait for a connection.
    task = spawned(&(spg_attr){0}, accepts, &listener);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_OK(spg_close(listener));
    REQUIRE_CODE(joined(task), -EBADF);
    return 0;
}

NET_TEST(a_deadline_loses_no_data, 2)
{
    spg_fd ends[2];
    open_tcp_pair(ends);
    char text[16];
    for (int i = 0; i < 10; i++) {
        memset(text, '#', sizeof text);
        REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, 0, spg_after(SPG_MS)), -ETIME);
        REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, 0, SPG_NOW), -ETIME);
        REQUIRE(text[0] == '#');
        REQUIRE_CODE(spg_socket_send(ends[1], "data", 4, 0, patience()), 4);
        REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, 0, patience()), 4);
        REQUIRE(memcmp(text, "data", 4) == 0);
    }
    REQUIRE_CODE(spg_socket_send(ends[1], "now", 3, 0, patience()), 3);
    REQUIRE_CODE(spg_poll(ends[0], 1, patience()), 1);
    // A deadline that has passed takes what is there.
    REQUIRE_CODE(spg_recv(ends[0], text, 1, 0, SPG_NOW), 1);
    REQUIRE_CODE(spg_recv(ends[0], text, 1, 0, spg_now() - SPG_S), 1);
    REQUIRE_CODE(spg_recv(ends[0], text, 9, 0, SPG_NEVER), 1);
    close_pair(ends);
    return 0;
}

NET_TEST(flags_mean_what_recv_says, 2)
{
    spg_fd ends[2];
    open_tcp_pair(ends);
    char text[16];
    REQUIRE_CODE(spg_recv(ends[0], text, 4, MSG_DONTWAIT, patience()), -EAGAIN);
    REQUIRE_CODE(spg_socket_send(ends[1], "peek", 4, 0, patience()), 4);
    REQUIRE_CODE(spg_recv(ends[0], text, 16, MSG_PEEK, patience()), 4);
    REQUIRE_CODE(spg_recv(ends[0], text, 16, MSG_PEEK, patience()), 4);
    REQUIRE_CODE(spg_recv(ends[0], text, 16, MSG_DONTWAIT, patience()), 4);
    REQUIRE(memcmp(text, "peek", 4) == 0);
    close_pair(ends);
    return 0;
}

static int sends_in_pieces(void *arg)
{
    spg_fd fd = *(spg_fd *)arg;
    for (int i = 0; i < 10; i++) {
        REQUIRE_CODE(spg_socket_send(fd, "0123456789", 10, 0, patience()), 10);
        REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    }
    return 0;
}

typedef struct whole {
    spg_fd fd;
    char text[200];
    spg_time deadline;
} whole;

static int receives_whole(void *arg)
{
    whole *wanted = arg;
    return (int)spg_recv(wanted->fd, wanted->text, sizeof wanted->text, MSG_WAITALL,
                         wanted->deadline);
}

NET_TEST(waitall_ends_only_when_full_ended_or_stopped, 2)
{
    spg_fd ends[2];
    char text[100];
    open_tcp_pair(ends);
    spg_task task = spawned(&(spg_attr){0}, sends_in_pieces, &ends[1]);
    REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, MSG_WAITALL, patience()), sizeof text);
    for (int i = 0; i < 100; i++) {
        REQUIRE_EQ(text[i], '0' + i % 10);
    }
    REQUIRE_OK(joined(task));
    // Its deadline: what was received is given, and what comes then is not lost.
    whole wanted = {.fd = ends[0], .deadline = later()};
    task = spawned(&(spg_attr){0}, receives_whole, &wanted);
    REQUIRE_CODE(spg_socket_send(ends[1], "part", 4, 0, patience()), 4);
    REQUIRE_CODE(joined(task), 4);
    REQUIRE(memcmp(wanted.text, "part", 4) == 0);
    wanted.deadline = soon();
    task = spawned(&(spg_attr){0}, receives_whole, &wanted);
    REQUIRE_CODE(joined(task), -ETIME); // nothing was there
    // A cancel: the same.
    wanted.deadline = SPG_NEVER;
    memset(wanted.text, 0, sizeof wanted.text);
    REQUIRE_CODE(spg_socket_send(ends[1], "some", 4, 0, patience()), 4);
    REQUIRE_CODE(spg_poll(ends[0], 1, patience()), 1);
    task = spawned(&(spg_attr){0}, receives_whole, &wanted);
    int left = 1; // until the task has taken the bytes out of the socket
    AWAIT(ioctl(spg_fd_number(ends[0]), FIONREAD, &left) == 0 && left == 0);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), 4);
    REQUIRE(memcmp(wanted.text, "some", 4) == 0);
    // The end of the stream.
    REQUIRE_CODE(spg_socket_send(ends[1], "last", 4, 0, patience()), 4);
    REQUIRE_OK(spg_socket_shutdown(ends[1], SHUT_WR));
    task = spawned(&(spg_attr){0}, receives_whole, &wanted);
    REQUIRE_CODE(joined(task), 4);
    REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, MSG_WAITALL, patience()), 0);
    close_pair(ends);
    return 0;
}

NET_TEST(waitall_keeps_to_messages_and_to_looks, 2)
{
    spg_fd ends[2];
    char text[100];
    // A message is whole, however short it is.
    open_socket_pair(ends, SOCK_DGRAM);
    REQUIRE_CODE(spg_socket_send(ends[1], "one", 3, 0, patience()), 3);
    REQUIRE_CODE(spg_socket_send(ends[1], "three", 5, 0, patience()), 5);
    REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, MSG_WAITALL, patience()), 3);
    REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, MSG_WAITALL, patience()), 5);
    close_pair(ends);
    // A look takes nothing, and is given no byte twice.
    open_tcp_pair(ends);
    REQUIRE_CODE(spg_socket_send(ends[1], "0123", 4, 0, patience()), 4);
    REQUIRE_CODE(spg_poll(ends[0], 1, patience()), 1);
    REQUIRE_CODE(spg_recv(ends[0], text, 4, MSG_WAITALL | MSG_PEEK, patience()), 4);
    REQUIRE_CODE(spg_recv(ends[0], text, sizeof text, MSG_WAITALL, SPG_NOW), 4);
    REQUIRE(memcmp(text, "0123", 4) == 0);
    close_pair(ends);
    return 0;
}

NET_TEST(shutdown_ends_one_direction, 2)
{
    spg_fd ends[2];
    char byte;
    open_tcp_pair(ends);
    REQUIRE_CODE(spg_socket_shutdown(ends[0], 77), -EINVAL);
    REQUIRE_OK(spg_socket_shutdown(ends[0], SHUT_WR));
    REQUIRE_CODE(spg_recv(ends[1], &byte, 1, 0, patience()), 0);
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, patience()), -EPIPE);
    REQUIRE_CODE(spg_socket_send(ends[1], "y", 1, 0, patience()), 1);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
    close_pair(ends);
    return 0;
}

TASK_TEST(a_peer_that_is_gone_is_an_error_and_no_signal, 2)
{
    spg_fd ends[2];
    REQUIRE(signal(SIGPIPE, SIG_DFL) != SIG_ERR); // it would end the process
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_OK(spg_close(ends[1]));
    struct iovec vector = {(void *)(uintptr_t)"x", 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, patience()), -EPIPE);
    REQUIRE_CODE(spg_send_all(ends[0], "x", 1, 0, patience()), -EPIPE);
    REQUIRE_CODE(spg_sendmsg(ends[0], &message, 0, patience()), -EPIPE);
    REQUIRE_OK(spg_close(ends[0]));
    return 0;
}

TASK_TEST(a_full_socket_makes_send_wait, 2)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    fill_socket(ends[0]);
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, soon()), -ETIME);
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, MSG_DONTWAIT, patience()), -EAGAIN);
    REQUIRE_CODE(spg_send_all(ends[0], "x", 1, 0, soon()), -ETIME);
    close_pair(ends);
    return 0;
}

typedef struct stream {
    spg_fd fd;
    size_t bytes;
    uint64_t seed;
} stream;

static int receives_stream(void *arg)
{
    stream *in = arg;
    uint64_t state = in->seed;
    uint64_t pace = in->seed + 1;
    unsigned char *buffer = malloc(65536);
    REQUIRE(buffer != NULL);
    size_t done = 0;
    for (;;) {
        size_t room = 1 + random_below(&pace, 65536);
        ssize_t n = spg_recv(in->fd, buffer, room, 0, patience());
        REQUIRE(n >= 0);
        if (n == 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            REQUIRE_EQ(buffer[i], (unsigned char)random_next(&state));
        }
        done += (size_t)n;
    }
    free(buffer);
    REQUIRE_EQ(done, in->bytes);
    return 0;
}

NET_TEST(send_all_sends_all_in_order, 2)
{
    size_t bytes = scaled(4u << 20, 1u << 18);
    unsigned char *buffer = malloc(bytes);
    REQUIRE(buffer != NULL);
    uint64_t seed = random_stream(4);
    uint64_t state = seed;
    for (size_t i = 0; i < bytes; i++) {
        buffer[i] = (unsigned char)random_next(&state);
    }
    spg_fd ends[2];
    open_tcp_pair(ends);
    stream in = {.fd = ends[1], .bytes = bytes, .seed = seed};
    spg_task task = spawned(&(spg_attr){0}, receives_stream, &in);
    REQUIRE_CODE(spg_send_all(ends[0], buffer, bytes, 0, patience()), bytes);
    REQUIRE_OK(spg_socket_shutdown(ends[0], SHUT_WR));
    REQUIRE_OK(joined(task));
    REQUIRE_CODE(spg_send_all(ends[1], buffer, 0, 0, patience()), 0);
    close_pair(ends);
    free(buffer);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *tests = add_tests(suite, "net", 30);
    tcase_add_test(tests, sockets_are_made_or_refused);
    tcase_add_test(tests, connections_are_made_both_ways);
    tcase_add_test(tests, connect_reports_a_refusal_and_its_deadline);
    tcase_add_test(tests, accept_is_cancelled_and_takes_the_next);
    tcase_add_test(tests, a_deadline_loses_no_data);
    tcase_add_test(tests, flags_mean_what_recv_says);
    tcase_add_test(tests, waitall_ends_only_when_full_ended_or_stopped);
    tcase_add_test(tests, waitall_keeps_to_messages_and_to_looks);
    tcase_add_test(tests, shutdown_ends_one_direction);
    tcase_add_test(tests, a_peer_that_is_gone_is_an_error_and_no_signal);
    tcase_add_test(tests, a_full_socket_makes_send_wait);
    tcase_add_test(tests, send_all_sends_all_in_order);
    return run_suite("test_net", suite);
}
