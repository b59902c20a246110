// SPDX-License-Identifier: MIT
// test_outcome.c: how calls at a boundary end, and what each side is told.
#include "boundaries.h"

#include <pthread.h>

TASK_TEST(a_request_that_is_not_taken_in_time_expires, 1)
{
    spg_boundary *boundary = opened(2);
    spg_answer answer;
    REQUIRE_CODE(spg_call(boundary, NULL, NULL, 0, NULL, 0, &answer, soon()), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_EXPIRED);
    // One for which nobody waits: whoever serves next notices.
    spg_ticket ticket = submitted(boundary, 1, soon());
    REQUIRE_OK(spg_sleep(spg_after(20 * SPG_MS)));
    REQUIRE_CODE(spg_serve(boundary, &(spg_request){0}, SPG_NOW), -ETIME);
    REQUIRE_EQ(ended(boundary, ticket, -ETIME).outcome, SPG_CALL_EXPIRED);
    // Or whoever looks at the ticket.
    ticket = submitted(boundary, 2, soon());
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, &answer, patience()), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_EXPIRED);
    REQUIRE_EQ(stats_of(boundary).expired, 3);
    REQUIRE_CODE(spg_call(boundary, NULL, NULL, 0, NULL, 0, &answer, SPG_NOW), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
    free_checked(boundary);
    return 0;
}

TASK_TEST(a_caller_that_times_out_is_seen_by_the_server, 1)
{
    spg_boundary *boundary = opened(1);
    spg_ticket ticket = submitted(boundary, 1, soon());
    spg_request request = taken(boundary);
    REQUIRE(request.deadline != SPG_NEVER);
    spg_answer answer;
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, &answer, patience()), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_TIMED_OUT);
    REQUIRE_CODE(spg_request_waiting(&request), -ETIME);
    // The slot is the server's still.
    REQUIRE_CODE(spg_submit(boundary, NULL, NULL, 0, &ticket, SPG_NEVER), -EAGAIN);
    REQUIRE_CODE(answer_double(&request), -ETIME);
    REQUIRE_CODE(spg_request_waiting(&request), -ESRCH);
    REQUIRE_EQ(stats_of(boundary).timed_out, 1);
    REQUIRE_EQ(stats_of(boundary).late, 1);
    // A deadline that nobody has noticed: the answer wins.
    ticket = submitted(boundary, 2, soon());
    request = taken(boundary);
    REQUIRE_OK(spg_sleep(spg_after(20 * SPG_MS)));
    REQUIRE_CODE(spg_request_waiting(&request), -ETIME);
    REQUIRE_OK(spg_reply(&request, 7, NULL, 0));
    REQUIRE_EQ(ended(boundary, ticket, 0).result, 7);
    free_checked(boundary);
    return 0;
}

TASK_TEST(a_wait_for_a_ticket_has_a_deadline_of_its_own, 1)
{
    spg_boundary *boundary = opened(1);
    spg_ticket ticket = submitted(boundary, 1, SPG_NEVER);
    spg_answer answer;
    REQUIRE_EQ(spg_ticket_done(boundary, ticket), 0);
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, &answer, SPG_NOW), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_PENDING);
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, &answer, soon()), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_PENDING);
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_reply(&request, -5, "ab", 2));
    char reply[2];
    REQUIRE_OK(spg_ticket_wait(boundary, ticket, reply, sizeof reply, &answer, SPG_NOW));
    REQUIRE_EQ(answer.result, -5);
    REQUIRE_EQ(memcmp(reply, "ab", 2), 0);
    free_checked(boundary);
    return 0;
}

TASK_TEST(a_dropped_request_gives_its_caller_a_result_of_its_own, 1)
{
    spg_boundary *boundary = opened(1);
    spg_ticket ticket = submitted(boundary, 1, SPG_NEVER);
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_request_drop(&request));
    REQUIRE_CODE(spg_request_drop(&request), -ESRCH);
    REQUIRE_EQ(ended(boundary, ticket, -ENODATA).outcome, SPG_CALL_DROPPED);
    REQUIRE_EQ(stats_of(boundary).dropped, 1);
    free_checked(boundary);
    return 0;
}

