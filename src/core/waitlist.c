// SPDX-License-Identifier: MIT
// waitlist.c: waiting in a list, and being woken from it.
#include "core/waitlist.h"

#include "core/fiber.h"
#include "core/sched.h"
#include "core/wait.h"

static struct spgi_waiter *first(struct spgi_node *list)
{
    return SPGI_CONTAINER(list->next, struct spgi_waiter, node);
}

// A deadline that fires before the task runs finds it called.
static void make_ready(struct spgi_waiter *waiter)
{
    struct spgi_task *task = waiter->task;
    if (task) {
        waiter->task = NULL;
        spgi_ready(task);
    }
}

void spgi_waitlist_call(struct spgi_node *list)
{
    make_ready(first(list));
}

void spgi_waitlist_wake(struct spgi_waiter *waiter)
{
    spgi_waitlist_leave(waiter);
    make_ready(waiter);
}

void spgi_waitlist_wake_all(struct spgi_node *list)
{
    while (!spgi_waitlist_empty(list)) {
        spgi_waitlist_wake(first(list));
    }
}

static void stop(struct spgi_shard *home, struct spgi_task *task, int reason)
{
    (void)home;
    struct spgi_waiter *waiter = task->wait.subject;
    if (waiter->task) { // else it was called: what it finds beats a deadline
        task->wait.reason = reason;
        spgi_waitlist_wake(waiter);
    }
}

int spgi_waitlist_wait(struct spgi_shard *shard, struct spgi_node *list, struct spgi_waiter *waiter,
                       enum spgi_wait_kind kind, spg_time deadline)
{
    struct spgi_task *task = shard->running;
    task->wait.subject = waiter;
    int refused = spgi_wait_begin(shard, task, kind, deadline, stop);
    if (refused) {
        spgi_waitlist_leave(waiter);
        return refused;
    }
    waiter->task = task;
    if (!waiter->listed) {
        waiter->listed = true;
        spgi_ring_list_append(list, &waiter->node);
    }
    task->pins++; // called, it looks again at what belongs to this shard
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    task->pins--;
    return spgi_wait_end(task);
}
