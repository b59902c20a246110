// SPDX-License-Identifier: MIT
// party.h: one who waits at a boundary: a task of any runtime, or a thread; in its own frame.
//
// A party stands in a list of the boundary, under its lock. Whoever unlinks it under that lock owns
// its wake-up: somebody who has something for it, or the party itself, when its time is over.
//
//   chosen: code and given are set, it is unlinked   (lock)   then, without the lock, woken: a task
//           by an errand to its home shard, which alone makes it ready; a thread by its futex
//   stopped: unlinked by its home shard, or by the thread itself (lock): nobody else knows it now
//
// One that was chosen waits for being woken, whatever its deadline says: its memory is needed.
#ifndef SPGI_CORE_PARTY_H
#define SPGI_CORE_PARTY_H

#include "core/types.h"

struct spgi_call;

struct spgi_party {
    struct spgi_node node;    // [lock]
    bool linked;              // [lock]
    struct spgi_link chosen;  // in the list of those to be woken        [who has chosen it]
    struct spgi_call *given;  // what it was chosen for; NULL: see code  [lock]
    int code;                 // 0, or why there is nothing to wait for  [lock]
    pthread_mutex_t *lock;    // the boundary's                          [const]
    struct spgi_task *task;   // NULL: a thread                          [const]
    struct spgi_shard *shard; // of the task: its home during the wait   [const]
    struct spgi_errand errand;
    spgi_a64 woken; // of a thread: its futex is the low half            [any]
};

// Under the lock: puts the caller at the end of a list. After 0 the caller leaves the lock, and
// then must call spgi_party_sleep; else it is the reason why the task's wait is refused.
int spgi_party_join(struct spgi_party *party, pthread_mutex_t *lock, struct spgi_node *list,
                    enum spgi_wait_kind kind, spg_time deadline);

// Without the lock: waits to be woken, or for the deadline, the same as before. A task may resume
// on another shard. Returns the code it was chosen with; -ETIME, -ECANCELED: it was stopped.
int spgi_party_sleep(struct spgi_party *party, spg_time deadline);

// Under the lock: takes the first of a list, which is not empty, to be woken.
void spgi_party_choose(struct spgi_node *list, struct spgi_fifo *chosen, int code,
                       struct spgi_call *given);

// Any thread, without the lock: wakes all of them. They may be gone on return.
void spgi_party_wake(struct spgi_fifo *chosen);

#endif