TASK_TEST(a_cancelled_ticket_is_seen_by_the_server, 1)
{
    spg_boundary *boundary = opened(2);
    spg_ticket waiting = submitted(boundary, 1, SPG_NEVER);
    REQUIRE_OK(spg_ticket_cancel(boundary, waiting));
    REQUIRE_CODE(spg_ticket_cancel(boundary, waiting), -EALREADY);
    REQUIRE_CODE(spg_serve(boundary, &(spg_request){0}, SPG_NOW), -ETIME); // never taken
    REQUIRE_EQ(ended(boundary, waiting, -ECANCELED).outcome, SPG_CALL_CANCELED);
    REQUIRE_CODE(spg_ticket_cancel(boundary, waiting), -ESRCH);

    spg_ticket served = submitted(boundary, 2, SPG_NEVER);
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_ticket_cancel(boundary, served));
    REQUIRE_CODE(spg_request_waiting(&request), -ECANCELED);
    REQUIRE_EQ(ended(boundary, served, -ECANCELED).outcome, SPG_CALL_CANCELED);
    REQUIRE_CODE(spg_request_drop(&request), -ECANCELED);
    REQUIRE_EQ(stats_of(boundary).canceled, 2);
    REQUIRE_EQ(stats_of(boundary).late, 1);
    free_checked(boundary);
    return 0;
}

TASK_TEST(a_cancelled_task_ends_its_call, SHARDS)
{
    spg_boundary *boundary = opened(1);
    turn call = {.boundary = boundary, .value = 5};
    spg_attr anywhere = {0};
    spg_task task = spawned(&anywhere, calls_once, &call);
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    REQUIRE_CODE(call.code, -ECANCELED);
    REQUIRE_EQ(call.answer.outcome, SPG_CALL_CANCELED);
    REQUIRE_CODE(spg_reply(&request, 0, NULL, 0), -ECANCELED);
    free_checked(boundary);
    return 0;
}

static int is_refused(void *arg)
{
    spg_boundary *boundary = arg;
    AWAIT(spg_cancelled() != 0);
    spg_answer answer;
    spg_ticket ticket;
    REQUIRE_CODE(spg_call(boundary, NULL, NULL, 0, NULL, 0, &answer, SPG_NEVER), -ECANCELED);
    REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
    REQUIRE_CODE(spg_submit(boundary, NULL, NULL, 0, &ticket, SPG_NEVER), -ECANCELED);
    REQUIRE_CODE(spg_serve(boundary, &(spg_request){0}, SPG_NEVER), -ECANCELED);
    return 0;
}

TASK_TEST(a_cancelled_task_neither_calls_nor_serves, 1)
{
    spg_boundary *boundary = opened(1);
    spg_attr here = pinned_to(0);
    spg_task task = spawned(&here, is_refused, boundary);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    free_checked(boundary);
    return 0;
}

TASK_TEST(the_deadline_of_a_scope_is_the_servers_to_see, 1)
{
    spg_boundary *boundary = opened(1);
    spg_scope scope;
    spg_time end = later();
    REQUIRE_OK(spg_scope_open(&scope, end));
    spg_ticket ticket = submitted(boundary, 1, SPG_NEVER);
    spg_request request = taken(boundary);
    REQUIRE_EQ(request.deadline, end);
    REQUIRE(request.scope != 0);
    REQUIRE_OK(spg_reply(&request, 0, NULL, 0));
    REQUIRE_OK(spg_scope_close(&scope));
    ended(boundary, ticket, 0);
    free_checked(boundary);
    return 0;
}

TASK_TEST(closing_ends_all_that_waits, SHARDS)
{
    spg_boundary *boundary = opened(2);
    spg_attr anywhere = {0};
    spg_task server = spawned(&anywhere, serves_once, boundary);
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE_CODE(joined(server), -ENOLINK);
    REQUIRE_OK(spg_boundary_free(boundary));

    boundary = opened(3);
    spg_ticket answered = submitted(boundary, 1, SPG_NEVER);
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_reply(&request, 9, NULL, 0));
    spg_ticket served = submitted(boundary, 2, SPG_NEVER);
    request = taken(boundary);
    spg_ticket queued = submitted(boundary, 3, SPG_NEVER);
    turn call = {.boundary = boundary, .value = 5};
    spg_task caller = spawned(&anywhere, calls_once, &call); // waits for room
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE_OK(joined(caller));
    REQUIRE_CODE(call.code, -ENOLINK);
    REQUIRE_EQ(call.answer.outcome, SPG_CALL_REFUSED);
    REQUIRE_EQ(ended(boundary, answered, 0).result, 9);
    REQUIRE_EQ(ended(boundary, queued, -ENOLINK).outcome, SPG_CALL_CLOSED);
    REQUIRE_CODE(spg_request_waiting(&request), -ENOLINK);
    REQUIRE_CODE(spg_serve(boundary, &(spg_request){0}, SPG_NEVER), -ENOLINK);
    REQUIRE_CODE(spg_submit(boundary, NULL, NULL, 0, &queued, SPG_NEVER), -ENOLINK);
    // Ticket and request outlive what the opener has given up.
    REQUIRE_OK(spg_boundary_free(boundary));
    spg_answer answer;
    REQUIRE_CODE(spg_ticket_wait(boundary, served, NULL, 0, &answer, SPG_NOW), -ENOLINK);
    REQUIRE_EQ(value_of(&request), 2);
    REQUIRE_CODE(spg_reply(&request, 0, NULL, 0), -ENOLINK);
    return 0;
}

