// SPDX-License-Identifier: MIT
// model_boundary.c: calls at a boundary: nobody who waits for an answer, for a request or for a
// slot is forgotten, and both sides are told the same, whoever cancels or closes meanwhile.
#include "machine.h"

#include <errno.h>

static spg_boundary *boundary;
static spg_task calling;
static int told_caller;
static int told_server;

enum { NOTHING = 1 };

static void begin(unsigned shards, unsigned ends)
{
    machine_begin(&(struct machine_options){.shards = shards, .ends = ends});
    spg_boundary_options options = {.calls = 1, .request_bytes = 16, .reply_bytes = 16};
    int error = spg_boundary_open(machine_rt(), &options, &boundary);
    explore_assert(error == 0, "a boundary cannot be opened");
    told_caller = told_server = NOTHING;
}

// ---- What tasks and threads do ---------------------------------------------------------------

static void call_one(void)
{
    spg_answer answer;
    told_caller = spg_call(boundary, NULL, NULL, 0, NULL, 0, &answer, SPG_NEVER);
    explore_assert(told_caller != 0 || answer.result == 7, "an answer is another one");
    machine_end();
}

static int call(void *arg)
{
    (void)arg;
    call_one();
    return 0;
}

static void serve_some(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        spg_request request;
        int error = spg_serve(boundary, &request, SPG_NEVER);
        if (error) {
            explore_assert(error == -ENOLINK, "serving has failed");
            break;
        }
        told_server = spg_reply(&request, 7, NULL, 0);
    }
    machine_end();
}

static int serve(void *arg)
{
    (void)arg;
    serve_some(1);
    return 0;
}

static int serve_two(void *arg)
{
    (void)arg;
    serve_some(2);
    return 0;
}

static void serve_outside(void)
{
    serve_some(1);
}

static void close_boundary(void)
{
    spg_boundary_close(boundary);
    machine_end();
}

static void cancel_then_close(void)
{
    spg_cancel(calling);
    spg_detach(calling);
    spg_boundary_close(boundary);
    machine_end();
}

// ---- Checks ----------------------------------------------------------------------------------

static void look_over(void)
{
    machine_check();
    spg_boundary_stats stats;
    explore_assert(spg_boundary_stats_get(boundary, &stats) == 0, "no numbers");
    explore_assert(stats.depth == 0 && stats.taken == 0, "a call is left");
    explore_assert(stats.accepted == stats.answered + stats.canceled + stats.closed,
                   "a call has ended twice, or not at all");
}

static void answered(void)
{
    look_over();
    explore_assert(told_caller == 0 && told_server == 0, "a call is not answered");
}

static void same(void)
{
    look_over();
    explore_assert(told_caller != NOTHING, "a call has not ended");
    explore_assert(told_server == NOTHING || told_server == told_caller,
                   "the sides are told different things");
}

// ---- Scenarios -------------------------------------------------------------------------------

static void begin_wake(void)
{
    begin(2, 2);
    machine_start(0, MACHINE_PINNED, call, NULL);
    machine_start(1, MACHINE_PINNED, serve, NULL);
}

static const struct explore_model wake = {
    .name = "boundary: call, serve",
    .setup = begin_wake,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = answered,
    .full = {2, 1},
};

static void begin_outside(void)
{
    begin(1, 2);
    machine_start(0, MACHINE_PINNED, call, NULL);
}

static const struct explore_model outside = {
    .name = "boundary: a thread serves",
    .setup = begin_outside,
    .threads = {machine_shard, serve_outside, machine_stopper},
    .check = answered,
    .full = {2, 1},
};

static void begin_two(void)
{
    begin(1, 2);
    machine_start(0, MACHINE_PINNED, serve_two, NULL);
}

// The second call needs the slot of the first.
static void call_twice(void)
{
    for (unsigned i = 0; i < 2; i++) {
        told_caller = spg_call(boundary, NULL, NULL, 0, NULL, 0, NULL, SPG_NEVER);
        explore_assert(told_caller == 0, "a call has failed");
    }
    machine_end();
}

static const struct explore_model threads = {
    .name = "boundary: a thread calls twice",
    .setup = begin_two,
    .threads = {machine_shard, call_twice, machine_stopper},
    .check = answered,
    .full = {2, 0},
};

static void begin_closing(void)
{
    begin(1, 3);
    machine_start(0, MACHINE_PINNED, call, NULL);
}

static const struct explore_model closing = {
    .name = "boundary: closed under both",
    .setup = begin_closing,
    .threads = {machine_shard, serve_outside, close_boundary, machine_stopper},
    .check = same,
    .full = {2, 0},
    .quick = {1, 0},
};

static void begin_cancel(void)
{
    begin(1, 3);
    calling = machine_spawn(0, MACHINE_PINNED, call, NULL);
}

