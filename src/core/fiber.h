// SPDX-License-Identifier: MIT
// fiber.h: a task's stack and context: entering it, and the one function that leaves it.
#ifndef SPGI_CORE_FIBER_H
#define SPGI_CORE_FIBER_H

#include "core/types.h"

// Scheduler only. Runs the task until it suspends, yields or ends; shard->after tells which. The
// task has a stack.
void spgi_fiber_run(struct spgi_shard *shard, struct spgi_task *task);

// Scheduler only. Gives a task that starts its first frame.
void spgi_fiber_start(struct spgi_task *task, struct spgi_stack *stack, size_t stack_bytes);

// The sole gate through which a task leaves its CPU before its end. Called on the task's stack, by
// the task that runs on the shard. When commit is given, the scheduler calls it once the context is
// saved; only then may anybody on another thread make the task ready. Returns when it runs
// again, perhaps on another shard: whatever was read through spgi_shard_self before is void.
void spgi_fiber_suspend(struct spgi_shard *shard, enum spgi_after after, spgi_commit_fn *commit,
                        void *arg);

#endif
