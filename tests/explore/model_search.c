// SPDX-License-Identifier: MIT
// model_search.c: work that its own shard cannot get to finds a searcher, and searchers hand over.
//
// A task that makes others ready and then keeps its shard busy for good: some other shard must take
// what it has made, whether it was searching, about to sleep, or asleep.
#include "machine.h"

#include "core/op.h"
#include "core/shard.h"
#include "core/sleep.h"
#include "core/steal.h"

#include <errno.h>

static spgi_a32 ran;

static bool has_run(void *arg)
{
    (void)arg;
    return load_acquire(&ran) != 0;
}

static int run_once(void *arg)
{
    (void)arg;
    add_acqrel(&ran, 1u);
    return 0;
}

static int one_child(void *arg)
{
    (void)arg;
    explore_assert(spg_spawn(NULL, run_once, NULL, NULL) == 0, "spawn refused");
    explore_block_until(has_run, NULL);
    machine_end();
    return 0;
}

static void begin_one(void)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = 1, .stealing = true});
    atomic_init(&ran, 0);
    explore_label(&ran, sizeof ran, "ran");
    machine_start(0, MACHINE_PINNED, one_child, NULL);
}

static void all_have_run(void)
{
    explore_assert(load_relaxed(&ran) == 1, "a task was not run once");
    explore_assert(load_relaxed(&machine_rt()->idle.sleepers) == 0, "sleepers were miscounted");
    explore_assert(load_relaxed(&machine_rt()->idle.searchers) <= 2, "searchers were miscounted");
    machine_check();
}

static const struct explore_model one = {
    .name = "search: one child",
    .setup = begin_one,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_have_run,
    .full = {2, 1},
};

// ---- Hand-over ---------------------------------------------------------------------------------

// Shards that run only what sleep.c and steal.c do, so that three of them can be explored: a shard
// takes one item, and is busy with it for good. Each item needs a shard of its own.
enum { ITEMS = 2 };

static struct spgi_link items[ITEMS];
static unsigned item_taken[ITEMS];

static void take(struct spgi_shard *shard)
{
    struct spgi_link *item;
    while ((item = spgi_stealq_pop(&shard->stealable)) == NULL) {
        spgi_sleep_until_work(shard);
        spgi_ops_reap(shard); // the bell
    }
    explore_assert(++item_taken[item - items] == 1, "an item taken twice");
}

static void take_one(void)
{
    take(machine_enter());
}

// Not busy for good with the first one: it must find the second, too.
static void take_both(void)
{
    struct spgi_shard *shard = machine_enter();
    take(shard);
    take(shard);
}

static void give(bool batch)
{
    struct spgi_shard *shard = machine_enter();
    if (batch) {
        items[0].next = &items[1];
        spgi_stealq_push_chain(&shard->stealable, &items[0], &items[1], ITEMS);
        spgi_steal_offer(shard, true);
        return;
    }
    for (unsigned i = 0; i < ITEMS; i++) {
        spgi_stealq_push(&shard->stealable, &items[i], true);
        spgi_steal_offer(shard, true);
    }
}

static void give_each(void)
{
    give(false);
}

static void give_batch(void)
{
    give(true);
}

// Two givers, each busy for good after it.
static void give_own(void)
{
    struct spgi_shard *shard = machine_enter();
    spgi_stealq_push(&shard->stealable, &items[shard->index], true);
    spgi_steal_offer(shard, true);
}

// Its only sleeper has been rung already, for something else, and is on its way.
static void ring_and_give(void)
{
    struct spgi_shard *shard = machine_enter();
    spgi_shard_wake(shard->rt->shards[1]);
    spgi_stealq_push(&shard->stealable, &items[0], true);
    spgi_steal_offer(shard, true);
}

static void begin_three(void)
{
    machine_begin(&(struct machine_options){.shards = 3, .stealing = true});
    for (unsigned i = 0; i < ITEMS; i++) {
        items[i].next = NULL;
        item_taken[i] = 0;
    }
}

static void all_items_taken(void)
{
    explore_assert(item_taken[0] + item_taken[1] == 2, "an item was not taken");
}

static const struct explore_model handed_on = {
    .name = "search: handed on",
    .setup = begin_three,
    .threads = {give_each, take_one, take_one},
    .check = all_items_taken,
    .full = {2, 1},
};

static const struct explore_model batch = {
    .name = "search: batch handed on",
    .setup = begin_three,
    .threads = {give_batch, take_one, take_one},
    .check = all_items_taken,
    .full = {2, 1},
};

static void first_item_taken(void)
{
    explore_assert(item_taken[0] == 1, "an item was not taken");
}

static const struct explore_model rung = {
    .name = "search: sleeper rung",
    .setup = begin_three,
    .threads = {ring_and_give, take_one},
    .check = first_item_taken,
};

static const struct explore_model pair = {
    .name = "search: two givers",
    .setup = begin_three,
    .threads = {give_own, give_own, take_both},
    .check = all_items_taken,
};

// ---- Everything at once -----------------------------------------------------------------------

// Three whole shards, children that suspend and join, stealing, and a cancellation from outside:
// too large for all interleavings.
enum { CHILDREN = 3 };

static spg_task sleeper;
static unsigned joined;

static int yield_and_count(void *arg)
{
    (void)arg;
    spg_yield();
    add_acqrel(&ran, 1u);
    return 0;
}

static int sleep_until_cancelled(void *arg)
{
    (void)arg;
    return spg_sleep(SPG_NEVER);
}

static int join_all(void *arg)
{
    (void)arg;
    spg_task children[CHILDREN];
    int result;
    for (unsigned i = 0; i < CHILDREN; i++) {
        explore_assert(spg_spawn(NULL, yield_and_count, NULL, &children[i]) == 0, "spawn refused");
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        joined += spg_join(children[i], NULL, SPG_NEVER) == 0;
    }
    explore_assert(spg_join(sleeper, &result, SPG_NEVER) == 0, "a join has failed");
    explore_assert(result == -ECANCELED, "a sleep for ever was not cancelled");
    machine_end();
    return 0;
}

static void cancel_sleeper(void)
{
    spg_cancel(sleeper);
    machine_end();
}

static void begin_everything(void)
{
    machine_begin(&(struct machine_options){.shards = 3, .ends = 2, .stealing = true});
    atomic_init(&ran, 0);
    joined = 0;
    sleeper = machine_spawn(1, MACHINE_STEALABLE, sleep_until_cancelled, NULL);
    machine_start(0, MACHINE_STEALABLE, join_all, NULL);
}

static void everything_ended(void)
{
    explore_assert(load_relaxed(&ran) == CHILDREN && joined == CHILDREN, "a child was lost");
    machine_check();
}

static const struct explore_model everything = {
    .name = "search: everything",
    .setup = begin_everything,
    .threads = {machine_shard, machine_shard, machine_shard, cancel_sleeper, machine_stopper},
    .check = everything_ended,
    .random_runs = 10000,
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&one,   &rung,       &pair, &handed_on,
                                                         &batch, &everything, NULL};
    return explore_main(argc, argv, models);
}
