// SPDX-License-Identifier: MIT
// scope.h: the tree of scopes: membership, stopping, closing.
//
// A scope knows its child tasks and the scopes opened below it, in lists under its lock; locks are
// taken from the root down, so a walk holds the parent's lock while it takes a child's, and what it
// walks over cannot leave. A task stops with the reason in its life word when it is a child of
// what is stopped, or in `scoped` when it is the owner: that one ends with the scope.
#ifndef SPGI_CORE_SCOPE_H
#define SPGI_CORE_SCOPE_H

#include "core/types.h"

static inline struct spgi_scope *spgi_scope_in(spg_scope *scope)
{
    return (struct spgi_scope *)(void *)scope;
}

void spgi_scope_begin(struct spgi_shard *shard, struct spgi_task *owner, struct spgi_scope *scope,
                      spg_time deadline);

// The owner, after all tasks have left (spgi_scope_drain). Returns the first error.
int spgi_scope_end(struct spgi_scope *scope);

// The owner: suspends until all tasks have left.
void spgi_scope_drain(struct spgi_shard *shard, struct spgi_task *owner, struct spgi_scope *scope);

// Stops the scope and everything below: reason is SPGI_LIFE_CANCELED or SPGI_LIFE_TIMED_OUT.
void spgi_scope_stop(struct spgi_scope *scope, uint64_t reason);

// Adds n tasks: those linked by ready.link from first on, and others that follow. Returns 0, or
// -ECANCELED, -ETIME when it is stopped.
int spgi_scope_enter(struct spgi_scope *scope, struct spgi_task *first, uint64_t n);

// More of the tasks that have entered. If the scope was stopped meanwhile, so are they.
void spgi_scope_follow(struct spgi_scope *scope, struct spgi_task *first);

// Scheduler: a child has ended with the given result. First it parts: stopping no longer reaches
// it, so that its slot can be freed. When nothing is left of it, it leaves: from then on the scope
// may be gone.
void spgi_scope_part(struct spgi_scope *scope, struct spgi_task *task, int result);
void spgi_scope_leave(struct spgi_scope *scope);

// Stops a task by its handle: its waits, and the scopes that it has opened. Returns false: stale.
bool spgi_task_stop(struct spgi_task *task, uint64_t gen, uint64_t reason);

#endif
