// SPDX-License-Identifier: MIT
// fd.c: descriptors for users, and what all calls on them share.
#include <spargio/fd.h>

#include "api/descriptor.h"
#include "core/fdtable.h"
#include "core/fiber.h"
#include "core/op.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/wait.h"
#include "sys/calls.h"
#include "sys/clock.h"
#include "sys/sanitizer.h"

#include <errno.h>
#include <poll.h>

// ---- Calls on descriptors --------------------------------------------------------------------

int spgi_use_begin(struct spgi_use *use, spg_fd handle)
{
    int error;
    use->task = spgi_task_self(&error);
    if (!use->task) {
        return error;
    }
    use->fd = spgi_fd_get(use->task->rt, handle, &use->entry);
    return use->fd < 0 ? use->fd : 0;
}

int spgi_use_begin_wait(struct spgi_use *use, spg_fd handle)
{
    int error;
    use->task = spgi_task_self(&error);
    error = use->task ? spgi_wait_refused(use->task) : error;
    return error ? error : spgi_use_begin(use, handle);
}

int spgi_use_begin_without(struct spgi_use *use)
{
    int error;
    *use = (struct spgi_use){.task = spgi_task_self(&error), .fd = -1};
    return use->task ? spgi_wait_refused(use->task) : error;
}

ssize_t spgi_use_end(struct spgi_use *use, ssize_t result)
{
    spgi_fd_put(use->entry);
    return result;
}

ssize_t spgi_use_end_inline(struct spgi_use *use, ssize_t result)
{
    struct spgi_shard *shard = spgi_shard_self();
    SPGI_COUNT(shard, ops_inline);
    spgi_fd_put(use->entry);
    if (++shard->inline_run >= SPGI_INLINE_RUN) {
        spgi_fiber_suspend(shard, SPGI_AFTER_YIELD, NULL, NULL);
    }
    return result;
}

static int run_once(struct spgi_use *use, const struct spgi_request *request, spg_time deadline)
{
    return spgi_op_run(spgi_shard_self(), use->task, request, use->entry, true, deadline);
}

int spgi_use_run(struct spgi_use *use, const struct spgi_request *request, unsigned ready,
                 spg_time deadline)
{
    int result = run_once(use, request, deadline);
    while (result == -EAGAIN && ready) {
        struct spgi_request poll = {.opcode = SPGI_OP_POLL, .fd = use->fd, .op_flags = ready};
        result = run_once(use, &poll, deadline);
        result = result < 0 ? result : run_once(use, request, deadline);
    }
    if (use->entry) {
        if (result == -ECANCELED && spgi_fd_is_closing(use->entry) &&
            !spgi_wait_refused(use->task)) {
            result = -EBADF; // closed under us
        }
        spgi_fd_put(use->entry);
    }
    return result;
}

// ---- Handles ---------------------------------------------------------------------------------

int spg_fd_adopt(int fd, spg_fd *out)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (!out) {
        return -EINVAL;
    }
    return spgi_call_is_open(fd) ? spgi_fd_add(task->rt, fd, out) : -EBADF;
}

int spg_fd_release(spg_fd handle)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_fd_entry *entry;
    int fd = spgi_fd_close_begin(task->rt, handle, true, &entry);
    if (fd >= 0) {
        spgi_fd_drop(entry);
    }
    return fd;
}

int spg_fd_number(spg_fd handle)
{
    struct spgi_use use;
    int error = spgi_use_begin(&use, handle);
    return error ? error : (int)spgi_use_end(&use, use.fd);
}

// ---- Closing ---------------------------------------------------------------------------------

// Asks a shard to stop the ops on a descriptor. Lies on the closer's stack, who waits for the
// answer.
struct stop_request {
    struct spgi_errand errand; // there
    struct spgi_errand answer; // and back
    struct spgi_fd_entry *entry;
    struct spgi_task *closer;
    struct spgi_shard *home;
};

static void answer_arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    (void)shard;
    struct stop_request *request = SPGI_CONTAINER(errand, struct stop_request, answer);
    spgi_ready(request->closer);
}

static void stop_arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    struct stop_request *request = SPGI_CONTAINER(errand, struct stop_request, errand);
    spgi_ops_stop_entry(shard, request->entry);
    request->answer.run = answer_arrived;
    spgi_shard_post(request->home, &request->answer);
}

// Shard after shard: closing what others use is rare, and each answer means that its shard knows.
static void stop_others(struct spgi_task *task, struct spgi_fd_entry *entry)
{
    for (uint32_t i = 0; i < task->rt->shard_count && spgi_fd_is_used(entry); i++) {
        struct spgi_shard *home = spgi_shard_self();
        struct stop_request request = {
            .errand = {.run = stop_arrived}, .entry = entry, .closer = task, .home = home};
        int refused = spgi_wait_begin(home, task, SPGI_WAIT_FD_CLOSE, SPG_NEVER, NULL);
        (void)refused; // never refused without a stop function
        spgi_shard_post(task->rt->shards[i], &request.errand);
        spgi_fiber_suspend(home, SPGI_AFTER_SUSPEND, NULL, NULL);
        spgi_wait_end(task);
    }
}

// Hands the number back to the system. The entry is free by then: the number may be somebody else's
// at once.
static int close_number(struct spgi_task *task, int fd)
{
    int result = -ENOMEM;
    if (!spgi_sanitizer_tracks_close()) {
        struct spgi_request close = {.opcode = SPGI_OP_CLOSE, .fd = fd};
        result = spgi_op_run(spgi_shard_self(), task, &close, NULL, false, SPG_NEVER);
    }
    if (result == -ENOMEM) {
        spgi_call_close(fd); // no op to be had: close it here
        result = 0;
    }
    return result;
}

int spg_close(spg_fd handle)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_fd_entry *entry;
    int fd = spgi_fd_close_begin(task->rt, handle, false, &entry);
    if (fd < 0) {
        return fd;
    }
    if (spgi_fd_is_used(entry)) {
        stop_others(task, entry);
    }
    while (spgi_fd_is_used(entry)) {
        spgi_fd_wait_unused(spgi_shard_self(), task, entry);
    }
    spgi_fd_drop(entry);
    return close_number(task, fd);
}

int spg_poll(spg_fd handle, unsigned events, spg_time deadline)
{
    struct spgi_use use;
    int error = spgi_use_begin_wait(&use, handle);
    if (error) {
        return error;
    }
    events &= POLLIN | POLLOUT | POLLPRI | POLLRDHUP;
    if (events == 0) {
        return (int)spgi_use_end(&use, -EINVAL);
    }
    int ready = spgi_call_poll_now(use.fd, events);
    if (ready != 0) {
        return (int)spgi_use_end_inline(&use, ready);
    }
    struct spgi_request request = {.opcode = SPGI_OP_POLL, .fd = use.fd, .op_flags = events};
    return spgi_use_run(&use, &request, 0, deadline);
}
