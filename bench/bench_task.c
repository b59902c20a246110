// SPDX-License-Identifier: MIT
// bench_task.c: what tasks cost: spawn and join, yield, creating a runtime.
//
// bench_task [SHARDS]: 1 by default. Medians of 7 rounds after a warm-up round, per operation.
#include "measure.h"

enum { TASKS = 200000, BATCH = 16, YIELDS = 200000, RUNTIMES = 50 };

static int empty(void *arg)
{
    (void)arg;
    return 0;
}

static void alone(void *arg)
{
    (void)arg;
    for (int i = 0; i < TASKS; i++) {
        spg_task task;
        must(spg_spawn(NULL, empty, NULL, &task), "spg_spawn");
        must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    }
}

static void in_batches(void *arg)
{
    (void)arg;
    for (int i = 0; i < TASKS / BATCH; i++) {
        spg_task tasks[BATCH];
        for (int k = 0; k < BATCH; k++) {
            must(spg_spawn(NULL, empty, NULL, &tasks[k]), "spg_spawn");
        }
        for (int k = 0; k < BATCH; k++) {
            must(spg_join(tasks[k], NULL, SPG_NEVER), "spg_join");
        }
    }
}

static void in_scopes(void *arg)
{
    (void)arg;
    for (int i = 0; i < TASKS / BATCH; i++) {
        spg_scope scope;
        must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
        must(spg_spawn_n(&scope, NULL, empty, NULL, 0, BATCH), "spg_spawn_n");
        must(spg_scope_close(&scope), "spg_scope_close");
    }
}

// Each task starts on the other shard.
static void across(void *arg)
{
    uint32_t shards = *(uint32_t *)arg;
    spg_attr attr = {.place = SPG_PINNED, .shard = ((uint32_t)spg_shard() + 1) % shards};
    for (int i = 0; i < TASKS / 100; i++) {
        spg_task task;
        must(spg_spawn(&attr, empty, NULL, &task), "spg_spawn");
        must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    }
}

static int yields(void *arg)
{
    (void)arg;
    for (int i = 0; i < YIELDS; i++) {
        must(spg_yield(), "spg_yield");
    }
    return 0;
}

static void yield_in_turn(void *arg)
{
    (void)arg;
    spg_attr here = {.place = SPG_PINNED, .shard = SPG_HERE};
    spg_task one;
    spg_task other;
    must(spg_spawn(&here, yields, NULL, &one), "spg_spawn");
    must(spg_spawn(&here, yields, NULL, &other), "spg_spawn");
    must(spg_join(one, NULL, SPG_NEVER), "spg_join");
    must(spg_join(other, NULL, SPG_NEVER), "spg_join");
}

static int inside(void *arg)
{
    uint32_t shards = *(uint32_t *)arg;
    struct row rows[] = {
        {.name = "spawn + join alone"},
        {.name = "spawn + join in batches of 16"},
        {.name = "spawn_n + close in scopes of 16"},
        {.name = "yield round of two tasks"},
        {.name = "spawn + join across shards"},
    };
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        int at = round < 0 ? 0 : round; // the warm-up round is overwritten
        measure(&rows[0], at, alone, NULL, TASKS);
        measure(&rows[1], at, in_batches, NULL, TASKS);
        measure(&rows[2], at, in_scopes, NULL, TASKS);
        measure(&rows[3], at, yield_in_turn, NULL, YIELDS);
        measure(&rows[4], at, across, &shards, TASKS / 100);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] - (shards == 1); i++) {
        print_row(&rows[i]);
    }
    return 0;
}

static void create_and_destroy(void *arg)
{
    const spg_options *options = arg;
    for (int i = 0; i < RUNTIMES; i++) {
        spg_rt *rt;
        spg_task task;
        must(spg_create(options, &rt), "spg_create");
        must(spg_spawn_in(rt, NULL, empty, NULL, &task), "spg_spawn_in");
        must(spg_join(task, NULL, SPG_NEVER), "spg_join");
        must(spg_destroy(rt), "spg_destroy");
    }
}

int main(int argc, char **argv)
{
    uint32_t shards = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
    char text[512] = "";
    spg_options options = {.shards = shards, .error_text = text, .error_bytes = sizeof text};
    int code = spg_run(&options, inside, &shards, NULL);
    if (code < 0) {
        fprintf(stderr, "bench_task: %s\n", text);
        return 1;
    }
    struct row row = {.name = "create, run a task, destroy"};
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        measure(&row, round < 0 ? 0 : round, create_and_destroy, &options, RUNTIMES);
    }
    print_row(&row);
    return 0;
}
