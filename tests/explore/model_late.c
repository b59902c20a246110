// SPDX-License-Identifier: MIT
// model_late.c: what reaches a wait late: a kick meant for the wait before, a time set long ago.
#include "machine.h"

#include <errno.h>
#include <string.h>

enum { SOON = MACHINE_NOW + 1000, LATER = MACHINE_NOW + 2000 };

static const spg_time far_away = SPG_NEVER - 1; // no model waits so long

static void begin(unsigned ends)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = ends});
}

// ---- A kick that was meant for the join before -----------------------------------------------

static spg_task sleeper;
static spg_scope scope;

// Its kick goes to the joiner's home shard; its end wakes the joiner here.
static int cancel_scope(void *arg)
{
    (void)arg;
    explore_assert(spg_scope_cancel(&scope) == 0, "a scope cannot be cancelled");
    machine_end();
    return 0;
}

static int sleep_a_while(void *arg)
{
    (void)arg;
    explore_assert(spg_sleep(SOON) == 0, "a sleep with a strange result");
    machine_end();
    return 0;
}

static int join_in_scope_and_outside(void *arg)
{
    (void)arg;
    spg_attr there = {.place = SPG_PINNED, .shard = 1};
    spg_task canceller;
    explore_assert(spg_scope_open(&scope, SPG_NEVER) == 0, "no scope");
    explore_assert(spg_spawn(&there, cancel_scope, NULL, &canceller) == 0, "spawn refused");
    int inside = spg_join(canceller, NULL, SPG_NEVER);
    explore_assert(inside == 0 || inside == -ECANCELED, "a join with a strange result");
    if (inside) {
        spg_detach(canceller);
    }
    explore_assert(spg_scope_close(&scope) == 0, "a scope with an error");
    bool cancelled = spg_cancelled() != 0;
    explore_assert(!cancelled, "cancelled by a scope that is closed");
    explore_assert(spg_join(sleeper, NULL, SPG_NEVER) == 0, "a join was ended by a late kick");
    machine_end();
    return 0;
}

static void begin_joins(void)
{
    begin(3);
    memset(&scope, 0, sizeof scope);
    explore_label(&scope, sizeof scope, "scope");
    machine_start(0, MACHINE_STEALABLE, join_in_scope_and_outside, NULL);
    sleeper = machine_spawn(0, MACHINE_PINNED, sleep_a_while, NULL);
}

static const struct explore_model late_kick = {
    .name = "late: kick of the join before",
    .setup = begin_joins,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = machine_check,
    .full = {2, 1},
};

// ---- A time that was set before the last one -------------------------------------------------

static spg_timer movable;

static int wait_for_timer(void *arg)
{
    (void)arg;
    explore_assert(spg_timer_wait(&movable, SPG_NEVER) == 0, "a timer's wait was stopped");
    machine_end();
    return 0;
}

static int set_twice(void *arg)
{
    (void)arg;
    spg_timer_set(&movable, far_away);
    spg_sleep(SOON);
    spg_timer_set(&movable, LATER); // this one holds: the waiter is woken
    machine_end();
    return 0;
}

static void begin_timer(void)
{
    begin(2);
    memset(&movable, 0, sizeof movable);
    explore_label(&movable, sizeof movable, "movable timer");
    machine_start(0, MACHINE_PINNED, wait_for_timer, NULL);
    machine_start(1, MACHINE_PINNED, set_twice, NULL);
}

static const struct explore_model late_time = {
    .name = "late: time set before",
    .setup = begin_timer,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = machine_check,
    .full = {2, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&late_kick, &late_time, NULL};
    return explore_main(argc, argv, models);
}
