// SPDX-License-Identifier: MIT
// tasks.c: what tasks cost alone: spawned and joined, yielding, flooding a shard, and a runtime
// for one of them.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>

static int tell_index(void *arg)
{
    return (int)(intptr_t)arg;
}

static spg_task spawn(spg_rt *rt, uint32_t index)
{
    spg_task task;
    void *arg = (void *)(intptr_t)index;
    row_must(rt ? spg_spawn_in(rt, NULL, tell_index, arg, &task)
                : spg_spawn(NULL, tell_index, arg, &task),
             "spg_spawn");
    return task;
}

static uint64_t join(spg_task task)
{
    int result = 0;
    row_must(spg_join(task, &result, SPG_NEVER), "spg_join");
    return (uint64_t)result;
}

// ---- Spawn and join --------------------------------------------------------------------------

// Each task is joined before the next one is spawned.
static uint64_t spawn_join(struct driver *driver, bool warm_up)
{
    (void)driver;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < (warm_up ? TASKS_WARM_UP : TASKS); i++) {
        sum += join(spawn(NULL, i));
    }
    return sum;
}

static uint64_t spawn_join_batches(struct driver *driver, bool warm_up)
{
    (void)driver;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < (warm_up ? TASKS_WARM_UP : TASKS);) {
        spg_task tasks[TASK_BATCH];
        uint32_t count = 0;
        while (count < TASK_BATCH) {
            tasks[count++] = spawn(NULL, i++);
        }
        for (uint32_t k = 0; k < count; k++) {
            sum += join(tasks[k]);
        }
    }
    return sum;
}

// One call for a batch, which its scope joins.
struct indexed {
    uint32_t index;
    uint32_t result;
};

static int tell_indexed(void *arg)
{
    struct indexed *indexed = arg;
    indexed->result = indexed->index;
    return 0;
}

static uint64_t spawn_join_scopes(struct driver *driver, bool warm_up)
{
    (void)driver;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < (warm_up ? TASKS_WARM_UP : TASKS); i += TASK_BATCH) {
        struct indexed batch[TASK_BATCH];
        spg_scope scope;
        row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
        for (uint32_t k = 0; k < TASK_BATCH; k++) {
            batch[k].index = i + k;
        }
        row_must(spg_spawn_n(&scope, NULL, tell_indexed, batch, sizeof batch[0], TASK_BATCH),
                 "spg_spawn_n");
        row_must(spg_scope_close(&scope), "spg_scope_close");
        for (uint32_t k = 0; k < TASK_BATCH; k++) {
            sum += batch[k].result;
        }
    }
    return sum;
}

static void *begin_with(const struct row_settings *settings, uint32_t workers,
                        uint64_t (*work)(struct driver *, bool), bool pinned)
{
    struct driver *driver = calloc(1, sizeof *driver);
    row_must(driver ? 0 : -ENOMEM, "calloc");
    driver->work = work;
    driver_start(driver, settings, workers, pinned);
    return driver;
}

static void *begin_alone(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, spawn_join, false);
}

static void *begin_batches(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, spawn_join_batches, false);
}

static void *begin_scopes(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, spawn_join_scopes, false);
}

static void end(void *state)
{
    driver_stop(state);
    free(state);
}

// ---- From a thread outside -------------------------------------------------------------------

static uint64_t spawn_from_outside(void *state, bool warm_up)
{
    const struct driver *driver = state;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < (warm_up ? TASKS_WARM_UP : TASKS); i += TASK_WINDOW) {
        static spg_task tasks[TASK_WINDOW];
        for (uint32_t k = 0; k < TASK_WINDOW; k++) {
            tasks[k] = spawn(driver->rt, i + k);
        }
        for (uint32_t k = 0; k < TASK_WINDOW; k++) {
            sum += join(tasks[k]);
        }
    }
    return sum;
}

// ---- Yield -----------------------------------------------------------------------------------