static int waits_for(void *arg)
{
    const turn *self = arg;
    spg_ticket ticket = {self->value};
    return spg_ticket_wait(self->boundary, ticket, NULL, 0, NULL, patience());
}

TASK_TEST(one_at_a_time_waits_for_a_ticket, 1)
{
    spg_boundary *boundary = opened(1);
    spg_ticket ticket = submitted(boundary, 1, SPG_NEVER);
    turn waiting = {.boundary = boundary, .value = ticket.v};
    spg_attr here = pinned_to(0);
    spg_task task = spawned(&here, waits_for, &waiting);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, NULL, SPG_NOW), -EBUSY);
    REQUIRE_CODE(spg_ticket_drop(boundary, ticket), -EBUSY);
    REQUIRE_OK(spg_ticket_cancel(boundary, ticket));
    REQUIRE_CODE(joined(task), -ECANCELED);
    REQUIRE_CODE(spg_ticket_drop(boundary, ticket), -ESRCH);
    free_checked(boundary);
    return 0;
}

// ---- The runtime's end -----------------------------------------------------------------------
static void *calls_outside(void *arg)
{
    calls_once(arg);
    return NULL;
}

static void *serves_once_outside(void *arg)
{
    return (void *)(intptr_t)serves_once(arg);
}

START_TEST(a_shutdown_ends_what_waits)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_boundary *calling = NULL;
    spg_boundary *serving = NULL;
    REQUIRE_OK(spg_boundary_open(rt, NULL, &calling));
    REQUIRE_OK(spg_boundary_open(rt, NULL, &serving));
    turn call = {.boundary = calling, .value = 1};
    pthread_t caller;
    pthread_t server;
    spg_task task;
    REQUIRE_EQ(pthread_create(&caller, NULL, calls_outside, &call), 0);
    REQUIRE_EQ(pthread_create(&server, NULL, serves_once_outside, serving), 0);
    REQUIRE_OK(spg_spawn_in(rt, NULL, serves_once, serving, &task));
    spg_request request = taken(calling);
    spg_report report;
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW));
    void *result;
    pthread_join(caller, NULL);
    pthread_join(server, &result);
    REQUIRE_CODE(call.code, -ESHUTDOWN);
    REQUIRE_EQ(call.answer.outcome, SPG_CALL_SHUT_DOWN);
    REQUIRE_CODE((intptr_t)result, -ESHUTDOWN);
    int code = 0;
    REQUIRE_OK(spg_join(task, &code, SPG_NEVER));
    REQUIRE(code == -ESHUTDOWN || code == -ECANCELED);
    spg_boundary *more = NULL;
    REQUIRE_CODE(spg_boundary_open(rt, NULL, &more), -ESHUTDOWN);
    REQUIRE_OK(spg_destroy(rt));
    // What threads hold outlives the runtime.
    REQUIRE_CODE(spg_reply(&request, 0, NULL, 0), -ESHUTDOWN);
    REQUIRE_CODE(spg_call(calling, NULL, NULL, 0, NULL, 0, NULL, SPG_NEVER), -ESHUTDOWN);
    rt = start_runtime(&options); // in the same slot of the registry
    REQUIRE_OK(spg_boundary_free(calling));
    end_runtime(rt);
    REQUIRE_OK(spg_boundary_free(serving));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outcome");
    TCase *tests = add_tests(suite, "outcome", 60);
    tcase_add_test(tests, a_request_that_is_not_taken_in_time_expires);
    tcase_add_test(tests, a_caller_that_times_out_is_seen_by_the_server);
    tcase_add_test(tests, a_wait_for_a_ticket_has_a_deadline_of_its_own);
    tcase_add_test(tests, a_dropped_request_gives_its_caller_a_result_of_its_own);
    tcase_add_test(tests, a_cancelled_ticket_is_seen_by_the_server);
    tcase_add_test(tests, a_cancelled_task_ends_its_call);
    tcase_add_test(tests, a_cancelled_task_neither_calls_nor_serves);
    tcase_add_test(tests, the_deadline_of_a_scope_is_the_servers_to_see);
    tcase_add_test(tests, closing_ends_all_that_waits);
    tcase_add_test(tests, one_at_a_time_waits_for_a_ticket);
    tcase_add_test(tests, a_shutdown_ends_what_waits);
    return run_suite("test_outcome", suite);
}
