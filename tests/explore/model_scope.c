// SPDX-License-Identifier: MIT
// model_scope.c: closing a scope joins all its tasks; stopping it reaches all of them.
#include "machine.h"

#include <errno.h>

enum { SOON = MACHINE_NOW + 1000, CHILD_ERROR = -71 };

static spg_task owner;
static unsigned children_ended;
static int close_result;
static bool closed;

static int return_at_once(void *arg)
{
    (void)arg;
    children_ended++;
    return 0;
}

static int return_error(void *arg)
{
    (void)arg;
    children_ended++;
    return CHILD_ERROR;
}

static int sleep_until_stopped(void *arg)
{
    (void)arg;
    int result = spg_sleep(SPG_NEVER);
    explore_assert(result == -ECANCELED || result == -ETIME, "a sleep for ever has ended");
    children_ended++;
    return result;
}

static void spawn_on(unsigned shard, spg_fn *fn, spg_scope *scope)
{
    spg_attr attr = {.place = SPG_PINNED, .shard = shard, .scope = scope};
    int error = spg_spawn(&attr, fn, NULL, NULL);
    if (error == -ECANCELED || error == -ETIME) {
        children_ended++; // it was stopped before it began
        return;
    }
    explore_assert(error == 0, "spawn refused");
}

struct plan {
    spg_fn *here;
    spg_fn *there;
    spg_time deadline;
    bool batch; // two of those there, in one call
};

static void spawn_two(spg_fn *fn, spg_scope *scope)
{
    spg_attr attr = {.place = SPG_PINNED, .shard = 1};
    int error = spg_spawn_n(scope, &attr, fn, NULL, 0, 2);
    explore_assert(error == 0 || error == -ECANCELED, "a batch was refused");
    children_ended += error ? 2 : 0;
}

static int owner_main(void *arg)
{
    const struct plan *plan = arg;
    spg_scope scope;
    explore_assert(spg_scope_open(&scope, plan->deadline) == 0, "a scope cannot be opened");
    if (plan->here) {
        spawn_on(0, plan->here, &scope);
    }
    if (plan->batch) {
        spawn_two(plan->there, &scope);
    } else {
        spawn_on(1, plan->there, &scope);
    }
    close_result = spg_scope_close(&scope);
    explore_assert(children_ended == (plan->here || plan->batch ? 2u : 1u),
                   "a scope was closed with a task in it");
    closed = true;
    machine_end();
    return 0;
}

static void begin(const struct plan *plan, unsigned ends, enum machine_place place)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = ends, .spawn_block = 1});
    children_ended = 0;
    closed = false;
    close_result = 1;
    owner = machine_spawn(0, place, owner_main, (void *)plan);
    spg_detach(owner);
}

static void closed_once(void)
{
    explore_assert(closed, "a scope was not closed");
    machine_check();
}

// ---- Joining ---------------------------------------------------------------------------------

static void begin_join(void)
{
    static const struct plan plan = {return_at_once, return_error, SPG_NEVER, false};
    begin(&plan, 1, MACHINE_STEALABLE);
}

static void closed_with_error(void)
{
    explore_assert(close_result == CHILD_ERROR, "closing did not give the child's error");
    closed_once();
}

static const struct explore_model join = {
    .name = "scope: joined",
    .setup = begin_join,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = closed_with_error,
    .full = {2, 1},
};

// The last task ends on another shard while the owner is about to suspend.
static void begin_moving(void)
{
    static const struct plan plan = {NULL, return_at_once, SPG_NEVER, false};
    begin(&plan, 1, MACHINE_STEALABLE);
}

static const struct explore_model moving = {
    .name = "scope: joined, migrating",
    .setup = begin_moving,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = closed_once,
};

// ---- Stopping --------------------------------------------------------------------------------

static void begin_cancel(void)
{
    static const struct plan plan = {NULL, sleep_until_stopped, SPG_NEVER, false};
    begin(&plan, 2, MACHINE_PINNED);
}

static void cancel_owner(void)
{
    spg_cancel(owner);
    machine_end();
}

static const struct explore_model cancel = {
    .name = "scope: owner cancelled",
    .setup = begin_cancel,
    .threads = {machine_shard, machine_shard, cancel_owner, machine_stopper},
    .check = closed_once,
    .full = {2, 0},
    .quick = {1, 1},
};

// The second task of a batch enters the scope when the first may be running already.
static void begin_batch(void)
{
    static const struct plan plan = {NULL, sleep_until_stopped, SPG_NEVER, true};
    begin(&plan, 2, MACHINE_PINNED);
}

static const struct explore_model batch = {
    .name = "scope: cancelled in a batch",
    .setup = begin_batch,
    .threads = {machine_shard, machine_shard, cancel_owner, machine_stopper},
    .check = closed_once,
    .full = {2, 0},
    .quick = {1, 0},
};

static void begin_deadline(void)
{
    static const struct plan plan = {NULL, sleep_until_stopped, SOON, false};
    begin(&plan, 1, MACHINE_PINNED);
}

static const struct explore_model deadline = {
    .name = "scope: deadline",
    .setup = begin_deadline,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = closed_once,
    .full = {2, 1},
    .quick = {1, 1},
};

// The deadline may come while the last task ends and the owner leaves.
static void begin_late_deadline(void)
{
    static const struct plan plan = {NULL, return_at_once, SOON, false};
    begin(&plan, 1, MACHINE_STEALABLE);
}

static const struct explore_model late_deadline = {
    .name = "scope: deadline, ended",
    .setup = begin_late_deadline,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = closed_once,
    .full = {2, 0},
    .quick = {1, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &join, &moving, &cancel, &batch, &deadline, &late_deadline, NULL,
    };
    return explore_main(argc, argv, models);
}
