// SPDX-License-Identifier: MIT
// stress_boundary.c: calls with random deadlines, where either side abandons, drops, closes or
// comes too late: every call ends once, and both sides are told the same.
#include "support.h"

#include <poll.h>
#include <pthread.h>

enum { SHARDS = 3, TASKS = 8, THREADS = 2, SERVER_TASKS = 3, SERVER_THREADS = 1, LOOPS = 1 };
enum { OUTCOMES = SPG_CALL_REFUSED + 1 };

// What was said about one call: by its caller, once, and by its server, at most once.
typedef struct record {
    _Atomic uint32_t caller; // 1 + outcome
    _Atomic uint32_t server; // 1 + outcome
} record;

typedef struct load {
    spg_boundary *boundary;
    record *records;
    uint64_t calls;       // of each caller that are accepted; tries that are refused come on top
    uint64_t close_after; // so many of the first caller; 0: when all have done theirs
    _Atomic uint64_t callers_left;
    _Atomic uint64_t by_outcome[OUTCOMES];
} load;

typedef struct member {
    load *all;
    uint64_t number;
    uint64_t seed;
} member;

static void told_caller(load *all, uint64_t id, enum spg_outcome outcome)
{
    REQUIRE(outcome != SPG_CALL_PENDING);
    atomic_fetch_add(&all->by_outcome[outcome], 1);
    if (outcome != SPG_CALL_REFUSED) { // else the next try has the same number
        REQUIRE_EQ(atomic_exchange(&all->records[id].caller, 1u + outcome), 0);
    }
}

static void told_server(load *all, uint64_t id, enum spg_outcome outcome)
{
    REQUIRE_EQ(atomic_exchange(&all->records[id].server, 1u + outcome), 0);
}

// What spg_call, spg_ticket_wait say, in two words: they must fit.
static void require_fits(int code, const spg_answer *answer, uint64_t id, uint64_t reply)
{
    static const int codes[OUTCOMES] = {
        [SPG_CALL_DROPPED] = -ENODATA, [SPG_CALL_EXPIRED] = -ETIME,
        [SPG_CALL_TIMED_OUT] = -ETIME, [SPG_CALL_CANCELED] = -ECANCELED,
        [SPG_CALL_CLOSED] = -ENOLINK,  [SPG_CALL_SHUT_DOWN] = -ESHUTDOWN,
    };
    if (answer->outcome == SPG_CALL_REFUSED) {
        REQUIRE(code == -ETIME || code == -EAGAIN || code == -ENOLINK);
        return;
    }
    REQUIRE_CODE(code, codes[answer->outcome]);
    REQUIRE_EQ(answer->user, id);
    if (answer->outcome == SPG_CALL_ANSWERED) {
        REQUIRE_EQ(answer->result, (int)(id & 0xFFFF));
        REQUIRE_EQ(answer->bytes, sizeof reply);
        REQUIRE_EQ(reply, ~id);
    }
}

static spg_time random_deadline(uint64_t *state)
{
    switch (random_below(state, 4)) {
    case 0:
        return spg_after(random_below(state, 30) * SPG_US);
    case 1:
        return spg_after(random_below(state, 500) * SPG_US);
    default:
        return spg_after(random_below(state, 20) * SPG_MS);
    }
}

// Tasks and threads.
static void pause_a_little(uint64_t *state)
{
    spg_time until = spg_after(random_below(state, 100) * SPG_US);
    if (spg_sleep(until) == -EPERM && random_below(state, 8) == 0) {
        nap();
    }
}

// ---- Callers ----

static void wait_for(load *all, spg_ticket ticket, uint64_t id, uint64_t *state)
{
    for (;;) {
        uint64_t reply = 0;
        spg_answer answer;
        int code = spg_ticket_wait(all->boundary, ticket, &reply, sizeof reply, &answer,
                                   random_deadline(state));
        if (answer.outcome != SPG_CALL_PENDING) {
            require_fits(code, &answer, id, reply);
            REQUIRE(answer.outcome != SPG_CALL_REFUSED);
            told_caller(all, id, answer.outcome);
            return;
        }
        REQUIRE_CODE(code, -ETIME);
        if (random_below(state, 3) == 0) {
            code = spg_ticket_cancel(all->boundary, ticket);
            REQUIRE(code == 0 || code == -EALREADY);
        }
    }
}

// Returns 0: it was accepted, and has ended; else why not.
static int submit_one(load *all, uint64_t id, uint64_t *state)
{
    spg_ticket ticket;
    spg_call_options options = {.trace = id, .user = id};
    int code = spg_submit(all->boundary, &options, &id, sizeof id, &ticket, random_deadline(state));
    if (code) {
        REQUIRE(code == -ETIME || code == -EAGAIN || code == -ENOLINK);
        told_caller(all, id, SPG_CALL_REFUSED);
        return code;
    }
    if (random_below(state, 4) == 0) {
        pause_a_little(state);
    }
    if (random_below(state, 8) == 0) {
        REQUIRE_OK(spg_ticket_drop(all->boundary, ticket));
        told_caller(all, id, SPG_CALL_CANCELED); // or otherwise: it did not want to know
        return 0;
    }
    wait_for(all, ticket, id, state);
    return 0;
}

