// SPDX-License-Identifier: MIT
// shard.c: the loop of a shard: run, submit, reap, fire, look around; and its bell.
//
// A pass: run errands, run ready tasks up to a budget, hand what they prepared to
// the kernel in one call, reap completions, fire timers. What to do when a pass found nothing is in
// sleep.c.
#include "core/shard.h"

#include "base/assert.h"
#include "core/courier.h"
#include "core/lane.h"
#include "core/op.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/sleep.h"
#include "core/slots.h"
#include "core/stacks.h"
#include "core/stats.h"
#include "core/steal.h"
#include "core/task.h"
#include "core/timer.h"
#include "sys/clock.h"
#include "sys/bellfd.h"
#include "sys/overflow.h"
#include "sys/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// The library's only thread-local.
static __thread struct spgi_shard *current __attribute__((tls_model("initial-exec")));

// Not inlined, and opaque to the optimiser: see shard.h.
__attribute__((noinline)) struct spgi_shard *spgi_shard_self(void)
{
    __asm__ volatile("" ::: "memory");
    return current;
}

struct spgi_task *spgi_task_self(int *error)
{
    struct spgi_shard *shard = spgi_shard_self();
    if (!shard || !shard->running) {
        *error = -EPERM;
        return NULL;
    }
    if (!load_relaxed(shard->rt->alive)) {
        *error = -EOWNERDEAD;
        return NULL;
    }
    *error = 0;
    return shard->running;
}

// ---- Bells -----------------------------------------------------------------------------------

// From a thread without a ring of this runtime.
static void ring_from_outside(struct spgi_shard *to)
{
    uint64_t data = spgi_user_data(SPGI_KIND_BELL, 0, to->index);
    if (!to->takes_threads || spgi_ring_bell_from_thread(to->ring_fd, data) < 0) {
        spgi_bellfd_ring(to->bell_fd); // this never fails, whatever the thread may call
    }
}

void spgi_shard_ring_bell(struct spgi_shard *from, struct spgi_shard *to)
{
    SPGI_COUNT(from, doorbells_sent);
    uint64_t data = spgi_user_data(SPGI_KIND_BELL, 0, to->index);
    while (!spgi_ring_prepare_bell(from->ring, to->ring_fd, data)) {
        spgi_ops_enter(from); // full: what is prepared goes first
        if (spgi_ring_room(from->ring) == 0) {
            ring_from_outside(to); // the kernel wants us to reap first, and this cannot wait
            return;
        }
    }
    spgi_ops_enter(from);
}

void spgi_shard_bell_rang(struct spgi_shard *shard, int result, uint32_t target)
{
    if (result < 0) {
        ring_from_outside(shard->rt->shards[target]); // ours could not be delivered
    }
    // A bell that was rung here has done its work: it ended the sleep.
}

static void arm_bell_fd(struct spgi_shard *shard)
{
    struct spgi_request read = {
        .opcode = SPGI_OP_READ,
        .fd = shard->bell_fd,
        .address = (uint64_t)(uintptr_t)&shard->bell_value,
        .length = sizeof shard->bell_value,
    };
    while (!spgi_ring_prepare(shard->ring, &read, spgi_user_data(SPGI_KIND_BELL_FD, 0, 0), 0)) {
        spgi_ops_enter(shard);
    }
}

void spgi_shard_bell_fd_rang(struct spgi_shard *shard)
{
    if (load_relaxed(&shard->rt->phase) != SPGI_PHASE_STOP) {
        arm_bell_fd(shard);
    }
}

void spgi_shard_wake(struct spgi_shard *shard)
{
    struct spgi_shard *self = spgi_shard_self();
    if (shard == self) {
        return;
    }
    if (!spgi_park_ring(&shard->park, SPGI_RUNG)) {
        if (self && spgi_park_is_rung(&shard->park)) { // else it is awake: no wake was due
            SPGI_COUNT(self, doorbells_coalesced);
        }
        return;
    }
    if (self && self->rt == shard->rt) {
        spgi_shard_ring_bell(self, shard);
    } else {
        ring_from_outside(shard);
    }
}

void spgi_shard_post(struct spgi_shard *shard, struct spgi_errand *errand)
{
    spgi_mpsc_push(&shard->errands, &errand->link);
    spgi_shard_wake(shard);
}

// ---- The loop --------------------------------------------------------------------------------

static unsigned run_errands(struct spgi_shard *shard)
{
    unsigned n = 0;
    struct spgi_link *link = spgi_mpsc_take(&shard->errands);
    while (link) {
        struct spgi_errand *errand = SPGI_CONTAINER(link, struct spgi_errand, link);
        link = link->next; // before it runs: its memory may be its sender's again then
        errand->run(shard, errand);
        n++;
    }
    if (n > 0) {
        SPGI_COUNT_N(shard, errands_run, n);
    }
    return n;
}

static void end_of_pass(struct spgi_shard *shard, int64_t now)
{
    spgi_steal_note_own(shard, now);
    if (load_relaxed(&shard->lease) > 0 && !shard->spawned_in_pass) {
        spgi_lease_return(shard);
    }
    shard->spawned_in_pass = false;
    if (shard->stackless.head) {
        spgi_stacks_retry(shard, now);
    }
}

