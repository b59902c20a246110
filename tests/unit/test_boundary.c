// SPDX-License-Identifier: MIT
// test_boundary.c: calls at a boundary between tasks, threads, loops and runtimes; how they end is
// in test_outcome.c.
#include "boundaries.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

// ---- Calling and serving ---------------------------------------------------------------------

static void *calls_all_outside(void *arg)
{
    calls_all(arg);
    return NULL;
}

static void *serves_outside(void *arg)
{
    serves_until_closed(arg);
    return NULL;
}

enum { CALLERS = 6 };

// Callers and servers, each half of them tasks and half threads.
static void everybody_calls(uint32_t calls, bool task_servers, bool thread_servers)
{
    spg_boundary *boundary = opened(calls);
    uint64_t count = scaled(3000, 100);
    crew callers[CALLERS];
    spg_task tasks[CALLERS];
    pthread_t threads[CALLERS];
    spg_task task_server = {0};
    pthread_t thread_server = 0;
    spg_attr far = pinned_to(1);
    if (task_servers) {
        task_server = spawned(&far, serves_until_closed, boundary);
    }
    if (thread_servers) {
        REQUIRE_EQ(pthread_create(&thread_server, NULL, serves_outside, boundary), 0);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        callers[i] = (crew){boundary, i * count, count, i % 3 == 2};
        spg_attr anywhere = {0};
        if (i % 2) {
            REQUIRE_EQ(pthread_create(&threads[i], NULL, calls_all_outside, &callers[i]), 0);
        } else {
            tasks[i] = spawned(&anywhere, calls_all, &callers[i]);
        }
    }
    for (uint32_t i = 0; i < CALLERS; i += 2) {
        REQUIRE_OK(joined(tasks[i]));
    }
    AWAIT(stats_of(boundary).answered == CALLERS * count);
    for (uint32_t i = 1; i < CALLERS; i += 2) {
        pthread_join(threads[i], NULL);
    }
    REQUIRE_OK(spg_boundary_close(boundary));
    if (task_servers) {
        REQUIRE_OK(joined(task_server));
    }
    if (thread_servers) {
        pthread_join(thread_server, NULL);
    }
    REQUIRE_EQ(stats_of(boundary).accepted, CALLERS * count);
    free_checked(boundary);
}

TASK_TEST(tasks_and_threads_call_and_serve, SHARDS)
{
    everybody_calls(1, true, true);
    everybody_calls(3, true, false);
    everybody_calls(64, false, true);
    return 0;
}

TASK_TEST(requests_are_taken_in_their_order, 1)
{
    spg_boundary *boundary = opened(4);
    spg_ticket tickets[4];
    for (uint64_t i = 0; i < 4; i++) {
        tickets[i] = submitted(boundary, i, SPG_NEVER);
    }
    REQUIRE_EQ(stats_of(boundary).depth, 4);
    REQUIRE(stats_of(boundary).oldest_ns > 0);
    for (uint64_t i = 0; i < 4; i++) {
        spg_request request = taken(boundary);
        REQUIRE_EQ(value_of(&request), i);
        REQUIRE_EQ(request.trace, i);
        REQUIRE_EQ(request.deadline, SPG_NEVER);
        REQUIRE_EQ(stats_of(boundary).taken, 1);
        REQUIRE_OK(answer_double(&request));
    }
    REQUIRE_CODE(spg_serve(boundary, &(spg_request){0}, SPG_NOW), -ETIME);
    for (uint64_t i = 0; i < 4; i++) {
        spg_answer answer = ended(boundary, tickets[i], -EMSGSIZE); // no room for the reply
        REQUIRE_EQ(answer.outcome, SPG_CALL_ANSWERED);
        REQUIRE_EQ(answer.bytes, 8);
        REQUIRE_EQ(answer.user, i);
    }
    free_checked(boundary);
    return 0;
}

