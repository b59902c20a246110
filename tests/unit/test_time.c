// SPDX-License-Identifier: MIT
// test_time.c: the clock, sleeping, and timers that are moved while somebody waits for them.
#include "support.h"

START_TEST(the_clock_is_monotonic_and_sums_saturate)
{
    struct timespec before;
    struct timespec after;
    REQUIRE_EQ(clock_gettime(CLOCK_MONOTONIC, &before), 0);
    spg_time now = spg_now();
    REQUIRE_EQ(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    REQUIRE(now >= (int64_t)before.tv_sec * SPG_S + before.tv_nsec);
    REQUIRE(now <= (int64_t)after.tv_sec * SPG_S + after.tv_nsec);
    REQUIRE(spg_after(0) <= spg_now());
    REQUIRE(spg_after(-1) <= spg_now());
    REQUIRE(spg_after(INT64_MIN) <= spg_now());
    REQUIRE(spg_after(-SPG_S) != SPG_NEVER);
    REQUIRE(spg_after(INT64_MAX) == SPG_NEVER);
    REQUIRE(spg_after(INT64_MAX - now + SPG_S) == SPG_NEVER);
    REQUIRE(spg_after(SPG_S) > now && spg_after(SPG_S) <= spg_now() + SPG_S);
    REQUIRE(spg_after(INT64_MAX / 2) > now && spg_after(INT64_MAX / 2) < SPG_NEVER);
}
END_TEST

START_TEST(outside_a_task_nobody_sleeps)
{
    spg_timer timer = {0};
    REQUIRE_CODE(spg_sleep(SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_timer_set(&timer, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_timer_wait(&timer, SPG_NOW), -EPERM);
}
END_TEST

TASK_TEST(sleep_ends_at_its_time_and_not_before, 2)
{
    REQUIRE_OK(spg_sleep(SPG_NOW));
    REQUIRE_OK(spg_sleep(spg_now() - SPG_S));
    REQUIRE_OK(spg_sleep(INT64_MIN));
    for (int i = 0; i < 20; i++) {
        spg_time until = spg_after(i * 100 * SPG_US);
        REQUIRE_OK(spg_sleep(until));
        REQUIRE(spg_now() >= until);
    }
    return 0;
}

enum { SLEEPERS = 200 };

typedef struct sleeper {
    spg_time until;
    int *woken;
    int place;
    bool late; // it began after its time
} sleeper;

static int sleeps_and_takes_a_place(void *arg)
{
    sleeper *me = arg;
    me->late = spg_now() >= me->until;
    REQUIRE_OK(spg_sleep(me->until));
    REQUIRE(spg_now() >= me->until);
    me->place = (*me->woken)++; // all on one shard
    return 0;
}

static sleeper sleepers[SLEEPERS];

// In a random order, some wake at the same time as others, some apart. False: on a machine with
// much else to do, one began after its time.
static bool sleep_from(spg_time start)
{
    static int order[SLEEPERS];
    int woken = 0;
    uint64_t state = random_stream(3);
    for (int i = 0; i < SLEEPERS; i++) {
        int j = (int)random_below(&state, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    spg_attr attr = pinned_to(0);
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int i = 0; i < SLEEPERS; i++) {
        spg_time until = start + order[i] / 3 * 300 * SPG_US;
        sleepers[i] = (sleeper){.until = until, .woken = &woken};
        REQUIRE_OK(spg_spawn(&attr, sleeps_and_takes_a_place, &sleepers[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(woken, SLEEPERS);
    bool in_time = true;
    for (int i = 0; i < SLEEPERS; i++) {
        in_time = in_time && !sleepers[i].late;
    }
    return in_time;
}

static int puts_many_to_sleep(void *arg CK_ATTRIBUTE_UNUSED)
{
    int64_t ahead = 100 * SPG_MS;
    while (!sleep_from(spg_after(ahead))) {
        ahead *= 2;
        REQUIRE(ahead < 30 * SPG_S);
    }
    spg_time of_place[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) {
        of_place[sleepers[i].place] = sleepers[i].until;
    }
    for (int i = 1; i < SLEEPERS; i++) {
        REQUIRE(of_place[i - 1] <= of_place[i]);
    }
    return 0;
}

START_TEST(sleepers_wake_in_the_order_of_their_times)
{
    spg_options options = ordered_options(1);
    run_root(&options, puts_many_to_sleep, NULL);
}
END_TEST

// ---- Timers ----

TASK_TEST(a_timer_that_has_elapsed_does_not_wait, 2)
{
    spg_timer timer = {0};
    REQUIRE_CODE(spg_timer_set(NULL, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_timer_wait(NULL, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_timer_wait(&timer, SPG_NOW), -ETIME); // not set
    REQUIRE_CODE(spg_timer_wait(&timer, soon()), -ETIME);
    REQUIRE_OK(spg_timer_set(&timer, spg_now() - 1));
    REQUIRE_OK(spg_timer_wait(&timer, SPG_NOW));
    REQUIRE_OK(spg_timer_wait(&timer, SPG_NEVER)); // it still has
    REQUIRE_OK(spg_timer_set(&timer, SPG_NEVER));
    REQUIRE_CODE(spg_timer_wait(&timer, soon()), -ETIME);
    spg_time when = spg_after(3 * SPG_MS);
    REQUIRE_OK(spg_timer_set(&timer, when));
    REQUIRE_OK(spg_timer_wait(&timer, SPG_NEVER));
    REQUIRE(spg_now() >= when);
    return 0;
}

typedef struct watch {
    spg_timer timer;
    atomic_int waiting;
    spg_time woken;
    spg_time deadline;
} watch;

static int waits(void *arg)
{
    watch *held = arg;
    atomic_fetch_add(&held->waiting, 1);
    int code = spg_timer_wait(&held->timer, held->deadline);
    held->woken = spg_now();
    return code;
}

// Starts a task that waits for the timer, on the shard, and lets it get there.
static spg_task waiter(watch *held, uint32_t shard)
{
    spg_attr attr = pinned_to(shard);
    spg_task task = spawned(&attr, waits, held);
    AWAIT(atomic_load(&held->waiting) == 1);
    REQUIRE_OK(spg_sleep(spg_after(2 * SPG_MS)));
    return task;
}

TASK_TEST(a_timer_is_set_while_somebody_waits, 2)
{
    for (uint32_t shard = 0; shard < 2; shard++) {
        watch held = {.deadline = patience()};
        spg_task task = waiter(&held, shard);
        REQUIRE_OK(spg_timer_set(&held.timer, spg_now()));
        REQUIRE_OK(joined(task));
    }
    return 0;
}

TASK_TEST(a_timer_is_moved_to_an_earlier_time, 2)
{
    for (uint32_t shard = 0; shard < 2; shard++) {
        watch held = {.deadline = SPG_NEVER};
        REQUIRE_OK(spg_timer_set(&held.timer, spg_after(3600 * SPG_S)));
        spg_task task = waiter(&held, shard);
        spg_time when = soon();
        REQUIRE_OK(spg_timer_set(&held.timer, when));
        REQUIRE_OK(joined(task)); // long before the hour
        REQUIRE(held.woken >= when);
    }
    return 0;
}

TASK_TEST(a_timer_is_moved_to_a_later_time, 2)
{
    for (uint32_t shard = 0; shard < 2; shard++) {
        watch held = {.deadline = SPG_NEVER};
        spg_time first = later();
        REQUIRE_OK(spg_timer_set(&held.timer, first));
        spg_task task = waiter(&held, shard);
        spg_time when = 0;
        for (int i = 1; i <= 5; i++) {
            when = first + i * 20 * SPG_MS;
            REQUIRE_OK(spg_timer_set(&held.timer, when));
        }
        bool in_time = spg_now() < first; // else it may have fired before it was moved
        REQUIRE_OK(joined(task));
        REQUIRE(held.woken >= (in_time ? when : first));
    }
    return 0;
}

TASK_TEST(an_unset_timer_does_not_fire, 2)
{
    watch held = {.deadline = SPG_NEVER};
    REQUIRE_OK(spg_timer_set(&held.timer, later()));
    spg_task task = waiter(&held, 1);
    REQUIRE_OK(spg_timer_set(&held.timer, SPG_NEVER));
    REQUIRE_OK(spg_sleep(later()));
    REQUIRE_OK(spg_sleep(soon()));
    REQUIRE_CODE(spg_done(task), 0);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), -ECANCELED);
    // After a cancelled wait the timer is as good as new.
    REQUIRE_OK(spg_timer_set(&held.timer, spg_now()));
    REQUIRE_OK(spg_timer_wait(&held.timer, SPG_NEVER));
    return 0;
}

TASK_TEST(a_wait_has_a_deadline_of_its_own, 2)
{
    watch held = {.deadline = soon()};
    REQUIRE_OK(spg_timer_set(&held.timer, spg_after(3600 * SPG_S)));
    spg_task task = waiter(&held, 1);
    REQUIRE_CODE(joined(task), -ETIME);
    REQUIRE(held.woken >= held.deadline);
    REQUIRE_OK(spg_timer_set(&held.timer, soon()));
    REQUIRE_OK(spg_timer_wait(&held.timer, patience()));
    return 0;
}

TASK_TEST(only_one_task_waits_for_a_timer, 2)
{
    watch held = {.deadline = SPG_NEVER};
    spg_attr attr = {0};
    spg_task tasks[2];
    for (int i = 0; i < 2; i++) {
        attr = pinned_to((uint32_t)i);
        tasks[i] = spawned(&attr, waits, &held);
    }
    AWAIT(spg_done(tasks[0]) == 1 || spg_done(tasks[1]) == 1);
    int second = spg_done(tasks[1]) == 1;
    REQUIRE_CODE(joined(tasks[second]), -EBUSY);
    REQUIRE_CODE(spg_timer_wait(&held.timer, SPG_NEVER), -EBUSY);
    REQUIRE_OK(spg_timer_set(&held.timer, soon()));
    REQUIRE_OK(joined(tasks[!second]));
    REQUIRE_OK(spg_timer_wait(&held.timer, SPG_NEVER));
    return 0;
}

// A watchdog that is fed from two shards again and again never barks.
typedef struct feeding {
    watch *dog;
    size_t meals;
} feeding;

static int feeds(void *arg)
{
    feeding *plan = arg;
    for (size_t i = 0; i < plan->meals; i++) {
        REQUIRE_OK(spg_timer_set(&plan->dog->timer, spg_after(3600 * SPG_S)));
        if (i % 16 == 0) {
            REQUIRE_OK(spg_yield());
        }
    }
    return 0;
}

TASK_TEST(a_timer_is_moved_from_many_shards_at_once, 3)
{
    watch dog = {.deadline = SPG_NEVER};
    REQUIRE_OK(spg_timer_set(&dog.timer, spg_after(3600 * SPG_S)));
    spg_task task = waiter(&dog, 1);
    feeding plan = {.dog = &dog, .meals = scaled(20000, 500)};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &(spg_attr){.place = SPG_ROUND_ROBIN}, feeds, &plan, 0, 6));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_CODE(spg_done(task), 0);
    REQUIRE_OK(spg_timer_set(&dog.timer, spg_now()));
    REQUIRE_OK(joined(task));
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("time");
    TCase *tests = add_tests(suite, "time", 30);
    tcase_add_test(tests, the_clock_is_monotonic_and_sums_saturate);
    tcase_add_test(tests, outside_a_task_nobody_sleeps);
    tcase_add_test(tests, sleep_ends_at_its_time_and_not_before);
    tcase_add_test(tests, sleepers_wake_in_the_order_of_their_times);
    tcase_add_test(tests, a_timer_that_has_elapsed_does_not_wait);
    tcase_add_test(tests, a_timer_is_set_while_somebody_waits);
    tcase_add_test(tests, a_timer_is_moved_to_an_earlier_time);
    tcase_add_test(tests, a_timer_is_moved_to_a_later_time);
    tcase_add_test(tests, an_unset_timer_does_not_fire);
    tcase_add_test(tests, a_wait_has_a_deadline_of_its_own);
    tcase_add_test(tests, only_one_task_waits_for_a_timer);
    tcase_add_test(tests, a_timer_is_moved_from_many_shards_at_once);
    return run_suite("test_time", suite);
}
