// SPDX-License-Identifier: MIT
// model_wait.c: a wait ends once, by its completion, its deadline or a cancellation.
#include "machine.h"

#include "core/op.h"
#include "core/shard.h"

#include <errno.h>
#include <string.h>

enum { SOON = MACHINE_NOW + 1000, LATER = MACHINE_NOW + 2000 };

static spg_task waiter;
static spg_task peer;
static unsigned resumed;
static int outcome;
static spg_timer movable;

static void begin(unsigned shards, unsigned ends)
{
    machine_begin(&(struct machine_options){.shards = shards, .ends = ends});
    resumed = 0;
    outcome = 1;
    memset(&movable, 0, sizeof movable);
    explore_label(&movable, sizeof movable, "movable timer");
}

static void end_with(int result)
{
    explore_assert(++resumed == 1, "a wait has ended twice");
    outcome = result;
    machine_end();
}

static void ended_once(void)
{
    explore_assert(resumed == 1, "a wait has not ended");
    machine_check();
}

static void cancel_waiter(void)
{
    spg_cancel(waiter);
    machine_end();
}

static int end_with_five(void *arg)
{
    (void)arg;
    machine_end();
    return 5;
}

// ---- Sleeping --------------------------------------------------------------------------------

static int sleep_main(void *arg)
{
    (void)arg;
    int result = spg_sleep(SOON);
    explore_assert(result == 0 || result == -ECANCELED, "a sleep with a strange result");
    end_with(result);
    return 0;
}

static void begin_sleep(void)
{
    begin(1, 2);
    waiter = machine_spawn(0, MACHINE_PINNED, sleep_main, NULL);
    spg_detach(waiter);
}

static void begin_sleep_two_cancels(void)
{
    begin(1, 3);
    waiter = machine_spawn(0, MACHINE_PINNED, sleep_main, NULL);
    spg_detach(waiter);
}

