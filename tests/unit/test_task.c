// SPDX-License-Identifier: MIT
// test_task.c: what a task asks about itself: self, name, shard; yielding and staying in place.
#include "support.h"

#include <signal.h>

START_TEST(outside_a_task)
{
    REQUIRE_EQ(spg_self().v, 0);
    REQUIRE_CODE(spg_shard(), -EPERM);
    REQUIRE_CODE(spg_yield(), -EPERM);
    REQUIRE_CODE(spg_cancelled(), -EPERM);
    REQUIRE_CODE(spg_set_name("x"), -EPERM);
    REQUIRE(!spg_should_yield());
    spg_pin(); // no effect
    REQUIRE(spg_runtime() == NULL);
}
END_TEST

// ---- Self and names ----

static int looks_at_itself(void *arg)
{
    spg_task *self = arg;
    *self = spg_self();
    for (int i = 0; i < 20; i++) {
        REQUIRE_OK(spg_yield());
        REQUIRE_EQ(spg_self().v, self->v);
    }
    REQUIRE_CODE(spg_done(spg_self()), 0);
    return 0;
}

TASK_TEST(self_is_the_handle_that_spawn_gave, 3)
{
    spg_task self = {0};
    spg_task task;
    REQUIRE_OK(spg_spawn(NULL, looks_at_itself, &self, &task));
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(self.v, task.v);
    spg_task me = spg_self();
    REQUIRE(me.v != 0 && me.v != self.v);
    return 0;
}

static void require_name(spg_task task, const char *expected)
{
    char name[64];
    memset(name, '#', sizeof name);
    REQUIRE_OK(spg_name(task, name, sizeof name));
    if (strcmp(name, expected) != 0) {
        ck_abort_msg("the name is \"%s\", expected \"%s\"", name, expected);
    }
}

static int renames_itself(void *arg)
{
    const char *given = arg;
    require_name(spg_self(), given);
    REQUIRE_OK(spg_set_name("renamed"));
    require_name(spg_self(), "renamed");
    REQUIRE_OK(spg_set_name("1234567890123456789012345"));
    require_name(spg_self(), "12345678901234567890123");
    REQUIRE_OK(spg_set_name(NULL));
    require_name(spg_self(), "");
    REQUIRE_OK(spg_set_name("last"));
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_CODE(spg_sleep(SPG_NEVER), -ECANCELED);
    return 0;
}

TASK_TEST(names_are_copied_cut_and_changed, 2)
{
    char given[32] = "first";
    spg_attr attr = {.name = given};
    spg_task task = spawned(&attr, renames_itself, (void *)(uintptr_t)"first");
    memset(given, 'x', 5);
    char name[24] = "";
    AWAIT(spg_name(task, name, sizeof name) == 0 && strcmp(name, "last") == 0);
    // Cut to the room that there is, always terminated.
    memset(name, '#', sizeof name);
    REQUIRE_OK(spg_name(task, name, 3));
    REQUIRE_EQ(strcmp(name, "la"), 0);
    REQUIRE(name[3] == '#');
    REQUIRE_OK(spg_name(task, name, 1));
    REQUIRE_EQ(name[0], 0);
    REQUIRE_CODE(spg_name(task, name, 0), -EINVAL);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    REQUIRE_CODE(spg_name(task, name, sizeof name), -ESRCH);
    attr.name = "abcdefghijklmnopqrstuvwxyz";
    task = spawned(&attr, sleeps, NULL);
    require_name(task, "abcdefghijklmnopqrstuvw");
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    task = spawned(&(spg_attr){0}, sleeps, NULL);
    require_name(task, "");
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    return 0;
}

// ---- Yielding ----

enum { TAKERS = 5, TURNS = 200 };

typedef struct ring_of_turns {
    int turns[TAKERS];
    int number; // of the next task to start
    int worst;  // the largest lead of one over another, once all have begun
} ring_of_turns;

