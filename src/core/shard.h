// SPDX-License-Identifier: MIT
// shard.h: which shard the calling thread is, what others ask of a shard, and its loop.
#ifndef SPGI_CORE_SHARD_H
#define SPGI_CORE_SHARD_H

#include "base/assert.h"
#include "core/types.h"

// The shard whose thread this is; NULL on other threads. The library's only thread-local sits
// behind this call, which is never inlined: a task that has migrated must not reuse the address of
// the variable that it read on its last thread. So call it again after every suspension.
struct spgi_shard *spgi_shard_self(void);

// The task that calls, or NULL with the error for a public call: -EPERM outside a task, -EOWNERDEAD
// in the child of a fork.
struct spgi_task *spgi_task_self(int *error);

// Where a program's function has returned to the library: on from here, the child of a fork would
// run the parent's other tasks a second time, and on the parent's ring.
static inline void spgi_shard_end_child(const struct spg_rt *rt)
{
    if (__builtin_expect(!load_relaxed(rt->alive), 0)) {
        SPGI_MISUSE("a child of fork has returned from the task, or from the blocking function, "
                    "that forked: it must end with _exit, or go on with exec");
    }
}

// Any thread. Hands an errand to a shard, and wakes it if it sleeps. Never fails.
void spgi_shard_post(struct spgi_shard *shard, struct spgi_errand *errand);

// Any thread, after a sequentially consistent publication: wakes the shard if it sleeps.
void spgi_shard_wake(struct spgi_shard *shard);

// Shard's own thread: rings another's bell, after spgi_park_ring said so.
void spgi_shard_ring_bell(struct spgi_shard *from, struct spgi_shard *to);

// Scheduler: the completion of a bell: one that was rung here, or one of ours that could not be
// rung.
void spgi_shard_bell_rang(struct spgi_shard *shard, int result, uint32_t target);
void spgi_shard_bell_fd_rang(struct spgi_shard *shard);

// A thread without a shard runs the loop of this one until the runtime stops. Returns its thread's
// value.
void *spgi_shard_main(void *shard);

// No thread of the runtime is left: closes the ring and the bell, if there are any.
void spgi_shard_close(struct spgi_shard *shard);

// Sets up what needs no ring; the ring is opened by the shard's own thread.
int spgi_shard_init(struct spgi_shard *shard, struct spg_rt *rt, uint32_t index);
void spgi_shard_fini(struct spgi_shard *shard);

// Scheduler: tells those who wait for the end of the runtime that something may have ended.
void spgi_shard_signal_quiet(struct spgi_shard *shard);

#endif
