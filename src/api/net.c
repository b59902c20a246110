// SPDX-License-Identifier: MIT
// net.c: sockets for users: each call tries to get its answer at once, else fills a request and
// runs it.
#include <spargio/net.h>

#include "api/descriptor.h"
#include "core/fdtable.h"
#include "core/shard.h"
#include "core/wait.h"
#include "sys/calls.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>

#define TRANSFER_MAX ((size_t)0x7ffff000)

static uint64_t address_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static int adopt_socket(struct spgi_task *task, int fd, spg_fd *out)
{
    if (fd < 0) {
        return fd;
    }
    int error = spgi_fd_add(task->rt, fd, out);
    if (error) {
        spgi_call_close(fd);
    }
    return error;
}

// ---- Setting up ------------------------------------------------------------------------------

int spg_socket(int domain, int type, int protocol, spg_fd *out)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (!out) {
        return -EINVAL;
    }
    return adopt_socket(task, spgi_call_socket(domain, type | SOCK_CLOEXEC, protocol), out);
}

int spg_bind(spg_fd fd, const struct sockaddr *address, socklen_t bytes)
{
    struct spgi_use use;
    int error = spgi_use_begin(&use, fd);
    return error ? error : (int)spgi_use_end(&use, spgi_call_bind(use.fd, address, bytes));
}

int spg_listen(spg_fd fd, int backlog)
{
    struct spgi_use use;
    int error = spgi_use_begin(&use, fd);
    return error ? error : (int)spgi_use_end(&use, spgi_call_listen(use.fd, backlog));
}

int spg_socket_shutdown(spg_fd fd, int how)
{
    struct spgi_use use;
    int error = spgi_use_begin(&use, fd);
    return error ? error : (int)spgi_use_end(&use, spgi_call_shutdown(use.fd, how));
}

// ---- Connections -----------------------------------------------------------------------------

int spg_accept(spg_fd fd, struct sockaddr *address, socklen_t *bytes, int flags, spg_fd *out,
               spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (!out || !address != !bytes) {
        return (int)spgi_use_end(&use, -EINVAL);
    }
    if (deadline == SPG_NOW) {
        // Another acceptor may be quicker between the look and the request: then this one is
        // stopped at once.
        if (spgi_call_poll_now(use.fd, POLLIN) == 0) {
            return (int)spgi_use_end(&use, -ETIME);
        }
        deadline = spg_after(SPGI_TRY_NS);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_ACCEPT,
        .fd = use.fd,
        .address = address_of(address),
        .offset = address_of(bytes),
        .op_flags = (uint32_t)(flags | SOCK_CLOEXEC),
    };
    return adopt_socket(use.task, spgi_use_run(&use, &request, POLLIN, deadline), out);
}

int spg_connect(spg_fd fd, const struct sockaddr *address, socklen_t bytes, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_CONNECT,
        .fd = use.fd,
        .address = address_of(address),
        .offset = bytes,
    };
    return spgi_use_run(&use, &request, 0, deadline);
}

// ---- Data ------------------------------------------------------------------------------------

// Trying at once pays when data is there already. On a socket where it was not, the next few
// receives are left to the ring: request and answer in turn would pay for a call in vain each time.
static ssize_t recv_now(struct spgi_use *use, void *buffer, size_t bytes, int flags,
                        spg_time deadline)
{
    spgi_a32 *waits = &use->entry->recv_waits;
    uint32_t left = load_relaxed(waits);
    bool may_wait = !(flags & MSG_DONTWAIT) &&
                    (deadline == SPG_NEVER || (left > 0 && deadline > spgi_clock_now()));
    if (left > 0 && may_wait) {
        store_relaxed(waits, left - 1);
        return -EAGAIN;
    }
    ssize_t there = spgi_call_recv_now(use->fd, buffer, bytes, flags);
    if (there == -EAGAIN) {
        store_relaxed(waits, SPGI_RECV_WAITS);
    }
    return there;
}

