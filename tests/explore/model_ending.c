// SPDX-License-Identifier: MIT
// model_ending.c: shutdown waits for every task that was accepted, and for no other.
#include "machine.h"

#include "core/ending.h"

#include <errno.h>

static unsigned begun, ended;
static int spawned;

static int sleep_until_cancelled(void *arg)
{
    (void)arg;
    begun++;
    explore_assert(spg_sleep(SPG_NEVER) == -ECANCELED, "a sleep for ever has ended");
    ended++;
    return 0;
}

static int return_at_once(void *arg)
{
    (void)arg;
    begun++;
    ended++;
    return 0;
}

static void begin(void)
{
    machine_begin(&(struct machine_options){.shards = 1});
    machine_rt()->options.reap_ns = INT64_MAX;
    begun = ended = 0;
    spawned = 1;
}

static void begin_sleeper(void)
{
    begin();
    machine_start(0, MACHINE_PINNED, sleep_until_cancelled, NULL);
}

static void spawn_late(void)
{
    spg_attr attr = {.place = SPG_PINNED, .shard = 0};
    spawned = spg_spawn_in(machine_rt(), &attr, return_at_once, NULL, NULL);
    explore_assert(spawned == 0 || spawned == -ESHUTDOWN, "a strange spawn");
}

static void shut_down(spg_time deadline)
{
    spg_report report;
    int error = spgi_ending_shutdown(machine_rt(), &report, deadline);
    explore_assert(error == 0 && report.tasks == 0, "shutdown has left a task");
    explore_assert(begun == ended, "shutdown did not wait for a task");
    spgi_ending_stop_threads(machine_rt(), machine_rt()->shard_count);
}

static void shut_down_at_once(void)
{
    shut_down(SPG_NOW);
}

static void drain(void)
{
    shut_down(SPG_NEVER);
}

static void accepted_have_run(void)
{
    explore_assert(spawned != 0 || begun > 0, "an accepted task was never run");
    machine_check();
}

static const struct explore_model cancelling = {
    .name = "ending: cancel",
    .setup = begin_sleeper,
    .threads = {machine_shard, shut_down_at_once},
    .check = machine_check,
    .full = {2, 1},
};

static const struct explore_model draining = {
    .name = "ending: drain, late spawn",
    .setup = begin,
    .threads = {machine_shard, drain, spawn_late},
    .check = accepted_have_run,
    .full = {2, 1},
};

// ---- A task that spawns one ----

// Takes another pass of its shard.
static int yield_and_return(void *arg)
{
    (void)arg;
    begun++;
    explore_assert(spg_yield() == 0, "a yield has failed");
    ended++;
    return 0;
}

static int spawn_another(void *arg)
{
    (void)arg;
    spg_attr attr = {.place = SPG_PINNED, .shard = 0};
    begun++;
    spawned = spg_spawn(&attr, yield_and_return, NULL, NULL);
    explore_assert(spawned == 0 || spawned == -ESHUTDOWN, "a strange spawn");
    ended++;
    return 0;
}

static void begin_spawner(void)
{
    begin();
    machine_start(0, MACHINE_PINNED, spawn_another, NULL);
}

static void both_have_run(void)
{
    explore_assert(begun == (spawned == 0 ? 2 : 1), "an accepted task was never run");
    machine_check();
}

static const struct explore_model spawning = {
    .name = "ending: drain, a task spawns",
    .setup = begin_spawner,
    .threads = {machine_shard, drain},
    .check = both_have_run,
    .full = {4, 0},
    .quick = {3, 0},
};

// ---- A thread that waits for room ----

static spg_mailbox box;

static void begin_sender(void)
{
    begin();
    box = machine_mailbox(0, 1);
}

static void send_for_ever(void)
{
    int code;
    while ((code = spg_send(box, 0, 1, SPG_NEVER)) == 0) {
    }
    explore_assert(code == -ESHUTDOWN, "a thread that waits for room is not told of the end");
}

static const struct explore_model letting_go = {
    .name = "ending: a thread waits for room",
    .setup = begin_sender,
    .threads = {machine_shard, drain, send_for_ever},
    .check = machine_check,
    .full = {2, 1},
};

// ---- A task spawns one that sleeps, while all is cancelled ----

static int spawn_sleeper(void *arg)
{
    (void)arg;
    spg_attr attr = {.place = SPG_PINNED, .shard = 0};
    begun++;
    spawned = spg_spawn(&attr, sleep_until_cancelled, NULL, NULL);
    explore_assert(spawned == 0 || spawned == -ESHUTDOWN, "a strange spawn");
    ended++;
    return 0;
}

static void begin_late_sleeper(void)
{
    begin();
    machine_start(0, MACHINE_PINNED, spawn_sleeper, NULL);
}

static const struct explore_model late_sleeper = {
    .name = "ending: cancel, a task spawns",
    .setup = begin_late_sleeper,
    .threads = {machine_shard, shut_down_at_once},
    .check = both_have_run,
    .full = {3, 0},
};

// ---- Two shut down ----

// One drains for ever, until the other one comes, whose time is up at once.
static void shut_down_patiently(void)
{
    spg_report report;
    int error = spgi_ending_shutdown(machine_rt(), &report, SPG_NEVER);
    explore_assert(error == 0 && report.tasks == 0, "shutdown has left a task");
    machine_end();
}

static void shut_down_quickly(void)
{
    spg_report report;
    int error = spgi_ending_shutdown(machine_rt(), &report, SPG_NOW);
    explore_assert(error == 0 && report.tasks == 0, "shutdown has left a task");
    machine_end();
}

static void begin_two(void)
{
    machine_begin(&(struct machine_options){.shards = 1, .ends = 2});
    machine_rt()->options.reap_ns = INT64_MAX;
    begun = ended = 0;
    machine_start(0, MACHINE_PINNED, sleep_until_cancelled, NULL);
}

static const struct explore_model two = {
    .name = "ending: two shut down",
    .setup = begin_two,
    .threads = {machine_shard, shut_down_patiently, shut_down_quickly, machine_stopper},
    .check = machine_check,
    .full = {1, 1},
    .quick = {1, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &cancelling, &draining, &spawning, &letting_go, &late_sleeper, &two, NULL};
    return explore_main(argc, argv, models);
}
