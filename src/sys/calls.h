// SPDX-License-Identifier: MIT
// calls.h: system calls that answer at once, with negative errno values for errors.
//
// errno is read here, on the thread that made the call, and nowhere above this folder.
#ifndef SPGI_SYS_CALLS_H
#define SPGI_SYS_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

// Copies what is there without waiting: -EAGAIN when the call would wait, or -EOPNOTSUPP when the
// kind of file cannot tell. offset -1: the descriptor's own position.
ssize_t spgi_call_read_now(int fd, const struct iovec *buffers, int count, int64_t offset);
ssize_t spgi_call_recv_now(int fd, void *buffer, size_t bytes, int flags);
ssize_t spgi_call_send_now(int fd, const void *buffer, size_t bytes, int flags);
ssize_t spgi_call_recvmsg_now(int fd, struct msghdr *message, int flags);
ssize_t spgi_call_sendmsg_now(int fd, const struct msghdr *message, int flags);

// The events that are ready now; 0: none.
int spgi_call_poll_now(int fd, unsigned events);

int spgi_call_socket(int domain, int type, int protocol);
int spgi_call_bind(int fd, const struct sockaddr *address, socklen_t bytes);
int spgi_call_listen(int fd, int backlog);
int spgi_call_shutdown(int fd, int how);
int spgi_call_ftruncate(int fd, uint64_t bytes); // may wait for the disk

// Whether a socket's bytes have no bounds between them.
bool spgi_call_is_stream(int fd);

bool spgi_call_is_open(int fd);
void spgi_call_close(int fd);

#endif
