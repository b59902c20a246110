// SPDX-License-Identifier: MIT
// sched.c: the ready queues of a shard.
//
// A shard takes its next task from three places: the next-slot, the queue of pinned tasks, which
// nobody else touches, and the queue of stealable ones. The next-slot holds the task whose last
// child has just ended here: its input is warm in the cache, and it would be the only one to know
// what to do next. It is run at once, but not more than SPGI_NEXT_RUNS times in a row, and only
// while the head of the queue is young; else it goes to the back of its queue. The two queues take
// turns. So no ready task is passed over for long.
//
// The slot is the scheduler's own: it is emptied before any task runs, so nothing is ever hidden
// in it behind one that goes on computing.
#include "core/sched.h"

#include "base/assert.h"
#include "core/fiber.h"
#include "core/idle.h"
#include "core/lane.h"
#include "core/shard.h"
#include "core/stacks.h"
#include "core/stats.h"
#include "core/steal.h"
#include "core/task.h"
#include "sys/clock.h"

static struct spgi_task *task_of(struct spgi_link *link)
{
    return SPGI_CONTAINER(link, struct spgi_task, ready.link);
}

static bool is_movable(const struct spgi_task *task)
{
    return task->stealable && task->pins == 0;
}

// ---- Making ready ----------------------------------------------------------------------------

static void take_in(struct spgi_shard *shard, struct spgi_task *task)
{
    if (!is_movable(task)) {
        spgi_fifo_push(&shard->pinned, &task->ready.link);
    } else if (!spgi_stealq_push(&shard->stealable, &task->ready.link, false)) {
        SPGI_COUNT(shard, queue_overflow);
    }
    shard->announce = true;
}

static void arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    take_in(shard, SPGI_CONTAINER(errand, struct spgi_task, ready));
}

// The link of the first one was the errand's on its way; it brings the others along.
static void batch_arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    struct spgi_task *first = SPGI_CONTAINER(errand, struct spgi_task, ready);
    struct spgi_link *link = first->wait.subject;
    take_in(shard, first);
    while (link) {
        struct spgi_task *task = task_of(link);
        link = link->next; // before it is in a queue
        take_in(shard, task);
    }
}

static void send_task(struct spgi_shard *from, struct spgi_shard *to, struct spgi_task *task)
{
    if (from) {
        SPGI_COUNT(from, wakes_remote);
    }
    task->ready.run = arrived;
    spgi_shard_post(to, &task->ready);
}

// A task that runs while it makes others ready may go on for long: what it publishes is announced
// at once. What the scheduler makes ready it announces itself, once per batch.
static void push_stealable(struct spgi_shard *shard, struct spgi_task *task)
{
    bool by_task = shard->running != NULL;
    if (!spgi_stealq_push(&shard->stealable, &task->ready.link, by_task)) {
        SPGI_COUNT(shard, queue_overflow);
    }
    if (by_task) {
        spgi_steal_offer(shard, true);
    } else {
        shard->announce = true;
    }
}

// The debug option: every stealable task goes to another shard each time it becomes ready.
static struct spgi_shard *shuffle_target(struct spgi_shard *self)
{
    struct spg_rt *rt = self->rt;
    uint32_t step = 1 + spgi_random_below(&self->random, rt->shard_count - 1);
    return rt->shards[(self->index + step) % rt->shard_count];
}

static void enqueue(struct spgi_shard *shard, struct spgi_task *task)
{
    if (is_movable(task)) {
        push_stealable(shard, task);
    } else {
        spgi_fifo_push(&shard->pinned, &task->ready.link);
    }
}

static bool is_shuffled(const struct spg_rt *rt)
{
    return rt->options.shuffle_seed && rt->shard_count > 1;
}

