// SPDX-License-Identifier: MIT
// boundaries.h: what the tests of boundaries share: callers, servers, and looking at ends.
#ifndef SPARGIO_TESTS_UNIT_BOUNDARIES_H
#define SPARGIO_TESTS_UNIT_BOUNDARIES_H

#include "support.h"

enum { SHARDS = 2 };

static inline spg_boundary *opened(uint32_t calls)
{
    spg_boundary_options options = {.calls = calls};
    spg_boundary *boundary = NULL;
    REQUIRE_OK(spg_boundary_open(spg_runtime(), &options, &boundary));
    REQUIRE(boundary != NULL);
    return boundary;
}

static inline spg_boundary_stats stats_of(spg_boundary *boundary)
{
    spg_boundary_stats stats;
    REQUIRE_OK(spg_boundary_stats_get(boundary, &stats));
    return stats;
}

static inline spg_ticket submitted(spg_boundary *boundary, uint64_t value, spg_time deadline)
{
    spg_ticket ticket = {0};
    spg_call_options options = {.trace = value, .user = value};
    REQUIRE_OK(spg_submit(boundary, &options, &value, sizeof value, &ticket, deadline));
    REQUIRE(ticket.v != 0);
    return ticket;
}

static inline spg_request taken(spg_boundary *boundary)
{
    spg_request request;
    REQUIRE_OK(spg_serve(boundary, &request, patience()));
    return request;
}

static inline uint64_t value_of(const spg_request *request)
{
    uint64_t value;
    REQUIRE_EQ(request->bytes, sizeof value);
    memcpy(&value, request->data, sizeof value);
    return value;
}

static inline int answer_double(const spg_request *request)
{
    uint64_t reply = 2 * value_of(request);
    return spg_reply(request, (int)value_of(request), &reply, sizeof reply);
}

// Fetches the end of a ticket without waiting: it must be there.
static inline spg_answer ended(spg_boundary *boundary, spg_ticket ticket, int code)
{
    spg_answer answer;
    REQUIRE_EQ(spg_ticket_done(boundary, ticket), 1);
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, &answer, SPG_NOW), code);
    REQUIRE_CODE(spg_ticket_wait(boundary, ticket, NULL, 0, NULL, SPG_NOW), -ESRCH);
    REQUIRE_CODE(spg_ticket_done(boundary, ticket), -ESRCH);
    return answer;
}

static inline void free_checked(spg_boundary *boundary)
{
    spg_boundary_stats stats = stats_of(boundary);
    REQUIRE_EQ(stats.accepted, stats.answered + stats.dropped + stats.expired + stats.timed_out +
                                   stats.canceled + stats.closed);
    REQUIRE_EQ(stats.depth, 0);
    REQUIRE_EQ(stats.taken, 0);
    REQUIRE_EQ(stats.oldest_ns, 0);
    REQUIRE_OK(spg_boundary_free(boundary));
}

typedef struct crew {
    spg_boundary *boundary;
    uint64_t first;
    uint64_t count;
    bool tries; // spg_try_call, again on overload
} crew;

static inline int calls_all(void *arg)
{
    const crew *self = arg;
    for (uint64_t i = 0; i < self->count;) {
        uint64_t value = self->first + i;
        uint64_t reply = 0;
        spg_answer answer;
        spg_call_options options = {.trace = value, .user = ~value};
        int code = self->tries ? spg_try_call(self->boundary, &options, &value, sizeof value,
                                              &reply, sizeof reply, &answer, patience())
                               : spg_call(self->boundary, &options, &value, sizeof value, &reply,
                                          sizeof reply, &answer, patience());
        REQUIRE_EQ(answer.user, ~value);
        if (code == -EAGAIN) {
            REQUIRE_EQ(answer.outcome, SPG_CALL_REFUSED);
            if (spg_sleep(spg_after(20 * SPG_US)) == -EPERM) {
                nap();
            }
            continue;
        }
        REQUIRE_OK(code);
        REQUIRE_EQ(answer.outcome, SPG_CALL_ANSWERED);
        REQUIRE_EQ(answer.result, (int)value);
        REQUIRE_EQ(answer.bytes, sizeof reply);
        REQUIRE_EQ(reply, 2 * value);
        i++;
    }
    return 0;
}

static inline int serves_until_closed(void *arg)
{
    spg_boundary *boundary = arg;
    spg_request request;
    int code;
    while ((code = spg_serve(boundary, &request, patience())) == 0) {
        REQUIRE_EQ(request.trace, value_of(&request));
        REQUIRE_OK(spg_request_waiting(&request));
        REQUIRE_OK(answer_double(&request));
        REQUIRE_CODE(spg_request_waiting(&request), -ESRCH);
        REQUIRE_CODE(spg_reply(&request, 0, NULL, 0), -ESRCH);
    }
    REQUIRE_CODE(code, -ENOLINK);
    return 0;
}

typedef struct turn {
    spg_boundary *boundary;
    uint64_t value;
    int code;
    spg_answer answer;
} turn;

static inline int calls_once(void *arg)
{
    turn *self = arg;
    uint64_t reply;
    self->code = spg_call(self->boundary, NULL, &self->value, sizeof self->value, &reply,
                          sizeof reply, &self->answer, patience());
    return 0;
}

static inline int serves_once(void *arg)
{
    spg_request request;
    return spg_serve(arg, &request, SPG_NEVER);
}

#endif
