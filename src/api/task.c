// SPDX-License-Identifier: MIT
// task.c: tasks for users: arguments checked here, the work done in core.
#include <spargio/task.h>

#include "base/assert.h"
#include "core/fiber.h"
#include "core/join.h"
#include "core/life.h"
#include "core/name.h"
#include "core/op.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/shard.h"
#include "core/slots.h"
#include "core/stats.h"
#include "core/task.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// ---- Spawning --------------------------------------------------------------------------------

// Copies the caller's attributes, of its size, into out, which is zero, and checks them. here:
// whether SPG_HERE has a meaning.
static int read_attr(const struct spg_rt *rt, const spg_attr *given, size_t size, bool here,
                     spg_attr *out)
{
    if (!given) {
        return 0;
    }
    memcpy(out, given, size < sizeof *out ? size : sizeof *out);
    if ((unsigned)out->place > SPG_ROUND_ROBIN) {
        return -EINVAL;
    }
    bool names_shard = out->place == SPG_PINNED || out->place == SPG_STEALABLE_ON;
    bool valid = out->shard == SPG_HERE ? here : out->shard < rt->shard_count;
    return names_shard && !valid ? -EINVAL : 0;
}

static int spawn_from_task(struct spgi_task *task, const spg_attr *attr, size_t size,
                           struct spgi_spawn *spawn, spg_scope *scope, spg_task *out)
{
    int error = spawn->fn ? read_attr(task->rt, attr, size, true, &spawn->attr) : -EINVAL;
    if (error || spawn->n == 0) {
        return error;
    }
    scope = scope ? scope : spawn->attr.scope;
    spawn->scope = scope ? spgi_scope_in(scope) : task->scope;
    if (scope && spawn->scope->magic != SPGI_SCOPE_OPEN) {
        return -EINVAL;
    }
    uint64_t handle = 0;
    error = spgi_task_spawn(spgi_shard_self(), spawn, &handle);
    if (!error && out) {
        out->v = handle;
    }
    return error;
}

int spg_spawn_sized(const spg_attr *attr, size_t size, spg_fn *fn, void *arg, spg_task *out)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_spawn spawn = {.fn = fn, .base = arg, .n = 1, .joinable = out != NULL};
    return spawn_from_task(task, attr, size, &spawn, NULL, out);
}

int spg_spawn_n_sized(spg_scope *scope, const spg_attr *attr, size_t size, spg_fn *fn, void *base,
                      size_t stride, size_t n)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (n > SPG_MAX_TASKS) {
        return -EAGAIN;
    }
    struct spgi_spawn spawn = {.fn = fn, .base = base, .stride = stride, .n = n};
    return spawn_from_task(task, attr, size, &spawn, scope, NULL);
}

int spg_spawn_in_sized(spg_rt *rt, const spg_attr *attr, size_t size, spg_fn *fn, void *arg,
                       spg_task *out)
{
    if (!rt || !fn) {
        return -EINVAL;
    }
    if (!load_relaxed(rt->alive)) {
        return -EOWNERDEAD;
    }
    struct spgi_shard *shard = spgi_shard_self();
    bool inside = shard && shard->rt == rt && shard->running;
    struct spgi_spawn spawn = {.fn = fn, .base = arg, .n = 1, .joinable = out != NULL};
    int error = read_attr(rt, attr, size, inside, &spawn.attr);
    if (error || spawn.attr.scope) {
        return error ? error : -EINVAL;
    }
    uint64_t handle = 0;
    error = inside ? spgi_task_spawn(shard, &spawn, &handle)
                   : spgi_task_spawn_outside(rt, &spawn, &handle);
    if (!error && out) {
        out->v = handle;
    }
    return error;
}

// ---- Handles ---------------------------------------------------------------------------------

// shard: the caller's, or NULL.
static void free_slot(struct spgi_shard *shard, struct spgi_task *task)
{
    if (shard && shard->rt == task->rt) {
        spgi_slot_free(shard, task);
    } else {
        spgi_slot_free_outside(task->rt, task);
    }
}

// Finds the slot that a handle names, and holds it (core/slots.h). Returns 0, -ESRCH or
// -EOWNERDEAD.
static int hold(struct spgi_shard *shard, spg_task handle, struct spgi_task **out)
{
    struct spgi_task *task = spgi_slot_hold(shard, handle);
    if (!task) {
        return -ESRCH;
    }
    if (!load_relaxed(task->rt->alive)) {
        spgi_slot_let_go(shard, task);
        return -EOWNERDEAD;
    }
    *out = task;
    return 0;
}

static bool names(spg_task handle, uint64_t life)
{
    return spgi_life_gen(life) == spgi_handle_gen(handle.v);
}

int spg_join(spg_task handle, int *result, spg_time deadline)
{
    struct spgi_task *task;
    struct spgi_shard *shard = spgi_shard_self();
    int error = hold(shard, handle, &task);
    if (error) {
        return error;
    }
    uint64_t gen = spgi_handle_gen(handle.v);
    if (shard && shard->rt == task->rt && shard->running) {
        error = spgi_join_task(shard, shard->running, task, gen, deadline);
        shard = spgi_shard_self(); // perhaps another one of the same runtime
    } else {
        error = spgi_join_thread(task, gen, deadline);
    }
    if (!error) {
        if (result) {
            *result = task->result;
        }
        free_slot(shard, task);
    }
    spgi_slot_let_go(shard, task);
    return error;
}

