// SPDX-License-Identifier: MIT
// descriptor.h: what every call on a descriptor does before and after its work.
//
// A call that can be answered at once tries that first, by a plain system call (core below never
// sees it). Such answers do not suspend, so a task that always gets one would never let others run:
// after SPGI_INLINE_RUN of them in a row it yields.
#ifndef SPGI_API_DESCRIPTOR_H
#define SPGI_API_DESCRIPTOR_H

#include "core/types.h"

// A call on a descriptor: the task that makes it, and the reference it holds.
struct spgi_use {
    struct spgi_task *task;
    struct spgi_fd_entry *entry; // NULL: a call without a descriptor
    int fd;
};

// Begins a call that does not wait: finds the task, takes a reference. Returns 0 or the error to
// return.
int spgi_use_begin(struct spgi_use *use, spg_fd handle);

// The same for a call that may wait: a cancelled task is refused, even if the call would not wait.
int spgi_use_begin_wait(struct spgi_use *use, spg_fd handle);

// A call that may wait and has no descriptor.
int spgi_use_begin_without(struct spgi_use *use);

// Ends a call that was answered at once. Returns result.
ssize_t spgi_use_end(struct spgi_use *use, ssize_t result);
ssize_t spgi_use_end_inline(struct spgi_use *use, ssize_t result);

// Ends a call by running a request. ready: the poll events that make it worth another try when the
// descriptor is non-blocking and answers -EAGAIN; 0: none. Returns what the call returns.
int spgi_use_run(struct spgi_use *use, const struct spgi_request *request, unsigned ready,
                 spg_time deadline);

#endif
