// SPDX-License-Identifier: MIT
// test_litmus.c: the explorer's memory does what C11 allows, and nothing else.
#include "litmus.h"

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

// Sizes and types: bytes, pointers, wrapping.
static spgi_aptr pointer;
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

static void clear_types(void)
{
    clear();
    atomic_init(&pointer, NULL);
    atomic_init(&flag, false);
}

static const struct explore_model types = {
    .name = "types", .setup = clear_types, .threads = {typed, touch_all}};

START_TEST(typed_objects)
{
    holds(&types, 3, 0);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("litmus");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, store_buffering);
    tcase_add_test(tcase, message_passing);
    tcase_add_test(tcase, transitive);
    tcase_add_test(tcase, one_object);
    tcase_add_test(tcase, typed_objects);
    suite_add_tcase(suite, tcase);
    return suite;
}
