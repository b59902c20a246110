// SPDX-License-Identifier: MIT
// test_explorer.c: the explorer finds what threads can do to each other, and nothing else.
#include "base/spinlock.h"
#include "litmus.h"

#include <stdlib.h>

spgi_a32 x, y, z;
uint32_t got[3];
int payload;

void clear(void)
{
    atomic_init(&x, 0);
    atomic_init(&y, 0);
    atomic_init(&z, 0);
    memset(got, 0, sizeof got);
    payload = 0;
}

static struct explore_result run(const struct explore_model *model, unsigned preemptions,
                                 unsigned stale)
{
    struct explore_options options = {.bounds = {preemptions, stale}, .quiet = true};
    struct explore_result result;
    explore_run(model, &options, &result);
    return result;
}

void holds(const struct explore_model *model, unsigned preemptions, unsigned stale)
{
    struct explore_result result = run(model, preemptions, stale);
    ck_assert_msg(!result.failed, "%s: %s", model->name, result.what);
    ck_assert_msg(result.complete, "%s: not complete", model->name);
}

void fails(const struct explore_model *model, unsigned preemptions, unsigned stale, const char *why)
{
    struct explore_result result = run(model, preemptions, stale);
    ck_assert_msg(result.failed, "%s: nothing found in %llu runs", model->name,
                  (unsigned long long)result.executions);
    ck_assert_msg(strstr(result.what, why) != NULL, "%s: %s", model->name, result.what);
    struct explore_options again = {
        .bounds = {result.preemptions, stale}, .quiet = true, .replay = result.replay};
    struct explore_result replayed;
    explore_run(model, &again, &replayed);
    ck_assert_msg(replayed.failed, "%s: does not fail again", model->name);
    ck_assert_uint_eq(replayed.executions, 1);
}

// ---- Sleeping --------------------------------------------------------------------------------

static bool bell_rang(void *arg)
{
    (void)arg;
    return load_seqcst(&z) != 0;
}

