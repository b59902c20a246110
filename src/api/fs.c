// SPDX-License-Identifier: MIT
// fs.c: files for users: each call fills a request and runs it.
#include <spargio/fs.h>

#include "api/descriptor.h"
#include "core/fdtable.h"
#include "core/op.h"
#include "core/pool.h"
#include "core/shard.h"
#include "sys/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

// Linux reads and writes at most this much at once.
#define TRANSFER_MAX ((size_t)0x7ffff000)

static uint64_t address_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

// Gives what a request made a handle; if it cannot get one, it is closed again.
static int adopt_result(struct spgi_task *task, int fd, spg_fd *out)
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

int spg_open(const char *path, int flags, mode_t mode, spg_fd *out, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_without(&use);
    if (error) {
        return error;
    }
    if (!path || !out) {
        return -EINVAL;
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_OPENAT,
        .fd = AT_FDCWD,
        .address = address_of(path),
        .op_flags = (uint32_t)(flags | O_CLOEXEC),
        .length = mode,
    };
    return adopt_result(use.task, spgi_use_run(&use, &request, 0, deadline), out);
}

// ---- Reading and writing ---------------------------------------------------------------------

ssize_t spg_read_at(spg_fd fd, void *buffer, size_t bytes, uint64_t offset, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    bytes = bytes < TRANSFER_MAX ? bytes : TRANSFER_MAX;
    struct iovec one = {buffer, bytes};
    ssize_t there = spgi_call_read_now(use.fd, &one, 1, (int64_t)offset);
    if (there != -EAGAIN && there != -EOPNOTSUPP) {
        return spgi_use_end_inline(&use, there);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_READ,
        .fd = use.fd,
        .address = address_of(buffer),
        .length = (uint32_t)bytes,
        .offset = offset,
    };
    return spgi_use_run(&use, &request, POLLIN, deadline);
}

ssize_t spg_write_at(spg_fd fd, const void *buffer, size_t bytes, uint64_t offset,
                     spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_WRITE,
        .fd = use.fd,
        .address = address_of(buffer),
        .length = (uint32_t)(bytes < TRANSFER_MAX ? bytes : TRANSFER_MAX),
        .offset = offset,
    };
    return spgi_use_run(&use, &request, POLLOUT, deadline);
}

ssize_t spg_readv_at(spg_fd fd, const struct iovec *buffers, int count, uint64_t offset,
                     spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (count < 0 || count > IOV_MAX) {
        return spgi_use_end(&use, -EINVAL);
    }
    ssize_t there = spgi_call_read_now(use.fd, buffers, count, (int64_t)offset);
    if (there != -EAGAIN && there != -EOPNOTSUPP) {
        return spgi_use_end_inline(&use, there);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_READV,
        .fd = use.fd,
        .address = address_of(buffers),
        .length = (uint32_t)count,
        .offset = offset,
    };
    return spgi_use_run(&use, &request, POLLIN, deadline);
}

ssize_t spg_writev_at(spg_fd fd, const struct iovec *buffers, int count, uint64_t offset,
                      spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (count < 0 || count > IOV_MAX) {
        return spgi_use_end(&use, -EINVAL);
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_WRITEV,
        .fd = use.fd,
        .address = address_of(buffers),
        .length = (uint32_t)count,
        .offset = offset,
    };
    return spgi_use_run(&use, &request, POLLOUT, deadline);
}

// ---- Durability and attributes ---------------------------------------------------------------

static int sync_file(spg_fd fd, uint32_t flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    struct spgi_request request = {.opcode = SPGI_OP_FSYNC, .fd = use.fd, .op_flags = flags};
    return spgi_use_run(&use, &request, 0, deadline);
}

int spg_fsync(spg_fd fd, spg_time deadline)
{
    return sync_file(fd, 0, deadline);
}

int spg_fdatasync(spg_fd fd, spg_time deadline)
{
    return sync_file(fd, SPGI_FSYNC_DATA, deadline);
}

static struct spgi_request statx_request(int fd, const char *path, int flags, unsigned mask,
                                         struct statx *out)
{
    return (struct spgi_request){
        .opcode = SPGI_OP_STATX,
        .fd = fd,
        .address = address_of(path),
        .op_flags = (uint32_t)flags,
        .length = mask,
        .offset = address_of(out),
    };
}

int spg_statx(spg_fd fd, unsigned mask, struct statx *out, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    if (!out) {
        return (int)spgi_use_end(&use, -EINVAL);
    }
    struct spgi_request request = statx_request(use.fd, "", AT_EMPTY_PATH, mask, out);
    return spgi_use_run(&use, &request, 0, deadline);
}

int spg_statx_path(const char *path, int flags, unsigned mask, struct statx *out, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_without(&use);
    if (error) {
        return error;
    }
    if (!path || !out) {
        return -EINVAL;
    }
    struct spgi_request request = statx_request(AT_FDCWD, path, flags, mask, out);
    return spgi_use_run(&use, &request, 0, deadline);
}

struct truncation {
    int fd;
    uint64_t bytes;
};

static int truncate_on_pool(void *arg)
{
    const struct truncation *truncation = arg;
    return spgi_call_ftruncate(truncation->fd, truncation->bytes);
}

int spg_ftruncate(spg_fd fd, uint64_t bytes, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, fd);
    if (error) {
        return error;
    }
    struct spgi_shard *shard = spgi_shard_self();
    if (spgi_ring_supports(shard->ring, SPGI_OP_TRUNCATE)) {
        struct spgi_request request = {.opcode = SPGI_OP_TRUNCATE, .fd = use.fd, .offset = bytes};
        return spgi_use_run(&use, &request, 0, deadline);
    }
    struct truncation truncation = {use.fd, bytes};
    int result = 0;
    error = spgi_pool_run(shard, use.task, truncate_on_pool, &truncation, &result, deadline);
    return (int)spgi_use_end(&use, error ? error : result);
}

// ---- Names -----------------------------------------------------------------------------------

int spg_rename(const char *from, const char *to, unsigned flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_without(&use);
    if (error) {
        return error;
    }
    if (!from || !to) {
        return -EINVAL;
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_RENAMEAT,
        .fd = AT_FDCWD,
        .address = address_of(from),
        .length = (uint32_t)AT_FDCWD,
        .offset = address_of(to),
        .op_flags = flags,
    };
    return spgi_use_run(&use, &request, 0, deadline);
}

int spg_unlink(const char *path, int flags, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_without(&use);
    if (error) {
        return error;
    }
    if (!path) {
        return -EINVAL;
    }
    struct spgi_request request = {
        .opcode = SPGI_OP_UNLINKAT,
        .fd = AT_FDCWD,
        .address = address_of(path),
        .op_flags = (uint32_t)flags,
    };
    return spgi_use_run(&use, &request, 0, deadline);
}