TASK_TEST(overload_is_an_answer, 1)
{
    spg_boundary *boundary = opened(2);
    spg_ticket first = submitted(boundary, 1, SPG_NEVER);
    spg_ticket second = submitted(boundary, 2, SPG_NEVER);
    spg_ticket third;
    spg_answer answer;
    REQUIRE_CODE(spg_submit(boundary, NULL, NULL, 0, &third, SPG_NEVER), -EAGAIN);
    REQUIRE_CODE(spg_try_call(boundary, NULL, NULL, 0, NULL, 0, &answer, SPG_NEVER), -EAGAIN);
    REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
    REQUIRE_CODE(spg_call(boundary, NULL, NULL, 0, NULL, 0, &answer, soon()), -ETIME);
    REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
    REQUIRE_EQ(stats_of(boundary).refused, 3);
    REQUIRE_OK(spg_ticket_drop(boundary, first));
    third = submitted(boundary, 3, SPG_NEVER); // its slot is there again
    REQUIRE_CODE(spg_ticket_wait(boundary, first, NULL, 0, NULL, SPG_NOW), -ESRCH);
    REQUIRE_OK(spg_ticket_drop(boundary, second));
    REQUIRE_OK(spg_ticket_drop(boundary, third));
    REQUIRE_EQ(stats_of(boundary).canceled, 3);
    free_checked(boundary);
    return 0;
}

TASK_TEST(those_who_wait_for_room_get_it_in_their_order, 1)
{
    enum { WAITING = 5 };
    spg_boundary *boundary = opened(1);
    spg_ticket first = submitted(boundary, 100, SPG_NEVER);
    turn turns[WAITING];
    spg_task tasks[WAITING];
    spg_attr here = pinned_to(0);
    for (uint64_t i = 0; i < WAITING; i++) {
        turns[i] = (turn){.boundary = boundary, .value = i};
        tasks[i] = spawned(&here, calls_once, &turns[i]);
        REQUIRE_OK(spg_sleep(spg_after(SPG_MS))); // it waits now
    }
    spg_request request = taken(boundary);
    REQUIRE_EQ(value_of(&request), 100);
    REQUIRE_OK(answer_double(&request));
    REQUIRE_OK(spg_ticket_drop(boundary, first));
    for (uint64_t i = 0; i < WAITING; i++) {
        // The slot is handed on: who does not wait cannot get in between.
        REQUIRE_CODE(spg_try_call(boundary, NULL, NULL, 0, NULL, 0, NULL, SPG_NEVER), -EAGAIN);
        request = taken(boundary);
        REQUIRE_EQ(value_of(&request), i);
        REQUIRE_OK(answer_double(&request));
        REQUIRE_OK(joined(tasks[i]));
        REQUIRE_OK(turns[i].code);
    }
    free_checked(boundary);
    return 0;
}

// ---- Bad arguments ---------------------------------------------------------------------------

TASK_TEST(what_does_not_fit_is_refused, 1)
{
    spg_boundary *boundary = NULL;
    spg_boundary_options options = {.calls = SPG_MAX_BOUNDARY_CALLS + 1};
    REQUIRE_CODE(spg_boundary_open(spg_runtime(), &options, &boundary), -EINVAL);
    options = (spg_boundary_options){.request_bytes = SPG_MAX_BOUNDARY_BYTES + 1};
    REQUIRE_CODE(spg_boundary_open(spg_runtime(), &options, &boundary), -EINVAL);
    options = (spg_boundary_options){.reply_bytes = SPG_MAX_BOUNDARY_BYTES + 1};
    REQUIRE_CODE(spg_boundary_open(spg_runtime(), &options, &boundary), -EINVAL);
    options = (spg_boundary_options){.calls = SPG_MAX_BOUNDARY_CALLS,
                                     .reply_bytes = SPG_MAX_BOUNDARY_BYTES};
    REQUIRE_CODE(spg_boundary_open(spg_runtime(), &options, &boundary), -EINVAL);
    REQUIRE_CODE(spg_boundary_open(NULL, NULL, &boundary), -EINVAL);
    REQUIRE_CODE(spg_boundary_open(spg_runtime(), NULL, NULL), -EINVAL);
    options = (spg_boundary_options){.request_bytes = 3, .reply_bytes = 5};
    REQUIRE_OK(spg_boundary_open(spg_runtime(), &options, &boundary));
    spg_ticket ticket;
    REQUIRE_CODE(spg_submit(boundary, NULL, "1234", 4, &ticket, SPG_NEVER), -EINVAL);
    REQUIRE_CODE(spg_submit(boundary, NULL, NULL, 3, &ticket, SPG_NEVER), -EINVAL);
    REQUIRE_CODE(spg_submit(boundary, NULL, "123", 3, NULL, SPG_NEVER), -EINVAL);
    REQUIRE_OK(spg_submit(boundary, NULL, "123", 3, &ticket, SPG_NEVER));
    spg_request request = taken(boundary);
    REQUIRE_EQ(memcmp(request.data, "123", 3), 0);
    REQUIRE_CODE(spg_reply(&request, 0, "123456", 6), -EINVAL);
    memcpy(request.reply, "12345", 5);
    REQUIRE_OK(spg_reply(&request, 0, request.reply, 5));
    char reply[4];
    spg_answer answer;
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, reply, 4, &answer, SPG_NOW), -EMSGSIZE);
    REQUIRE_EQ(answer.bytes, 5);
    REQUIRE_EQ(memcmp(reply, "1234", 4), 0);
    REQUIRE_CODE(spg_ticket_wait(boundary, (spg_ticket){0}, NULL, 0, &answer, SPG_NOW), -ESRCH);
    REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
    REQUIRE_CODE(spg_ticket_done(boundary, (spg_ticket){UINT64_MAX}), -ESRCH);
    REQUIRE_CODE(spg_call(NULL, NULL, NULL, 0, NULL, 0, NULL, SPG_NEVER), -EINVAL);
    REQUIRE_CODE(spg_serve(NULL, &request, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_reply(NULL, 0, NULL, 0), -EINVAL);
    REQUIRE_CODE(spg_boundary_close(NULL), -EINVAL);
    REQUIRE_CODE(spg_boundary_request_fd(NULL), -EINVAL);
    REQUIRE_OK(spg_boundary_free(NULL));
    free_checked(boundary);
    return 0;
}

