// SPDX-License-Identifier: MIT
// stacks.h: the stacks that a shard keeps, and its tasks that wait for one.
//
// A task gets a stack when it first runs, and gives it back when it ends, to the shard where that
// is. A shard keeps two batches: it takes from and gives to the front one, whose stacks are warm;
// when that is full, it becomes the back one, and what was there goes to the depot as a whole. So a
// load whose number of tasks goes up and down by less than a batch never reaches the depot, and
// others pay for it once per batch.
//
// Memory is dropped when it has not been wanted for SPGI_TRIM_NS: of batches in the depot, by any
// shard that is about to sleep; of a shard's own ones, when it has had no work for as long.
//
// A spawn is accepted only if there may be a stack for it, but the system can still refuse to map
// one. Such a task waits for a stack that is given back, and is tried again every
// SPGI_STACK_RETRY_NS. One that was cancelled, or has waited for SPGI_STACK_WAIT_NS and is
// cancelled for that, runs on the shard's reserve: its waits are refused, so it will not keep it
// for long. Without that, tasks that have all the stacks could wait for those that have none.
#ifndef SPGI_CORE_STACKS_H
#define SPGI_CORE_STACKS_H

#include "core/types.h"

// Before the shard runs. Returns 0 or -ENOMEM.
int spgi_stacks_init(struct spgi_shard *shard);

// All below: the shard's scheduler.

// Gives a task that starts its stack. False: there is none; it will be made ready again with one.
bool spgi_stacks_start(struct spgi_shard *shard, struct spgi_task *task);

// Takes back the stack of a task that has ended.
void spgi_stacks_give(struct spgi_shard *shard, struct spgi_stack *stack);

// After a pass, while shard->stackless is not empty.
void spgi_stacks_retry(struct spgi_shard *shard, int64_t now);

// How long the shard may sleep before it should look after waiting tasks or unused memory.
int64_t spgi_stacks_sleep_limit(struct spgi_shard *shard, int64_t now);

// Before it sleeps: drops the memory of a batch that is due.
void spgi_stacks_trim(struct spgi_shard *shard, int64_t now);

#endif
