// SPDX-License-Identifier: MIT
// scope.c: scopes for users.
#include <spargio/scope.h>

#include "base/assert.h"
#include "core/life.h"
#include "core/scope.h"
#include "core/shard.h"

#include <errno.h>

int spg_scope_open(spg_scope *scope, spg_time deadline)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (!scope) {
        return -EINVAL;
    }
    spgi_scope_begin(spgi_shard_self(), task, spgi_scope_in(scope), deadline);
    return 0;
}

static bool is_open(const struct spgi_scope *scope)
{
    return scope && scope->magic == SPGI_SCOPE_OPEN;
}

int spg_scope_close(spg_scope *public)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_scope *scope = spgi_scope_in(public);
    if (!is_open(scope) || scope->owner != task) {
        return -EINVAL;
    }
    if (task->scope != scope) {
        SPGI_MISUSE("spg_scope_close: a scope that was opened later is still open: close it first");
    }
    spgi_scope_drain(spgi_shard_self(), task, scope);
    return spgi_scope_end(scope);
}

int spg_scope_cancel(spg_scope *public)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    struct spgi_scope *scope = spgi_scope_in(public);
    if (!is_open(scope)) {
        return -EINVAL;
    }
    spgi_scope_stop(scope, SPGI_LIFE_CANCELED);
    return 0;
}

int spg_scope_trace_set(spg_scope *public, uint64_t trace)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    struct spgi_scope *scope = spgi_scope_in(public);
    if (!is_open(scope)) {
        return -EINVAL;
    }
    store_relaxed(&scope->trace, trace); // relaxed: it stands for itself
    return 0;
}

uint64_t spg_trace(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    return task && task->scope ? load_relaxed(&task->scope->trace) : 0;
}

spg_scope *spg_scope_current(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    return task ? (spg_scope *)(void *)task->scope : NULL;
}

spg_time spg_scope_deadline(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    return task && task->scope ? task->scope->deadline : SPG_NEVER;
}