// ---- Event loops -----------------------------------------------------------------------------

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    REQUIRE(fd >= 0);
    int ready = poll(&poller, 1, wait_ms);
    REQUIRE(ready >= 0);
    return ready == 1;
}

enum { PATIENCE_MS = 60000 };

TASK_TEST(a_descriptor_is_readable_while_requests_wait, SHARDS)
{
    spg_boundary *boundary = opened(3);
    spg_ticket early = submitted(boundary, 1, SPG_NEVER); // before the descriptor is made
    int fd = spg_boundary_request_fd(boundary);
    REQUIRE_EQ(spg_boundary_request_fd(boundary), fd);
    REQUIRE(is_readable(fd, PATIENCE_MS));
    spg_ticket late = submitted(boundary, 2, SPG_NEVER);
    spg_request first = taken(boundary);
    REQUIRE(is_readable(fd, PATIENCE_MS));
    REQUIRE_OK(spg_ticket_drop(boundary, late));
    REQUIRE(!is_readable(fd, 0));
    late = submitted(boundary, 3, SPG_NEVER);
    REQUIRE(is_readable(fd, PATIENCE_MS));
    spg_request second = taken(boundary);
    REQUIRE(!is_readable(fd, 0));
    REQUIRE_OK(spg_reply(&first, 0, NULL, 0));
    REQUIRE_OK(spg_reply(&second, 0, NULL, 0));
    REQUIRE_OK(spg_ticket_drop(boundary, early));
    REQUIRE_OK(spg_ticket_drop(boundary, late));
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE(is_readable(fd, PATIENCE_MS));
    size_t fds = count_fds();
    free_checked(boundary);
    REQUIRE_EQ(count_fds(), fds - 1);
    return 0;
}

static spg_ticket notified(spg_boundary *boundary, uint64_t user, spg_time deadline)
{
    spg_ticket ticket;
    spg_call_options options = {.user = user, .notify = true};
    REQUIRE_OK(spg_submit(boundary, &options, NULL, 0, &ticket, deadline));
    return ticket;
}

static void require_next(spg_boundary *boundary, spg_ticket ticket, uint64_t user)
{
    spg_ticket next;
    uint64_t told;
    REQUIRE_OK(spg_ticket_next(boundary, &next, &told));
    REQUIRE_EQ(next.v, ticket.v);
    REQUIRE_EQ(told, user);
}

