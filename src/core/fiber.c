// SPDX-License-Identifier: MIT
// fiber.c: switching between the scheduler and tasks, and what sanitizers must know about it.
//
// The scheduler runs on its thread's own stack; tasks have one each. A switch tells
// AddressSanitizer which stack comes next, before and after, and ThreadSanitizer which fiber: one
// per stack, made with it and kept with it, since making one takes long and their number is
// limited.
#include "core/fiber.h"

#include "base/assert.h"
#include "core/shard.h"
#include "core/task.h"
#include "sys/ctx.h"
#include "sys/sanitizer.h"

// Everything a switch hands to the sanitizer of the stack it leaves.
struct leave {
    void *fake_stack; // AddressSanitizer's, of the stack that is left
};

static inline void leave_for_task(struct spgi_shard *shard, struct spgi_task *task,
                                  struct leave *leave)
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
static inline void leave_for_scheduler(struct spgi_shard *shard, struct leave *leave)
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

static inline void arrived_in_scheduler(struct leave *leave)
{
#ifdef SPGI_ASAN
    __sanitizer_finish_switch_fiber(leave->fake_stack, NULL, NULL);
#endif
    (void)leave;
}

// In a task: the stack that was left is the scheduler's, whose bounds are learnt here.
static inline void arrived_in_task(struct spgi_shard *shard, struct leave *leave)
{
#ifdef SPGI_ASAN
    __sanitizer_finish_switch_fiber(leave ? leave->fake_stack : NULL, &shard->thread_stack,
                                    &shard->thread_stack_bytes);
#endif
    (void)shard;
    (void)leave;
}

void spgi_fiber_run(struct spgi_shard *shard, struct spgi_task *task)
{
    struct leave leave = {0};
    shard->running = task;
    leave_for_task(shard, task, &leave);
    spgi_ctx_switch(&shard->context, task->context, task);
    arrived_in_scheduler(&leave);
    shard->running = NULL;
}

// First frame of every task.
static void fiber_main(void *value)
{
    struct spgi_task *task = value;
    arrived_in_task(spgi_shard_self(), NULL);
    task->result = task->fn(task->arg);
    spgi_task_returned(task); // may suspend: destructors of task-local values run here

    struct spgi_shard *shard = spgi_shard_self();
    shard->after = SPGI_AFTER_END;
    leave_for_scheduler(shard, NULL);
    spgi_ctx_switch(&task->context, shard->context, NULL);
    SPGI_CHECK(!"a task that has ended was entered again");
}

void spgi_fiber_start(struct spgi_task *task, struct spgi_stack *stack, size_t stack_bytes)
{
    spgi_sanitizer_stack_fresh(stack->base + stack_bytes / 2,
                               (size_t)(stack->top - stack->base) - stack_bytes / 2);
#ifdef SPGI_TSAN
    if (!stack->tsan_fiber) {
        stack->tsan_fiber = __tsan_create_fiber(0);
    }
#endif
    task->stack = stack;
    task->context = spgi_ctx_make(stack->top, fiber_main);
}

void spgi_fiber_suspend(struct spgi_shard *shard, enum spgi_after after, spgi_commit_fn *commit,
                        void *arg)
{
    struct spgi_task *task = shard->running;
    struct leave leave = {0};
    SPGI_ASSERT(task && shard == spgi_shard_self());
    shard->after = after;
    shard->commit = commit;
    shard->commit_arg = arg;
    leave_for_scheduler(shard, &leave);
    spgi_ctx_switch(&task->context, shard->context, NULL);
    arrived_in_task(spgi_shard_self(), &leave);
}
