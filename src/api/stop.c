// SPDX-License-Identifier: MIT
// stop.c: waiting for SIGTERM or SIGINT.
#include <spargio/stop.h>

#include "api/descriptor.h"
#include "core/op.h"
#include "core/shard.h"
#include "core/wait.h"
#include "sys/stopfd.h"

#include <errno.h>
#include <poll.h>

int spg_stop_open(spg_stop *out)
{
    if (!out) {
        return -EINVAL;
    }
    if (spgi_shard_self()) {
        return -EPERM; // its threads have them blocked for good
    }
    unsigned unblocked;
    int fd = spgi_stopfd_open(&unblocked);
    if (fd < 0) {
        return fd;
    }
    *out = (spg_stop){.fd = fd, .unblocked = unblocked};
    return 0;
}

// A task. Returns > 0 or 0 when there may be a signal.
static int suspend(int fd, spg_time deadline)
{
    struct spgi_use use;
    int refused = spgi_use_begin_without(&use);
    if (refused) {
        return refused;
    }
    struct spgi_request request = {.opcode = SPGI_OP_POLL, .fd = fd, .op_flags = POLLIN};
    return spgi_use_run(&use, &request, 0, deadline);
}

int spg_stop_wait(const spg_stop *stop, spg_time deadline)
{
    if (!stop) {
        return -EINVAL;
    }
    int error;
    bool in_task = spgi_task_self(&error) != NULL;
    if (!in_task && error != -EPERM) {
        return error;
    }
    int number;
    while ((number = spgi_stopfd_take(stop->fd)) == -EAGAIN) {
        int waited = deadline == SPG_NOW ? -ETIME
                     : in_task           ? suspend(stop->fd, deadline)
                                         : spgi_stopfd_sleep(stop->fd, deadline);
        if (waited < 0) {
            return waited;
        }
    }
    if (number > 0) {
        spgi_stopfd_unblock(SPGI_STOPFD_BOTH);
    }
    return number;
}

int spg_stop_close(spg_stop *stop)
{
    if (!stop) {
        return -EINVAL;
    }
    int error = spgi_stopfd_close(stop->fd);
    if (!error) {
        stop->fd = -1;
        spgi_stopfd_unblock(stop->unblocked);
    }
    return error;
}
