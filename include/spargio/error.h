// SPDX-License-Identifier: MIT
// error.h: the one table of the error codes that the library itself gives: code, text, cause.
//
// Every code that a header names as a result is in it, but for those that only the kernel gives.
// Anything else that a call returns below zero comes from the kernel and means what the manual page
// of the system call of that name says.
#ifndef SPARGIO_ERROR_H
#define SPARGIO_ERROR_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// X(code, text, cause). Codes that the kernel gives, too, have texts that are right for both.
#define SPG_ERRORS(X)                                                                              \
    X(ETIME, "deadline passed",                                                                    \
      "a deadline of ours: the call's own, or its scope's; SPG_NOW and no result yet")             \
    X(ECANCELED, "canceled", "the task or its scope was cancelled before or during the wait")      \
    X(ESRCH, "stale handle",                                                                       \
      "the task, mailbox or ticket has ended or was closed or detached, or never was")             \
    X(EBADF, "no such descriptor", "the handle was closed or released, or was never valid")        \
    X(EAGAIN, "limit reached",                                                                     \
      "a named limit of spg_options is used up, or with SPG_NOW a lane; try again later")          \
    X(ENOMEM, "out of memory", "the system refused memory or a mapping")                           \
    X(ESHUTDOWN, "runtime is shutting down", "no new work is admitted any more")                   \
    X(EPERM, "not permitted",                                                                      \
      "the call was made outside a task, or in one where it must not be; from making a runtime: "  \
      "io_uring is denied, and error_text says by what; from an op: the system refused it")        \
    X(EINVAL, "invalid argument", "a parameter is outside what the header allows")                 \
    X(EBUSY, "still in use", "somebody else waits for it, or work is left that cannot be ended")   \
    X(EDEADLK, "would wait for itself", "a task joins itself, or shuts its own runtime down")      \
    X(EOWNERDEAD, "runtime belongs to the parent process", "called after fork, in the child")      \
    X(EEXIST, "already exists",                                                                    \
      "the descriptor has a live handle, or the tag of the mailbox a tally; from an op on a "      \
      "file: the file is there")                                                                   \
    X(ENOENT, "not found",                                                                         \
      "the mailbox has no tally of this tag; from an op on a file: there is no such file")         \
    X(EXDEV, "in another place",                                                                   \
      "the task runs on another shard than the mailbox's or the ticket's: pin it there; from a "   \
      "rename: on another file system")                                                            \
    X(EOVERFLOW, "too large a number",                                                             \
      "a tally would exceed SPG_MAX_TALLY; from the kernel: it has no room for a message")         \
    X(EALREADY, "ended before",                                                                    \
      "the call at a boundary that was to be cancelled has ended already")                         \
    X(EMSGSIZE, "longer than its room",                                                            \
      "the reply of a call at a boundary was cut; from a socket: the datagram is too long")        \
    X(EBADFD, "ring is gone", "the ring of the shard that a message was for has been taken down")  \
    X(EMFILE, "no descriptors left in the process", "RLIMIT_NOFILE of this process is used up")    \
    X(ENFILE, "no descriptors left in the system", "fs.file-max of the system is used up")         \
    X(ENOSYS, "missing in this kernel",                                                            \
      "Linux 6.1 or later with io_uring is needed; a filter of system calls may answer so, too")   \
    X(ENOLINK, "boundary is closed", "it was closed before the call could end")                    \
    X(EPIPE, "other end is closed", "a channel was closed: no send, and nothing left to receive")  \
    X(ENODATA, "no answer", "the request was taken at a boundary, and let go without a reply")

// Text for an error code, negative as returned or positive. Static text, never NULL; a code that is
// not in the table gives the system's own text for it ("Input/output error"), or "unknown error".
// Any thread. Does not suspend. Returns the text; never fails.
SPG_API const char *spg_strerror(int code);

// Name of an error code, negative as returned or positive: "EIO". Static text, never NULL; "0" for
// 0, "unknown" for what is no code.
// Any thread. Does not suspend. Returns the name; never fails.
SPG_API const char *spg_error_name(int code);

// Why the library gives this code; NULL if it never does so by itself.
// Any thread. Does not suspend. Returns static text.
SPG_API const char *spg_error_cause(int code);

SPG_END_DECLS

#endif
