// SPDX-License-Identifier: MIT
// test_message.c: datagrams, messages in parts, and descriptors sent in messages.
#include "streams.h"

#define TEXT(literal) ((void *)(uintptr_t)(literal))

// One that sends, one that receives and answers to the address it got.
NET_TEST(datagrams_carry_addresses, 2)
{
    struct sockaddr_in one_address;
    struct sockaddr_in two_address;
    spg_fd one = bound_socket(SOCK_DGRAM, &one_address);
    spg_fd two = bound_socket(SOCK_DGRAM, &two_address);
    char text[16];
    REQUIRE_CODE(spg_recv(two, text, sizeof text, 0, soon()), -ETIME);
    struct iovec parts[2] = {{TEXT("two "), 4}, {TEXT("parts"), 5}};
    struct msghdr message = {.msg_name = &two_address,
                             .msg_namelen = sizeof two_address,
                             .msg_iov = parts,
                             .msg_iovlen = 2};
    REQUIRE_CODE(spg_sendmsg(one, &message, 0, patience()), 9);
    struct sockaddr_in from = {0};
    struct iovec whole = {text, sizeof text};
    struct msghdr received = {
        .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &whole, .msg_iovlen = 1};
    REQUIRE_CODE(spg_recvmsg(two, &received, 0, patience()), 9);
    REQUIRE(memcmp(text, "two parts", 9) == 0);
    REQUIRE_EQ(received.msg_namelen, sizeof from);
    REQUIRE_EQ(from.sin_port, one_address.sin_port);
    REQUIRE_EQ(received.msg_flags, 0);
    // Connected to that address, plain calls work; a datagram that is too long is cut.
    REQUIRE_OK(spg_connect(two, (struct sockaddr *)&from, sizeof from, patience()));
    REQUIRE_CODE(spg_socket_send(two, "a long answer", 13, 0, patience()), 13);
    whole.iov_len = 6;
    REQUIRE_CODE(spg_recvmsg(one, &received, 0, patience()), 6);
    REQUIRE((received.msg_flags & MSG_TRUNC) != 0);
    REQUIRE(memcmp(text, "a long", 6) == 0);
    // One without content is a datagram, too.
    REQUIRE_CODE(spg_socket_send(two, "", 0, 0, patience()), 0);
    REQUIRE_CODE(spg_recv(one, text, sizeof text, 0, patience()), 0);
    REQUIRE_CODE(spg_recv(one, text, sizeof text, 0, SPG_NOW), -ETIME);
    spg_fd ends[2] = {one, two};
    close_pair(ends);
    return 0;
}

TASK_TEST(messages_without_a_header_are_refused, 2)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_CODE(spg_recvmsg(ends[0], NULL, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_sendmsg(ends[0], NULL, 0, patience()), -EINVAL);
    close_pair(ends);
    return 0;
}