// next: it may go to the next-slot.
static void make_ready(struct spgi_task *task, bool next)
{
    struct spgi_shard *self = spgi_shard_self();
    struct spg_rt *rt = task->rt;
    store_relaxed(&task->wait.word, 0u);
    if (self && self->rt != rt) {
        self = NULL; // a thread of another runtime is a foreign one here
    }
    bool movable = is_movable(task);
    if (!self || (!movable && load_relaxed(&task->shard) != self->index)) {
        send_task(self, rt->shards[load_relaxed(&task->shard)], task);
        return;
    }
    if (movable && is_shuffled(rt)) {
        send_task(self, shuffle_target(self), task);
        return;
    }
    SPGI_COUNT(self, wakes_local);
    if (next && !self->next) {
        self->next = task;
    } else {
        enqueue(self, task);
    }
}

void spgi_ready(struct spgi_task *task)
{
    make_ready(task, false);
}

void spgi_ready_next(struct spgi_task *task)
{
    make_ready(task, true);
}

void spgi_ready_chain(struct spgi_shard *shard, struct spgi_task *first, struct spgi_task *last,
                      uint64_t n)
{
    if (n == 1) {
        push_stealable(shard, first); // by a task: announced
        return;
    }
    uint64_t overflowed =
        spgi_stealq_push_chain(&shard->stealable, &first->ready.link, &last->ready.link, n);
    SPGI_COUNT_N(shard, queue_overflow, overflowed);
    spgi_steal_offer(shard, true);
}

void spgi_sched_announce(struct spgi_shard *shard)
{
    if (shard->announce) {
        shard->announce = false;
        spgi_stealq_announce(&shard->stealable);
        spgi_steal_offer(shard, false);
    }
}

void spgi_ready_batch(struct spgi_shard *shard, struct spgi_task *first, uint64_t n)
{
    struct spgi_shard *to = shard->rt->shards[load_relaxed(&first->shard)];
    if (to == shard) {
        SPGI_COUNT_N(shard, wakes_local, n);
        struct spgi_link *link = &first->ready.link;
        while (link) {
            struct spgi_task *task = task_of(link);
            link = link->next; // before it is in a queue
            SPGI_ASSERT(!is_movable(task));
            spgi_fifo_push(&shard->pinned, &task->ready.link);
        }
        return;
    }
    SPGI_COUNT_N(shard, wakes_remote, n);
    first->wait.subject = first->ready.link.next;
    first->ready.run = batch_arrived;
    spgi_shard_post(to, &first->ready);
}

bool spgi_sched_has_ready(struct spgi_shard *shard)
{
    return shard->pinned.head || shard->next || spgi_stealq_size(&shard->stealable) > 0;
}

// ---- Choosing --------------------------------------------------------------------------------

// The task in the next-slot, if it is its turn.
static struct spgi_task *take_next(struct spgi_shard *shard)
{
    struct spgi_task *task = shard->next;
    shard->next = NULL;
    if (task && (shard->next_runs >= SPGI_NEXT_RUNS || !spgi_steal_own_head_is_young(shard))) {
        enqueue(shard, task);
        task = NULL;
    }
    shard->next_runs = task ? shard->next_runs + 1 : 0;
    SPGI_COUNT_N(shard, next_slot, task != NULL);
    return task;
}

static struct spgi_task *take_pinned(struct spgi_shard *shard)
{
    struct spgi_link *link = spgi_fifo_pop(&shard->pinned);
    return link ? task_of(link) : NULL;
}

static struct spgi_task *take_stealable(struct spgi_shard *shard)
{
    struct spgi_link *link = spgi_stealq_pop(&shard->stealable);
    void *soon = spgi_stealq_soon(&shard->stealable);
    if (soon) {
        spgi_task_fetch(task_of(soon));
        spgi_stack_fetch(&shard->stacks);
    }
    return link ? task_of(link) : NULL;
}

static struct spgi_task *take_queued(struct spgi_shard *shard)
{
    shard->pinned_turn = !shard->pinned_turn;
    struct spgi_task *task = shard->pinned_turn ? take_pinned(shard) : NULL;
    task = task ? task : take_stealable(shard);
    return task ? task : take_pinned(shard);
}

