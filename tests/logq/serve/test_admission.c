// SPDX-License-Identifier: MIT
// test_admission.c: places are never given twice, waiters come in order, and nothing is lost when
// they give up.

#include "serve/admission.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PLACES 3
#define SEATS 5
#define TASKS 400

struct hall {
    struct admission admission;
    atomic_uint inside;
    atomic_uint most;
    atomic_uint served;
    atomic_uint refused;
    atomic_uint late;
    atomic_uint order; // of those that waited
    spg_time patience; // 0: without end
};

static int run(spg_fn *root, struct hall *hall)
{
    char text[256] = "";
    const spg_options options = {
        .shards = 3, .stack_bytes = 262144, .error_text = text, .error_bytes = sizeof text};
    int result = -1;
    int error = spg_run(&options, root, hall, &result);
    ck_assert_msg(error == 0, "%s", text);
    return result;
}

static int visit(void *arg)
{
    struct hall *hall = arg;
    int result = admission_enter(&hall->admission,
                                 hall->patience == 0 ? SPG_NEVER : spg_after(hall->patience));
    if (result == -EAGAIN) {
        atomic_fetch_add(&hall->refused, 1);
        return 0;
    }
    if (result < 0) {
        atomic_fetch_add(&hall->late, 1);
        return 0;
    }
    unsigned inside = atomic_fetch_add(&hall->inside, 1) + 1;
    unsigned most = atomic_load(&hall->most);
    while (most < inside && !atomic_compare_exchange_weak(&hall->most, &most, inside)) {
        // somebody else has set it
    }
    (void)spg_sleep(spg_after(20 * SPG_US));
    atomic_fetch_sub(&hall->inside, 1);
    atomic_fetch_add(&hall->served, 1);
    admission_leave(&hall->admission);
    return 0;
}

static int visit_all(void *arg)
{
    struct hall *hall = arg;
    spg_scope scope;
    int result = spg_scope_open(&scope, SPG_NEVER);
    for (int i = 0; result == 0 && i < TASKS; i++) {
        result = spg_spawn(NULL, visit, hall, NULL);
        if (i % 7 == 0) {
            (void)spg_yield();
        }
    }
    int ended = spg_scope_close(&scope);
    return result < 0 ? result : ended;
}

static void check_end(struct hall *hall)
{
    uint32_t running;
    uint32_t waiting;
    admission_count(&hall->admission, &running, &waiting);
    ck_assert_uint_eq(running, 0);
    ck_assert_uint_eq(waiting, 0);
    ck_assert_uint_eq(hall->served + hall->refused + hall->late, TASKS);
    ck_assert_uint_le(hall->most, PLACES);
    admission_destroy(&hall->admission);
}

START_TEST(bounds_who_is_inside)
{
    struct hall hall = {.inside = 0};
    admission_init(&hall.admission, PLACES, SEATS);
    ck_assert_int_eq(run(visit_all, &hall), 0);
    ck_assert_uint_ge(hall.served, PLACES + SEATS);
    ck_assert_uint_gt(hall.refused, 0);
    ck_assert_uint_eq(hall.late, 0);
    check_end(&hall);
}
END_TEST

START_TEST(serves_all_who_may_wait)
{
    struct hall hall = {.inside = 0};
    admission_init(&hall.admission, PLACES, TASKS);
    ck_assert_int_eq(run(visit_all, &hall), 0);
    ck_assert_uint_eq(hall.served, TASKS);
    check_end(&hall);
}
END_TEST

// Many give up at about the time when their turn comes.
START_TEST(loses_no_place_to_those_who_give_up)
{
    struct hall hall = {.patience = 300 * SPG_US};
    admission_init(&hall.admission, PLACES, TASKS);
    ck_assert_int_eq(run(visit_all, &hall), 0);
    ck_assert_uint_ge(hall.served, PLACES);
    check_end(&hall);
}
END_TEST

struct visitor {
    struct hall *hall;
    unsigned order;
};

static int wait_in_line(void *arg)
{
    struct visitor *visitor = arg;
    int result = admission_enter(&visitor->hall->admission, SPG_NEVER);
    visitor->order = atomic_fetch_add(&visitor->hall->order, 1);
    if (result == 0) {
        admission_leave(&visitor->hall->admission);
    }
    return result;
}

static int form_a_line(void *arg)
{
    struct hall *hall = arg;
    static struct visitor visitors[TASKS];
    int result = admission_enter(&hall->admission, SPG_NEVER);
    spg_scope scope;
    result = result == 0 ? spg_scope_open(&scope, SPG_NEVER) : result;
    spg_attr here = {.place = SPG_PINNED, .shard = (uint32_t)spg_shard()};
    spg_pin();
    for (unsigned i = 0; result == 0 && i < TASKS; i++) {
        visitors[i].hall = hall;
        result = spg_spawn(&here, wait_in_line, &visitors[i], NULL);
        uint32_t running;
        uint32_t waiting = 0;
        while (result == 0 && waiting <= i) { // until it is in the line
            (void)spg_yield();
            admission_count(&hall->admission, &running, &waiting);
        }
    }
    spg_unpin();
    admission_leave(&hall->admission);
    int ended = spg_scope_close(&scope);
    for (unsigned i = 0; i < TASKS; i++) {
        result = visitors[i].order == i ? result : -ERANGE;
    }
    return result < 0 ? result : ended;
}

START_TEST(keeps_the_order)
{
    struct hall hall = {.inside = 0};
    admission_init(&hall.admission, 1, TASKS);
    ck_assert_int_eq(run(form_a_line, &hall), 0);
    admission_destroy(&hall.admission);
}
END_TEST

static int wait_and_be_cancelled(void *arg)
{
    struct hall *hall = arg;
    int result = admission_enter(&hall->admission, SPG_NEVER);
    spg_scope scope;
    spg_task task;
    result = result == 0 ? spg_scope_open(&scope, SPG_NEVER) : result;
    result = result == 0 ? spg_spawn(NULL, visit, hall, &task) : result;
    uint32_t running = 0;
    uint32_t waiting = 0;
    while (result == 0 && waiting == 0) {
        (void)spg_yield();
        admission_count(&hall->admission, &running, &waiting);
    }
    (void)spg_cancel(task);
    (void)spg_detach(task);
    int ended = spg_scope_close(&scope);
    admission_count(&hall->admission, &running, &waiting);
    result = result == 0 && (running != 1 || waiting != 0) ? -ERANGE : result;
    admission_leave(&hall->admission);
    return result < 0 ? result : ended;
}

START_TEST(forgets_those_who_are_cancelled)
{
    struct hall hall = {.inside = 0};
    admission_init(&hall.admission, 1, 1);
    ck_assert_int_eq(run(wait_and_be_cancelled, &hall), 0);
    ck_assert_uint_eq(hall.late, 1);
    admission_destroy(&hall.admission);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *cases = tcase_create("places");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, bounds_who_is_inside);
    tcase_add_test(cases, serves_all_who_may_wait);
    tcase_add_test(cases, loses_no_place_to_those_who_give_up);
    tcase_add_test(cases, keeps_the_order);
    tcase_add_test(cases, forgets_those_who_are_cancelled);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
