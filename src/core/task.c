// SPDX-License-Identifier: MIT
// task.c: a task's life.
#include "core/task.h"

#include "base/assert.h"
#include "core/join.h"
#include "core/life.h"
#include "core/name.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/shard.h"
#include "core/slots.h"
#include "core/stacks.h"
#include "core/stats.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>

// ---- Spawning --------------------------------------------------------------------------------

// The shard where a task that is not stealable belongs, or where a stealable one starts.
static uint32_t target_of(struct spg_rt *rt, const spg_attr *attr, uint32_t here)
{
    switch (attr->place) {
    case SPG_STEALABLE_ON:
    case SPG_PINNED:
        return attr->shard == SPG_HERE ? here : attr->shard;
    case SPG_STICKY:
        return spg_sticky_shard(attr->key, rt->shard_count);
    case SPG_ROUND_ROBIN:
        return add_relaxed(&rt->turn, 1u) % rt->shard_count;
    case SPG_STEALABLE:
        break;
    }
    return here;
}

static void task_init(struct spgi_task *task, const struct spgi_spawn *spawn, uint64_t i,
                      uint32_t target)
{
    task->context = NULL;
    task->stack = NULL;
    task->fn = spawn->fn;
    // By number: a base of NULL is as good as any, for tasks that all get NULL.
    task->arg = (void *)((uintptr_t)spawn->base + i * spawn->stride);
    task->result = 0;
    store_relaxed(&task->shard, target);
    task->pins = 0;
    task->stealable = spawn->attr.place == SPG_STEALABLE || spawn->attr.place == SPG_STEALABLE_ON;
    store_relaxed(&task->scoped, 0u);
    task->scope = spawn->scope;
    task->born = spawn->scope;
    task->locals = NULL;
    spgi_name_init(&task->name, spawn->attr.name);
    uint64_t gen = spgi_life_gen(load_relaxed(&task->life));
    uint64_t handle = spawn->joinable ? SPGI_LIFE_HANDLE : 0;
    // Release: whoever finds the task through its handle, or its scope, sees it whole.
    store_release(&task->life, gen << SPGI_LIFE_GEN_SHIFT | handle);
}

static int admitted(struct spg_rt *rt, const struct spgi_spawn *spawn)
{
    uint32_t phase = load_acquire(&rt->phase);
    bool refused = spawn->scope ? phase >= SPGI_PHASE_CANCEL : phase >= SPGI_PHASE_DRAIN;
    return refused ? -ESHUTDOWN : 0;
}

static struct spgi_task *next_of(struct spgi_task *task)
{
    struct spgi_link *next = task->ready.link.next;
    return next ? SPGI_CONTAINER(next, struct spgi_task, ready.link) : NULL;
}

// Hands the slots of tasks that were refused back, as if they had never been taken.
static void give_back(struct spgi_shard *shard, struct spgi_task *first)
{
    while (first) {
        struct spgi_task *next = next_of(first);
        spgi_slot_free(shard, first);
        first = next;
    }
}

// The debug option: each goes to a shard of its own choice.
static void publish_each(struct spgi_task *first)
{
    while (first) {
        struct spgi_task *next = next_of(first); // before it is ready: it may run at once
        spgi_ready(first);
        first = next;
    }
}

// Tasks whose shards differ are sorted by shard: each shard gets its own in one go.
static void publish_by_shard(struct spgi_shard *shard, struct spgi_task *first)
{
    struct spgi_batch *batches = NULL;
    struct spgi_batch **end = &batches;
    while (first) {
        struct spgi_task *next = next_of(first);
        struct spgi_batch *batch = &shard->batches[load_relaxed(&first->shard)];
        if (!batch->tasks.head) {
            batch->n = 0;
            batch->next = NULL;
            *end = batch;
            end = &batch->next;
        }
        spgi_fifo_push(&batch->tasks, &first->ready.link);
        batch->n++;
        first = next;
    }
    while (batches) {
        struct spgi_link *head = batches->tasks.head;
        batches->tasks.head = NULL;
        spgi_ready_batch(shard, SPGI_CONTAINER(head, struct spgi_task, ready.link), batches->n);
        batches = batches->next;
    }
}