#define SLEEPING(name, publish, announce)                                                          \
    static void name##_0(void)                                                                     \
    {                                                                                              \
        announce;                                                                                  \
        if (!load_seqcst(&x)) {                                                                    \
            explore_block_until(bell_rang, NULL);                                                  \
        }                                                                                          \
    }                                                                                              \
    static void name##_1(void)                                                                     \
    {                                                                                              \
        publish;                                                                                   \
        if (load_seqcst(&y)) {                                                                     \
            store_seqcst(&z, 1u);                                                                  \
        }                                                                                          \
    }                                                                                              \
    MODEL(name, #name, name##_0, name##_1, NULL)

SLEEPING(sleep_seqcst, store_seqcst(&x, 1u), store_seqcst(&y, 1u));
SLEEPING(sleep_release, store_release(&x, 1u), store_seqcst(&y, 1u));
SLEEPING(sleep_relaxed, store_seqcst(&x, 1u), store_relaxed(&y, 1u));

static void late_announcement(void)
{
    if (!load_seqcst(&x)) {
        store_seqcst(&y, 1u);
        explore_block_until(bell_rang, NULL);
    }
}

MODEL(sleep_late, "sleep_late", late_announcement, sleep_seqcst_1, NULL);

START_TEST(lost_wake_up)
{
    holds(&sleep_seqcst, 5, 2);
    fails(&sleep_release, 0, 0, "wake-up is lost");
    fails(&sleep_relaxed, 0, 0, "wake-up is lost");
    fails(&sleep_late, 1, 0, "wake-up is lost");
}
END_TEST

// ---- Taking ----------------------------------------------------------------------------------

static void take_unsafely(void)
{
    uint32_t head = load_acquire(&x);
    if (head == 0) {
        store_seqcst(&x, head + 1);
        got[explore_self()] = 1;
    }
}

static void take(void)
{
    uint32_t head = load_acquire(&x);
    if (head == 0 && cas_acqrel(&x, &head, head + 1)) {
        got[explore_self()] = 1;
    }
}

static void taken_once(void)
{
    explore_assert(got[0] + got[1] == 1, "not taken exactly once");
}

MODEL(take_twice, "take_twice", take_unsafely, take_unsafely, taken_once);
MODEL(take_once, "take_once", take, take, taken_once);

START_TEST(double_take)
{
    holds(&take_once, 5, 2);
    holds(&take_twice, 0, 0);
    fails(&take_twice, 1, 0, "exactly once");
}
END_TEST

// ---- Locks -----------------------------------------------------------------------------------

static struct spgi_spinlock lock_a, lock_b;

static void clear_locks(void)
{
    clear();
    lock_a = (struct spgi_spinlock){0};
    lock_b = (struct spgi_spinlock){0};
}

static void count_up(void)
{
    spgi_spinlock_lock(&lock_a);
    explore_data_write(&payload);
    payload++;
    spgi_spinlock_unlock(&lock_a);
}

static void count_up_unordered(void)
{
    spgi_spinlock_lock(&lock_a);
    explore_data_write(&payload);
    payload++;
    store_relaxed(&lock_a.held, 0u);
}

static void all_counted(void)
{
    explore_assert(payload == 3, "a count is lost");
}

static void two_locks(struct spgi_spinlock *first, struct spgi_spinlock *second)
{
    spgi_spinlock_lock(first);
    spgi_spinlock_lock(second);
    spgi_spinlock_unlock(second);
    spgi_spinlock_unlock(first);
}

static void a_then_b(void)
{
    two_locks(&lock_a, &lock_b);
}

static void b_then_a(void)
{
    two_locks(&lock_b, &lock_a);
}

static const struct explore_model locks = {.name = "locks",
                                           .setup = clear_locks,
                                           .threads = {count_up, count_up, count_up},
                                           .check = all_counted};
static const struct explore_model locks_unordered = {
    .name = "locks_unordered",
    .setup = clear_locks,
    .threads = {count_up_unordered, count_up, count_up}};
static const struct explore_model lock_order = {
    .name = "lock_order", .setup = clear_locks, .threads = {a_then_b, a_then_b}};
static const struct explore_model lock_disorder = {
    .name = "lock_disorder", .setup = clear_locks, .threads = {a_then_b, b_then_a}};

START_TEST(locking)
{
    holds(&locks, 4, 1);
    fails(&locks_unordered, 1, 0, "data race");
    holds(&lock_order, 4, 1);
    fails(&lock_disorder, 1, 0, "livelock: all spin for ever");
}
END_TEST

// ---- Spinning --------------------------------------------------------------------------------

static void wait_for_x(void)
{
    while (!load_acquire(&x)) {
        cpu_relax();
    }
    store_release(&y, 1u);
}

static void wait_for_y(void)
{
    while (!load_acquire(&y)) {
        cpu_relax();
    }
    store_release(&x, 1u);
}

static void set_x(void)
{
    store_relaxed(&x, 1u);
}

static void wait_rudely(void)
{
    while (!load_acquire(&x)) {
    }
}

static void never_set_x(void)
{
    store_relaxed(&x, 0u);
}

MODEL(spin_both, "spin_both", wait_for_x, wait_for_y, NULL);
MODEL(spin_fed, "spin_fed", wait_for_x, set_x, NULL);
MODEL(spin_rudely, "spin_rudely", wait_rudely, never_set_x, NULL);

START_TEST(spinning)
{
    fails(&spin_both, 2, 0, "livelock");
    holds(&spin_fed, 5, 2);
    fails(&spin_rudely, 0, 0, "no end after");
}
END_TEST

// ---- Bounds and choices ----------------------------------------------------------------------

// Wrong only when thread 1 runs between the halves of thread 0, and is itself cut in two.
static void halves(void)
{
    add_seqcst(&x, 1u);
    got[0] = load_seqcst(&y);
    add_seqcst(&x, 1u);
}

static void between(void)
{
    uint32_t before = load_seqcst(&x);
    store_seqcst(&y, 1u);
    uint32_t after = load_seqcst(&x);
    explore_assert(!(before == 1 && after == 2 && got[0] == 1), "cut in two");
}

MODEL(two_cuts, "two_cuts", halves, between, NULL);

static void choose_three(void)
{
    got[0] = explore_choice(3);
    explore_assert(got[0] != 2, "two was chosen");
}

static const struct explore_model choosing = {
    .name = "choosing", .setup = clear, .threads = {choose_three}};

START_TEST(bounds)
{
    holds(&two_cuts, 1, 0);
    fails(&two_cuts, 2, 0, "cut in two");
    fails(&choosing, 0, 0, "two was chosen");
}
END_TEST

START_TEST(random_runs)
{
    struct explore_options options = {.random_runs = 2000, .seed = 3, .quiet = true};
    struct explore_result result;
    explore_run(&two_cuts, &options, &result);
    ck_assert(result.failed);
    explore_run(&take_once, &options, &result);
    ck_assert(!result.failed);
    ck_assert_uint_ge(result.executions, 2000);
}
END_TEST

static Suite *explorer_suite(void)
{
    Suite *suite = suite_create("explorer");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, lost_wake_up);
    tcase_add_test(tcase, double_take);
    tcase_add_test(tcase, locking);
    tcase_add_test(tcase, spinning);
    tcase_add_test(tcase, bounds);
    tcase_add_test(tcase, random_runs);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(explorer_suite());
    srunner_add_suite(runner, memory_suite());
    srunner_add_suite(runner, pruning_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
