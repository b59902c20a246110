// SPDX-License-Identifier: MIT
// model_search.c: work that its own shard cannot get to finds a searcher, and searchers hand over.
//
// A task that makes others ready and then keeps its shard busy for good: some other shard must take
// what it has made, whether it was searching, about to sleep, or asleep.
#include "machine.h"

static spgi_a32 ran;
static unsigned wanted;

static bool all_ran(void *arg)
{
    (void)arg;
    return load_acquire(&ran) >= wanted;
}

static int run_once(void *arg)
{
    (void)arg;
    add_acqrel(&ran, 1u);
    return 0;
}

// Keeps its shard until all others of its kind run, too: each needs a shard of its own.
static int run_together(void *arg)
{
    (void)arg;
    add_acqrel(&ran, 1u);
    explore_block_until(all_ran, NULL);
    return 0;
}

static void spawn_children(spg_fn *fn, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        explore_assert(spg_spawn(NULL, fn, NULL, NULL) == 0, "spawn refused");
    }
    explore_block_until(all_ran, NULL);
    machine_end();
}

static int one_child(void *arg)
{
    (void)arg;
    spawn_children(run_once, 1);
    return 0;
}

static int two_children(void *arg)
{
    (void)arg;
    spawn_children(run_together, 2);
    return 0;
}

// One publication for both.
static int batch_of_two(void *arg)
{
    (void)arg;
    explore_assert(spg_spawn_n(NULL, NULL, run_together, NULL, 0, 2) == 0, "spawn refused");
    explore_block_until(all_ran, NULL);
    machine_end();
    return 0;
}

static void begin(unsigned shards, unsigned children, unsigned ends)
{
    machine_begin(&(struct machine_options){.shards = shards, .ends = ends, .stealing = true});
    atomic_init(&ran, 0);
    wanted = children;
    explore_label(&ran, sizeof ran, "ran");
}

static void begin_one(void)
{
    begin(2, 1, 1);
    machine_start(0, MACHINE_PINNED, one_child, NULL);
}

static void begin_two(void)
{
    begin(3, 2, 1);
    machine_start(0, MACHINE_PINNED, two_children, NULL);
}

static void begin_batch(void)
{
    begin(3, 2, 1);
    machine_start(0, MACHINE_PINNED, batch_of_two, NULL);
}

// Two shards are blocked, each with a child to give away: one searcher must find both.
static void begin_pair(void)
{
    begin(3, 2, 2);
    machine_start(0, MACHINE_PINNED, one_child, NULL);
    machine_start(1, MACHINE_PINNED, one_child, NULL);
}

static void all_have_run(void)
{
    explore_assert(load_relaxed(&ran) == wanted, "a task was not run once");
    explore_assert(load_relaxed(&machine_rt()->idle.sleepers) == 0, "sleepers were miscounted");
    explore_assert(load_relaxed(&machine_rt()->idle.searchers) <= 2, "searchers were miscounted");
    machine_check();
}

static const struct explore_model one = {
    .name = "search: one child",
    .setup = begin_one,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_have_run,
    .quick = {2, 1},
};

static const struct explore_model handed_on = {
    .name = "search: handed on",
    .setup = begin_two,
    .threads = {machine_shard, machine_shard, machine_shard, machine_stopper},
    .check = all_have_run,
    .full = {2, 0},
    .quick = {1, 0},
};

static const struct explore_model batch = {
    .name = "search: batch handed on",
    .setup = begin_batch,
    .threads = {machine_shard, machine_shard, machine_shard, machine_stopper},
    .check = all_have_run,
    .full = {2, 0},
    .quick = {1, 0},
};

static const struct explore_model pair = {
    .name = "search: two givers",
    .setup = begin_pair,
    .threads = {machine_shard, machine_shard, machine_shard, machine_stopper},
    .check = all_have_run,
    .full = {2, 0},
    .quick = {1, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&one, &handed_on, &batch, &pair, NULL};
    return explore_main(argc, argv, models);
}