// The debug option: now and then the head goes to the back.
static void shuffle_queues(struct spgi_shard *shard)
{
    uint32_t dice = spgi_random_next(&shard->random);
    struct spgi_link *link = dice & 1 ? spgi_fifo_pop(&shard->pinned) : NULL;
    if (link) {
        spgi_fifo_push(&shard->pinned, link);
    }
    link = dice & 2 ? spgi_stealq_pop(&shard->stealable) : NULL;
    if (link) {
        spgi_stealq_push(&shard->stealable, link, true);
    }
}

static struct spgi_task *choose(struct spgi_shard *shard)
{
    if (shard->rt->options.shuffle_seed) {
        shuffle_queues(shard);
    }
    struct spgi_task *next = take_next(shard);
    struct spgi_task *task = next ? next : take_queued(shard);
    // Tasks that stay behind one from their own queue were offered when they came into it.
    bool passes_over = next || (task && !is_movable(task));
    if (passes_over && !spgi_stealq_empty(&shard->stealable)) {
        spgi_steal_passed_over(shard);
    }
    return task;
}

// ---- Running ---------------------------------------------------------------------------------

static void yield_back(struct spgi_shard *shard, struct spgi_task *task)
{
    if (is_movable(task) && is_shuffled(shard->rt)) {
        send_task(shard, shuffle_target(shard), task);
    } else {
        enqueue(shard, task);
    }
}

static void run_task(struct spgi_shard *shard, struct spgi_task *task)
{
    if (load_relaxed(&task->shard) != shard->index) {
        SPGI_ASSERT(is_movable(task) || !task->context);
        if (task->context) {
            SPGI_COUNT(shard, migrations);
        }
        store_relaxed(&task->shard, shard->index);
    }
    if (!task->stack && !spgi_stacks_start(shard, task)) {
        return;
    }
    store_relaxed(&task->wait.since, (uint64_t)shard->pass_start); // of a report: its age
    bool again;
    do {
        SPGI_COUNT(shard, switches);
        shard->task_start = 0;
        shard->inline_run = 0;
        spgi_fiber_run(shard, task);
        spgi_lanes_publish(shard);
        again = false;
        if (shard->after == SPGI_AFTER_SUSPEND) {
            again = shard->commit && !shard->commit(shard, task, shard->commit_arg);
            // A waker came first: the switch turns back. Else the task may be running elsewhere
            // now.
        }
    } while (again);
    if (shard->after == SPGI_AFTER_YIELD) {
        yield_back(shard, task);
    } else if (shard->after == SPGI_AFTER_END) {
        store_relaxed(&task->wait.since, 0u); // the next task in the slot has not run yet
        spgi_task_ended(shard, task);
    }
}

// Something came in that a busy shard should look at before it goes on.
static bool has_news(struct spgi_shard *shard)
{
    return load_relaxed(&shard->errands.top) || spgi_ring_wants_enter(shard->ring) ||
           spgi_ring_has_completion(shard->ring);
}

// Whether the pass should end here. Reading the clock costs more than a short task does: so looks
// are as many tasks apart as can run in a fraction of the pass, by what the last ones took.
static bool pass_is_over(struct spgi_shard *shard)
{
    int64_t now = spgi_clock_now();
    int64_t took = now - shard->looked;
    shard->looked = now;
    if (took > SPGI_PASS_NS / 4) {
        shard->look_stride = 1;
    } else if (took < SPGI_PASS_NS / 8 && shard->look_stride < SPGI_LOOK_STRIDE) {
        shard->look_stride *= 2;
    }
    return now - shard->pass_start >= SPGI_PASS_NS || has_news(shard);
}

unsigned spgi_sched_run(struct spgi_shard *shard)
{
    unsigned ran = 0;
    unsigned next_look = shard->look_stride;
    shard->looked = shard->pass_start;
    while (ran < SPGI_PASS_TASKS) {
        struct spgi_task *task = choose(shard);
        if (!task) {
            break;
        }
        run_task(shard, task);
        ran++;
        if (ran == next_look) {
            if (pass_is_over(shard)) {
                break;
            }
            next_look = ran + shard->look_stride;
        }
    }
    return ran;
}