TASK_TEST(packets_keep_their_bounds, 2)
{
    spg_fd ends[2];
    char text[16];
    open_socket_pair(ends, SOCK_SEQPACKET);
    REQUIRE_CODE(spg_socket_send(ends[0], "one", 3, 0, patience()), 3);
    REQUIRE_CODE(spg_socket_send(ends[0], "three", 5, 0, patience()), 5);
    struct iovec parts[2] = {{text, 2}, {text + 8, 8}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    REQUIRE_CODE(spg_recvmsg(ends[1], &message, 0, patience()), 3);
    REQUIRE(memcmp(text, "on", 2) == 0 && text[8] == 'e');
    REQUIRE_CODE(spg_recv(ends[1], text, sizeof text, 0, patience()), 5);
    REQUIRE(memcmp(text, "three", 5) == 0);
    REQUIRE_CODE(spg_recvmsg(ends[1], &message, 0, soon()), -ETIME);
    REQUIRE_CODE(spg_recvmsg(ends[1], &message, 0, SPG_NOW), -ETIME);
    REQUIRE_OK(spg_close(ends[0]));
    REQUIRE_CODE(spg_recvmsg(ends[1], &message, 0, patience()), 0);
    REQUIRE_OK(spg_close(ends[1]));
    return 0;
}

TASK_TEST(a_full_socket_makes_sendmsg_wait, 2)
{
    spg_fd ends[2];
    struct iovec part = {TEXT("x"), 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    open_socket_pair(ends, SOCK_STREAM);
    fill_socket(ends[0]);
    REQUIRE_CODE(spg_sendmsg(ends[0], &message, 0, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_sendmsg(ends[0], &message, 0, soon()), -ETIME);
    close_pair(ends);
    return 0;
}

static int takes_descriptor(void *arg)
{
    char byte = 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    REQUIRE_CODE(spg_recvmsg(*(spg_fd *)arg, &message, MSG_CMSG_CLOEXEC, patience()), 1);
    REQUIRE_EQ(byte, 'd');
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    REQUIRE(header != NULL && header->cmsg_type == SCM_RIGHTS);
    int number;
    memcpy(&number, CMSG_DATA(header), sizeof number);
    REQUIRE_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
    spg_fd passed = adopted(number);
    REQUIRE_CODE(spg_write_at(passed, "through", 7, SPG_CURRENT, patience()), 7);
    return spg_close(passed);
}

TASK_TEST(descriptors_travel_in_messages, 2)
{
    spg_fd ends[2];
    int pair[2];
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_EQ(pipe2(pair, O_CLOEXEC), 0);
    spg_fd reader = adopted(pair[0]);
    spg_task task = spawned(&(spg_attr){0}, takes_descriptor, &ends[1]);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {TEXT("d"), 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &pair[1], sizeof pair[1]);
    REQUIRE_CODE(spg_sendmsg(ends[0], &message, 0, patience()), 1);
    close(pair[1]);
    char text[16];
    REQUIRE_CODE(spg_read_at(reader, text, sizeof text, SPG_CURRENT, patience()), 7);
    REQUIRE(memcmp(text, "through", 7) == 0);
    REQUIRE_OK(joined(task));
    REQUIRE_CODE(spg_read_at(reader, text, sizeof text, SPG_CURRENT, patience()), 0);
    REQUIRE_OK(spg_close(reader));
    close_pair(ends);
    return 0;
}

// Local sockets with a name: the abstract name space needs no file.
TASK_TEST(local_sockets_listen_and_connect, 2)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "spargio-test-%d",
                          (int)getpid());
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    spg_fd listener;
    spg_fd client;
    spg_fd server;
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_STREAM, 0, &client));
    REQUIRE_CODE(spg_connect(client, (struct sockaddr *)&address, bytes, patience()),
                 -ECONNREFUSED);
    REQUIRE_OK(spg_socket(AF_UNIX, SOCK_STREAM, 0, &listener));
    REQUIRE_OK(spg_bind(listener, (struct sockaddr *)&address, bytes));
    REQUIRE_OK(spg_listen(listener, 4));
    REQUIRE_OK(spg_connect(client, (struct sockaddr *)&address, bytes, patience()));
    REQUIRE_OK(spg_accept(listener, NULL, NULL, 0, &server, patience()));
    char byte;
    REQUIRE_CODE(spg_socket_send(client, "u", 1, 0, patience()), 1);
    REQUIRE_CODE(spg_recv(server, &byte, 1, 0, patience()), 1);
    REQUIRE_EQ(byte, 'u');
    REQUIRE_OK(spg_close(server));
    REQUIRE_OK(spg_close(client));
    REQUIRE_OK(spg_close(listener));
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("message");
    TCase *tests = add_tests(suite, "message", 30);
    tcase_add_test(tests, datagrams_carry_addresses);
    tcase_add_test(tests, messages_without_a_header_are_refused);
    tcase_add_test(tests, packets_keep_their_bounds);
    tcase_add_test(tests, a_full_socket_makes_sendmsg_wait);
    tcase_add_test(tests, descriptors_travel_in_messages);
    tcase_add_test(tests, local_sockets_listen_and_connect);
    return run_suite("test_message", suite);
}
