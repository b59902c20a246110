// SPDX-License-Identifier: MIT
// calls.c: system calls that answer at once; see calls.h.
#include "sys/calls.h"

#include "sys/sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t result_of(ssize_t result)
{
    return result < 0 ? -errno : result;
}

// The C library makes these calls points where a thread can be cancelled: two locked instructions
// each, for threads that nobody cancels. Sanitizers, though, must see what they read and write.
#if defined(SPGI_ASAN) || defined(SPGI_TSAN)
#define CALL_PREADV2(fd, buffers, count, offset, flags) preadv2(fd, buffers, count, offset, flags)
#define CALL_RECV(fd, buffer, bytes, flags) recv(fd, buffer, bytes, flags)
#define CALL_SEND(fd, buffer, bytes, flags) send(fd, buffer, bytes, flags)
#else
// On 64 bits the offset is the first of two words, the second of which is not used.
#define CALL_PREADV2(fd, buffers, count, offset, flags)                                            \
    syscall(SYS_preadv2, fd, buffers, count, offset, 0, flags)
#define CALL_RECV(fd, buffer, bytes, flags)                                                        \
    syscall(SYS_recvfrom, fd, buffer, bytes, flags, NULL, NULL)
#define CALL_SEND(fd, buffer, bytes, flags)                                                        \
    syscall(SYS_sendto, fd, buffer, bytes, flags, NULL, 0)
#endif

ssize_t spgi_call_read_now(int fd, const struct iovec *buffers, int count, int64_t offset)
{
    return result_of(CALL_PREADV2(fd, buffers, count, offset, RWF_NOWAIT));
}

ssize_t spgi_call_recv_now(int fd, void *buffer, size_t bytes, int flags)
{
    return result_of(CALL_RECV(fd, buffer, bytes, flags | MSG_DONTWAIT));
}

ssize_t spgi_call_send_now(int fd, const void *buffer, size_t bytes, int flags)
{
    return result_of(CALL_SEND(fd, buffer, bytes, flags | MSG_DONTWAIT));
}

ssize_t spgi_call_recvmsg_now(int fd, struct msghdr *message, int flags)
{
    return result_of(recvmsg(fd, message, flags | MSG_DONTWAIT));
}

ssize_t spgi_call_sendmsg_now(int fd, const struct msghdr *message, int flags)
{
    return result_of(sendmsg(fd, message, flags | MSG_DONTWAIT));
}

int spgi_call_poll_now(int fd, unsigned events)
{
    struct pollfd entry = {.fd = fd, .events = (short)events};
    int ready = poll(&entry, 1, 0);
    return ready < 0 ? -errno : ready > 0 ? (unsigned short)entry.revents : 0;
}

int spgi_call_socket(int domain, int type, int protocol)
{
    return (int)result_of(socket(domain, type, protocol));
}

int spgi_call_bind(int fd, const struct sockaddr *address, socklen_t bytes)
{
    return (int)result_of(bind(fd, address, bytes));
}

int spgi_call_listen(int fd, int backlog)
{
    return (int)result_of(listen(fd, backlog));
}

int spgi_call_shutdown(int fd, int how)
{
    return (int)result_of(shutdown(fd, how));
}

int spgi_call_ftruncate(int fd, uint64_t bytes)
{
    return (int)result_of(ftruncate(fd, (off_t)bytes));
}

bool spgi_call_is_stream(int fd)
{
    int type = 0;
    socklen_t bytes = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_STREAM;
}

bool spgi_call_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

void spgi_call_close(int fd)
{
    close(fd);
}
