// SPDX-License-Identifier: MIT
// stress_timers.c: a hundred thousand timers at once: sleepers, deadlines and timers that are moved
// from other shards, some cancelled. None ends early, none is forgotten.
#include "support.h"

enum { SHARDS = 3 };

// Longest time of a timer that is meant to elapse.
#define SPAN_US 1500000

typedef struct storm {
    atomic_ulong elapsed;
    atomic_ulong cancelled;
} storm;

typedef struct sleeper {
    storm *in;
    spg_time until;
    atomic_bool stopped; // set before the task is cancelled
} sleeper;

static int sleeps(void *arg)
{
    sleeper *own = arg;
    int code = spg_sleep(own->until);
    if (code == 0) {
        REQUIRE(spg_now() >= own->until);
        atomic_fetch_add(&own->in->elapsed, 1);
    } else {
        REQUIRE_CODE(code, -ECANCELED);
        REQUIRE(atomic_load(&own->stopped));
        atomic_fetch_add(&own->in->cancelled, 1);
    }
    return 0;
}

static int sleeps_by_the_thousand(void *arg CK_ATTRIBUTE_UNUSED)
{
    size_t count = scaled_tasks(100000, 1000);
    uint64_t state = random_stream(600);
    storm all = {0};
    sleeper *sleepers = calloc(count, sizeof *sleepers);
    spg_task *tasks = calloc(count, sizeof *tasks);
    REQUIRE(sleepers != NULL && tasks != NULL);
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (size_t i = 0; i < count; i++) {
        // Many share a moment.
        int64_t span = random_below(&state, SPAN_US / 1000) * SPG_MS;
        sleepers[i].in = &all;
        sleepers[i].until = random_below(&state, 10) == 0 ? SPG_NEVER : spg_after(span);
        spg_attr attr = {.place = (enum spg_place)random_below(&state, 5),
                         .shard = random_below(&state, SHARDS),
                         .key = i};
        REQUIRE_OK(spg_spawn(&attr, sleeps, &sleepers[i], &tasks[i]));
        if (i % 512 == 0) {
            REQUIRE_OK(spg_yield());
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (sleepers[i].until == SPG_NEVER || random_below(&state, 4) == 0) {
            atomic_store(&sleepers[i].stopped, true);
            REQUIRE_OK(spg_cancel(tasks[i]));
        }
        REQUIRE_OK(spg_detach(tasks[i]));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(atomic_load(&all.elapsed) + atomic_load(&all.cancelled), count);
    free(sleepers);
    free(tasks);
    return 0;
}

START_TEST(sleepers_by_the_hundred_thousand)
{
    spg_options options = test_options(SHARDS);
    run_root(&options, sleeps_by_the_thousand, NULL);
}
END_TEST

// ---- Timers that are moved ----

typedef struct clockwork {
    spg_timer timer;
    spg_time earliest; // of all times that it is ever set to
} clockwork;

static int waits_for_timer(void *arg)
{
    clockwork *own = arg;
    REQUIRE_OK(spg_timer_wait(&own->timer, patience()));
    REQUIRE(spg_now() >= own->earliest);
    return 0;
}

typedef struct mover {
    clockwork *all;
    size_t count;
    uint64_t seed;
    spg_time end;
} mover;

// Moves timers to random times; all that it sets lies after end, which is still to come.
static int moves_timers(void *arg)
{
    mover *own = arg;
    uint64_t state = own->seed;
    while (spg_now() < own->end - 20 * SPG_MS) {
        for (int i = 0; i < 64; i++) {
            clockwork *one = &own->all[random_next(&state) % own->count];
            spg_time when = own->end + random_below(&state, 200000) * SPG_US;
            REQUIRE_OK(spg_timer_set(&one->timer, random_below(&state, 4) == 0 ? SPG_NEVER : when));
        }
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static int moves_timers_from_all_sides(void *arg CK_ATTRIBUTE_UNUSED)
{
    enum { MOVERS = 6 };
    size_t count = scaled_tasks(20000, 500);
    clockwork *all = calloc(count, sizeof *all);
    REQUIRE(all != NULL);
    spg_time end = spg_after((int64_t)(1e9 * (time_factor() > 1 ? 2 : 1)));
    mover movers[MOVERS];
    spg_scope waiters;
    spg_scope scope;
    for (size_t i = 0; i < count; i++) {
        all[i].earliest = end;
    }
    REQUIRE_OK(spg_scope_open(&waiters, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&waiters, NULL, waits_for_timer, all, sizeof *all, count));
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint64_t i = 0; i < MOVERS; i++) {
        movers[i] = (mover){.all = all, .count = count, .seed = random_stream(610 + i), .end = end};
        spg_attr attr = {.place = SPG_ROUND_ROBIN};
        REQUIRE_OK(spg_spawn(&attr, moves_timers, &movers[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    // Those left unset get a time now.
    for (size_t i = 0; i < count; i++) {
        REQUIRE_OK(spg_timer_set(&all[i].timer, end));
    }
    REQUIRE_OK(spg_scope_close(&waiters));
    REQUIRE(spg_now() >= end);
    free(all);
    return 0;
}

START_TEST(timers_are_moved_from_all_sides)
{
    spg_options options = test_options(SHARDS);
    run_root(&options, moves_timers_from_all_sides, NULL);
}
END_TEST

// ---- Deadlines that hardly ever pass ----

static int sets_many_deadlines(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    spg_timer never = {0};
    size_t rounds = scaled(4000, 100);
    for (size_t i = 0; i < rounds; i++) {
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, spg_after(3600 * SPG_S)));
        spg_time deadline = spg_after(random_below(&state, 30) * SPG_US);
        REQUIRE_CODE(spg_timer_wait(&never, deadline), -ETIME);
        REQUIRE(spg_now() >= deadline);
        REQUIRE_OK(spg_scope_close(&scope));
    }
    return 0;
}

TASK_TEST(scopes_with_deadlines_leave_no_timers, SHARDS)
{
    enum { TASKS = 8 };
    uint64_t seeds[TASKS];
    spg_scope scope;
    for (uint64_t i = 0; i < TASKS; i++) {
        seeds[i] = random_stream(620 + i);
    }
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, sets_many_deadlines, seeds, sizeof seeds[0], TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    REQUIRE_EQ(stats.timers, 0);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("stress: timers");
    TCase *tests = add_tests(suite, "timers", 60);
    tcase_add_test(tests, sleepers_by_the_hundred_thousand);
    tcase_add_test(tests, timers_are_moved_from_all_sides);
    tcase_add_test(tests, scopes_with_deadlines_leave_no_timers);
    return run_suite("stress_timers", suite);
}
