// SPDX-License-Identifier: MIT
// calls.c: calls at a boundary: a thread calls a task, and a task calls a thread.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct calls {
    struct driver driver; // of boundary_rtt_out: the task that calls
    spg_boundary *boundary;
    pthread_t thread; // of boundary_rtt_out: it serves
};

// Who waits on a spinning row keeps looking.
static spg_time patience(const struct driver *driver)
{
    return driver->settings->spins ? SPG_NOW : SPG_NEVER;
}

static uint64_t serve(spg_boundary *boundary, spg_time until)
{
    for (;;) {
        spg_request request;
        int code = spg_serve(boundary, &request, until);
        if (code == 0) {
            row_must(spg_reply(&request, 0, request.data, request.bytes), "spg_reply");
        } else if (code != -ETIME) {
            return 0; // closed
        }
    }
}

static uint64_t call_often(struct calls *calls, bool warm_up)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (warm_up ? CALLS_WARM_UP : CALLS); i++) {
        uint64_t answer = 0;
        int64_t begin = row_now();
        row_must(
            spg_call(calls->boundary, NULL, &i, sizeof i, &answer, sizeof answer, NULL, SPG_NEVER),
            "spg_call");
        row_latency(row_now() - begin);
        sum += answer;
    }
    return sum;
}

// Until the ticket has an answer; a thread that must not sleep looks again and again.
static uint64_t call_and_look(struct calls *calls, bool warm_up)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (warm_up ? CALLS_WARM_UP : CALLS); i++) {
        uint64_t answer = 0;
        spg_ticket ticket;
        int code;
        int64_t begin = row_now();
        row_must(spg_submit(calls->boundary, NULL, &i, sizeof i, &ticket, SPG_NEVER), "spg_submit");
        while ((code = spg_ticket_wait(calls->boundary, ticket, &answer, sizeof answer, NULL,
                                       SPG_NOW)) == -ETIME) {
        }
        row_must(code, "spg_ticket_wait");
        row_latency(row_now() - begin);
        sum += answer;
    }
    return sum;
}

// ---- A thread calls a task -------------------------------------------------------------------

static int serve_inside(void *arg)
{
    struct calls *calls = arg;
    return (int)serve(calls->boundary, SPG_NEVER);
}

static void *begin_in(const struct row_settings *settings, uint32_t workers)
{
    struct calls *calls = calloc(1, sizeof *calls);
    row_must(calls ? 0 : -ENOMEM, "calloc");
    spg_options options = {.shards = workers,
                           .idle = settings->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    calls->driver.settings = settings;
    row_must(spg_create(&options, &calls->driver.rt), "spg_create");
    row_must(spg_boundary_open(calls->driver.rt, NULL, &calls->boundary), "spg_boundary_open");
    row_must(spg_spawn_in(calls->driver.rt, NULL, serve_inside, calls, &calls->driver.task),
             "spg_spawn_in");
    return calls;
}

static uint64_t call_in(void *state, bool warm_up)
{
    struct calls *calls = state;
    return calls->driver.settings->spins ? call_and_look(calls, warm_up)
                                         : call_often(calls, warm_up);
}

static void end_in(void *state)
{
    struct calls *calls = state;
    row_must(spg_boundary_close(calls->boundary), "spg_boundary_close");
    row_must(spg_join(calls->driver.task, NULL, SPG_NEVER), "spg_join");
    row_must(spg_boundary_free(calls->boundary), "spg_boundary_free");
    row_must(spg_destroy(calls->driver.rt), "spg_destroy");
    free(calls);
}

// ---- A task calls a thread -------------------------------------------------------------------

static void *serve_outside(void *arg)
{
    struct calls *calls = arg;
    serve(calls->boundary, patience(&calls->driver));
    return NULL;
}

static void start_thread(struct driver *driver)
{
    struct calls *calls = (struct calls *)driver;
    row_must(spg_boundary_open(driver->rt, NULL, &calls->boundary), "spg_boundary_open");
    row_must(-pthread_create(&calls->thread, NULL, serve_outside, calls), "pthread_create");
}

static void end_thread(struct driver *driver)
{
    struct calls *calls = (struct calls *)driver;
    row_must(spg_boundary_close(calls->boundary), "spg_boundary_close");
    row_must(-pthread_join(calls->thread, NULL), "pthread_join");
    row_must(spg_boundary_free(calls->boundary), "spg_boundary_free");
}

static uint64_t call_out(struct driver *driver, bool warm_up)
{
    return call_often((struct calls *)driver, warm_up);
}

static void *begin_out(const struct row_settings *settings, uint32_t workers)
{
    struct calls *calls = calloc(1, sizeof *calls);
    row_must(calls ? 0 : -ENOMEM, "calloc");
    calls->driver.first = start_thread;
    calls->driver.work = call_out;
    calls->driver.last = end_thread;
    driver_start(&calls->driver, settings, workers, false);
    return calls;
}

static void end_out(void *state)
{
    driver_stop(state);
    free(state);
}

const struct row call_rows[CALL_ROWS] = {
    {"boundary_rtt", 2, begin_in, call_in, end_in, false},
    {"boundary_rtt_out", 2, begin_out, driver_iterate, end_out, false},
};
