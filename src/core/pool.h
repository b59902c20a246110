// SPDX-License-Identifier: MIT
// pool.h: the bounded pool of threads for blocking calls.
#ifndef SPGI_CORE_POOL_H
#define SPGI_CORE_POOL_H

#include "core/types.h"

void spgi_pool_init(struct spgi_pool *pool);

// Ends all threads; no job may be left.
void spgi_pool_stop(struct spgi_pool *pool);

// The calling task: runs fn(arg) on the pool and waits. Returns as spg_blocking.
int spgi_pool_run(struct spgi_shard *shard, struct spgi_task *task, spg_fn *fn, void *arg,
                  int *result, spg_time deadline);

#endif
