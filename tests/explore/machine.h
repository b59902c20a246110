// SPDX-License-Identifier: MIT
// machine.h: the shipped core on a modelled kernel, for models of whole protocols.
//
// Shards are threads of the model and run the loop of core/shard.c; tasks are written against the
// public headers. Modelled are the ring (bells, requests, sleeping), clock, futex, mutexes and
// stacks. Time stands still while anything runs, and moves on when a shard sleeps with a time-out:
// whether the time-out or a bell ends the sleep is a choice. Watching (core/sleep.c) is switched
// off, since it would hide lost wake-ups.
//
// Thread 0 .. shards-1 of a model are machine_shard; another is machine_stopper, which stops the
// runtime once as many tasks as machine_options.ends have called machine_end.
#ifndef SPGI_TESTS_EXPLORE_MACHINE_H
#define SPGI_TESTS_EXPLORE_MACHINE_H

#include "core/types.h"
#include "explorer.h"

enum { MACHINE_SHARDS = 3, MACHINE_NOW = 1000000 };

struct machine_options {
    unsigned shards;
    unsigned ends; // calls of machine_end before the runtime stops
    bool stealing;
    uint32_t margin;      // of stealing; 0: 1
    uint32_t probes;      // of stealing; 0: 1
    uint32_t spawn_block; // tasks of a batch that are published at once; 0: as it is shipped
};

// In setup.
void machine_begin(const struct machine_options *options);
// In setup: a task that is ready on a shard; pinned there, or stealable.
enum machine_place { MACHINE_PINNED, MACHINE_STEALABLE };
spg_task machine_spawn(unsigned shard, enum machine_place place, spg_fn *fn, void *arg);
// The same without a handle.
void machine_start(unsigned shard, enum machine_place place, spg_fn *fn, void *arg);

// In setup: a mailbox of a shard.
spg_mailbox machine_mailbox(unsigned shard, unsigned capacity);

// Threads.
void machine_shard(void);
void machine_stopper(void);
// Makes the calling thread the shard of its number, for a loop of the model's own.
struct spgi_shard *machine_enter(void);

// A task of the model, or a foreign thread, has done its part.
void machine_end(void);

// In check: all tasks have ended and all slots are free, no queue of tasks holds anything, no timer
// is armed, and no shard was rung more than once per park. A late kick may be among the errands.
void machine_check(void);

struct spg_rt *machine_rt(void);
// How many bells have rung a shard, and how often it has parked, asleep or not.
unsigned machine_bells(unsigned shard);
unsigned machine_parks(unsigned shard);

// machine_kernel.c
void machine_kernel_begin(void);
void machine_clock_set(int64_t ns); // of the thread that calls
struct spgi_ring *machine_ring(unsigned shard);

#endif