static int call_one(load *all, uint64_t id, uint64_t *state)
{
    uint64_t reply = 0;
    spg_answer answer;
    spg_call_options options = {.trace = id, .user = id};
    spg_time deadline = random_deadline(state);
    int code = random_below(state, 2) ? spg_call(all->boundary, &options, &id, sizeof id, &reply,
                                                 sizeof reply, &answer, deadline)
                                      : spg_try_call(all->boundary, &options, &id, sizeof id,
                                                     &reply, sizeof reply, &answer, deadline);
    require_fits(code, &answer, id, reply);
    told_caller(all, id, answer.outcome);
    return answer.outcome == SPG_CALL_REFUSED ? code : 0;
}

static void close_if_last(load *all)
{
    if (atomic_fetch_sub(&all->callers_left, 1) == 1) {
        REQUIRE_OK(spg_boundary_close(all->boundary));
    }
}

static int calls(void *arg)
{
    const member *self = arg;
    load *all = self->all;
    uint64_t state = self->seed;
    for (uint64_t i = 0; i < all->calls;) {
        uint64_t id = self->number * all->calls + i;
        int code =
            random_below(&state, 3) == 0 ? submit_one(all, id, &state) : call_one(all, id, &state);
        if (code == -ENOLINK) {
            break;
        }
        if (code) {
            pause_a_little(&state);
            continue;
        }
        i++;
        if (id + 1 == all->close_after) {
            REQUIRE_OK(spg_boundary_close(all->boundary));
        }
    }
    close_if_last(all);
    return 0;
}

static void *calls_outside(void *arg)
{
    calls(arg);
    return NULL;
}

// A foreign event loop: submits while it may, then learns of the ends by the descriptor.
static void *loops(void *arg)
{
    const member *self = arg;
    load *all = self->all;
    uint64_t state = self->seed;
    uint64_t next = 0;
    uint64_t open = 0;
    struct pollfd ends = {.fd = spg_boundary_reply_fd(all->boundary), .events = POLLIN};
    REQUIRE(ends.fd >= 0);
    bool closed = false;
    while ((!closed && next < all->calls) || open > 0) {
        while (!closed && next < all->calls && open < 3) {
            uint64_t id = self->number * all->calls + next;
            spg_call_options options = {.trace = id, .user = id, .notify = true};
            spg_ticket ticket;
            int code = spg_submit(all->boundary, &options, &id, sizeof id, &ticket,
                                  random_deadline(&state));
            closed = code == -ENOLINK;
            if (code) {
                told_caller(all, id, SPG_CALL_REFUSED);
                pause_a_little(&state);
                break;
            }
            next++;
            open++;
        }
        REQUIRE(open == 0 || poll(&ends, 1, 60000) == 1);
        spg_ticket ticket;
        uint64_t id;
        while (open > 0 && spg_ticket_next(all->boundary, &ticket, &id) == 0) {
            REQUIRE_EQ(spg_ticket_done(all->boundary, ticket), 1);
            wait_for(all, ticket, id, &state);
            open--;
        }
    }
    close_if_last(all);
    return NULL;
}

// ---- Servers ----

static enum spg_outcome outcome_of(int code, enum spg_outcome done)
{
    return code == 0            ? done
           : code == -ETIME     ? SPG_CALL_TIMED_OUT
           : code == -ECANCELED ? SPG_CALL_CANCELED
           : code == -ENOLINK   ? SPG_CALL_CLOSED
           : code == -ESHUTDOWN ? SPG_CALL_SHUT_DOWN
                                : SPG_CALL_PENDING;
}

static void serve_one(load *all, const spg_request *request, uint64_t *state)
{
    uint64_t id;
    REQUIRE_EQ(request->bytes, sizeof id);
    memcpy(&id, request->data, sizeof id);
    REQUIRE_EQ(request->trace, id);
    if (random_below(state, 3) == 0) {
        pause_a_little(state);
    }
    bool drops = random_below(state, 6) == 0;
    uint64_t reply = ~id;
    int code = spg_request_waiting(request);
    REQUIRE(code == 0 || outcome_of(code, SPG_CALL_PENDING) != SPG_CALL_PENDING);
    uint64_t again;
    memcpy(&again, request->data, sizeof again); // still the same: the slot is the server's
    REQUIRE_EQ(again, id);
    code = drops ? spg_request_drop(request)
                 : spg_reply(request, (int)(id & 0xFFFF), &reply, sizeof reply);
    enum spg_outcome outcome = outcome_of(code, drops ? SPG_CALL_DROPPED : SPG_CALL_ANSWERED);
    REQUIRE(outcome != SPG_CALL_PENDING);
    told_server(all, id, outcome);
}

