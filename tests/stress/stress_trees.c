// SPDX-License-Identifier: MIT
// stress_trees.c: fan-out and fan-in in random trees of scopes, with cancels and deadlines on the
// way. What is accepted runs once and ends before its scope; a scope's error is one of its tasks'.
#include "streams.h"

enum { SHARDS = 3, MOST_CHILDREN = 6 };

typedef struct census {
    atomic_ulong accepted;
    atomic_ulong ended;
    atomic_long budget; // tasks that may still be made
} census;

typedef struct person {
    census *in;
    uint64_t seed;
    unsigned depth;
    atomic_int ended;
    int result;
    spg_scope *ancestor; // one that may be cancelled from below; NULL: none
} person;

static bool is_end(int code)
{
    return code == 0 || code == -ECANCELED || code == -ETIME;
}

// Waits for something, in one of several ways.
static int passes_time(uint64_t *state)
{
    spg_fd ends[2];
    char byte;
    int code;
    switch (random_below(state, 5)) {
    case 0:
        return spg_yield();
    case 1:
        return spg_sleep(spg_after(random_below(state, 200) * SPG_US));
    case 2:
        open_socket_pair(ends, SOCK_STREAM);
        code = (int)spg_recv(ends[0], &byte, 1, 0, spg_after(random_below(state, 200) * SPG_US));
        close_pair(ends);
        return code;
    default:
        return 0;
    }
}

static int lives(void *arg);

static spg_time random_deadline(uint64_t *state)
{
    return random_below(state, 8) == 0 ? spg_after(random_below(state, 1000) * SPG_US) : SPG_NEVER;
}

// Gives how many children were accepted; they are the first of the array.
static unsigned raise_children(person *own, person *children, spg_scope *scope, uint64_t *state)
{
    unsigned count = random_below(state, MOST_CHILDREN + 1);
    if (atomic_fetch_sub(&own->in->budget, (long)count) < (long)count) {
        return 0;
    }
    for (unsigned i = 0; i < count; i++) {
        children[i] = (person){.in = own->in,
                               .seed = random_next(state),
                               .depth = own->depth + 1,
                               .ancestor = random_below(state, 4) == 0 ? scope : NULL};
    }
    unsigned accepted = 0;
    spg_attr attr = {.place = (enum spg_place)random_below(state, 5),
                     .shard = random_below(state, SHARDS),
                     .key = random_next(state)};
    if (random_below(state, 2) == 0) {
        int code = spg_spawn_n(scope, &attr, lives, children, sizeof children[0], count);
        REQUIRE(is_end(code));
        accepted = code == 0 ? count : 0;
    } else {
        while (accepted < count) {
            spg_task task;
            bool keep = random_below(state, 3) == 0;
            int code = spg_spawn(&attr, lives, &children[accepted], keep ? &task : NULL);
            REQUIRE(is_end(code));
            if (code != 0) {
                break;
            }
            accepted++;
            if (keep && random_below(state, 2) == 0) {
                REQUIRE_OK(spg_cancel(task));
            }
            if (keep) {
                REQUIRE_OK(spg_detach(task));
            }
        }
    }
    atomic_fetch_add(&own->in->accepted, accepted);
    return accepted;
}

static void require_first_error(int code, const person *children, unsigned count)
{
    bool found = code == 0;
    for (unsigned i = 0; i < count; i++) {
        REQUIRE_EQ(atomic_load(&children[i].ended), 1);
        found = found || children[i].result == code;
        REQUIRE(code != 0 || children[i].result >= 0);
    }
    REQUIRE(found);
}

static int lives(void *arg)
{
    person *own = arg;
    uint64_t state = own->seed;
    person children[MOST_CHILDREN];
    int code = passes_time(&state);
    REQUIRE(is_end(code));
    if (own->depth < 12) {
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, random_deadline(&state)));
        unsigned count = raise_children(own, children, &scope, &state);
        if (random_below(&state, 10) == 0) {
            REQUIRE_OK(spg_scope_cancel(&scope));
        }
        REQUIRE(is_end(passes_time(&state)));
        code = spg_scope_close(&scope);
        require_first_error(code, children, count);
    }
    if (own->ancestor != NULL && random_below(&state, 10) == 0) {
        REQUIRE_OK(spg_scope_cancel(own->ancestor));
    }
    own->result = random_below(&state, 4) == 0 ? code : (int)random_below(&state, 3);
    atomic_fetch_add(&own->in->ended, 1);
    atomic_fetch_add(&own->ended, 1);
    return own->result;
}

// Trees until the budget is spent, all of which may exist at once.
static void plant_grove(size_t budget, uint64_t seed)
{
    census all = {.budget = (long)budget};
    uint64_t state = seed;
    while (atomic_load(&all.budget) > 0) {
        person roots[MOST_CHILDREN];
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        for (int i = 0; i < MOST_CHILDREN; i++) {
            roots[i] = (person){.in = &all, .seed = random_next(&state)};
        }
        atomic_fetch_add(&all.accepted, MOST_CHILDREN);
        atomic_fetch_sub(&all.budget, MOST_CHILDREN);
        REQUIRE_OK(spg_spawn_n(&scope, NULL, lives, roots, sizeof roots[0], MOST_CHILDREN));
        require_first_error(spg_scope_close(&scope), roots, MOST_CHILDREN);
        REQUIRE_EQ(atomic_load(&all.ended), atomic_load(&all.accepted));
    }
}

static int plants_trees(void *arg CK_ATTRIBUTE_UNUSED)
{
    size_t total = scaled(200000, 2000);
    size_t at_once = scaled_tasks(20000, 2000) / 2;
    for (size_t done = 0; done < total; done += at_once) {
        plant_grove(at_once, random_stream(500 + done));
    }
    return 0;
}

START_TEST(random_trees_fan_out_and_in)
{
    spg_options options = test_options(SHARDS);
    run_root(&options, plants_trees, NULL);
}
END_TEST

START_TEST(random_trees_fan_out_and_in_while_tasks_move)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(501) | 1;
    options.queue_entries = 8;
    run_root(&options, plants_trees, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: trees");
    TCase *tests = add_tests(suite, "trees", 60);
    tcase_add_test(tests, random_trees_fan_out_and_in);
    tcase_add_test(tests, random_trees_fan_out_and_in_while_tasks_move);
    return run_suite("stress_trees", suite);
}
