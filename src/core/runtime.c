// SPDX-License-Identifier: MIT
// runtime.c: making a runtime: what it owns, in the order in which it is made, and undone in
// reverse.
#include "core/runtime.h"

#include "base/assert.h"
#include "core/boundary.h"
#include "core/ending.h"
#include "core/fdtable.h"
#include "core/mailbox.h"
#include "core/name.h"
#include "core/options.h"
#include "core/pool.h"
#include "core/registry.h"
#include "core/shard.h"
#include "core/slots.h"
#include "sys/cpus.h"
#include "sys/forkword.h"
#include "sys/overflow.h"
#include "sys/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Starting and stopping threads together --------------------------------------------------

void spgi_runtime_started(struct spg_rt *rt, int error)
{
    pthread_mutex_lock(&rt->gate_lock);
    rt->started++;
    if (error && !rt->start_error) {
        rt->start_error = error;
    }
    bool last = rt->started == rt->expected;
    pthread_mutex_unlock(&rt->gate_lock);
    if (last) {
        pthread_cond_signal(&rt->gate); // without the lock, which who waits would run into
    }
}

// Waits until n shards have set up or failed. Returns the first failure.
static int wait_started(struct spg_rt *rt, uint32_t n)
{
    pthread_mutex_lock(&rt->gate_lock);
    rt->expected = n; // fewer than hoped for when a thread could not be started
    while (rt->started < n) {
        pthread_cond_wait(&rt->gate, &rt->gate_lock);
    }
    int error = rt->start_error;
    pthread_mutex_unlock(&rt->gate_lock);
    return error;
}

// A shard that has set up runs its loop at once: nobody can give it a task before all have.
static int start_threads(struct spg_rt *rt)
{
    uint32_t n = 0;
    int error = 0;
    rt->expected = rt->shard_count;
    for (; n < rt->shard_count && !error; n++) {
        struct spgi_shard *shard = rt->shards[n];
        error = spgi_thread_start(&shard->thread, spgi_shard_main, shard);
    }
    n -= error ? 1 : 0;
    int failed = wait_started(rt, n);
    error = error ? error : failed;
    if (error) {
        spgi_ending_stop_threads(rt, n);
    }
    return error;
}

// ---- Overflow reports ------------------------------------------------------------------------

// Async-signal-safe: reads what does not change while the task runs.
static bool describe_overflow(const void *address, char *out, size_t bytes)
{
    struct spgi_shard *shard = spgi_shard_self();
    struct spgi_task *task = shard ? shard->running : NULL;
    if (!task || !task->stack || !spgi_stack_guards(&shard->rt->stacks, task->stack, address)) {
        return false;
    }
    char name[SPGI_TASK_NAME];
    spgi_name_read(&task->name, name);
    snprintf(out, bytes,
             "spargio: stack overflow in task \"%s\" on shard %u: its stack has %zu bytes; raise "
             "spg_options.stack_bytes, or use less stack\n",
             name, shard->index, shard->rt->stacks.bytes - shard->rt->stacks.page);
    return true;
}

// ---- What a runtime owns ---------------------------------------------------------------------

static void free_shards(struct spg_rt *rt)
{
    for (uint32_t i = 0; rt->shards && i < rt->shard_count; i++) {
        if (rt->shards[i]) {
            spgi_shard_fini(rt->shards[i]);
            free(rt->shards[i]);
        }
    }
    free(rt->shards);
}

static int make_shards(struct spg_rt *rt)
{
    rt->shards = calloc(rt->shard_count, sizeof *rt->shards);
    for (uint32_t i = 0; rt->shards && i < rt->shard_count; i++) {
        struct spgi_shard *shard = NULL;
        if (posix_memalign((void **)&shard, SPGI_CACHE_LINE, sizeof *shard) != 0) {
            return -ENOMEM;
        }
        memset(shard, 0, sizeof *shard);
        if (spgi_shard_init(shard, rt, i) < 0) {
            free(shard);
            return -ENOMEM;
        }
        rt->shards[i] = shard;
    }
    return rt->shards ? 0 : -ENOMEM;
}

