// SPDX-License-Identifier: MIT
// types.h: handles, function types and the words of the contract shared by all headers.
//
// Conventions of every header:
// - A call returns a value >= 0, or a negative errno value. errno itself is never used, because a
//   task may resume on another thread, where the address of errno differs.
// - A call that may wait takes an absolute deadline (spg_time) as its last parameter. It is marked
//   SPG_SUSPENDS; while it waits, the task is off its thread and other tasks run.
// - Handles are small values with a generation: one whose object is gone gives -ESRCH (tasks) or
//   -EBADF (descriptors), never somebody else's object. The zero handle is never valid.
// - Option structs start out zeroed; zero is the default of every field. The inline wrappers pass
//   their size, so that a program compiled against an older header keeps working.
// - After fork, a runtime is the parent's alone: in the child, calls give -EOWNERDEAD, or what they
//   give outside a task. A task or blocking function that has forked must not return in the child:
//   it ends with _exit or exec; else the child is aborted, with a text.
// - Buffers, iovecs and paths stay the caller's; the call has finished with them when it returns.
#ifndef SPARGIO_TYPES_H
#define SPARGIO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
#define SPG_BEGIN_DECLS extern "C" {
#define SPG_END_DECLS }
#else
#define SPG_BEGIN_DECLS
#define SPG_END_DECLS
#endif

#define SPG_API __attribute__((visibility("default")))
// The result tells whether the call did its work: do not drop it.
#define SPG_MUST_CHECK __attribute__((warn_unused_result))
// The calling task may be suspended, and a stealable task may resume on another thread: nothing
// that belongs to a thread (a lock, errno, a thread-local's address) may be held across the call.
#define SPG_SUSPENDS

SPG_BEGIN_DECLS

// Absolute time: nanoseconds of CLOCK_MONOTONIC. See time.h.
typedef int64_t spg_time;

// A runtime: its shards, their threads and rings. Made by spg_create.
typedef struct spg_rt spg_rt;

// A task, from spg_spawn until it is joined or detached.
typedef struct {
    uint64_t v;
} spg_task;

// A descriptor known to the runtime of the task that adopted or opened it.
typedef struct {
    uint64_t v;
} spg_fd;

// What a task runs. The result is handed to whoever joins it; a negative one counts as an error
// for the scope the task belongs to.
typedef int spg_fn(void *arg);

SPG_END_DECLS

#endif