int spg_detach(spg_task handle)
{
    struct spgi_task *task;
    struct spgi_shard *shard = spgi_shard_self();
    int error = hold(shard, handle, &task);
    if (error) {
        return error;
    }
    switch (spgi_life_detach(&task->life, spgi_handle_gen(handle.v))) {
    case SPGI_DETACH_STALE:
        error = -ESRCH;
        break;
    case SPGI_DETACH_TAKEN:
        error = -EBUSY;
        break;
    case SPGI_DETACH_DONE:
        free_slot(shard, task);
        break;
    case SPGI_DETACH_RUNNING:
        break;
    }
    spgi_slot_let_go(shard, task);
    return error;
}

int spg_cancel(spg_task handle)
{
    struct spgi_task *task;
    struct spgi_shard *shard = spgi_shard_self();
    int error = hold(shard, handle, &task);
    if (error) {
        return error;
    }
    bool there = spgi_task_stop(task, spgi_handle_gen(handle.v), SPGI_LIFE_CANCELED);
    spgi_slot_let_go(shard, task);
    return there ? 0 : -ESRCH;
}

int spg_done(spg_task handle)
{
    struct spgi_task *task;
    struct spgi_shard *shard = spgi_shard_self();
    int error = hold(shard, handle, &task);
    if (error) {
        return error;
    }
    uint64_t life = load_acquire(&task->life);
    spgi_slot_let_go(shard, task);
    bool held = (life & SPGI_LIFE_HANDLE) && names(handle, life);
    return held ? (life & SPGI_LIFE_DONE) != 0 : -ESRCH;
}

int spg_name(spg_task handle, char *out, size_t bytes)
{
    if (!out || bytes == 0) {
        return -EINVAL;
    }
    struct spgi_task *task;
    struct spgi_shard *shard = spgi_shard_self();
    int error = hold(shard, handle, &task);
    if (error) {
        return error;
    }
    char name[SPGI_TASK_NAME];
    spgi_name_read(&task->name, name);
    // Looked at afterwards: a name of a later life comes with that life.
    if (names(handle, load_acquire(&task->life))) {
        size_t n = strnlen(name, SPGI_TASK_NAME - 1);
        n = n < bytes ? n : bytes - 1;
        memcpy(out, name, n);
        out[n] = '\0';
    } else {
        error = -ESRCH;
    }
    spgi_slot_let_go(shard, task);
    return error;
}

// ---- The calling task ------------------------------------------------------------------------

spg_task spg_self(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    spg_task self = {task ? spgi_handle_of(task, spgi_life_gen(load_relaxed(&task->life))) : 0};
    return self;
}

int spg_cancelled(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    return task ? spgi_wait_refused(task) : error;
}

int spg_yield(void)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    struct spgi_shard *shard = spgi_shard_self();
    SPGI_COUNT(shard, yields);
    spgi_fiber_suspend(shard, SPGI_AFTER_YIELD, NULL, NULL);
    return 0;
}

bool spg_should_yield(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return false;
    }
    struct spgi_shard *shard = spgi_shard_self();
    if (load_relaxed(&shard->errands.top) || spgi_ring_has_completion(shard->ring) ||
        spgi_ring_wants_enter(shard->ring)) {
        return true;
    }
    if (++task->should_yield_calls % SPGI_YIELD_CLOCK_INTERVAL != 1) {
        return false;
    }
    int64_t now = spgi_clock_now();
    if (shard->task_start == 0) {
        shard->task_start = now; // the first look since the task was given the CPU
    }
    return now - shard->task_start >= SPGI_YIELD_NS;
}

void spg_pin(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (task) {
        SPGI_CHECK(task->pins < UINT16_MAX);
        task->pins++;
    }
}

void spg_unpin(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (task) {
        if (task->pins == 0) {
            SPGI_MISUSE("spg_unpin: the task is not pinned: each spg_unpin ends one spg_pin");
        }
        task->pins--;
    }
}

int spg_shard(void)
{
    int error;
    return spgi_task_self(&error) ? (int)spgi_shard_self()->index : error;
}

spg_rt *spg_runtime(void)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    return task ? task->rt : NULL;
}

uint32_t spg_sticky_shard(uint64_t key, uint32_t shards)
{
    uint64_t high = key * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    return (uint32_t)(high * shards >> 32);
}

int spg_set_name(const char *name)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (task) {
        spgi_name_change(&task->name, name);
    }
    return error;
}

// ---- Task-local storage ----------------------------------------------------------------------

int spg_local_key(spg_rt *rt, void (*destroy)(void *value))
{
    if (!rt) {
        return -EINVAL;
    }
    uint32_t key = load_acquire(&rt->local_keys);
    do {
        if (key == SPG_LOCAL_KEYS) {
            return -EAGAIN;
        }
    } while (!cas_acqrel(&rt->local_keys, &key, key + 1));
    store_release(&rt->local_destroy[key], (void *)destroy); // pairs with destroy_locals in core
    return (int)key;
}

int spg_local_set(int key, void *value)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (key < 0 || (uint32_t)key >= load_acquire(&task->rt->local_keys)) {
        return -EINVAL;
    }
    if (!task->locals) {
        task->locals = calloc(SPG_LOCAL_KEYS, sizeof *task->locals);
        if (!task->locals) {
            return -ENOMEM;
        }
    }
    task->locals[key] = value;
    return 0;
}

void *spg_local_get(int key)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    bool there = task && task->locals && key >= 0 && key < SPG_LOCAL_KEYS;
    return there ? task->locals[key] : NULL;
}
