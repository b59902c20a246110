// SPDX-License-Identifier: MIT
// test_trace.c: what a server sees of the scope that a call comes from: its id and its trace.
#include "boundaries.h"

static spg_boundary *boundary;

// Calls from where it is called, and gives the request as the server sees it.
static spg_request seen(const spg_call_options *options)
{
    spg_ticket ticket;
    REQUIRE_OK(spg_submit(boundary, options, NULL, 0, &ticket, SPG_NEVER));
    spg_request request = taken(boundary);
    REQUIRE_OK(spg_reply(&request, 0, NULL, 0));
    REQUIRE_OK(spg_ticket_wait(boundary, ticket, NULL, 0, NULL, SPG_NOW));
    return request;
}

static void close_boundary(void)
{
    REQUIRE_OK(spg_boundary_free(boundary));
}

// ---- Ids -------------------------------------------------------------------------------------

static uint64_t id_of_a_scope(void)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    uint64_t id = seen(NULL).scope;
    REQUIRE(id != 0);
    REQUIRE_EQ(seen(NULL).scope, id);
    REQUIRE_OK(spg_scope_close(&scope));
    return id;
}

static int gives_id_of_a_scope(void *arg)
{
    *(uint64_t *)arg = id_of_a_scope();
    return 0;
}

TASK_TEST(scopes_at_the_same_address_are_told_apart, SHARDS)
{
    boundary = opened(1);
    uint64_t ids[2 + SHARDS];
    ids[0] = id_of_a_scope();
    ids[1] = id_of_a_scope();
    for (uint32_t i = 0; i < SHARDS; i++) {
        spg_attr there = pinned_to(i);
        REQUIRE_OK(joined(spawned(&there, gives_id_of_a_scope, &ids[2 + i])));
    }
    for (int i = 0; i < 2 + SHARDS; i++) {
        for (int k = 0; k < i; k++) {
            REQUIRE(ids[i] != ids[k]);
        }
    }
    REQUIRE_EQ(seen(NULL).scope, 0); // the root
    close_boundary();
    return 0;
}

// ---- Traces ----------------------------------------------------------------------------------

enum { TRACE = 77, OTHER = 88 };

static int has_trace(void *arg)
{
    uint64_t trace = *(const uint64_t *)arg;
    spg_call_options options = {.trace = 99};
    REQUIRE_EQ(spg_trace(), trace);
    REQUIRE_EQ(seen(NULL).trace, trace);
    REQUIRE_EQ(seen(&options).trace, 99); // the call's own
    return 0;
}

static void spawn_with_trace(uint64_t trace)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        spg_attr there = pinned_to(i);
        REQUIRE_OK(joined(spawned(&there, has_trace, &trace)));
    }
}

TASK_TEST(traces_are_inherited, SHARDS)
{
    boundary = opened(1);
    spg_scope outer;
    spg_scope early;
    spg_scope late;
    spawn_with_trace(0);
    REQUIRE_OK(spg_scope_open(&outer, SPG_NEVER));
    REQUIRE_OK(spg_scope_open(&early, SPG_NEVER));
    REQUIRE_OK(spg_scope_trace_set(&outer, TRACE));
    REQUIRE_EQ(spg_trace(), 0); // that was opened before
    REQUIRE_OK(spg_scope_close(&early));
    REQUIRE_EQ(spg_trace(), TRACE);
    spawn_with_trace(TRACE);
    REQUIRE_OK(spg_scope_open(&late, SPG_NEVER));
    spawn_with_trace(TRACE);
    REQUIRE_OK(spg_scope_trace_set(&late, OTHER));
    spawn_with_trace(OTHER);
    REQUIRE_OK(spg_scope_close(&late));
    spawn_with_trace(TRACE);
    REQUIRE_OK(spg_scope_trace_set(&outer, 0));
    REQUIRE_EQ(spg_trace(), 0);
    REQUIRE_OK(spg_scope_close(&outer));
    close_boundary();
    return 0;
}

TASK_TEST(traces_belong_to_open_scopes, 1)
{
    spg_scope scope;
    REQUIRE_CODE(spg_scope_trace_set(NULL, TRACE), -EINVAL);
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_CODE(spg_scope_trace_set(&scope, TRACE), -EINVAL);
    return 0;
}

START_TEST(outside_of_tasks_there_is_no_trace)
{
    spg_scope scope = {{0}};
    REQUIRE_EQ(spg_trace(), 0);
    REQUIRE_CODE(spg_scope_trace_set(&scope, TRACE), -EPERM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = add_tests(suite, "trace", 60);
    tcase_add_test(tests, scopes_at_the_same_address_are_told_apart);
    tcase_add_test(tests, traces_are_inherited);
    tcase_add_test(tests, traces_belong_to_open_scopes);
    tcase_add_test(tests, outside_of_tasks_there_is_no_trace);
    return run_suite("test_trace", suite);
}
