// SPDX-License-Identifier: MIT
// join.h: waiting for a task to end. The protocol is in life.h.
#ifndef SPGI_CORE_JOIN_H
#define SPGI_CORE_JOIN_H

#include "core/types.h"

// The task itself: waits for the task in slot joined, of the given generation. Returns 0 (the
// caller owns the slot and frees it), or the negative result of spg_join.
int spgi_join_task(struct spgi_shard *shard, struct spgi_task *self, struct spgi_task *joined,
                   uint64_t gen, spg_time deadline);

// A thread without a shard: the same, blocking.
int spgi_join_thread(struct spgi_task *joined, uint64_t gen, spg_time deadline);

// The waiter's home shard: stops its join of the task that target names, unless that has ended.
void spgi_join_stop_at(struct spgi_shard *home, struct spgi_task *waiter, uint64_t target,
                       int reason);

// The same for the join's own deadline, which holds the waiter in this wait while it fires.
void spgi_join_stop(struct spgi_shard *home, struct spgi_task *waiter, int reason);

// Scheduler: wakes whoever joins a task that has finished; life is its word before DONE was set.
void spgi_join_wake(struct spgi_task *finished, uint64_t life);

#endif
