// SPDX-License-Identifier: MIT
// waiting.c: what it costs to wait: timers that are set and unset, sleeps that end, the memory of
// tasks that wait, and a runtime that is idle.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct waiting {
    struct driver driver;
    uint32_t tasks;
};

static void *begin_with(const struct row_settings *settings, uint32_t workers,
                        uint64_t (*work)(struct driver *, bool), uint32_t tasks)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    row_must(waiting ? 0 : -ENOMEM, "calloc");
    waiting->driver.work = work;
    waiting->driver.max_tasks = tasks + 16;
    waiting->tasks = tasks;
    driver_start(&waiting->driver, settings, workers, false);
    return waiting;
}

static void end(void *state)
{
    driver_stop(state);
    free(state);
}

// ---- Timers ----------------------------------------------------------------------------------

static uint64_t churn(struct driver *driver, bool warm_up)
{
    (void)driver;
    uint64_t count = 0;
    spg_time base = spg_after(10 * SPG_S);
    spg_timer timer = {0};
    for (int i = 0; i < (warm_up ? TIMERS_WARM_UP : TIMERS); i++) {
        row_must(spg_timer_set(&timer, base + i * SPG_US), "spg_timer_set");
        row_must(spg_timer_set(&timer, SPG_NEVER), "spg_timer_set");
        count++;
    }
    return count;
}

static void *begin_churn(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, churn, 1);
}

static int sleep_some(void *arg)
{
    uint32_t index = *(const uint32_t *)arg;
    return spg_sleep(spg_after((1 + index % SLEEP_MOST_MS) * SPG_MS));
}

static uint64_t sleep_all(struct driver *driver, bool warm_up)
{
    (void)driver;
    static uint32_t indices[SLEEPERS];
    uint32_t count = warm_up ? SLEEPERS_WARM_UP : SLEEPERS;
    spg_scope scope;
    for (uint32_t i = 0; i < count; i++) {
        indices[i] = i;
    }
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn_n(&scope, NULL, sleep_some, indices, sizeof indices[0], count),
             "spg_spawn_n");
    row_must(spg_scope_close(&scope), "spg_scope_close");
    return count;
}

static void *begin_sleeps(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, sleep_all, SLEEPERS);
}

// ---- Memory ----------------------------------------------------------------------------------

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    row_must(file && fscanf(file, "%*u %lu", &pages) == 1 ? 0 : -EIO, "/proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int sleep_on(void *arg)
{
    (void)arg;
    return spg_sleep(SPG_NEVER) == -ECANCELED ? 0 : 1;
}

// Tasks that wait, until they are cancelled.
static void park_all(spg_scope *scope, uint32_t tasks)
{
    row_must(spg_scope_open(scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn_n(scope, NULL, sleep_on, NULL, 0, tasks), "spg_spawn_n");
}

static void let_go(spg_scope *scope)
{
    row_must(spg_scope_cancel(scope), "spg_scope_cancel");
    row_must(spg_scope_close(scope), "spg_scope_close");
}

// With its one shard: when the sleep returns, all of them have been run, and wait.
static uint64_t weigh(struct driver *driver, bool warm_up)
{
    const struct waiting *waiting = (const struct waiting *)driver;
    uint32_t tasks = warm_up ? MEMORY_WARM_UP : waiting->tasks;
    spg_scope scope;
    double before = resident_bytes();
    park_all(&scope, tasks);
    row_must(spg_sleep(spg_after(100 * SPG_MS)), "spg_sleep");
    row_figure("bytes/task", (resident_bytes() - before) / tasks);
    let_go(&scope);
    return tasks;
}

static void *begin_10k(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, weigh, 10000);
}

static void *begin_100k(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, weigh, 100000);
}

static void *begin_1m(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, weigh, 1000000);
}

// ---- Idle ------------------------------------------------------------------------------------

static int sleep_for_long(void *arg)
{
    (void)arg;
    return spg_sleep(spg_after(3600 * SPG_S)) == -ECANCELED ? 0 : 1;
}

static int keep_asleep(void *arg)
{
    spg_scope scope;
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn_n(&scope, NULL, sleep_for_long, NULL, 0, IDLE_TASKS), "spg_spawn_n");
    int code = spg_scope_close(&scope);
    (void)arg;
    return code == -ECANCELED ? 0 : code;
}

struct idle {
    spg_rt *rt;
    spg_task keeper;
};

static void *begin_idle(const struct row_settings *settings, uint32_t workers)
{
    static struct idle idle;
    spg_options options = {.shards = workers,
                           .idle = settings->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    row_must(spg_create(&options, &idle.rt), "spg_create");
    row_must(spg_spawn_in(idle.rt, NULL, keep_asleep, NULL, &idle.keeper), "spg_spawn_in");
    return &idle;
}

static uint64_t idle_on(void *state, bool warm_up)
{
    (void)state;
    usleep(warm_up ? 200000 : 1000000);
    return IDLE_TASKS;
}

static void end_idle(void *state)
{
    struct idle *idle = state;
    row_must(spg_cancel(idle->keeper), "spg_cancel");
    row_must(spg_join(idle->keeper, NULL, SPG_NEVER), "spg_join");
    row_must(spg_destroy(idle->rt), "spg_destroy");
}

const struct row waiting_rows[WAITING_ROWS] = {
    {"timer_churn", 1, begin_churn, driver_iterate, end, false},
    {"timer_churn_fire", 2, begin_sleeps, driver_iterate, end, false},
    {"task_memory_10k", 1, begin_10k, driver_iterate, end, true},
    {"task_memory_100k", 1, begin_100k, driver_iterate, end, true},
    {"task_memory_1m", 1, begin_1m, driver_iterate, end, true},
    {"idle_cost", 2, begin_idle, idle_on, end_idle, true},
};
