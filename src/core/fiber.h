// SPDX-License-Identifier: MIT
// fiber.h: a task's stack and context: entering it, and the one function that leaves it.
//
// The scheduler runs on its thread's own stack; tasks have one each. A switch tells
// AddressSanitizer which stack comes next, before and after, and ThreadSanitizer which fiber: one
// per stack, made with it and kept with it, since making one takes long and their number is
// limited. All of this is inline, because the switch wants no call around it (sys/ctx.h), and
// because ThreadSanitizer counts calls per fiber: a function that changed the fiber would be
// entered on one and left on the other, until the shadow call stack of either ran over.
#ifndef SPGI_CORE_FIBER_H
#define SPGI_CORE_FIBER_H

#include "base/assert.h"
#include "core/shard.h"
#include "core/types.h"
#include "sys/ctx.h"
#include "sys/sanitizer.h"

// Scheduler only. Gives a task that starts its first frame.
void spgi_fiber_start(struct spgi_task *task, struct spgi_stack *stack, size_t stack_bytes);

// Everything a switch hands to the sanitizer of the stack it leaves.
struct spgi_leave {
    void *fake_stack; // AddressSanitizer's, of the stack that is left
};

static inline __attribute__((always_inline)) void
spgi_leave_for_task(struct spgi_shard *shard, struct spgi_task *task, struct spgi_leave *leave)
{
#ifdef SPGI_ASAN
    struct spgi_stack *stack = task->stack;
    __sanitizer_start_switch_fiber(&leave->fake_stack, stack->base,
                                   (size_t)(stack->top - stack->base));
#endif
#ifdef SPGI_TSAN
    shard->thread_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(task->stack->tsan_fiber, 0);
#endif
    (void)shard;
    (void)task;
    (void)leave;
}

// leave NULL: the stack is left for good.
static inline __attribute__((always_inline)) void spgi_leave_for_scheduler(struct spgi_shard *shard,
                                                                           struct spgi_leave *leave)
{
#ifdef SPGI_ASAN
    __sanitizer_start_switch_fiber(leave ? &leave->fake_stack : NULL, shard->thread_stack,
                                   shard->thread_stack_bytes);
#endif
#ifdef SPGI_TSAN
    __tsan_switch_to_fiber(shard->thread_fiber, 0);
#endif
    (void)shard;
    (void)leave;
}

static inline __attribute__((always_inline)) void
spgi_arrived_in_scheduler(struct spgi_leave *leave)
{
#ifdef SPGI_ASAN
    __sanitizer_finish_switch_fiber(leave->fake_stack, NULL, NULL);
#endif
    (void)leave;
}

// In a task: the stack that was left is the scheduler's, whose bounds are learnt here.
static inline __attribute__((always_inline)) void spgi_arrived_in_task(struct spgi_shard *shard,
                                                                       struct spgi_leave *leave)
{
#ifdef SPGI_ASAN
    __sanitizer_finish_switch_fiber(leave ? leave->fake_stack : NULL, &shard->thread_stack,
                                    &shard->thread_stack_bytes);
#endif
    (void)shard;
    (void)leave;
}

// Asks for the memory where a suspended task will go on.
static inline void spgi_fiber_fetch(const struct spgi_task *task)
{
    for (int line = 0; line < SPGI_STACK_LINES; line++) {
        __builtin_prefetch((const char *)task->context + line * SPGI_CACHE_LINE, 1);
    }
}

// Scheduler only. Runs the task until it suspends, yields or ends; shard->after tells which. The
// task has a stack.
static inline __attribute__((always_inline)) void spgi_fiber_run(struct spgi_shard *shard,
                                                                 struct spgi_task *task)
{
    struct spgi_leave leave = {0};
    shard->running = task;
    spgi_leave_for_task(shard, task, &leave);
    spgi_ctx_switch(&shard->context, task->context);
    spgi_arrived_in_scheduler(&leave);
    shard->running = NULL;
}

// The sole gate through which a task leaves its CPU before its end. Called on the task's stack, by
// the task that runs on the shard. When commit is given, the scheduler calls it once the context is
// saved; only then may anybody on another thread make the task ready. Returns when it runs
// again, perhaps on another shard: whatever was read through spgi_shard_self before is void.
static inline __attribute__((always_inline)) void spgi_fiber_suspend(struct spgi_shard *shard,
                                                                     enum spgi_after after,
                                                                     spgi_commit_fn *commit,
                                                                     void *arg)
{
    struct spgi_task *task = shard->running;
    struct spgi_leave leave = {0};
    SPGI_ASSERT(task && shard == spgi_shard_self());
    shard->after = after;
    shard->commit = commit;
    shard->commit_arg = arg;
    spgi_leave_for_scheduler(shard, &leave);
    spgi_ctx_switch(&task->context, shard->context);
    spgi_arrived_in_task(spgi_shard_self(), &leave);
}

#endif
