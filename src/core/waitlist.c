// SPDX-License-Identifier: MIT
// waitlist.c: waiting in a list, and being woken from it.
#include "core/waitlist.h"

#include "core/fiber.h"
#include "core/sched.h"
#include "core/wait.h"

void spgi_waitlist_wake(struct spgi_waiter *waiter)
{
    struct spgi_task *task = waiter->task;
    waiter->task = NULL; // a deadline that fires before the task runs finds it woken
    spgi_ring_list_remove(&waiter->node);
    spgi_ready(task);
}

void spgi_waitlist_wake_all(struct spgi_node *list)
{
    while (!spgi_waitlist_empty(list)) {
        spgi_waitlist_wake(spgi_waitlist_first(list));
    }
}

static void stop(struct spgi_shard *home, struct spgi_task *task, int reason)
{
    (void)home;
    struct spgi_waiter *waiter = task->wait.subject;
    if (waiter->task) {
        task->wait.reason = reason;
        spgi_waitlist_wake(waiter);
    }
}

int spgi_waitlist_wait(struct spgi_shard *shard, struct spgi_node *list, enum spgi_wait_kind kind,
                       uint64_t until, spg_time deadline)
{
    struct spgi_task *task = shard->running;
    struct spgi_waiter waiter = {.task = task, .until = until};
    task->wait.subject = &waiter;
    int refused = spgi_wait_begin(shard, task, kind, deadline, stop);
    if (refused) {
        return refused;
    }
    spgi_ring_list_append(list, &waiter.node);
    task->pins++; // woken, it looks again at what belongs to this shard
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    task->pins--;
    return spgi_wait_end(task);
}
