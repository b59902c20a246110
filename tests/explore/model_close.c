// SPDX-License-Identifier: MIT
// model_close.c: closing a descriptor ends the ops of others on it, also those begun just then.
#include "machine.h"

#include "api/descriptor.h"
#include "base/assert.h"
#include "core/fdtable.h"
#include "sys/calls.h"

#include <errno.h>
#include <poll.h>

enum { FD = 5, CLOSER = 0, USERS = 1 };

static spg_fd handle;
static unsigned users_done;
static unsigned closed;

void spgi_call_close(int fd)
{
    explore_assert(fd == FD, "another descriptor is closed");
}

// The descriptor never becomes ready: nothing but the close ends this.
static int use_main(void *arg)
{
    (void)arg;
    struct spgi_use use;
    struct spgi_request poll = {.opcode = SPGI_OP_POLL, .fd = FD, .op_flags = POLLIN};
    int result = spgi_use_begin_wait(&use, handle);
    if (result == 0) {
        explore_assert(!closed, "a closed descriptor gave a reference");
        result = spgi_use_run(&use, &poll, 0, SPG_NEVER);
    }
    explore_assert(result == -EBADF, "a call on a closed descriptor with a strange result");
    users_done++;
    machine_end();
    return 0;
}

static int close_main(void *arg)
{
    (void)arg;
    explore_assert(spg_close(handle) == 0, "a close has failed");
    closed++;
    explore_assert(spg_close(handle) == -EBADF, "a handle was closed twice");
    machine_end();
    return 0;
}

static void begin(unsigned users, enum machine_place place)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = users + 1});
    users_done = closed = 0;
    struct spg_rt *rt = machine_rt();
    spgi_fdtable_init(&rt->fds, 1);
    SPGI_CHECK(spgi_fd_add(rt, FD, &handle) == 0);
    for (unsigned i = 0; i < users; i++) {
        machine_start(USERS, place, use_main, NULL);
    }
    machine_start(CLOSER, MACHINE_PINNED, close_main, NULL);
}

static void begin_one(void)
{
    begin(1, MACHINE_PINNED);
}

// Room for one request at a time: the second user holds its reference while it waits for room.
static void begin_without_room(void)
{
    begin(2, MACHINE_PINNED);
    struct spgi_shard *shard = machine_rt()->shards[USERS];
    shard->sq_reserve = spgi_ring_room(shard->ring) - 1;
}

static void all_ended(void)
{
    explore_assert(closed == 1, "the descriptor is not closed");
    explore_assert(users_done > 0, "a call has not ended");
    machine_check();
}

static const struct explore_model close_one = {
    .name = "close: one op",
    .setup = begin_one,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_ended,
    .full = {2, 1},
};

static const struct explore_model close_without_room = {
    .name = "close: no room for an op",
    .setup = begin_without_room,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_ended,
    .full = {2, 1},
    .quick = {1, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&close_one, &close_without_room, NULL};
    return explore_main(argc, argv, models);
}