// One publication for each shard that gets any of the tasks.
static void publish(struct spgi_shard *shard, const struct spgi_spawn *spawn,
                    struct spgi_task *first, struct spgi_task *last, uint32_t n)
{
    bool stealable = spawn->attr.place == SPG_STEALABLE || spawn->attr.place == SPG_STEALABLE_ON;
    bool shuffled = shard->rt->options.shuffle_seed && shard->rt->shard_count > 1;
    if (stealable && shuffled) {
        publish_each(first);
    } else if (stealable && load_relaxed(&first->shard) == shard->index) {
        spgi_ready_chain(shard, first, last, n);
    } else if (spawn->attr.place == SPG_ROUND_ROBIN) {
        publish_by_shard(shard, first);
    } else {
        spgi_ready_batch(shard, first, n);
    }
}

static int spawn_refused(struct spgi_shard *shard, int error)
{
    SPGI_COUNT(shard, spawn_refused);
    return error;
}

// Sets up the tasks of a batch from i on, linked by ready.link. Returns the last one.
static struct spgi_task *block_init(struct spgi_shard *shard, const struct spgi_spawn *spawn,
                                    uint64_t i, struct spgi_task *first)
{
    struct spgi_task *last = first;
    for (struct spgi_task *task = first; task; task = next_of(task), i++) {
        task_init(task, spawn, i, target_of(shard->rt, &spawn->attr, shard->index));
        last = task;
    }
    return last;
}

static uint32_t block_of(const struct spg_rt *rt, uint64_t left)
{
    return left < rt->spawn_block ? (uint32_t)left : rt->spawn_block;
}

// The next block of a batch that was accepted.
static struct spgi_task *next_block(struct spgi_shard *shard, const struct spgi_spawn *spawn,
                                    uint64_t begun, uint32_t n, struct spgi_task **last)
{
    struct spgi_task *first = spgi_slots_draw(shard, n);
    *last = block_init(shard, spawn, begun, first);
    if (spawn->scope) {
        spgi_scope_follow(spawn->scope, first);
    }
    return first;
}

// Stealable tasks that start here are published block by block: others may run the first ones while
// the rest is set up.
static bool starts_here(const struct spgi_shard *shard, const spg_attr *attr)
{
    bool named = attr->shard == SPG_HERE || attr->shard == shard->index;
    return attr->place == SPG_STEALABLE || (attr->place == SPG_STEALABLE_ON && named);
}

// first to last: the first block, of n tasks. What goes to other shards is one publication for each
// of them.
static void publish_batch(struct spgi_shard *shard, const struct spgi_spawn *spawn,
                          struct spgi_task *first, struct spgi_task *last, uint32_t n)
{
    bool here = starts_here(shard, &spawn->attr);
    if (here) {
        publish(shard, spawn, first, last, n);
    }
    for (uint64_t begun = n; begun < spawn->n; begun += n) {
        struct spgi_task *end;
        n = block_of(shard->rt, spawn->n - begun);
        struct spgi_task *block = next_block(shard, spawn, begun, n, &end);
        if (here) {
            publish(shard, spawn, block, end, n);
        } else {
            last->ready.link.next = &block->ready.link;
            last = end;
        }
    }
    if (!here) {
        publish(shard, spawn, first, last, (uint32_t)spawn->n);
    }
}

