// SPDX-License-Identifier: MIT
// task.h: a task's life: spawned, run, ended.
#ifndef SPGI_CORE_TASK_H
#define SPGI_CORE_TASK_H

#include "core/types.h"

// What the tasks of a batch have in common.
struct spgi_spawn {
    spg_attr attr;
    spg_fn *fn;
    char *base;    // argument of the first one
    size_t stride; // distance to the next one's
    uint64_t n;
    struct spgi_scope *scope; // NULL: the root
    bool joinable;
};

// Shard's own thread, from a task. All or nothing. handle: of the first one, if joinable. Returns 0
// or the negative result of spg_spawn.
int spgi_task_spawn(struct spgi_shard *shard, const struct spgi_spawn *spawn, uint64_t *handle);

// A thread that is no shard of rt: one task.
int spgi_task_spawn_outside(struct spg_rt *rt, const struct spgi_spawn *spawn, uint64_t *handle);

// On the task's stack, when its function has returned: what must still happen there.
void spgi_task_returned(struct spgi_task *task);

// Scheduler: the task has left its stack for good.
void spgi_task_ended(struct spgi_shard *shard, struct spgi_task *task);

#endif
