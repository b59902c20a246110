// SPDX-License-Identifier: MIT
// model_park.c: no wake-up of a sleeping shard is lost, whatever it comes from.
#include "machine.h"

#include <errno.h>
#include <string.h>

static unsigned ran;

static int count_run(void *arg)
{
    (void)arg;
    ran++;
    machine_end();
    return 0;
}

// ---- Foreign threads -------------------------------------------------------------------------

static void spawn_pinned(void)
{
    spg_attr attr = {.place = SPG_PINNED, .shard = 0};
    explore_assert(spg_spawn_in(machine_rt(), &attr, count_run, NULL, NULL) == 0, "spawn refused");
}

static void begin_one(void)
{
    machine_begin(&(struct machine_options){.shards = 1, .ends = 1});
    ran = 0;
}

static void begin_two(void)
{
    machine_begin(&(struct machine_options){.shards = 1, .ends = 2});
    ran = 0;
}

static void one_ran(void)
{
    explore_assert(ran == 1, "a task was not run once");
    machine_check();
}

static void two_ran(void)
{
    explore_assert(ran == 2, "two tasks were not run once each");
    machine_check();
}

static const struct explore_model foreign = {
    .name = "park: foreign spawn",
    .setup = begin_one,
    .threads = {machine_shard, spawn_pinned, machine_stopper},
    .check = one_ran,
    .full = {4, 1},
    .quick = {2, 1},
};

static const struct explore_model two_foreign = {
    .name = "park: 2 foreign spawns",
    .setup = begin_two,
    .threads = {machine_shard, spawn_pinned, spawn_pinned, machine_stopper},
    .check = two_ran,
    .full = {2, 1},
};

// ---- From shard to shard ---------------------------------------------------------------------

static int spawn_over(void *arg)
{
    const unsigned *to = arg;
    spg_attr attr = {.place = SPG_PINNED, .shard = *to};
    explore_assert(spg_spawn(&attr, count_run, NULL, NULL) == 0, "spawn refused");
    return 0;
}

static void begin_pair(void)
{
    static unsigned one = 1;
    machine_begin(&(struct machine_options){.shards = 2, .ends = 1});
    ran = 0;
    machine_start(0, MACHINE_PINNED, spawn_over, &one);
}

static const struct explore_model over = {
    .name = "park: spawn on a peer",
    .setup = begin_pair,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = one_ran,
};

// Each spawns on the other: both may be going to sleep.
static void begin_crossed(void)
{
    static unsigned to[2] = {1, 0};
    machine_begin(&(struct machine_options){.shards = 2, .ends = 2});
    ran = 0;
    machine_start(0, MACHINE_PINNED, spawn_over, &to[0]);
    machine_start(1, MACHINE_PINNED, spawn_over, &to[1]);
}

static const struct explore_model crossed = {
    .name = "park: spawns crossed",
    .setup = begin_crossed,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = two_ran,
    .full = {2, 1},
};

// ---- A timer that is moved -------------------------------------------------------------------

static spg_timer alarm_timer;
static spg_task sleeper_task;

static int sleep_long(void *arg)
{
    (void)arg;
    explore_assert(spg_timer_wait(&alarm_timer, SPG_NEVER) == 0, "a timer's wait has failed");
    ran++;
    machine_end();
    return 0;
}

static int move_timer(void *arg)
{
    (void)arg;
    explore_assert(spg_timer_set(&alarm_timer, MACHINE_NOW) == 0, "a timer cannot be moved");
    return 0;
}

// The sleeper's shard sleeps for ever until the timer is moved.
static void begin_timer(void)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = 1});
    ran = 0;
    memset(&alarm_timer, 0, sizeof alarm_timer);
    machine_start(0, MACHINE_PINNED, sleep_long, NULL);
    machine_start(1, MACHINE_PINNED, move_timer, NULL);
    explore_label(&alarm_timer, sizeof alarm_timer, "timer");
}

static const struct explore_model timer = {
    .name = "park: a timer moved",
    .setup = begin_timer,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = one_ran,
};

// ---- Cancelling, stopping --------------------------------------------------------------------

static int sleep_for_ever(void *arg)
{
    (void)arg;
    explore_assert(spg_sleep(SPG_NEVER) == -ECANCELED, "a sleep for ever has ended");
    ran++;
    machine_end();
    return 0;
}

static void begin_cancel(void)
{
    machine_begin(&(struct machine_options){.shards = 1, .ends = 1});
    ran = 0;
    sleeper_task = machine_spawn(0, MACHINE_PINNED, sleep_for_ever, NULL);
    spg_detach(sleeper_task);
}

static void cancel_sleeper(void)
{
    explore_assert(spg_cancel(sleeper_task) == 0, "a living task cannot be cancelled");
}

static const struct explore_model cancel = {
    .name = "park: cancelled",
    .setup = begin_cancel,
    .threads = {machine_shard, cancel_sleeper, machine_stopper},
    .check = one_ran,
    .full = {4, 1},
};

static void begin_nothing(void)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = 0});
}

static const struct explore_model stop = {
    .name = "park: stopped",
    .setup = begin_nothing,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = machine_check,
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &foreign, &two_foreign, &over, &crossed, &timer, &cancel, &stop, NULL,
    };
    return explore_main(argc, argv, models);
}