// By the ring. What it finds there without having to wait for it says that the next receive need
// not be left to the ring: the request is answered in the pass in which it was made.
static ssize_t recv_waiting(struct spgi_use *use, void *buffer, size_t bytes, int flags,
                            spg_time deadline)
{
    struct spgi_shard *shard = spgi_shard_self();
    spgi_a32 *waits = &use->entry->recv_waits; // the entry outlives the use of it
    uint64_t pass = load_relaxed(&shard->counters.passes);
    struct spgi_request request = {
        .opcode = SPGI_OP_RECV,
        .fd = use->fd,
        .address = address_of(buffer),
        .length = (uint32_t)bytes,
        .op_flags = (uint32_t)flags,
    };
    if (!(flags & MSG_WAITALL)) {
        request.priority = SPGI_POLL_FIRST; // nothing there, just now or lately
    }
    ssize_t n = spgi_use_run(use, &request, flags & MSG_DONTWAIT ? 0 : POLLIN, deadline);
    bool same = shard == spgi_shard_self();
    bool was_there = same && load_relaxed(&shard->counters.passes) <= pass + 1;
    if (was_there && n > 0 && load_relaxed(waits) > 0) {
        store_relaxed(waits, 0u);
    }
    return n;
}

// Whether a receive that wants all has got a part of it: only of a stream is there more to come.
static bool wants_rest(const struct spgi_use *use, ssize_t there, size_t bytes, int flags)
{
    return there > 0 && (size_t)there < bytes && (flags & MSG_WAITALL) &&
           !(flags & (MSG_PEEK | MSG_DONTWAIT)) && spgi_call_is_stream(use->fd);
}

ssize_t spg_recv(spg_fd fd, void *buffer, size_t bytes, int flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    bytes = bytes < TRANSFER_MAX ? bytes : TRANSFER_MAX;
    // A look at all of it must not see a part: only the ring can wait for that.
    bool peeks_at_all = (flags & MSG_PEEK) && (flags & MSG_WAITALL) && deadline != SPG_NOW;
    ssize_t there = peeks_at_all ? -EAGAIN : recv_now(&use, buffer, bytes, flags, deadline);
    if (there == -EAGAIN) {
        return recv_waiting(&use, buffer, bytes, flags, deadline);
    }
    if (deadline != SPG_NOW && wants_rest(&use, there, bytes, flags)) {
        size_t got = (size_t)there;
        ssize_t rest = recv_waiting(&use, (char *)buffer + got, bytes - got, flags, deadline);
        return rest > 0 ? there + rest : there; // a result beats what ended it
    }
    return spgi_use_end_inline(&use, there);
}

ssize_t spg_socket_send(spg_fd fd, const void *buffer, size_t bytes, int flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    flags |= MSG_NOSIGNAL;
    bytes = bytes < TRANSFER_MAX ? bytes : TRANSFER_MAX;
    ssize_t sent = spgi_call_send_now(use.fd, buffer, bytes, flags);
    if (sent != -EAGAIN) {
        return spgi_use_end_inline(&use, sent);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_SEND,
        .fd = use.fd,
        .address = address_of(buffer),
        .length = (uint32_t)bytes,
        .op_flags = (uint32_t)flags,
        .priority = SPGI_POLL_FIRST,
    };
    return spgi_use_run(&use, &request, flags & MSG_DONTWAIT ? 0 : POLLOUT, deadline);
}

ssize_t spg_send_all(spg_fd fd, const void *buffer, size_t bytes, int flags, spg_time deadline)
{
    const char *at = buffer;
    size_t left = bytes;
    while (left > 0) {
        ssize_t sent = spg_socket_send(fd, at, left, flags, deadline);
        if (sent < 0) {
            return sent;
        }
        at += sent;
        left -= (size_t)sent;
    }
    return (ssize_t)bytes;
}

ssize_t spg_recvmsg(spg_fd fd, struct msghdr *message, int flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (!message) {
        return spgi_use_end(&use, -EINVAL);
    }
    if (deadline == SPG_NOW) {
        ssize_t there = spgi_call_recvmsg_now(use.fd, message, flags);
        return spgi_use_end_inline(&use, there == -EAGAIN ? -ETIME : there);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_RECVMSG,
        .fd = use.fd,
        .address = address_of(message),
        .length = 1,
        .op_flags = (uint32_t)flags,
    };
    return spgi_use_run(&use, &request, flags & MSG_DONTWAIT ? 0 : POLLIN, deadline);
}

ssize_t spg_sendmsg(spg_fd fd, const struct msghdr *message, int flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (!message) {
        return spgi_use_end(&use, -EINVAL);
    }
    flags |= MSG_NOSIGNAL;
    ssize_t sent = spgi_call_sendmsg_now(use.fd, message, flags);
    if (sent != -EAGAIN) {
        return spgi_use_end_inline(&use, sent);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_SENDMSG,
        .fd = use.fd,
        .address = address_of(message),
        .length = 1,
        .op_flags = (uint32_t)flags,
    };
    return spgi_use_run(&use, &request, flags & MSG_DONTWAIT ? 0 : POLLOUT, deadline);
}