static int yield_often(void *arg)
{
    for (int i = *(const int *)arg; i > 0; i--) {
        row_must(spg_yield(), "spg_yield");
    }
    return *(const int *)arg;
}

static uint64_t yield_in_turn(struct driver *driver, bool warm_up)
{
    (void)driver;
    int yields = warm_up ? YIELDS_WARM_UP : YIELDS;
    spg_task one;
    spg_task other;
    row_must(spg_spawn(NULL, yield_often, &yields, &one), "spg_spawn");
    row_must(spg_spawn(NULL, yield_often, &yields, &other), "spg_spawn");
    return join(one) + join(other);
}

static void *begin_yield(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, yield_in_turn, false);
}

// ---- Flood -----------------------------------------------------------------------------------

struct drop {
    uint32_t index;
    int64_t spawned_ns;
    uint64_t result;
};

static int fall(void *arg)
{
    struct drop *drop = arg;
    bool probes = flood_probes(drop->index);
    drop->result = synthetic_work(drop->index, probes ? PROBE_ROUNDS : FLOOD_ROUNDS);
    if (probes) {
        row_latency(row_now() - drop->spawned_ns);
    }
    return 0;
}

// All of it from shard 0. probes: where the probes are to run.
static uint64_t flood(bool warm_up, const spg_attr *most, const spg_attr *probes)
{
    static struct drop drops[FLOOD_TASKS];
    static spg_task tasks[FLOOD_TASKS];
    uint32_t count = warm_up ? FLOOD_WARM_UP : FLOOD_TASKS;
    for (uint32_t i = 0; i < count; i++) {
        drops[i] = (struct drop){i, row_now(), 0};
        row_must(spg_spawn(flood_probes(i) ? probes : most, fall, &drops[i], &tasks[i]),
                 "spg_spawn");
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        join(tasks[i]);
        sum += drops[i].result;
    }
    return sum;
}

static uint64_t flood_stealable(struct driver *driver, bool warm_up)
{
    spg_attr there = {.place = SPG_PINNED, .shard = driver->workers - 1};
    return flood(warm_up, NULL, &there);
}

static uint64_t flood_pinned(struct driver *driver, bool warm_up)
{
    spg_attr here = {.place = SPG_PINNED, .shard = SPG_HERE};
    spg_attr there = {.place = SPG_PINNED, .shard = driver->workers - 1};
    return flood(warm_up, &here, &there);
}

static void *begin_flood(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, flood_stealable, true);
}

static void *begin_flood_pinned(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, flood_pinned, true);
}

// ---- A runtime for one task ------------------------------------------------------------------

struct cold {
    spg_options options;
};

static void *begin_cold(const struct row_settings *settings, uint32_t workers)
{
    static struct cold cold;
    cold.options =
        (spg_options){.shards = workers, .idle = settings->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    return &cold;
}

static uint64_t start_cold(void *state, bool warm_up)
{
    const struct cold *cold = state;
    (void)warm_up;
    spg_rt *rt;
    row_must(spg_create(&cold->options, &rt), "spg_create");
    uint64_t sum = join(spawn(rt, 1));
    row_must(spg_destroy(rt), "spg_destroy");
    return sum;
}

static void end_cold(void *state)
{
    (void)state;
}

const struct row task_rows[TASK_ROWS] = {
    {"spawn_join", 1, begin_alone, driver_iterate, end, false},
    {"spawn_join_batch16", 1, begin_batches, driver_iterate, end, false},
    {"spawn_join_batch16_scope", 1, begin_scopes, driver_iterate, end, false},
    {"spawn_join_foreign", 2, begin_alone, spawn_from_outside, end, false},
    {"switch_yield", 1, begin_yield, driver_iterate, end, false},
    {"shard_flood", 2, begin_flood, driver_iterate, end, false},
    {"shard_flood_pinned", 2, begin_flood_pinned, driver_iterate, end, false},
    {"cold_start", 2, begin_cold, start_cold, end_cold, false},
};
