// SPDX-License-Identifier: MIT
// error.h: the one table of the error codes that the library itself gives: code, text, cause.
//
// Anything else that a call returns below zero comes from the kernel and means what the manual page
// of the system call of that name says.
#ifndef SPARGIO_ERROR_H
#define SPARGIO_ERROR_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// X(code, text, cause)
#define SPG_ERRORS(X)                                                                              \
    X(ETIME, "deadline passed",                                                                    \
      "a deadline of ours: the call's own, or its scope's; SPG_NOW and no result yet")             \
    X(ECANCELED, "canceled", "the task or its scope was cancelled before or during the wait")      \
    X(ESRCH, "no such task", "the handle was joined or detached before, or was never valid")       \
    X(EBADF, "no such descriptor", "the handle was closed or released, or was never valid")        \
    X(EAGAIN, "limit reached", "a named limit of spg_options is used up; try again later")         \
    X(ENOMEM, "out of memory", "the system refused memory or a mapping")                           \
    X(ESHUTDOWN, "runtime is shutting down", "no new work is admitted any more")                   \
    X(EPERM, "needs a task", "the call was made outside a task of a runtime")                      \
    X(EINVAL, "invalid argument", "a parameter is outside what the header allows")                 \
    X(EBUSY, "still in use", "somebody else waits for it, or work is left that cannot be ended")   \
    X(EDEADLK, "would wait for itself", "a task joins itself, or shuts its own runtime down")      \
    X(EOWNERDEAD, "runtime belongs to the parent process", "called after fork, in the child")      \
    X(EEXIST, "already adopted", "the descriptor has a live handle in this runtime")               \
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
