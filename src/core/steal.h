// SPDX-License-Identifier: MIT
// steal.h: taking ready tasks from other shards: when it pays, from whom, how many.
//
// Two reasons to take: depth (a queue holds at least `margin` tasks: more than its shard will get
// to soon) and age (a shorter queue, or the next-slot, whose head has not moved for `age_ns`: its
// shard is stuck in a long task). Age is told by looking twice: a shard remembers what it saw of
// each queue, and since when. The oldest task is taken first. See core/idle.h for who searches
// when.
#ifndef SPGI_CORE_STEAL_H
#define SPGI_CORE_STEAL_H

#include "core/types.h"

// Shard without work: one search over other shards, within the knobs. What it takes is in its own
// queue afterwards. Returns how many tasks.
unsigned spgi_steal_search(struct spgi_shard *shard);

// Shard with work, between passes: takes the head of a peer's queue if that has waited much longer
// than its own.
void spgi_steal_balance(struct spgi_shard *shard, int64_t now);

// Shard's own thread, after an announcement: wakes a sleeper to search, if nobody does already and
// it pays. by_task: a running task did it, and may go on for long.
void spgi_steal_offer(struct spgi_shard *shard, bool by_task);

// A searcher that found something to do gives its token back: if it was the last one and there is
// more, somebody else is woken to go on.
void spgi_steal_hand_on(struct spgi_shard *shard);

// Whether the head of the shard's own queue is younger than the age gate.
bool spgi_steal_own_head_is_young(struct spgi_shard *shard);

// Once per pass: what the shard remembers of its own queue.
void spgi_steal_note_own(struct spgi_shard *shard, int64_t now);

// Whether any shard has something to take: the last searcher's look before it sleeps. seq_cst.
bool spgi_steal_any_work(struct spgi_shard *shard);

// Whether any other shard is awake.
bool spgi_steal_peers_busy(struct spgi_shard *shard);

#endif
