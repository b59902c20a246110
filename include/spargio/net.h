// SPDX-License-Identifier: MIT
// net.h: sockets.
//
// All calls: tasks only; the common errors of fd.h, else those of the system call of the same name.
// Those marked as suspending do so unless the result is there at once. Addresses are those of the
// sockets API; names are not resolved here.
#ifndef SPARGIO_NET_H
#define SPARGIO_NET_H

#include <spargio/types.h>
#include <sys/socket.h>

SPG_BEGIN_DECLS

// Makes a socket; SOCK_CLOEXEC is added. Does not suspend.
// Returns 0 and the handle in out; -EINVAL out is NULL; -EPERM; -ENOMEM; errors of socket(2).
SPG_API SPG_MUST_CHECK int spg_socket(int domain, int type, int protocol, spg_fd *out);

// Gives the socket a local address. Does not suspend. Returns 0; -EBADF; -EPERM; errors of bind(2).
SPG_API SPG_MUST_CHECK int spg_bind(spg_fd fd, const struct sockaddr *address, socklen_t bytes);

// Accepts connections from now on; backlog as in listen(2). Does not suspend.
// Returns 0; -EBADF; -EPERM; errors of listen(2).
SPG_API SPG_MUST_CHECK int spg_listen(spg_fd fd, int backlog);

// Takes the next connection; SOCK_CLOEXEC is added to flags (0 or SOCK_NONBLOCK).
//   address, bytes  the peer's address and its size, in and out; both may be NULL
// A connection that was accepted while the task was being cancelled is delivered, not lost.
// Suspends.
// Returns 0 and the handle in out; -EMFILE, -ENFILE descriptors are used up; -EINVAL out is NULL;
// the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
int spg_accept(spg_fd fd, struct sockaddr *address, socklen_t *bytes, int flags, spg_fd *out,
               spg_time deadline);

// Connects. Suspends.
// Returns 0; -ECONNREFUSED, -ETIMEDOUT (the kernel's own limit), -ENETUNREACH ...; the common
// errors. After -ETIME or -ECANCELED the socket can only be closed.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
int spg_connect(spg_fd fd, const struct sockaddr *address, socklen_t bytes, spg_time deadline);

// Receives at most bytes. flags as in recv(2); with MSG_WAITALL the call returns less only at the
// end of the stream, on an error, or when its deadline or a cancel comes: then what was received is
// returned. Suspends.
// Returns bytes received, 0 at the end of the stream; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_recv(spg_fd fd, void *buffer, size_t bytes, int flags, spg_time deadline);

// Sends at most bytes. flags as in send(2); MSG_NOSIGNAL is always added. (spg_send is the mailbox
// call.) Suspends.
// Returns bytes sent; -EPIPE the peer is gone; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_socket_send(spg_fd fd, const void *buffer, size_t bytes, int flags, spg_time deadline);

// Sends all of buffer, in as many steps as it takes. Suspends.
// Returns bytes; an error of spg_socket_send, when part may have been sent.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_send_all(spg_fd fd, const void *buffer, size_t bytes, int flags, spg_time deadline);

// As recvmsg(2). message and all it points to stay the caller's; they are in use until the call
// returns. Suspends.
// Returns bytes received; -EINVAL message is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_recvmsg(spg_fd fd, struct msghdr *message, int flags, spg_time deadline);

// As sendmsg(2), with MSG_NOSIGNAL. Suspends.
// Returns bytes sent; -EINVAL message is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_sendmsg(spg_fd fd, const struct msghdr *message, int flags, spg_time deadline);

// Ends one or both directions: SHUT_RD, SHUT_WR, SHUT_RDWR. (spg_shutdown ends a runtime.) Does not
// suspend.
// Returns 0; -EBADF; -EPERM; errors of shutdown(2).
SPG_API int spg_socket_shutdown(spg_fd fd, int how);

SPG_END_DECLS

#endif
