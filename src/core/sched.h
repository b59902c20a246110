// SPDX-License-Identifier: MIT
// sched.h: ready tasks: making one runnable, choosing the next, running it.
#ifndef SPGI_CORE_SCHED_H
#define SPGI_CORE_SCHED_H

#include "core/types.h"

// The sole gate that makes a task runnable: one that is new, or whose wait the caller has the right
// to end. Any thread; never fails. A stealable task is queued on the calling shard, others on
// theirs.
void spgi_ready(struct spgi_task *task);

// Scheduler only, between two tasks: the same, for a task that should run next.
void spgi_ready_next(struct spgi_task *task);

// Shard's own thread. Makes n new stealable tasks, linked by ready.link, runnable here with one
// publication.
void spgi_ready_chain(struct spgi_shard *shard, struct spgi_task *first, struct spgi_task *last,
                      uint64_t n);

// Shard's own thread. Makes n new tasks, linked by ready.link, that all start on one shard,
// runnable there, in their order, with one publication. Stealable ones: on another shard only.
void spgi_ready_batch(struct spgi_shard *shard, struct spgi_task *first, uint64_t n);

// The shard's scheduler. Runs ready tasks up to the budget of a pass. Returns how many ran.
unsigned spgi_sched_run(struct spgi_shard *shard);

// Shard's own thread. Publishes what completions made ready, and wakes a searcher if it pays.
void spgi_sched_announce(struct spgi_shard *shard);

// Whether the shard has a task that it can run. Sequentially consistent: part of the second look
// before sleep.
bool spgi_sched_has_ready(struct spgi_shard *shard);

#endif
