// SPDX-License-Identifier: MIT
// blocking.h: calls that would block a thread, on a bounded pool of threads.
#ifndef SPARGIO_BLOCKING_H
#define SPARGIO_BLOCKING_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// Runs fn(arg) on a thread of the runtime's blocking pool and waits for it. The pool grows up to
// blocking_threads, as needed; further jobs wait in a queue of blocking_queue; threads that stay
// idle end (blocking_idle_ns). A deadline or a cancel takes a job that has not started out of the
// queue: fn is then never called. A job that has started is not stopped; the call returns when it
// ends, with its result.
//   result  what fn returned; may be NULL
// Inside fn the thread is no task: calls that need one give -EPERM.
// Tasks only. Suspends.
// Returns 0 when fn was called; -EAGAIN the queue is full (blocking_queue), or no thread could be
// made; -ETIME or -ECANCELED when fn was not called; -EINVAL fn is NULL; -EPERM outside a task.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
int spg_blocking(spg_fn *fn, void *arg, int *result, spg_time deadline);

SPG_END_DECLS

#endif