// Returns whether anything was done.
static bool pass(struct spgi_shard *shard)
{
    SPGI_COUNT(shard, passes);
    unsigned work = run_errands(shard);
    spgi_sched_announce(shard);
    work += spgi_sched_run(shard);
    spgi_ops_enter(shard);
    work += spgi_ops_reap(shard);
    int64_t now = spgi_clock_now();
    work += spgi_timers_fire(shard, now);
    spgi_sched_announce(shard);
    if (now - shard->pass_start > SPGI_PASS_NS) {
        shard->look_stride = 1; // too few tasks for a look, and long ones
    }
    shard->pass_start = now;
    if (work > 0) {
        shard->last_work = now;
        spgi_steal_balance(shard, now);
    }
    end_of_pass(shard, now);
    return work > 0;
}

static void loop(struct spgi_shard *shard)
{
    while (load_acquire(&shard->rt->phase) != SPGI_PHASE_STOP) {
        if (!pass(shard)) {
            spgi_sleep_until_work(shard);
        }
    }
}

// ---- Setting up ------------------------------------------------------------------------------

int spgi_shard_init(struct spgi_shard *shard, struct spg_rt *rt, uint32_t index)
{
    shard->rt = rt;
    shard->index = index;
    shard->suspect = index;
    shard->bell_fd = -1;
    shard->crowding.account = -1;
    shard->look_stride = 1;
    shard->idle_average_ns = 2 * SPGI_SPIN_DEFAULT_NS; // spinning has yet to show that it pays
    spgi_aptr *slots = calloc(rt->options.queue_entries, sizeof *slots);
    shard->sights = calloc(rt->shard_count, sizeof *shard->sights);
    shard->batches = calloc(rt->shard_count, sizeof *shard->batches);
    shard->couriers = calloc(rt->shard_count + 1, sizeof *shard->couriers);
    if (!slots || !shard->sights || !shard->batches || !shard->couriers) {
        free((void *)slots);
        free(shard->sights);
        free(shard->batches);
        free((void *)shard->couriers);
        return -ENOMEM;
    }
    bool shared = rt->shard_count > 1 && !rt->options.steal.disabled;
    spgi_stealq_init(&shard->stealable, slots, rt->options.queue_entries, shared);
    spgi_outbox_init(&shard->outbox);
    spgi_ring_list_init(&shard->closed_mailboxes);
    spgi_timers_init(&shard->timers);
    spgi_ops_init(shard);
    spgi_random_seed(&shard->random, rt->options.shuffle_seed + index + 1);
    int error = spgi_stacks_init(shard);
    if (error) {
        spgi_shard_fini(shard);
    }
    return error;
}

void spgi_shard_fini(struct spgi_shard *shard)
{
    free((void *)shard->stealable.slots);
    free(shard->sights);
    free(shard->batches);
    spgi_couriers_free(shard);
    spgi_ops_fini(shard);
}

static int open_bell(struct spgi_shard *shard)
{
    // Where the kernel lets threads without a ring send to one, that is the bell. It may still be
    // refused, to a thread with a filter of its calls, or for want of memory: then, and elsewhere,
    // an eventfd is.
    uint64_t data = spgi_user_data(SPGI_KIND_BELL, 0, shard->index);
    shard->takes_threads = spgi_ring_takes_threads(shard->ring, data);
    shard->bell_fd = spgi_bellfd_open();
    if (shard->bell_fd < 0) {
        return shard->bell_fd;
    }
    arm_bell_fd(shard);
    return 0;
}

static int open_shard(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    struct spgi_ring_options options = {rt->options.sq_entries, rt->options.cq_entries};
    int error = rt->options.cpu_count > 0
                    ? spgi_thread_pin(rt->cpus[shard->index % rt->options.cpu_count])
                    : 0;
    error = error ? error : spgi_ring_open(&options, &shard->ring);
    if (error) {
        return error;
    }
    struct spgi_ring_info info;
    spgi_ring_info(shard->ring, &info);
    shard->sq_reserve = info.sq_entries >> SPGI_SQ_RESERVE_SHIFT;
    // All senders together fill at most half of the completion queue.
    uint32_t credits = info.cq_entries / (2 * (rt->shard_count + 1));
    credits = credits < 1 ? 1 : credits > SPG_URING_CREDITS ? SPG_URING_CREDITS : credits;
    shard->courier_credits = UINT64_MAX >> (64 - credits);
    shard->ring_fd = spgi_ring_fd(shard->ring);
    error = open_bell(shard);
    if (!error && !rt->options.no_overflow_report) {
        error = spgi_overflow_thread_begin(&shard->altstack);
    }
    return error;
}

void spgi_shard_close(struct spgi_shard *shard)
{
    spgi_crowding_end(&shard->crowding);
    spgi_ring_close(shard->ring);
    if (shard->bell_fd >= 0) {
        spgi_bellfd_close(shard->bell_fd);
    }
}

// The end of the shard's thread. Its ring stays: others may still ring it.
static void leave_shard(struct spgi_shard *shard)
{
    spgi_overflow_thread_end(shard->altstack);
    if (shard->ring) {
        spgi_ring_leave(shard->ring);
    }
}

void *spgi_shard_main(void *arg)
{
    struct spgi_shard *shard = arg;
    spgi_thread_enter();
    current = shard;
    shard->pass_start = spgi_clock_now();
    spgi_crowding_begin(&shard->crowding, shard->pass_start);
    spgi_thread_name(shard->rt->thread_prefix, shard->index);
    int error = open_shard(shard);
    spgi_runtime_started(shard->rt, error);
    if (!error) {
        loop(shard);
    }
    leave_shard(shard);
    current = NULL;
    spgi_thread_leave();
    return NULL;
}
