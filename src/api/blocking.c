// SPDX-License-Identifier: MIT
// blocking.c: blocking calls for users.
#include <spargio/blocking.h>

#include "core/pool.h"
#include "core/shard.h"

#include <errno.h>

int spg_blocking(spg_fn *fn, void *arg, int *result, spg_time deadline)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (!fn) {
        return -EINVAL;
    }
    return spgi_pool_run(spgi_shard_self(), task, fn, arg, result, deadline);
}
