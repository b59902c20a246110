// SPDX-License-Identifier: MIT
// test_pruning.c: cutting runs short at known states loses no outcome.
//
// Small programs are drawn from a seed; each is explored with and without cutting, and both must
// see the same set of final values, with the same bounds.
#include "litmus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAMS = 60, STEPS = 3, OBJECTS = 2, OUTCOMES = 4096 };

enum step_kind {
    LOAD_RELAXED,
    LOAD_SEQCST,
    STORE_RELAXED,
    STORE_RELEASE,
    STORE_SEQCST,
    ADD,
    SWAP,
    POINT,
    YIELD,
    CHOICE,
    WAIT,
    STEP_KINDS
};

static struct {
    enum step_kind kind;
    unsigned object;
} program[3][STEPS];

static spgi_a32 objects[OBJECTS];
static spgi_a32 over; // threads that have ended, and waits
static unsigned thread_count;
static uint32_t seen[3][STEPS];
static uint64_t outcomes[OUTCOMES];
static unsigned outcome_count;

static void reset(void)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        atomic_init(&objects[i], 0);
    }
    atomic_init(&over, 0);
    memset(seen, 0, sizeof seen);
}

// Spins until the object has a value, or all have ended or come here, so that no program hangs.
static void wait_for_change(spgi_a32 *object)
{
    add_seqcst(&over, 1u);
    while (load_acquire(object) == 0 && load_acquire(&over) < thread_count) {
        cpu_relax();
    }
}

static void interpret(void)
{
    unsigned self = explore_self();
    for (unsigned i = 0; i < STEPS; i++) {
        spgi_a32 *object = &objects[program[self][i].object];
        uint32_t value = 1 + self * STEPS + i;
        switch (program[self][i].kind) {
        case LOAD_RELAXED:
            seen[self][i] = load_relaxed(object);
            break;
        case LOAD_SEQCST:
            seen[self][i] = load_seqcst(object);
            break;
        case STORE_RELAXED:
            store_relaxed(object, value);
            break;
        case STORE_RELEASE:
            store_release(object, value);
            break;
        case STORE_SEQCST:
            store_seqcst(object, value);
            break;
        case ADD:
            seen[self][i] = add_acqrel(object, 16u);
            break;
        case SWAP:
            seen[self][i] = 0;
            cas_seqcst(object, &seen[self][i], value);
            break;
        case POINT:
            explore_point();
            break;
        case YIELD:
            explore_yield_point();
            break;
        case CHOICE:
            seen[self][i] = explore_choice(2);
            break;
        case WAIT:
            wait_for_change(object);
            break;
        case STEP_KINDS:
            break;
        }
    }
    add_seqcst(&over, 1u);
}

static void note_outcome(void)
{
    uint64_t outcome = load_relaxed(&objects[0]) * UINT64_C(1000003) + load_relaxed(&objects[1]);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < STEPS; j++) {
            outcome = outcome * UINT64_C(1000003) + seen[i][j];
        }
    }
    for (unsigned i = 0; i < outcome_count; i++) {
        if (outcomes[i] == outcome) {
            return;
        }
    }
    ck_assert_uint_lt(outcome_count, OUTCOMES);
    outcomes[outcome_count++] = outcome;
}

static const struct explore_model two = {
    .name = "two", .setup = reset, .threads = {interpret, interpret}, .check = note_outcome};
static const struct explore_model three = {.name = "three",
                                           .setup = reset,
                                           .threads = {interpret, interpret, interpret},
                                           .check = note_outcome};

// The sum does not depend on the order in which outcomes were found.
static uint64_t explore(const struct explore_model *model, unsigned preemptions, unsigned stale,
                        bool unpruned, uint64_t *executions)
{
    struct explore_options options = {
        .bounds = {preemptions, stale}, .unpruned = unpruned, .quiet = true};
    struct explore_result result;
    uint64_t sum = 0;
    outcome_count = 0;
    thread_count = model->threads[2] ? 3 : 2;
    explore_run(model, &options, &result);
    ck_assert_msg(!result.failed && result.complete, "%s", result.what);
    for (unsigned i = 0; i < outcome_count; i++) {
        sum += outcomes[i] * UINT64_C(0x9E3779B97F4A7C15) ^ (outcomes[i] >> 7);
    }
    *executions = result.executions;
    return sum + outcome_count;
}

static void compare(const struct explore_model *model, unsigned preemptions, unsigned stale)
{
    uint64_t runs[2];
    uint64_t cut = explore(model, preemptions, stale, false, &runs[0]);
    uint64_t whole = explore(model, preemptions, stale, true, &runs[1]);
    ck_assert_msg(cut == whole, "%s with %u preemptions and %u stale reads: outcomes differ",
                  model->name, preemptions, stale);
    ck_assert_uint_le(runs[0], runs[1]);
}

START_TEST(same_outcomes)
{
    const char *text = getenv("SPARGIO_TEST_SEED");
    unsigned seed = text ? (unsigned)strtoul(text, NULL, 10) : 20261123u;
    printf("seed %u\n", seed);
    srand(seed);
    for (unsigned n = 0; n < PROGRAMS; n++) {
        for (unsigned i = 0; i < 3 * STEPS; i++) {
            program[i / STEPS][i % STEPS].kind = (enum step_kind)(rand() % STEP_KINDS);
            program[i / STEPS][i % STEPS].object = (unsigned)(rand() % OBJECTS);
        }
        compare(&two, 4, 0);
        compare(&two, 1, 1);
        compare(&three, 1, 0);
        compare(&three, 2, 0);
    }
}
END_TEST

Suite *pruning_suite(void)
{
    Suite *suite = suite_create("pruning");
    TCase *tcase = tcase_create("pruning");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, same_outcomes);
    suite_add_tcase(suite, tcase);
    return suite;
}