static const struct explore_model canceling = {
    .name = "boundary: cancelled, then closed",
    .setup = begin_cancel,
    .threads = {machine_shard, serve_outside, cancel_then_close, machine_stopper},
    .check = same,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- Room ------------------------------------------------------------------------------------

// Two callers, one slot.
static void begin_room(void)
{
    begin(1, 3);
    machine_start(0, MACHINE_PINNED, call, NULL);
    machine_start(0, MACHINE_PINNED, serve_two, NULL);
}

static const struct explore_model room = {
    .name = "boundary: room",
    .setup = begin_room,
    .threads = {machine_shard, call_one, machine_stopper},
    .check = answered,
    .full = {2, 0},
    .quick = {1, 0},
};

// Likewise, and nobody answers: the close ends both, though the server keeps the slot.
static void call_until_closed(void)
{
    int code = spg_call(boundary, NULL, NULL, 0, NULL, 0, NULL, SPG_NEVER);
    explore_assert(code == -ENOLINK, "a call was not ended by the close");
    machine_end();
}

static int call_in_vain(void *arg)
{
    (void)arg;
    call_until_closed();
    return 0;
}

static int serve_without_an_answer(void *arg)
{
    (void)arg;
    spg_request request;
    int error = spg_serve(boundary, &request, SPG_NEVER);
    explore_assert(error == 0 || error == -ENOLINK, "serving has failed");
    machine_end();
    return 0;
}

static void begin_room_closed(void)
{
    begin(1, 4);
    machine_start(0, MACHINE_PINNED, call_in_vain, NULL);
    machine_start(0, MACHINE_PINNED, serve_without_an_answer, NULL);
}

static const struct explore_model room_closed = {
    .name = "boundary: room, closed",
    .setup = begin_room_closed,
    .threads = {machine_shard, call_until_closed, close_boundary, machine_stopper},
    .check = machine_check,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- A deadline against an answer and a close ------------------------------------------------

static void call_in_time(void)
{
    told_caller = spg_call(boundary, NULL, NULL, 0, NULL, 0, NULL, MACHINE_NOW + 1000);
    machine_end();
}

static int call_in_time_as_task(void *arg)
{
    (void)arg;
    call_in_time();
    return 0;
}

static void serve_in_time(void)
{
    spg_request request;
    int error = spg_serve(boundary, &request, MACHINE_NOW + 2000);
    if (error == 0) {
        told_server = spg_reply(&request, 7, NULL, 0);
    }
    machine_end();
}

static int serve_in_time_as_task(void *arg)
{
    (void)arg;
    serve_in_time();
    return 0;
}

static void same_in_time(void)
{
    machine_check();
    spg_boundary_stats stats;
    explore_assert(spg_boundary_stats_get(boundary, &stats) == 0, "no numbers");
    explore_assert(stats.depth == 0 && stats.taken == 0, "a call is left");
    explore_assert(stats.accepted ==
                       stats.answered + stats.expired + stats.timed_out + stats.closed,
                   "a call has ended twice, or not at all");
    explore_assert(told_caller != NOTHING, "a call has not ended");
    explore_assert(told_server == NOTHING || told_server == told_caller,
                   "the sides are told different things");
}

static void begin_timed(void)
{
    begin(1, 3);
    machine_start(0, MACHINE_PINNED, call_in_time_as_task, NULL);
}

static const struct explore_model timed = {
    .name = "boundary: deadline of a task",
    .setup = begin_timed,
    .threads = {machine_shard, serve_outside, close_boundary, machine_stopper},
    .check = same_in_time,
    .full = {2, 0},
    .quick = {1, 0},
};

// A thread whose time is over leaves the line; not if it was chosen: then it has a request, or the
// answer.
static void begin_timed_thread(void)
{
    begin(1, 2);
    machine_start(0, MACHINE_PINNED, call_in_time_as_task, NULL);
}

static const struct explore_model timed_server = {
    .name = "boundary: deadline of a thread that serves",
    .setup = begin_timed_thread,
    .threads = {machine_shard, serve_in_time, machine_stopper},
    .check = same_in_time,
    .full = {2, 0},
};

static void begin_timed_caller(void)
{
    begin(1, 2);
    machine_start(0, MACHINE_PINNED, serve_in_time_as_task, NULL);
}

static const struct explore_model timed_caller = {
    .name = "boundary: deadline of a thread that calls",
    .setup = begin_timed_caller,
    .threads = {machine_shard, call_in_time, machine_stopper},
    .check = same_in_time,
    .full = {2, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &wake,        &outside, &threads,      &closing,      &canceling, &room,
        &room_closed, &timed,   &timed_server, &timed_caller, NULL};
    return explore_main(argc, argv, models);
}
