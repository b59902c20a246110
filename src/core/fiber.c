// SPDX-License-Identifier: MIT
// fiber.c: the first frame of a task.
#include "core/fiber.h"

#include "base/assert.h"
#include "core/task.h"

// First frame of every task.
static void fiber_main(void *value)
{
    struct spgi_task *task = value;
    spgi_arrived_in_task(spgi_shard_self(), NULL);
    task->result = task->fn(task->arg);
    spgi_shard_end_child(task->rt);
    spgi_task_returned(task); // may suspend: destructors of task-local values run here

    struct spgi_shard *shard = spgi_shard_self();
    shard->after = SPGI_AFTER_END;
    spgi_sanitizer_frame_left();
    spgi_leave_for_scheduler(shard, NULL);
    spgi_ctx_switch(&task->context, shard->context);
    SPGI_MISUSE("a task that has ended was entered again");
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
    task->context = spgi_ctx_make(stack->top, fiber_main, task);
}