static int serves(void *arg)
{
    const member *self = arg;
    uint64_t state = self->seed;
    spg_request request;
    int code;
    for (;;) {
        code = spg_serve(self->all->boundary, &request, random_deadline(&state));
        if (code == 0) {
            serve_one(self->all, &request, &state);
        } else if (code != -ETIME) {
            break;
        }
    }
    REQUIRE_CODE(code, -ENOLINK);
    return 0;
}

static void *serves_outside(void *arg)
{
    serves(arg);
    return NULL;
}

// ---- Rounds ----

enum { CALLERS = TASKS + THREADS + LOOPS, MEMBERS = CALLERS + SERVER_TASKS + SERVER_THREADS };

static void look_over(const load *all, spg_boundary_stats *total)
{
    spg_boundary_stats stats;
    REQUIRE_OK(spg_boundary_stats_get(all->boundary, &stats));
    REQUIRE_EQ(stats.depth, 0);
    REQUIRE_EQ(stats.taken, 0);
    REQUIRE(all->close_after > 0 || stats.accepted == all->calls * CALLERS);
    REQUIRE_EQ(stats.refused, all->by_outcome[SPG_CALL_REFUSED]);
    REQUIRE_EQ(stats.accepted, stats.answered + stats.dropped + stats.expired + stats.timed_out +
                                   stats.canceled + stats.closed);
    total->accepted += stats.accepted;
    total->closed += stats.closed;
    uint64_t late = 0;
    uint64_t told = 0;
    for (uint64_t id = 0; id < all->calls * CALLERS; id++) {
        uint32_t caller = all->records[id].caller;
        uint32_t server = all->records[id].server;
        told += caller != 0;
        bool unseen = caller == 1 + SPG_CALL_CANCELED; // it may have been dropped after its end
        bool never = caller == 0 || caller == 1 + SPG_CALL_EXPIRED;
        bool may_be_queued = unseen || caller == 1 + SPG_CALL_CLOSED;
        REQUIRE(!never || server == 0);
        REQUIRE(never || (may_be_queued && server == 0) || unseen || server == caller);
        late += server > 1 + SPG_CALL_DROPPED;
    }
    REQUIRE_EQ(stats.late, late);
    REQUIRE_EQ(stats.accepted, told);
}

static void run_round(spg_rt *rt, uint64_t number, uint64_t each, uint64_t close_after,
                      spg_boundary_stats *total)
{
    uint64_t state = random_stream(number);
    load all = {.calls = each, .callers_left = CALLERS, .close_after = close_after};
    spg_boundary_options options = {.calls = 1 + random_below(&state, 24)};
    all.records = calloc(all.calls * CALLERS, sizeof *all.records);
    REQUIRE(all.records != NULL);
    REQUIRE_OK(spg_boundary_open(rt, &options, &all.boundary));
    member members[MEMBERS];
    spg_task tasks[MEMBERS];
    pthread_t threads[MEMBERS];
    bool is_task[MEMBERS];
    for (uint64_t i = 0; i < MEMBERS; i++) {
        members[i] = (member){&all, i, random_next(&state)};
        bool server = i >= CALLERS;
        is_task[i] = server ? i < CALLERS + SERVER_TASKS : i < TASKS;
        if (is_task[i]) {
            REQUIRE_OK(spg_spawn_in(rt, NULL, server ? serves : calls, &members[i], &tasks[i]));
        } else {
            void *(*body)(void *) = server                ? serves_outside
                                    : i < TASKS + THREADS ? calls_outside
                                                          : loops;
            REQUIRE_EQ(pthread_create(&threads[i], NULL, body, &members[i]), 0);
        }
    }
    for (uint64_t i = 0; i < MEMBERS; i++) {
        if (is_task[i]) {
            int result = -1;
            REQUIRE_OK(spg_join(tasks[i], &result, SPG_NEVER));
            REQUIRE_OK(result);
        } else {
            pthread_join(threads[i], NULL);
        }
    }
    look_over(&all, total);
    REQUIRE_OK(spg_boundary_free(all.boundary));
    free(all.records);
}

// Both together: a million calls that are accepted, more than 1 % of which a close has ended.

START_TEST(every_call_ends_once)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_boundary_stats total = {0};
    for (uint64_t i = 0; total.accepted < scaled(750000, 7500); i++) {
        run_round(rt, i, scaled(2500, 100), 0, &total);
    }
    end_runtime(rt);
}
END_TEST

START_TEST(boundaries_are_closed_under_their_users)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_boundary_stats total = {0};
    for (uint64_t i = 0; total.accepted < scaled(250000, 2500) || total.closed < scaled(12500, 125);
         i++) {
        run_round(rt, 1000000 + i, 60, 1 + i % 20, &total);
    }
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boundary");
    TCase *tests = add_tests(suite, "boundary", 400);
    tcase_add_test(tests, every_call_ends_once);
    tcase_add_test(tests, boundaries_are_closed_under_their_users);
    return run_suite("stress_boundary", suite);
}
