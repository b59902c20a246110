// SPDX-License-Identifier: MIT
// ending.c: shutting a runtime down; the steps are in ending.h.
#include "core/ending.h"

#include "core/boundary.h"
#include "core/life.h"
#include "core/mailbox.h"
#include "core/name.h"
#include "core/op.h"
#include "core/runtime.h"
#include "core/scope.h"
#include "core/shard.h"
#include "core/slots.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// ---- Counting --------------------------------------------------------------------------------

static uint64_t tasks_ended(struct spg_rt *rt)
{
    uint64_t ended = 0;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        ended += load_acquire(&rt->shards[i]->counters.finished);
    }
    return ended;
}

static uint64_t tasks_living(struct spg_rt *rt)
{
    uint64_t ended = tasks_ended(rt); // first: see ending.h
    uint64_t spawned = 0;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        spawned += load_acquire(&rt->shards[i]->counters.spawned);
        spawned += load_acquire(&rt->shards[i]->spawned_outside);
    }
    return spawned - ended;
}

static uint64_t ops_in_flight(struct spg_rt *rt)
{
    uint64_t ops = 0;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        ops += load_acquire(&rt->shards[i]->ops.in_flight);
    }
    return ops;
}

void spgi_shard_signal_quiet(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    pthread_mutex_lock(&rt->quiet_lock);
    pthread_cond_signal(&rt->quiet);
    pthread_mutex_unlock(&rt->quiet_lock);
}

static bool all_acknowledged(struct spg_rt *rt)
{
    uint32_t phase = load_relaxed(&rt->phase);
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        if (load_acquire(&rt->shards[i]->phase_seen) != phase) {
            return false;
        }
    }
    return true;
}

// Waits until no task lives or, if that will do, all shards know the phase; or until the deadline,
// which may be moved forward meanwhile, under quiet_lock. Returns how many tasks live. None: no
// admission is open to foreign threads any more, and there is nobody else who could spawn.
static uint64_t wait_quiet(struct spg_rt *rt, bool for_tasks, const spg_time *until)
{
    uint64_t living;
    pthread_mutex_lock(&rt->quiet_lock);
    for (;;) {
        living = tasks_living(rt);
        if (living == 0 || (!for_tasks && all_acknowledged(rt))) {
            break;
        }
        spg_time deadline = *until;
        if (deadline != SPG_NEVER && spgi_clock_now() >= deadline) {
            break;
        }
        struct timespec end = {deadline / SPG_S, deadline % SPG_S};
        if (deadline == SPG_NEVER) {
            pthread_cond_wait(&rt->quiet, &rt->quiet_lock);
        } else {
            pthread_cond_timedwait(&rt->quiet, &rt->quiet_lock, &end);
        }
    }
    pthread_mutex_unlock(&rt->quiet_lock);
    return living;
}

// ---- Phases ----------------------------------------------------------------------------------

static void acknowledge(struct spgi_shard *shard, struct spgi_errand *errand)
{
    (void)errand;
    store_seqcst(&shard->phase_posted, 0u); // first: a phase from now on sends the errand again
    store_release(&shard->phase_seen, load_seqcst(&shard->rt->phase));
    spgi_shard_signal_quiet(shard);
}

static void enter_phase(struct spg_rt *rt, enum spgi_phase phase)
{
    pthread_mutex_lock(
        &rt->entry_lock); // no spawn from outside is in between check and publication
    if (load_relaxed(&rt->phase) < (uint32_t)phase) {
        store_seqcst(&rt->phase, (uint32_t)phase);
    }
    pthread_mutex_unlock(&rt->entry_lock);
    if (tasks_living(rt) == 0) {
        return; // nobody is left who could spawn, or whom a shard would have to tell about
    }
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        struct spgi_shard *shard = rt->shards[i];
        if (xchg_seqcst(&shard->phase_posted, 1u) == 0) {
            shard->phase_errand.run = acknowledge;
            spgi_shard_post(shard, &shard->phase_errand);
        }
    }
}

// ---- Reports ---------------------------------------------------------------------------------

static void describe(struct spgi_task *task, spg_leftover *out)
{
    uint64_t word = load_acquire(&task->wait.word);
    enum spgi_wait_kind kind = spgi_wait_kind_of(word);
    uint64_t detail = load_relaxed(&task->wait.detail);
    bool in_op = kind == SPGI_WAIT_OP;
    *out = (spg_leftover){
        .fd = in_op ? (int)(uint32_t)detail : -1,
        .shard = word ? spgi_wait_home_of(word) : load_relaxed(&task->shard),
    };
    spgi_name_read(&task->name, out->task);
    const char *name = in_op ? spgi_op_name((uint8_t)(detail >> 32)) : spgi_wait_name(kind);
    snprintf(out->wait, sizeof out->wait, "%s", name);
    int64_t since = (int64_t)load_relaxed(&task->wait.since);
    out->age_ns = since ? spgi_clock_now() - since : 0;
}

