// SPDX-License-Identifier: MIT
// fan_out.c: requests that spawn branches and gather their results, balanced and skewed.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>

typedef uint32_t rounds_fn(uint32_t request, uint32_t branch);

struct fan {
    struct driver driver;
    rounds_fn *rounds;
    bool batches; // all branches of a request by one call, joined by their scope
};

struct branch {
    uint64_t seed;
    uint32_t rounds;
    uint64_t result;
};

static int compute(void *arg)
{
    struct branch *branch = arg;
    branch->result = synthetic_work(branch->seed, branch->rounds);
    return 0;
}

static void join_each(struct branch *branches)
{
    spg_task tasks[FAN_BRANCHES];
    for (int i = 0; i < FAN_BRANCHES; i++) {
        row_must(spg_spawn(NULL, compute, &branches[i], &tasks[i]), "spg_spawn");
    }
    for (int i = 0; i < FAN_BRANCHES; i++) {
        row_must(spg_join(tasks[i], NULL, SPG_NEVER), "spg_join");
    }
}

static void join_scope(struct branch *branches)
{
    spg_scope scope;
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn_n(NULL, NULL, compute, branches, sizeof branches[0], FAN_BRANCHES),
             "spg_spawn_n");
    row_must(spg_scope_close(&scope), "spg_scope_close");
}

static uint64_t run_requests(struct driver *driver, bool warm_up)
{
    const struct fan *fan = (const struct fan *)driver;
    uint64_t checksum = 0;
    for (uint32_t request = 0; request < (warm_up ? FAN_WARM_UP : FAN_REQUESTS); request++) {
        struct branch branches[FAN_BRANCHES];
        for (uint32_t i = 0; i < FAN_BRANCHES; i++) {
            branches[i] = (struct branch){fan_seed(request, i), fan->rounds(request, i), 0};
        }
        if (fan->batches) {
            join_scope(branches);
        } else {
            join_each(branches);
        }
        for (uint32_t i = 0; i < FAN_BRANCHES; i++) {
            checksum += branches[i].result;
        }
    }
    return checksum;
}

static void *begin(const struct row_settings *settings, uint32_t workers, rounds_fn *rounds,
                   bool batches)
{
    struct fan *fan = calloc(1, sizeof *fan);
    row_must(fan ? 0 : -ENOMEM, "calloc");
    fan->driver.work = run_requests;
    fan->rounds = rounds;
    fan->batches = batches;
    driver_start(&fan->driver, settings, workers, false);
    return fan;
}

static void *begin_balanced(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, balanced_rounds, false);
}

static void *begin_balanced_batched(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, balanced_rounds, true);
}

static void *begin_skewed(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, skewed_rounds, false);
}

static void *begin_skewed_batched(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, skewed_rounds, true);
}

static void end(void *state)
{
    struct fan *fan = state;
    driver_stop(&fan->driver);
    free(fan);
}

const struct row fan_out_rows[FAN_OUT_ROWS] = {
    {"fanout_fanin_balanced", 4, begin_balanced, driver_iterate, end, false},
    {"fanout_fanin_balanced_batched", 4, begin_balanced_batched, driver_iterate, end, false},
    {"fanout_fanin_skewed", 4, begin_skewed, driver_iterate, end, false},
    {"fanout_fanin_skewed_batched", 4, begin_skewed_batched, driver_iterate, end, false},
};