TASK_TEST(a_descriptor_is_readable_while_ends_are_to_be_told, SHARDS)
{
    spg_boundary *boundary = opened(4);
    int fd = spg_boundary_reply_fd(boundary);
    spg_ticket none;
    spg_ticket silent = submitted(boundary, 0, SPG_NEVER);
    spg_ticket first = notified(boundary, 11, SPG_NEVER);
    spg_ticket second = notified(boundary, 22, patience());
    for (int i = 0; i < 3; i++) {
        REQUIRE(!is_readable(fd, 0));
        REQUIRE_CODE(spg_ticket_next(boundary, &none, NULL), -EAGAIN);
        spg_request request = taken(boundary);
        REQUIRE_OK(spg_reply(&request, i, NULL, 0));
        if (i > 0) {
            REQUIRE(is_readable(fd, PATIENCE_MS));
            require_next(boundary, i == 1 ? first : second, i == 1 ? 11 : 22);
        }
    }
    REQUIRE(!is_readable(fd, 0));
    REQUIRE_EQ(ended(boundary, first, 0).result, 1);
    REQUIRE_EQ(ended(boundary, second, 0).result, 2);
    REQUIRE_EQ(ended(boundary, silent, 0).result, 0);

    // A deadline that passes while nobody looks.
    first = notified(boundary, 33, patience());
    second = notified(boundary, 44, soon());
    REQUIRE(is_readable(fd, PATIENCE_MS));
    require_next(boundary, second, 44);
    REQUIRE(!is_readable(fd, 0));
    REQUIRE_EQ(ended(boundary, second, -ETIME).outcome, SPG_CALL_EXPIRED);
    // An end that is fetched before it was told.
    REQUIRE_OK(spg_ticket_cancel(boundary, first));
    REQUIRE(is_readable(fd, PATIENCE_MS));
    ended(boundary, first, -ECANCELED);
    REQUIRE(!is_readable(fd, 0));
    REQUIRE_CODE(spg_ticket_next(boundary, &none, NULL), -EAGAIN);
    // Closed: what has ended by that is told, then that there will be no more.
    first = notified(boundary, 55, patience());
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE(is_readable(fd, PATIENCE_MS));
    require_next(boundary, first, 55);
    REQUIRE(is_readable(fd, PATIENCE_MS));
    REQUIRE_CODE(spg_ticket_next(boundary, &none, NULL), -ENOLINK);
    REQUIRE_EQ(ended(boundary, first, -ENOLINK).outcome, SPG_CALL_CLOSED);
    free_checked(boundary);
    return 0;
}

// ---- Several runtimes, and processes ----------------------------------------------------------

static int calls_across(void *arg)
{
    crew *self = arg;
    return calls_all(self);
}

START_TEST(tasks_of_two_runtimes_call_each_other)
{
    spg_options options = test_options(SHARDS);
    spg_rt *near = start_runtime(&options);
    spg_rt *far = start_runtime(&options);
    spg_boundary *boundary = NULL;
    REQUIRE_OK(spg_boundary_open(near, NULL, &boundary));
    crew caller = {.boundary = boundary, .count = scaled(5000, 100)};
    spg_task calling;
    spg_task serving;
    REQUIRE_OK(spg_spawn_in(near, NULL, serves_until_closed, boundary, &serving));
    REQUIRE_OK(spg_spawn_in(far, NULL, calls_across, &caller, &calling));
    int result = -1;
    REQUIRE_OK(spg_join(calling, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(far);
    REQUIRE_OK(spg_boundary_close(boundary));
    REQUIRE_OK(spg_join(serving, &result, SPG_NEVER));
    REQUIRE_OK(result);
    free_checked(boundary);
    end_runtime(near);
}
END_TEST

START_TEST(a_child_of_fork_is_told)
{
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    spg_boundary *boundary = NULL;
    REQUIRE_OK(spg_boundary_open(rt, NULL, &boundary));
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        spg_ticket ticket;
        spg_boundary *other;
        bool told = spg_submit(boundary, NULL, NULL, 0, &ticket, SPG_NEVER) == -EOWNERDEAD &&
                    spg_boundary_open(rt, NULL, &other) == -EOWNERDEAD &&
                    spg_boundary_free(boundary) == -EOWNERDEAD;
        _exit(told ? 0 : 1);
    }
    int status = -1;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    REQUIRE_EQ(status, 0);
    free_checked(boundary);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boundary");
    TCase *tests = add_tests(suite, "boundary", 60);
    tcase_add_test(tests, tasks_and_threads_call_and_serve);
    tcase_add_test(tests, requests_are_taken_in_their_order);
    tcase_add_test(tests, overload_is_an_answer);
    tcase_add_test(tests, those_who_wait_for_room_get_it_in_their_order);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    tcase_add_test(tests, a_descriptor_is_readable_while_requests_wait);
    tcase_add_test(tests, a_descriptor_is_readable_while_ends_are_to_be_told);
    tcase_add_test(tests, tasks_of_two_runtimes_call_each_other);
    tcase_add_test(tests, a_child_of_fork_is_told);
    return run_suite("test_boundary", suite);
}
