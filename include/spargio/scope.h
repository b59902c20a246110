// SPDX-License-Identifier: MIT
// scope.h: lifetime, deadline, cancellation and trace id of a tree of tasks.
//
// A scope is opened and closed by one task, in its own frame; scopes nest like blocks. What is
// spawned while it is the current scope belongs to it and inherits its deadline and cancellation,
// and so do the scopes of those tasks. Closing joins all. A group in the sense of structured
// concurrency (libdill's bundles, Trio's nurseries).
#ifndef SPARGIO_SCOPE_H
#define SPARGIO_SCOPE_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// The caller's memory, usually on its stack, from open to close. The fields are the library's.
typedef struct spg_scope {
    uint64_t opaque[24];
} spg_scope;

// Opens a scope: it becomes the current scope of the calling task.
//   deadline  when everything in it is cancelled with -ETIME; the outer scope's holds too
// Tasks only. Does not suspend. Returns 0; -EPERM outside a task; -EINVAL scope is NULL.
SPG_API SPG_MUST_CHECK int spg_scope_open(spg_scope *scope, spg_time deadline);

// Waits for all tasks in the scope and ends it; the outer scope is current again. Ignores
// cancellation and deadlines, so that cleaning up works: it ends when the tasks do, and a cancelled
// scope's tasks have been asked to. Closing any but the innermost open scope aborts: that is a bug,
// and so is a task that returns with a scope open.
// Its own task only.
// Returns 0; the first negative result of a task in it, in order of time; -EPERM outside a task;
// -EINVAL when it is not open or not the caller's.
SPG_API SPG_SUSPENDS int spg_scope_close(spg_scope *scope);

// Cancels everything in the scope, its owner's waits included while it is open: they return
// -ECANCELED. Idempotent.
// The owner, or any task of the tree below, while the scope is open. Does not suspend.
// Returns 0; -EPERM outside a task; -EINVAL scope is NULL or not open.
SPG_API int spg_scope_cancel(spg_scope *scope);

// Gives the scope a trace id: a number of the program's that tells which request all of this is
// for. Tasks in the scope have it, calls at boundaries that they make carry it to the server unless
// spg_call_options.trace says otherwise, and scopes that are opened below from then on start with
// it. A server goes on with it by giving request.trace to the scope in which it serves.
//   trace  0: none
// The owner, or any task of the tree below, while the scope is open. Does not suspend.
// Returns 0; -EPERM outside a task; -EINVAL scope is NULL or not open.
SPG_API int spg_scope_trace_set(spg_scope *scope, uint64_t trace);

// The trace id of the calling task: that of its current scope.
// Any thread. Does not suspend. Returns the id; 0 if none was set, at the root, or outside a task.
SPG_API uint64_t spg_trace(void);

// The current scope of the calling task: the innermost that it has opened, else the one it was
// spawned into; NULL at the root, or outside a task.
// Any thread. Does not suspend. Returns the scope or NULL.
SPG_API spg_scope *spg_scope_current(void);

// The deadline in force for the calling task: the earliest of its scopes; SPG_NEVER if none, or
// outside a task.
// Any thread. Does not suspend. Returns the time.
SPG_API spg_time spg_scope_deadline(void);

SPG_END_DECLS

#endif
