// SPDX-License-Identifier: MIT
// streams.h: pipes, socket pairs and loopback connections for tests, made in tasks.
#ifndef SPARGIO_TESTS_STREAMS_H
#define SPARGIO_TESTS_STREAMS_H

#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline spg_fd adopted(int number)
{
    spg_fd handle = {0};
    REQUIRE(number >= 0);
    REQUIRE_OK(spg_fd_adopt(number, &handle));
    REQUIRE(handle.v != 0);
    return handle;
}

// ends[0] is read from, ends[1] is written to.
static inline void open_pipe(spg_fd ends[2])
{
    int numbers[2];
    REQUIRE_EQ(pipe2(numbers, O_CLOEXEC), 0);
    ends[0] = adopted(numbers[0]);
    ends[1] = adopted(numbers[1]);
}

// Two connected sockets of the local domain.
static inline void open_socket_pair(spg_fd ends[2], int type)
{
    int numbers[2];
    REQUIRE_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, numbers), 0);
    ends[0] = adopted(numbers[0]);
    ends[1] = adopted(numbers[1]);
}

static inline void close_pair(spg_fd ends[2])
{
    REQUIRE_OK(spg_close(ends[0]));
    REQUIRE_OK(spg_close(ends[1]));
}

// In a minimal system the loopback interface may still be down.
static inline bool loopback_up(void)
{
    int number = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (number < 0) {
        return false;
    }
    struct ifreq request = {.ifr_name = "lo"};
    bool up = ioctl(number, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
    if (!up) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
        up = ioctl(number, SIOCSIFFLAGS, &request) == 0;
    }
    close(number);
    return up;
}

static inline struct sockaddr_in loopback_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

// The address that the socket was given by the kernel.
static inline struct sockaddr_in own_address(spg_fd fd)
{
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    REQUIRE_EQ(getsockname(spg_fd_number(fd), (struct sockaddr *)&address, &bytes), 0);
    return address;
}

// A bound socket on a port that the kernel chose.
static inline spg_fd bound_socket(int type, struct sockaddr_in *address)
{
    spg_fd fd;
    *address = loopback_address(0);
    REQUIRE_OK(spg_socket(AF_INET, type, 0, &fd));
    REQUIRE_OK(spg_bind(fd, (struct sockaddr *)address, sizeof *address));
    *address = own_address(fd);
    return fd;
}

static inline spg_fd listening_socket(int backlog, struct sockaddr_in *address)
{
    spg_fd fd = bound_socket(SOCK_STREAM, address);
    REQUIRE_OK(spg_listen(fd, backlog));
    return fd;
}

static inline spg_fd connected_to(const struct sockaddr_in *address)
{
    spg_fd fd;
    REQUIRE_OK(spg_socket(AF_INET, SOCK_STREAM, 0, &fd));
    REQUIRE_OK(spg_connect(fd, (const struct sockaddr *)address, sizeof *address, patience()));
    return fd;
}

// The two ends of a TCP connection.
static inline void open_tcp_pair(spg_fd ends[2])
{
    struct sockaddr_in address;
    spg_fd listener = listening_socket(4, &address);
    ends[0] = connected_to(&address);
    REQUIRE_OK(spg_accept(listener, NULL, NULL, 0, &ends[1], patience()));
    REQUIRE_OK(spg_close(listener));
}

// Sends until the socket's buffers are full; gives how many bytes went in.
static inline size_t fill_socket(spg_fd fd)
{
    static const char zeros[4096];
    size_t sent = 0;
    for (;;) {
        ssize_t n = send(spg_fd_number(fd), zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            REQUIRE(errno == EAGAIN);
            return sent;
        }
        sent += (size_t)n;
    }
}

// Writes to a pipe until it is full; gives how many bytes went in.
static inline size_t fill_pipe(spg_fd fd)
{
    static const char zeros[4096];
    size_t written = 0;
    int number = spg_fd_number(fd);
    int flags = fcntl(number, F_GETFL);
    REQUIRE_EQ(fcntl(number, F_SETFL, flags | O_NONBLOCK), 0);
    for (ssize_t n; (n = write(number, zeros, sizeof zeros)) > 0;) {
        written += (size_t)n;
    }
    REQUIRE_EQ(fcntl(number, F_SETFL, flags), 0);
    return written;
}

// A test as TASK_TEST makes it, skipped where there is no loopback interface.
#define NET_TEST(name, shard_count)                                                                \
    static int name##_root(void *arg);                                                             \
    START_TEST(name)                                                                               \
    {                                                                                              \
        if (!loopback_up()) {                                                                      \
            SKIP("no loopback interface");                                                         \
        }                                                                                          \
        spg_options options = test_options(shard_count);                                           \
        run_root(&options, name##_root, NULL);                                                     \
    }                                                                                              \
    END_TEST                                                                                       \
    static int name##_root(void *arg CK_ATTRIBUTE_UNUSED)

#endif