static const struct explore_model sleep_cancel = {
    .name = "wait: sleep, cancel",
    .setup = begin_sleep,
    .threads = {machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {3, 1},
};

static const struct explore_model sleep_cancel_twice = {
    .name = "wait: sleep, 2 cancels",
    .setup = begin_sleep_two_cancels,
    .threads = {machine_shard, cancel_waiter, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
    .quick = {1, 1},
};

// A second wait after the first: a kick that comes late must find it, and no kick may be lost.
static int sleep_then_for_ever(void *arg)
{
    (void)arg;
    int first = spg_sleep(SOON);
    int second = spg_sleep(SPG_NEVER);
    explore_assert(first == 0 || first == -ECANCELED, "a sleep with a strange result");
    explore_assert(second == -ECANCELED, "a sleep for ever has ended");
    end_with(second);
    return 0;
}

static void begin_two_sleeps(void)
{
    begin(1, 2);
    waiter = machine_spawn(0, MACHINE_PINNED, sleep_then_for_ever, NULL);
    spg_detach(waiter);
}

static const struct explore_model late_kick = {
    .name = "wait: a late kick",
    .setup = begin_two_sleeps,
    .threads = {machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {3, 1},
};

// A kick for a task that has ended meanwhile reaches the next one in its slot, which is cancelled
// just then: the flag that the kick still holds must not swallow the new one.
static spgi_a64 next_in_slot;

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return spg_sleep(SPG_NEVER);
}

static int parent_main(void *arg)
{
    (void)arg;
    spg_attr attr = {.place = SPG_PINNED, .shard = SPG_HERE};
    spg_task next;
    int result = 0;
    explore_assert(spg_join(waiter, NULL, SPG_NEVER) == 0, "a join has failed");
    explore_assert(spg_spawn(&attr, sleep_for_ever, NULL, &next) == 0, "spawn refused");
    store_release(&next_in_slot, next.v);
    explore_assert(spg_join(next, &result, SPG_NEVER) == 0, "a join has failed");
    end_with(result);
    return 0;
}

static int sleep_a_while(void *arg)
{
    (void)arg;
    spg_sleep(SOON);
    return 0;
}

static bool has_next(void *arg)
{
    (void)arg;
    return load_acquire(&next_in_slot) != 0;
}

static void cancel_next(void)
{
    explore_block_until(has_next, NULL);
    spg_cancel((spg_task){load_acquire(&next_in_slot)});
    machine_end();
}

static void begin_slot(void)
{
    begin(1, 3);
    atomic_init(&next_in_slot, 0);
    waiter = machine_spawn(0, MACHINE_PINNED, sleep_a_while, NULL);
    machine_start(0, MACHINE_PINNED, parent_main, NULL);
}

static void ended_by_cancel(void)
{
    explore_assert(outcome == -ECANCELED, "a sleep for ever was not cancelled");
    ended_once();
}

static const struct explore_model slot_kick = {
    .name = "wait: a kick for the slot",
    .setup = begin_slot,
    .threads = {machine_shard, cancel_waiter, cancel_next, machine_stopper},
    .check = ended_by_cancel,
    .full = {2, 1},
    .quick = {2, 0},
};

// The sleeper wakes up on one shard and sleeps again on another, with the kick behind it.
static void begin_moving(void)
{
    begin(2, 2);
    machine_rt()->options.shuffle_seed = 1; // every suspension moves it
    waiter = machine_spawn(0, MACHINE_STEALABLE, sleep_then_for_ever, NULL);
    spg_detach(waiter);
}

static const struct explore_model moving = {
    .name = "wait: a kick that follows",
    .setup = begin_moving,
    .threads = {machine_shard, machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- Joining ---------------------------------------------------------------------------------

static int join_main(void *arg)
{
    const spg_time *deadline = arg;
    int result = 0;
    int error = spg_join(peer, &result, *deadline);
    bool known = (error == 0 && result == 5) || error == -ETIME || error == -ECANCELED;
    explore_assert(known, "a join with a strange result");
    if (error) {
        spg_detach(peer); // the handle is still good
    }
    end_with(error);
    return 0;
}

static void begin_join(enum machine_place place, const spg_time *deadline)
{
    begin(2, 3);
    peer = machine_spawn(1, MACHINE_PINNED, end_with_five, NULL);
    waiter = machine_spawn(0, place, join_main, (void *)deadline);
    spg_detach(waiter);
}

static const spg_time never = SPG_NEVER;
static const spg_time soon = SOON;

// The deadline of the first join may come late, on the shard where it was armed, when the joiner is
// in its second join, on another shard.
static int join_twice(void *arg)
{
    const spg_task *second = arg;
    int first = spg_join(peer, NULL, SOON);
    explore_assert(first == 0 || first == -ETIME, "a join with a strange result");
    if (first) {
        spg_detach(peer);
    }
    end_with(spg_join(*second, NULL, SPG_NEVER));
    explore_assert(outcome == 0, "a join was ended by the deadline of another");
    return 0;
}

static void begin_late_deadline(void)
{
    static spg_task second;
    begin(2, 3);
    peer = machine_spawn(1, MACHINE_PINNED, end_with_five, NULL);
    second = machine_spawn(1, MACHINE_PINNED, end_with_five, NULL);
    machine_start(0, MACHINE_STEALABLE, join_twice, &second);
}

static const struct explore_model late_deadline = {
    .name = "wait: a late deadline",
    .setup = begin_late_deadline,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
};

static void begin_join_cancel(void)
{
    begin_join(MACHINE_PINNED, &never);
}

static void begin_join_moving(void)
{
    begin_join(MACHINE_STEALABLE, &soon);
}

static void begin_join_deadline(void)
{
    begin_join(MACHINE_STEALABLE, &soon);
    machine_end();
}

static const struct explore_model join_cancel = {
    .name = "wait: join, end, cancel",
    .setup = begin_join_cancel,
    .threads = {machine_shard, machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
    .quick = {1, 1},
};

static const struct explore_model join_deadline = {
    .name = "wait: join, end, deadline",
    .setup = begin_join_deadline,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
};

static const struct explore_model join_all = {
    .name = "wait: join, all three",
    .setup = begin_join_moving,
    .threads = {machine_shard, machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- Ops -------------------------------------------------------------------------------------

static int op_main(void *arg)
{
    const spg_time *deadline = arg;
    struct spgi_shard *shard = spgi_shard_self();
    struct spgi_request nop = {.opcode = SPGI_OP_NOP, .fd = -1};
    int result = spgi_op_run(shard, shard->running, &nop, NULL, true, *deadline);
    explore_assert(shard == spgi_shard_self(), "a pinned task has moved");
    explore_assert(result == 0 || result == -ETIME || result == -ECANCELED,
                   "an op with a strange result");
    explore_assert(load_relaxed(&shard->ops.in_flight) == 0, "an op is left in flight");
    end_with(result);
    return 0;
}

static void begin_op(const spg_time *deadline)
{
    begin(1, 2);
    waiter = machine_spawn(0, MACHINE_PINNED, op_main, (void *)deadline);
    spg_detach(waiter);
}

static void begin_op_cancel(void)
{
    begin_op(&never);
}

static void begin_op_all(void)
{
    begin_op(&soon);
}

static const struct explore_model op_cancel = {
    .name = "wait: op, cancel",
    .setup = begin_op_cancel,
    .threads = {machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {3, 1},
};

static const struct explore_model op_all = {
    .name = "wait: op, cancel, deadline",
    .setup = begin_op_all,
    .threads = {machine_shard, cancel_waiter, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
};

// ---- Timers that are moved -------------------------------------------------------------------

static int timer_main(void *arg)
{
    (void)arg;
    int result = spg_timer_wait(&movable, LATER);
    bool known = result == 0 || result == -ETIME || result == -ECANCELED;
    explore_assert(known, "a timer's wait with a strange result");
    end_with(result);
    return 0;
}

static int set_timer(void *arg)
{
    (void)arg;
    spg_timer_set(&movable, SOON);
    machine_end();
    return 0;
}

static int set_and_cancel(void *arg)
{
    (void)arg;
    spg_timer_set(&movable, SOON);
    cancel_waiter();
    return 0;
}

static void begin_timer(spg_fn *other)
{
    begin(2, 2);
    waiter = machine_spawn(0, MACHINE_PINNED, timer_main, NULL);
    spg_detach(waiter);
    machine_start(1, MACHINE_PINNED, other, NULL);
}

static void begin_timer_set(void)
{
    begin_timer(set_timer);
}

static void begin_timer_cancel(void)
{
    begin_timer(set_and_cancel);
}

static const struct explore_model timer_set = {
    .name = "wait: timer, set, deadline",
    .setup = begin_timer_set,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
    .quick = {1, 1},
};

static const struct explore_model timer_cancel = {
    .name = "wait: timer, set, cancel",
    .setup = begin_timer_cancel,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = ended_once,
    .full = {2, 1},
    .quick = {1, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &sleep_cancel, &sleep_cancel_twice, &late_kick,    &slot_kick,     &moving,
        &join_cancel,  &join_deadline,      &join_all,     &late_deadline, &op_cancel,
        &op_all,       &timer_set,          &timer_cancel, NULL,
    };
    return explore_main(argc, argv, models);
}
