// SPDX-License-Identifier: MIT
// waitlist.h: tasks that wait on one shard for the same thing, in the order in which they came.
//
// All of it happens on the shard's thread: whoever is elsewhere rings an alarm (core/alarm.h).
//
// Where what is waited for can be taken by one only, room or a message, the first one is called:
// it becomes ready, but keeps its place until it has looked, and leaves, or waits again where it
// stands. So nobody who comes meanwhile goes before it: the turn is that of the first in the list,
// or, while it is empty, of whoever comes. Only one is called at a time; when it is done, it calls
// the next, if there is something left.
#ifndef SPGI_CORE_WAITLIST_H
#define SPGI_CORE_WAITLIST_H

#include "core/types.h"

// A task in a list, or about to be; on its stack.
struct spgi_waiter {
    struct spgi_node node;  // while listed
    struct spgi_task *task; // that waits; NULL: it was called
    uint64_t until;         // what it waits for, where waiters differ in that
    bool listed;
};

static inline void spgi_waiter_init(struct spgi_waiter *waiter, uint64_t until)
{
    waiter->task = NULL;
    waiter->until = until;
    waiter->listed = false;
}

// The task that runs on the shard. Suspends, at the end of the list or where it stands, until it is
// called or taken out, or stopped by its deadline or a cancellation; it resumes on this shard.
// Returns 0, or -ETIME or -ECANCELED: then it has left the list.
int spgi_waitlist_wait(struct spgi_shard *shard, struct spgi_node *list, struct spgi_waiter *waiter,
                       enum spgi_wait_kind kind, spg_time deadline);

// It has looked, and is done.
static inline void spgi_waitlist_leave(struct spgi_waiter *waiter)
{
    if (waiter->listed) {
        waiter->listed = false;
        spgi_ring_list_remove(&waiter->node);
    }
}

static inline bool spgi_waitlist_empty(const struct spgi_node *list)
{
    return list->next == list;
}

static inline bool spgi_waitlist_turn(const struct spgi_node *list,
                                      const struct spgi_waiter *waiter)
{
    return list->next == list || list->next == &waiter->node;
}

// The first one was called, and has not looked yet; the list is not empty.
static inline bool spgi_waitlist_called(const struct spgi_node *list)
{
    return !SPGI_CONTAINER(list->next, struct spgi_waiter, node)->task;
}

// Calls the first one, which was not called; the list is not empty.
void spgi_waitlist_call(struct spgi_node *list);

// Takes a waiter out of its list and makes its task ready, if it was not called.
void spgi_waitlist_wake(struct spgi_waiter *waiter);
void spgi_waitlist_wake_all(struct spgi_node *list);

#endif
