// SPDX-License-Identifier: MIT
// steal.h: taking ready tasks from other shards: when it pays, from whom, how many.
//
// Two reasons to take: depth (a queue holds at least `margin` tasks: more than its shard will get
// to soon) and age (a shorter queue whose head has not moved for `age_ns`: its
// shard is stuck in a long task). Age is told by looking twice: a shard remembers what it saw of
// each queue, and since when. The oldest task is taken first. See core/idle.h for who searches
// when.
//
// So a task in a short queue depends on somebody who looks at it twice. While one is passed over
// for another task, or left behind by a task that made it ready and goes on, there is a watcher
// (core/sleep.c), or nobody sleeps:
// - Whoever falls asleep while another shard is awake watches, if nobody does.
// - A shard that passes a task over, and finds sleepers but no watcher, wakes one to search. That
//   finds the shard awake, and watches.
// - A watcher or searcher that goes off to work does so, too, if it leaves such tasks behind.
// A push at the very moment at which the watcher leaves may be missed: it is not announced each
// time, which would cost more than the rare wait for its own shard.
#ifndef SPGI_CORE_STEAL_H
#define SPGI_CORE_STEAL_H

#include "core/types.h"

// Shard without work: one search over other shards, within the knobs. What it takes is in its own
// queue afterwards. Returns how many tasks.
unsigned spgi_steal_search(struct spgi_shard *shard);

// Shard with work, between passes: takes the head of a peer's queue if that has waited much longer
// than its own. Peers are looked at a few at a time, in turn; one whose head waits, again the next
// time, because age is told by looking twice.
void spgi_steal_balance(struct spgi_shard *shard, int64_t now);

// Shard's own thread, after an announcement: wakes a sleeper to search, if nobody does already and
// it pays. by_task: a running task did it, and may go on for long.
void spgi_steal_offer(struct spgi_shard *shard, bool by_task);

// Scheduler: the next task to run, which may go on for long, passes over a stealable one.
void spgi_steal_passed_over(struct spgi_shard *shard);

// A searcher that found something to do gives its token back: if it was the last one and there is
// more, somebody else is woken to go on.
void spgi_steal_hand_on(struct spgi_shard *shard);

// The watcher goes off to work, and has said so (spgi_idle_unwatch): if that leaves something to be
// watched, another sleeper takes over.
void spgi_steal_watch_left(struct spgi_shard *shard);

// Whether the head of the shard's own queue is younger than the age gate.
bool spgi_steal_own_head_is_young(struct spgi_shard *shard);

// Once per pass: what the shard remembers of its own queue.
void spgi_steal_note_own(struct spgi_shard *shard, int64_t now);

// Whether any shard has something to take: the last searcher's look before it sleeps. seq_cst.
bool spgi_steal_any_work(struct spgi_shard *shard);

// Whether any other shard is awake.
bool spgi_steal_peers_busy(struct spgi_shard *shard);

#endif
