// SPDX-License-Identifier: MIT
// model_join.c: finishing, joining and detaching: one gets the result, and the slot is freed once.
#include "machine.h"

#include <errno.h>

enum { RESULT = 9, SOON = MACHINE_NOW + 1000 };

static spg_task child;
static int result_data;
static unsigned got_result; // by how many joiners
static unsigned detached;
static unsigned stale;

static int child_main(void *arg)
{
    (void)arg;
    explore_data_write(&result_data);
    machine_end();
    return RESULT;
}

// others: threads that call machine_end, beside the child.
static void begin(unsigned others)
{
    machine_begin(&(struct machine_options){.shards = 1, .ends = others + 1});
    got_result = detached = stale = 0;
    child = machine_spawn(0, MACHINE_PINNED, child_main, NULL);
}

static void begin_one(void)
{
    begin(1);
}

static void begin_two(void)
{
    begin(2);
}

static void begin_three(void)
{
    begin(3);
}

static void join_until(spg_time deadline)
{
    int result = 0;
    int error = spg_join(child, &result, deadline);
    switch (error) {
    case 0:
        explore_data_read(&result_data);
        explore_assert(result == RESULT, "a join without the result");
        got_result++;
        break;
    case -ESRCH:
        stale++;
        break;
    case -EBUSY: // somebody else joins
    case -ETIME:
        break;
    default:
        explore_assert(false, "a join with a strange result");
    }
    machine_end();
}

static void join(void)
{
    join_until(SPG_NEVER);
}

static void join_shortly(void)
{
    join_until(SOON);
}

static void try_to_join(void)
{
    join_until(SPG_NOW);
}

static void detach(void)
{
    int error = spg_detach(child);
    explore_assert(error == 0 || error == -ESRCH || error == -EBUSY, "a strange detach");
    detached += error == 0;
    machine_end();
}

static void cancel(void)
{
    int error = spg_cancel(child);
    explore_assert(error == 0 || error == -ESRCH, "a strange cancel");
    machine_end();
}

static void one_got_it(void)
{
    explore_assert(got_result + detached == 1, "not exactly one has consumed the handle");
    machine_check();
}

static void at_most_one(void)
{
    explore_assert(got_result + detached <= 1, "the handle was consumed twice");
    explore_assert(got_result + detached > 0 || stale == 0, "stale, but nobody has consumed it");
    if (got_result + detached == 0) {
        explore_assert(spg_detach(child) == 0, "the handle is gone");
    }
    machine_check();
}

static const struct explore_model joins = {
    .name = "join: end, join",
    .setup = begin_one,
    .threads = {machine_shard, join, machine_stopper},
    .check = one_got_it,
    .full = {4, 1},
};

static const struct explore_model two_joins = {
    .name = "join: end, 2 joins",
    .setup = begin_two,
    .threads = {machine_shard, join, join, machine_stopper},
    .check = one_got_it,
    .full = {2, 1},
};

static const struct explore_model join_detach = {
    .name = "join: end, join, detach",
    .setup = begin_two,
    .threads = {machine_shard, join, detach, machine_stopper},
    .check = one_got_it,
    .full = {2, 1},
};

static const struct explore_model timeouts = {
    .name = "join: end, 2 time-outs",
    .setup = begin_two,
    .threads = {machine_shard, join_shortly, try_to_join, machine_stopper},
    .check = at_most_one,
    .full = {2, 1},
};

static const struct explore_model cancelled = {
    .name = "join: end, join, cancel",
    .setup = begin_three,
    .threads = {machine_shard, join_shortly, cancel, detach, machine_stopper},
    .check = at_most_one,
    .full = {2, 1},
    .quick = {1, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &joins, &two_joins, &join_detach, &timeouts, &cancelled, NULL,
    };
    return explore_main(argc, argv, models);
}