static void init_locks(struct spg_rt *rt)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&rt->slots_lock, NULL);
    pthread_mutex_init(&rt->mailboxes_lock, NULL);
    pthread_mutex_init(&rt->boundaries_lock, NULL);
    pthread_mutex_init(&rt->entry_lock, NULL);
    pthread_mutex_init(&rt->end_lock, NULL);
    pthread_mutex_init(&rt->quiet_lock, NULL);
    pthread_mutex_init(&rt->gate_lock, NULL);
    pthread_cond_init(&rt->quiet, &monotonic);
    pthread_cond_init(&rt->gate, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void free_locks(struct spg_rt *rt)
{
    pthread_mutex_destroy(&rt->slots_lock);
    pthread_mutex_destroy(&rt->mailboxes_lock);
    pthread_mutex_destroy(&rt->boundaries_lock);
    pthread_mutex_destroy(&rt->entry_lock);
    pthread_mutex_destroy(&rt->end_lock);
    pthread_mutex_destroy(&rt->quiet_lock);
    pthread_mutex_destroy(&rt->gate_lock);
    pthread_cond_destroy(&rt->quiet);
    pthread_cond_destroy(&rt->gate);
}

static int copy_options(struct spg_rt *rt, const spg_options *options)
{
    rt->options = *options;
    rt->shard_count = options->shards;
    rt->cpus_allowed = spgi_cpus_allowed();
    snprintf(rt->thread_prefix, sizeof rt->thread_prefix, "%s",
             options->thread_prefix ? options->thread_prefix : "spg");
    rt->options.thread_prefix = rt->thread_prefix;
    rt->options.cpus = NULL;
    rt->options.error_text = NULL;
    if (options->cpu_count > 0) {
        rt->cpus = calloc(options->cpu_count, sizeof *rt->cpus);
        if (!rt->cpus) {
            return -ENOMEM;
        }
        memcpy(rt->cpus, options->cpus, options->cpu_count * sizeof *rt->cpus);
        rt->free_cpus = calloc(1, sizeof *rt->free_cpus);
        return rt->free_cpus ? spgi_thread_cpus(rt->free_cpus) : -ENOMEM;
    }
    return 0;
}

// Stacks: one per task, and what shards keep for themselves beside.
static void init_stacks(struct spg_rt *rt)
{
    uint64_t kept = (uint64_t)rt->shard_count * SPGI_STACK_CACHE;
    uint64_t stacks = rt->options.max_tasks + kept;
    spgi_stack_depot_init(&rt->stacks, rt->options.stack_bytes, (uint32_t)stacks);
    if (rt->stacks.max < stacks) { // guards that split mappings set a lower bound
        uint64_t tasks = rt->stacks.max > 2 * kept ? rt->stacks.max - kept : rt->stacks.max / 2;
        rt->options.max_tasks =
            rt->options.max_tasks < tasks ? rt->options.max_tasks : (uint32_t)tasks;
    }
}

// No thread of the runtime is left, and others do not find it.
static void free_runtime(struct spg_rt *rt)
{
    if (!rt->options.no_overflow_report) {
        spgi_overflow_uninstall();
    }
    spgi_boundaries_fini(rt);
    struct spgi_generations next = {
        .fds = spgi_fdtable_fini(&rt->fds),
        .tasks = spgi_slots_fini(rt),
        .mailboxes = spgi_mailboxes_fini(rt),
    };
    spgi_registry_release(rt, next);
    spgi_stack_depot_fini(&rt->stacks);
    free_shards(rt);
    spgi_forkword_unmap(rt->alive);
    free(rt->cpus);
    free(rt->free_cpus);
    free_locks(rt);
    free(rt);
}

void spgi_runtime_end(struct spg_rt *rt)
{
    // First: a thread that is just cancelling a task may still have to wake its shard, and so may
    // one of the pool that has just finished a job.
    spgi_registry_withdraw(rt);
    spgi_pool_stop(&rt->pool);
    spgi_ending_stop_threads(rt, rt->shard_count);
    free_runtime(rt);
}

static int make_parts(struct spg_rt *rt, const spg_options *options)
{
    struct spgi_generations first = {0};
    init_locks(rt);
    spgi_ring_list_init(&rt->boundaries);
    spgi_pool_init(&rt->pool);
    int error = copy_options(rt, options);
    if (!rt->options.no_overflow_report) {
        spgi_overflow_install(describe_overflow);
    }
    int full = spgi_registry_reserve(rt, &first);
    error = error ? error : full;
    rt->alive = spgi_forkword_map();
    rt->process = spgi_thread_process();
    error = error ? error : rt->alive ? 0 : -ENOMEM;
    init_stacks(rt);
    spgi_fdtable_init(&rt->fds, first.fds);
    int slots = spgi_slots_init(rt, first.tasks);
    error = error ? error : slots;
    error = error ? error : make_shards(rt);
    return error ? error : spgi_mailboxes_init(rt, first.mailboxes);
}

// The rings as they came out: the smallest of them.
static void note_granted(struct spg_rt *rt)
{
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        struct spgi_ring_info info;
        spgi_ring_info(rt->shards[i]->ring, &info);
        spg_options *o = &rt->options;
        o->sq_entries = info.sq_entries < o->sq_entries || i == 0 ? info.sq_entries : o->sq_entries;
        o->cq_entries = info.cq_entries < o->cq_entries || i == 0 ? info.cq_entries : o->cq_entries;
    }
}

int spgi_runtime_make(const spg_options *options, struct spg_rt **out)
{
    struct spg_rt *rt = calloc(1, sizeof *rt);
    if (!rt) {
        spgi_options_explain_start(options, -ENOMEM);
        return -ENOMEM;
    }
    int error = make_parts(rt, options);
    error = error ? error : start_threads(rt);
    if (error) {
        if (rt->slot == 0) {
            spgi_options_explain_full(options);
        } else {
            spgi_options_explain_start(options, error);
        }
        spgi_pool_stop(&rt->pool); // no job was ever given to it
        free_runtime(rt);
        return error;
    }
    note_granted(rt);
    spgi_registry_publish(rt); // complete: from here on others may look at it
    *out = rt;
    return 0;
}