static int takes_turns(void *arg)
{
    ring_of_turns *ring = arg;
    int me = ring->number++;
    for (int i = 0; i < TURNS; i++) {
        ring->turns[me]++;
        for (int other = 0; other < TAKERS; other++) {
            int lead = ring->turns[me] - ring->turns[other];
            ring->worst = lead > ring->worst ? lead : ring->worst;
        }
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static int lets_them_take_turns(void *arg)
{
    enum spg_place place = *(enum spg_place *)arg;
    ring_of_turns ring = {0};
    spg_attr attr = {.place = place, .shard = 0};
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &attr, takes_turns, &ring, 0, TAKERS));
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < TAKERS; i++) {
        REQUIRE_EQ(ring.turns[i], TURNS);
    }
    // Each goes to the back of the queue: nobody gets a second turn before all had theirs.
    REQUIRE(ring.worst <= 2);
    return 0;
}

START_TEST(yield_lets_every_other_task_have_its_turn)
{
    static const enum spg_place places[] = {SPG_STEALABLE, SPG_PINNED};
    spg_options options = ordered_options(1);
    run_root(&options, lets_them_take_turns, (void *)(uintptr_t)&places[_i]);
}
END_TEST

static int yields_once(void *arg)
{
    atomic_int *turns = arg;
    atomic_fetch_add(turns, 1);
    return spg_yield();
}

TASK_TEST(yields_are_counted, 1)
{
    spg_stats before;
    spg_stats after;
    atomic_int turns = 0;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &before));
    spg_task task = spawned(&(spg_attr){0}, yields_once, &turns);
    for (int i = 0; i < 10; i++) {
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_stats_get(spg_runtime(), &after));
    REQUIRE_EQ(after.yields - before.yields, 11);
    REQUIRE_EQ(atomic_load(&turns), 1);
    return 0;
}

TASK_TEST(should_yield_comes_true_for_one_that_runs_for_long, 1)
{
    uint64_t asked = 0;
    spg_time limit = patience();
    while (!spg_should_yield()) {
        if (++asked % 1024 == 0) {
            REQUIRE(spg_now() < limit);
        }
    }
    // A new turn is a new beginning.
    REQUIRE_OK(spg_yield());
    return 0;
}

// ---- Staying in place ----

enum { SHARDS = 4 };

static int pins_itself(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint32_t seen = 0;
    spg_time limit = patience();
    while (seen != (1u << SHARDS) - 1) { // it does move, between the pins
        spg_pin();
        int home = spg_shard();
        seen |= 1u << home;
        for (int i = 0; i < 5; i++) {
            REQUIRE_OK(spg_yield());
            REQUIRE_EQ(spg_shard(), home);
        }
        spg_pin();
        REQUIRE_OK(spg_sleep(spg_after(SPG_US)));
        REQUIRE_EQ(spg_shard(), home);
        spg_unpin();
        REQUIRE_OK(spg_yield()); // still held by the outer one
        REQUIRE_EQ(spg_shard(), home);
        spg_unpin();
        REQUIRE_OK(spg_yield());
        REQUIRE(spg_now() < limit);
    }
    return 0;
}

static int pin_many(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, pins_itself, NULL, 0, 8));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(a_pin_holds_a_task_and_nests)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = options.shuffle_seed != 0 ? options.shuffle_seed : 1;
    run_root(&options, pin_many, NULL);
}
END_TEST

static int unpins_too_often(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_pin();
    spg_unpin();
    spg_unpin();
    return 0;
}

START_TEST(unpinning_once_too_often_aborts)
{
    spg_options options = test_options(1);
    REQUIRE(freopen("/dev/null", "w", stderr) != NULL);
    REQUIRE_OK(spg_run(&options, unpins_too_often, NULL, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("task");
    TCase *tests = add_tests(suite, "task", 30);
    tcase_add_test(tests, outside_a_task);
    tcase_add_test(tests, self_is_the_handle_that_spawn_gave);
    tcase_add_test(tests, names_are_copied_cut_and_changed);
    tcase_add_loop_test(tests, yield_lets_every_other_task_have_its_turn, 0, 2);
    tcase_add_test(tests, yields_are_counted);
    tcase_add_test(tests, should_yield_comes_true_for_one_that_runs_for_long);
    tcase_add_test(tests, a_pin_holds_a_task_and_nests);
    tcase_add_test_raise_signal(tests, unpinning_once_too_often_aborts, SIGABRT);
    return run_suite("test_task", suite);
}
