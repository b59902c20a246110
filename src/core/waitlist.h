// SPDX-License-Identifier: MIT
// waitlist.h: tasks that wait on one shard for the same thing, in the order in which they came.
//
// All of it happens on the shard's thread: whoever is elsewhere rings an alarm (core/alarm.h).
#ifndef SPGI_CORE_WAITLIST_H
#define SPGI_CORE_WAITLIST_H

#include "core/types.h"

// A task in a list; on its stack.
struct spgi_waiter {
    struct spgi_node node;
    struct spgi_task *task;
    uint64_t until; // what it waits for, where waiters differ in that
};

// The task that runs on the shard. Suspends until it is woken, or stopped by its deadline or a
// cancellation; it resumes on this shard. Returns 0 when it was woken; -ETIME; -ECANCELED.
int spgi_waitlist_wait(struct spgi_shard *shard, struct spgi_node *list, enum spgi_wait_kind kind,
                       uint64_t until, spg_time deadline);

static inline bool spgi_waitlist_empty(const struct spgi_node *list)
{
    return list->next == list;
}

// The first one; the list is not empty.
static inline struct spgi_waiter *spgi_waitlist_first(struct spgi_node *list)
{
    return SPGI_CONTAINER(list->next, struct spgi_waiter, node);
}

// Takes a waiter out of its list and makes its task ready.
void spgi_waitlist_wake(struct spgi_waiter *waiter);
void spgi_waitlist_wake_all(struct spgi_node *list);

#endif