int spgi_task_spawn(struct spgi_shard *shard, const struct spgi_spawn *spawn, uint64_t *handle)
{
    struct spg_rt *rt = shard->rt;
    int error = admitted(rt, spawn);
    error = error ? error : spgi_slots_reserve(shard, spawn->n);
    if (error) {
        return spawn_refused(shard, error);
    }
    uint32_t n = block_of(rt, spawn->n);
    struct spgi_task *first = spgi_slots_draw(shard, n);
    struct spgi_task *last = block_init(shard, spawn, 0, first);
    error = spawn->scope ? spgi_scope_enter(spawn->scope, first, spawn->n) : 0;
    if (error) {
        give_back(shard, first);
        spgi_slots_unreserve(shard, spawn->n - n);
        // A shutdown that cancels has changed the phase before it stops scopes: if it was that, say
        // so, as from here on.
        int late = admitted(rt, spawn);
        return spawn_refused(shard, late ? late : error);
    }
    *handle = spgi_handle_of(first, spgi_life_gen(load_relaxed(&first->life)));
    SPGI_COUNT_N(shard, spawned, spawn->n);
    if (!first->stealable) {
        SPGI_COUNT_N(shard, spawned_pinned, spawn->n);
    }
    publish_batch(shard, spawn, first, last, n);
    return 0;
}

int spgi_task_spawn_outside(struct spg_rt *rt, const struct spgi_spawn *spawn, uint64_t *handle)
{
    struct spgi_task *task;
    pthread_mutex_lock(&rt->entry_lock); // shutdown changes the phase under it
    int error = admitted(rt, spawn);
    error = error ? error : spgi_slot_take_outside(rt, &task);
    if (!error) {
        uint32_t here = rt->entry_turn++ % rt->shard_count;
        task_init(task, spawn, 0, target_of(rt, &spawn->attr, here));
        *handle = spgi_handle_of(task, spgi_life_gen(load_relaxed(&task->life)));
        spgi_a64 *spawned = &rt->shards[load_relaxed(&task->shard)]->spawned_outside;
        store_release(spawned, load_relaxed(spawned) + 1); // before it can end
        spgi_ready(task);
    } else {
        add_relaxed(&rt->shards[0]->refused_outside, 1u);
    }
    pthread_mutex_unlock(&rt->entry_lock);
    return error;
}

// ---- Ending ----------------------------------------------------------------------------------

static void destroy_locals(struct spgi_task *task)
{
    for (int key = 0; key < SPG_LOCAL_KEYS; key++) {
        void *value = task->locals[key];
        void (*destroy)(void *) = (void (*)(void *))load_acquire(
            &task->rt->local_destroy[key]); // pairs with spg_local_key
        if (value && destroy) {
            task->locals[key] = NULL;
            destroy(value);
        }
    }
    free(task->locals);
    task->locals = NULL;
}

void spgi_task_returned(struct spgi_task *task)
{
    if (task->locals) {
        destroy_locals(task);
    }
    if (task->scope != task->born) {
        SPGI_MISUSE("a task returned with a scope open: close it with spg_scope_close first");
    }
    if (task->pins != 0) {
        SPGI_MISUSE("a task returned while pinned: call spg_unpin as often as spg_pin");
    }
}

void spgi_task_ended(struct spgi_shard *shard, struct spgi_task *task)
{
    spgi_stacks_give(shard, task->stack);
    task->stack = NULL;
    struct spgi_scope *born = task->born;
    if (born) {
        spgi_scope_part(born, task, task->result);
    }
    // Counted before it can be joined, so that who joins it finds it counted.
    store_release(&shard->counters.finished, load_relaxed(&shard->counters.finished) + 1);
    uint64_t life = spgi_life_finish(&task->life);
    spgi_join_wake(task, life);
    if (!(life & SPGI_LIFE_HANDLE)) {
        spgi_slot_free(shard, task);
    }
    if (born) {
        spgi_scope_leave(born); // last: whoever closes the scope finds all of this done
    }
    if (load_relaxed(&shard->rt->phase) != SPGI_PHASE_RUN) {
        spgi_shard_signal_quiet(shard);
    }
}
