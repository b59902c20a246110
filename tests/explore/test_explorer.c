// SPDX-License-Identifier: MIT
// test_explorer.c: the explorer finds what can happen, and nothing that cannot.
#include "base/spinlock.h"
#include "explorer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static spgi_a32 x, y, z;
static spgi_aptr pointer;
static uint32_t got[3];
static int payload;

static void clear(void)
{
    atomic_init(&x, 0);
    atomic_init(&y, 0);
    atomic_init(&z, 0);
    atomic_init(&pointer, NULL);
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

static void holds(const struct explore_model *model, unsigned preemptions, unsigned stale)
{
    struct explore_result result = run(model, preemptions, stale);
    ck_assert_msg(!result.failed, "%s: %s", model->name, result.what);
    ck_assert_msg(result.complete, "%s: not complete", model->name);
}

static void fails(const struct explore_model *model, unsigned preemptions, unsigned stale,
                  const char *why)
{
    struct explore_result result = run(model, preemptions, stale);
    ck_assert_msg(result.failed, "%s: nothing found in %llu runs", model->name,
                  (unsigned long long)result.executions);
    ck_assert_msg(strstr(result.what, why) != NULL, "%s: %s", model->name, result.what);
    struct explore_options again = {.bounds = {result.preemptions, stale}, .quiet = true,
                                    .replay = result.replay};
    struct explore_result replayed;
    explore_run(model, &again, &replayed);
    ck_assert_msg(replayed.failed, "%s: does not fail again", model->name);
    ck_assert_uint_eq(replayed.executions, 1);
}

#define MODEL(var, text, first, second, verdict)                                                   \
    static const struct explore_model var = {                                                      \
        .name = text, .setup = clear, .threads = {first, second}, .check = verdict}

// ---- Store buffering: both look before the other's store has arrived -------------------------

static void not_both_missed(void)
{
    explore_assert(got[0] || got[1], "both missed the other's store");
}

#define BUFFERING(name, write_x, write_y, read)                                                    \
    static void name##_0(void)                                                                     \
    {                                                                                              \
        write_x;                                                                                   \
        got[0] = read(&y);                                                                         \
    }                                                                                              \
    static void name##_1(void)                                                                     \
    {                                                                                              \
        write_y;                                                                                   \
        got[1] = read(&x);                                                                         \
    }                                                                                              \
    MODEL(name, #name, name##_0, name##_1, not_both_missed)

BUFFERING(sb_seqcst, store_seqcst(&x, 1u), store_seqcst(&y, 1u), load_seqcst);
BUFFERING(sb_release, store_release(&x, 1u), store_release(&y, 1u), load_seqcst);
BUFFERING(sb_one_release, store_release(&x, 1u), store_seqcst(&y, 1u), load_seqcst);
BUFFERING(sb_acquire, store_seqcst(&x, 1u), store_seqcst(&y, 1u), load_acquire);
BUFFERING(sb_rmw, xchg_seqcst(&x, 1u), add_seqcst(&y, 1u), load_seqcst);
BUFFERING(sb_rmw_acqrel, xchg_acqrel(&x, 1u), add_seqcst(&y, 1u), load_seqcst);

START_TEST(store_buffering)
{
    holds(&sb_seqcst, 5, 2);
    fails(&sb_release, 0, 0, "both missed");
    fails(&sb_one_release, 0, 0, "both missed");
    holds(&sb_acquire, 5, 0); // the store buffers alone cannot tell
    fails(&sb_acquire, 2, 1, "both missed");
    holds(&sb_rmw, 5, 2);
    holds(&sb_rmw_acqrel, 5, 0);
    fails(&sb_rmw_acqrel, 2, 1, "both missed");
}
END_TEST

// ---- Message passing -------------------------------------------------------------------------

#define PASSING(name, publish, read)                                                               \
    static void name##_0(void)                                                                     \
    {                                                                                              \
        explore_data_write(&payload);                                                              \
        payload = 7;                                                                               \
        publish;                                                                                   \
    }                                                                                              \
    static void name##_1(void)                                                                     \
    {                                                                                              \
        if (read(&x)) {                                                                            \
            explore_data_read(&payload);                                                           \
            explore_assert(payload == 7, "published before it was written");                       \
        }                                                                                          \
    }                                                                                              \
    MODEL(name, #name, name##_0, name##_1, NULL)

PASSING(mp_release, store_release(&x, 1u), load_acquire);
PASSING(mp_relaxed_store, store_relaxed(&x, 1u), load_acquire);
PASSING(mp_relaxed_load, store_release(&x, 1u), load_relaxed);
PASSING(mp_rmw, add_acqrel(&x, 1u), load_acquire);
PASSING(mp_rmw_relaxed, add_relaxed(&x, 1u), load_acquire);

// The payload is atomic: no race, only an order.
#define PASSING_ATOMIC(name, publish, read)                                                        \
    static void name##_0(void)                                                                     \
    {                                                                                              \
        store_relaxed(&y, 7u);                                                                     \
        publish;                                                                                   \
    }                                                                                              \
    static void name##_1(void)                                                                     \
    {                                                                                              \
        if (read(&x)) {                                                                            \
            explore_assert(load_relaxed(&y) == 7, "published before it was written");              \
        }                                                                                          \
    }                                                                                              \
    MODEL(name, #name, name##_0, name##_1, NULL)

PASSING_ATOMIC(mpa_release, store_release(&x, 1u), load_acquire);
PASSING_ATOMIC(mpa_relaxed_store, store_relaxed(&x, 1u), load_acquire);
PASSING_ATOMIC(mpa_relaxed_load, store_release(&x, 1u), load_relaxed);

START_TEST(message_passing)
{
    holds(&mp_release, 5, 2);
    fails(&mp_relaxed_store, 0, 0, "data race");
    fails(&mp_relaxed_load, 0, 0, "data race");
    holds(&mp_rmw, 5, 2);
    fails(&mp_rmw_relaxed, 0, 0, "data race");
    holds(&mpa_release, 5, 2);
    fails(&mpa_relaxed_store, 0, 0, "published before");
    holds(&mpa_relaxed_load, 5, 0);
    fails(&mpa_relaxed_load, 2, 1, "published before");
}
END_TEST

// Through a third thread, and through a read-modify-write that continues the release sequence.
static void chain_1(void)
{
    if (load_acquire(&x)) {
        store_release(&y, 1u);
    }
}

static void chain_rmw_1(void)
{
    uint32_t one = 1;
    cas_relaxed(&x, &one, 2u);
}

static void chain_2(void)
{
    if (load_acquire(&y) || load_acquire(&x) == 2) {
        explore_data_read(&payload);
        explore_assert(payload == 7, "not seen through a third thread");
    }
}

static const struct explore_model chain = {
    .name = "chain", .setup = clear, .threads = {mp_release_0, chain_1, chain_2}};
static const struct explore_model chain_rmw = {
    .name = "chain_rmw", .setup = clear, .threads = {mp_release_0, chain_rmw_1, chain_2}};

START_TEST(transitive)
{
    holds(&chain, 5, 2);
    holds(&chain_rmw, 5, 2);
}
END_TEST

// ---- One object ------------------------------------------------------------------------------

static void twice(void)
{
    store_relaxed(&x, 1u);
    store_relaxed(&x, 2u);
    explore_assert(load_relaxed(&x) == 2, "a thread does not see its own store");
}

static void look_twice(void)
{
    got[0] = load_relaxed(&x);
    got[1] = load_relaxed(&x);
    explore_assert(got[0] <= got[1], "time runs backwards");
}

MODEL(coherence, "coherence", twice, look_twice, NULL);

static void two_writes_0(void)
{
    store_relaxed(&x, 1u);
    store_relaxed(&y, 2u);
}

static void two_writes_1(void)
{
    store_relaxed(&y, 1u);
    store_relaxed(&x, 2u);
}

static void not_both_first(void)
{
    explore_assert(load_relaxed(&x) == 2 || load_relaxed(&y) == 2, "both first stores came last");
}

MODEL(two_writes, "two_writes", two_writes_0, two_writes_1, not_both_first);

START_TEST(one_object)
{
    holds(&coherence, 5, 3);
    fails(&two_writes, 0, 0, "both first");
}
END_TEST

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

static const struct explore_model locks = {.name = "locks", .setup = clear_locks,
                                           .threads = {count_up, count_up, count_up},
                                           .check = all_counted};
static const struct explore_model locks_unordered = {
    .name = "locks_unordered", .setup = clear_locks,
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

// Sizes and types: bytes, pointers, wrapping.
static _Atomic bool flag;

static void typed(void)
{
    uint32_t wraps = sub_acqrel(&x, 1u);
    explore_assert(wraps == 0 && load_relaxed(&x) == UINT32_MAX, "sub does not wrap");
    or_acqrel(&y, 6u);
    explore_assert(and_acqrel(&y, 3u) == 6u && load_relaxed(&y) == 2, "or, and");
    void *nothing = NULL;
    explore_assert(cas_acqrel(&pointer, &nothing, &payload), "a pointer cannot be swapped");
    int *back = load_acquire(&pointer);
    explore_assert(back == &payload && xchg_acqrel(&pointer, NULL) == back, "pointer");
    store_release(&flag, true);
    explore_assert(load_acquire(&flag), "flag");
}

static void touch_all(void)
{
    load_relaxed(&x);
    load_relaxed(&y);
    load_relaxed(&pointer);
    load_relaxed(&flag);
}

MODEL(types, "types", typed, touch_all, NULL);

START_TEST(typed_objects)
{
    holds(&types, 3, 0);
}
END_TEST

Suite *litmus_suite(void); // test_pruning.c adds its own
Suite *pruning_suite(void);

Suite *litmus_suite(void)
{
    Suite *suite = suite_create("explorer");
    TCase *tcase = tcase_create("litmus");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, store_buffering);
    tcase_add_test(tcase, message_passing);
    tcase_add_test(tcase, transitive);
    tcase_add_test(tcase, one_object);
    tcase_add_test(tcase, lost_wake_up);
    tcase_add_test(tcase, double_take);
    tcase_add_test(tcase, locking);
    tcase_add_test(tcase, spinning);
    tcase_add_test(tcase, bounds);
    tcase_add_test(tcase, random_runs);
    tcase_add_test(tcase, typed_objects);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(litmus_suite());
    srunner_add_suite(runner, pruning_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
