// SPDX-License-Identifier: MIT
// stacks.c: a shard's stacks; how they are kept is in stacks.h.
#include "core/stacks.h"

#include "core/fiber.h"
#include "core/life.h"
#include "core/sched.h"
#include "core/stats.h"
#include "core/wait.h"

#include <errno.h>

static void count_cached(struct spgi_shard *shard)
{
    store_relaxed(&shard->stack_count, (uint64_t)shard->stacks.count + shard->more_stacks.count);
}

static bool has_unused(struct spgi_shard *shard)
{
    return load_relaxed(&shard->stack_count) > 0;
}

int spgi_stacks_init(struct spgi_shard *shard)
{
    struct spgi_stack_batch one = spgi_stack_depot_take(&shard->rt->stacks);
    shard->reserve = one.count > 0 ? spgi_stack_pop(&one) : NULL;
    return shard->reserve ? 0 : -ENOMEM;
}

// NULL when there is none.
static struct spgi_stack *take(struct spgi_shard *shard)
{
    if (shard->stacks.count == 0) {
        shard->stacks = shard->more_stacks;
        shard->more_stacks = (struct spgi_stack_batch){0};
    }
    bool cached = shard->stacks.count > 0;
    if (!cached) {
        shard->stacks = spgi_stack_depot_take(&shard->rt->stacks);
        if (shard->stacks.count == 0) {
            return NULL;
        }
    }
    struct spgi_stack *stack = spgi_stack_pop(&shard->stacks);
    count_cached(shard);
    if (cached) {
        SPGI_COUNT(shard, stacks_reused);
    } else {
        SPGI_COUNT(shard, stacks_mapped);
    }
    return stack;
}

void spgi_stacks_give(struct spgi_shard *shard, struct spgi_stack *stack)
{
    if (!shard->reserve) {
        shard->reserve = stack;
        return;
    }
    if (shard->stacks.count == SPGI_STACK_BATCH) {
        if (shard->more_stacks.count > 0) {
            spgi_stack_depot_give(&shard->rt->stacks, &shard->more_stacks, shard->pass_start);
        }
        shard->more_stacks = shard->stacks;
        shard->stacks = (struct spgi_stack_batch){0};
    }
    spgi_stack_push(&shard->stacks, stack);
    count_cached(shard);
}

// ---- Tasks without a stack -------------------------------------------------------------------

static struct spgi_stack *take_reserve(struct spgi_shard *shard)
{
    struct spgi_stack *stack = shard->reserve;
    shard->reserve = NULL;
    return stack;
}

bool spgi_stacks_start(struct spgi_shard *shard, struct spgi_task *task)
{
    struct spgi_stack *stack = take(shard);
    if (!stack) {
        SPGI_COUNT(shard, stacks_refused);
        store_relaxed(&task->wait.since, (uint64_t)shard->pass_start);
        spgi_fifo_push(&shard->stackless, &task->ready.link);
        return false;
    }
    spgi_fiber_start(task, stack, shard->rt->stacks.bytes);
    return true;
}

// A stack for the first task that waits for one; NULL: it goes on waiting.
static struct spgi_stack *stack_for(struct spgi_shard *shard, struct spgi_task *task, int64_t now)
{
    struct spgi_stack *stack = NULL;
    if (has_unused(shard) || now >= shard->retry_stackless) {
        stack = take(shard);
    }
    if (stack) {
        return stack;
    }
    if (now >= shard->retry_stackless) {
        shard->retry_stackless = now + SPGI_STACK_RETRY_NS;
    }
    bool long_enough = now - (int64_t)load_relaxed(&task->wait.since) >= SPGI_STACK_WAIT_NS;
    if (!shard->reserve || (!long_enough && !spgi_wait_refused(task))) {
        return NULL;
    }
    // It waits for nothing yet and has no scope of its own, so the mark alone cancels it.
    spgi_life_stop(&task->life, spgi_life_gen(load_relaxed(&task->life)), SPGI_LIFE_CANCELED);
    return take_reserve(shard);
}

void spgi_stacks_retry(struct spgi_shard *shard, int64_t now)
{
    while (shard->stackless.head) {
        struct spgi_task *task =
            SPGI_CONTAINER(shard->stackless.head, struct spgi_task, ready.link);
        struct spgi_stack *stack = stack_for(shard, task, now);
        if (!stack) {
            break;
        }
        spgi_fifo_pop(&shard->stackless);
        spgi_fiber_start(task, stack, shard->rt->stacks.bytes);
        spgi_ready(task);
    }
}

// ---- Memory that nobody wants ----------------------------------------------------------------

int64_t spgi_stacks_sleep_limit(struct spgi_shard *shard, int64_t now)
{
    const struct spgi_stack_depot *depot = &shard->rt->stacks;
    int64_t limit = shard->stackless.head ? SPGI_STACK_RETRY_NS : INT64_MAX;
    if (depot->trim_ns == 0) {
        return limit;
    }
    int64_t oldest = (int64_t)load_relaxed(&depot->oldest);
    int64_t since = has_unused(shard) ? shard->last_work : INT64_MAX;
    since = oldest != 0 && oldest < since ? oldest : since;
    if (since == INT64_MAX) {
        return limit;
    }
    int64_t due = since + depot->trim_ns - now;
    due = due > 1 ? due : 1;
    return due < limit ? due : limit;
}

static void give_all(struct spgi_shard *shard, struct spgi_stack_batch *batch)
{
    if (batch->count > 0) {
        spgi_stack_depot_give(&shard->rt->stacks, batch, 0);
        *batch = (struct spgi_stack_batch){0};
    }
}

void spgi_stacks_trim(struct spgi_shard *shard, int64_t now)
{
    struct spgi_stack_depot *depot = &shard->rt->stacks;
    if (depot->trim_ns == 0) {
        return;
    }
    int64_t before = now - depot->trim_ns;
    if (has_unused(shard) && shard->last_work <= before) {
        give_all(shard, &shard->stacks);
        give_all(shard, &shard->more_stacks);
        count_cached(shard);
    }
    int64_t oldest = (int64_t)load_relaxed(&depot->oldest);
    if (oldest != 0 && oldest <= before) {
        spgi_stack_depot_trim(depot, before);
    }
}
