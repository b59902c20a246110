// SPDX-License-Identifier: MIT
// fd.h: descriptors as handles with a generation.
//
// All I/O goes through handles, so that an op can never hit a descriptor that was closed and whose
// number was reused: a stale handle is -EBADF. A handle belongs to the runtime of the task that
// made it, and may be used on all its shards.
//
// Common to all calls on handles, here, in fs.h and in net.h, beside what each one lists:
//   -EPERM      outside a task
//   -EBADF      stale handle, or closed by another task during the call
//   -ECANCELED  the task or its scope is cancelled
//   -ETIME      the deadline or the scope's deadline passed
//   -ENOMEM     no memory for another op in flight
// A deadline or a cancellation asks the kernel to stop the op; the call returns after the op's own
// completion, so that a buffer on the caller's stack is safe. If the op completes all the same, its
// result is returned, and the timeout shows at the next wait. A call that finds its result at once
// returns it without suspending.
#ifndef SPARGIO_FD_H
#define SPARGIO_FD_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// Makes a handle for a descriptor, which from now on belongs to the runtime, and is closed with the
// handle. Any kind of descriptor. Its flags are left as they are.
// Tasks only. Does not suspend.
// Returns 0; -EBADF fd is not open; -EEXIST it has a live handle already; -ENOMEM; -EPERM outside a
// task.
SPG_API SPG_MUST_CHECK int spg_fd_adopt(int fd, spg_fd *out);

// Ends the handle without closing: the descriptor is the caller's again.
// Tasks only. Does not suspend.
// Returns the descriptor; -EBUSY ops are in flight on it; -EBADF; -EPERM.
SPG_API SPG_MUST_CHECK int spg_fd_release(spg_fd fd);

// The number of the descriptor, for system calls that have no op here. Borrowed: valid while the
// handle is.
// Tasks only. Does not suspend. Returns the number; -EBADF; -EPERM.
SPG_API int spg_fd_number(spg_fd fd);

// Closes the descriptor. The handle is stale from the first moment; ops in flight on it, on
// whichever shard, are cancelled and give -EBADF in their tasks; the descriptor is closed when they
// are terminal. Ignores cancellation and takes no deadline, so that cleaning up works.
// Tasks only.
// Returns 0; -EBADF; -EPERM; an error of close(2), after which the descriptor is gone all the same.
SPG_API SPG_SUSPENDS int spg_close(spg_fd fd);

// Waits until the descriptor is ready for any of events (POLLIN, POLLOUT, POLLPRI, POLLRDHUP of
// poll(2); POLLERR and POLLHUP always count).
// Tasks only. Returns the events that are ready, > 0; -EINVAL events is 0; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_poll(spg_fd fd, unsigned events, spg_time deadline);

SPG_END_DECLS

#endif