static void report_left(struct spg_rt *rt, spg_report *report)
{
    struct spgi_task *task;
    report->entries = 0;
    for (uint32_t n = 0; report->entries < SPG_REPORT_ENTRIES && (task = spgi_slot_nth(rt, n));
         n++) {
        if (!(load_acquire(&task->life) & SPGI_LIFE_DONE)) {
            describe(task, &report->left[report->entries++]);
        }
    }
}

// ---- Shutdown --------------------------------------------------------------------------------

// Stops all tasks. Returns how many of them nobody had stopped before.
static uint64_t stop_all(struct spg_rt *rt)
{
    struct spgi_task *task;
    uint64_t stopped = 0;
    // Counted first: stopping one reaches those below it, too.
    for (uint32_t n = 0; (task = spgi_slot_nth(rt, n)) != NULL; n++) {
        stopped += !(load_acquire(&task->life) & (SPGI_LIFE_DONE | SPGI_LIFE_STOPPED));
    }
    for (uint32_t n = 0; (task = spgi_slot_nth(rt, n)) != NULL; n++) {
        uint64_t life = load_acquire(&task->life);
        if (!(life & SPGI_LIFE_DONE)) {
            spgi_task_stop(task, spgi_life_gen(life), SPGI_LIFE_CANCELED);
        }
    }
    return stopped;
}

// Nobody will serve, or receive, what threads still want: they would wait for ever.
static void let_threads_go(struct spg_rt *rt)
{
    spgi_boundaries_shut(rt);
    spgi_mailboxes_shut(rt);
}

static void cancel_all(struct spg_rt *rt, spg_report *report)
{
    report_left(rt, report); // while they still wait for what keeps them
    enter_phase(rt, SPGI_PHASE_CANCEL);
    report->cancelled = stop_all(rt);
}

// A shard that is in a long task does not acknowledge the phase until that task has been told to
// stop. Once all shards have, no task is spawned any more, and a second walk misses none.
static uint64_t reap(struct spg_rt *rt, spg_report *report)
{
    spg_time end = spg_after(rt->options.reap_ns);
    if (wait_quiet(rt, false, &end) > 0) {
        report->cancelled += stop_all(rt);
    }
    return wait_quiet(rt, true, &end);
}

// One more shutdown: what drains for another one does so no longer than this one would.
static void begin_shutdown(struct spg_rt *rt, spg_time deadline)
{
    pthread_mutex_lock(&rt->quiet_lock);
    if (rt->shutting++ == 0 || deadline < rt->drain_until) {
        rt->drain_until = deadline;
        pthread_cond_signal(&rt->quiet); // only the holder of end_lock waits there
    }
    pthread_mutex_unlock(&rt->quiet_lock);
    pthread_mutex_lock(&rt->end_lock);
}

static void end_shutdown(struct spg_rt *rt)
{
    pthread_mutex_unlock(&rt->end_lock);
    pthread_mutex_lock(&rt->quiet_lock);
    rt->shutting--;
    pthread_mutex_unlock(&rt->quiet_lock);
}

int spgi_ending_shutdown(struct spg_rt *rt, spg_report *report, spg_time deadline)
{
    *report = (spg_report){0};
    begin_shutdown(rt, deadline);
    uint64_t ended = tasks_ended(rt);
    enter_phase(rt, SPGI_PHASE_DRAIN);
    uint64_t living = wait_quiet(rt, true, &rt->drain_until);
    report->drained = tasks_ended(rt) - ended;
    if (living > 0) {
        cancel_all(rt, report);
    }
    let_threads_go(rt); // before reaping: a job of the blocking pool may be among them
    if (living > 0) {
        living = reap(rt, report);
    }
    report->tasks = living;
    report->ops = ops_in_flight(rt);
    if (living > 0 || report->ops > 0) {
        report_left(rt, report);
    }
    end_shutdown(rt);
    return living > 0 || report->ops > 0 ? -EBUSY : 0;
}

void spgi_ending_stop_threads(struct spg_rt *rt, uint32_t n)
{
    store_seqcst(&rt->phase, (uint32_t)SPGI_PHASE_STOP);
    for (uint32_t i = 0; i < n; i++) {
        spgi_shard_wake(rt->shards[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        pthread_join(rt->shards[i]->thread, NULL);
    }
    // Only now that nobody rings any more: a number that is somebody else's by then must not be
    // rung.
    for (uint32_t i = 0; i < n; i++) {
        spgi_shard_close(rt->shards[i]);
    }
}
