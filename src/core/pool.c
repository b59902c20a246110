// SPDX-License-Identifier: MIT
// pool.c: the bounded pool of threads for blocking calls.
//
// A job lies on the stack of the task that waits for it. It is queued until a thread takes it out
// under the lock; whoever takes it out, the thread or the task's home shard for a deadline or a
// cancel, decides what becomes of it. A job that has run is sent home as an errand: only the home
// shard ends the wait.
#include "core/pool.h"

#include "core/fiber.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/wait.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <errno.h>

struct spgi_job {
    struct spgi_node node;   // in the queue                               [lock]
    bool queued;             // no thread has taken it                     [lock]
    struct spgi_errand done; // sent home when it has run
    spg_fn *fn;
    void *arg;
    int result;
    struct spgi_task *task;
    struct spgi_shard *home;
};

void spgi_pool_init(struct spgi_pool *pool)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_cond_init(&pool->gone, NULL);
    pthread_condattr_destroy(&monotonic);
    spgi_ring_list_init(&pool->jobs);
}

void spgi_pool_stop(struct spgi_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0) {
        pthread_cond_wait(&pool->gone, &pool->lock);
    }
    bool chained = pool->has_ended;
    pthread_mutex_unlock(&pool->lock);
    if (chained) {
        pthread_join(pool->ended, NULL);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
}

static void job_arrived_home(struct spgi_shard *shard, struct spgi_errand *errand)
{
    (void)shard;
    struct spgi_job *job = SPGI_CONTAINER(errand, struct spgi_job, done);
    spgi_ready(job->task);
}

// Under the lock. Waits for a job; NULL: the thread has been idle for long enough, or the pool
// stops.
static struct spgi_job *next_job(struct spg_rt *rt)
{
    struct spgi_pool *pool = &rt->pool;
    int64_t until = spgi_clock_now() + rt->options.blocking_idle_ns;
    struct timespec end = {until / SPG_S, until % SPG_S};
    int timed_out = 0;
    pool->idle++;
    while (spgi_ring_list_empty(&pool->jobs) && !pool->stopping && timed_out != ETIMEDOUT) {
        timed_out = pthread_cond_timedwait(&pool->work, &pool->lock, &end);
    }
    pool->idle--;
    if (spgi_ring_list_empty(&pool->jobs)) {
        return NULL;
    }
    struct spgi_job *job = SPGI_CONTAINER(pool->jobs.next, struct spgi_job, node);
    spgi_ring_list_remove(&job->node);
    job->queued = false;
    pool->job_count--;
    return job;
}

static void *pool_thread(void *arg)
{
    struct spg_rt *rt = arg;
    struct spgi_pool *pool = &rt->pool;
    struct spgi_job *job;
    spgi_thread_enter();
    if (rt->free_cpus) {
        spgi_thread_roam(rt->free_cpus); // not only on the CPU of the shard that has started it
    }
    pthread_mutex_lock(&pool->lock);
    spgi_thread_name(rt->thread_prefix, SPGI_POOL_NUMBERS + pool->named++);
    while ((job = next_job(rt)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        job->result = job->fn(job->arg);
        spgi_shard_end_child(rt);
        spgi_shard_post(job->home, &job->done); // the job may be gone from here on
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    // Threads that end join each other in a chain, whose last link spgi_pool_stop joins: nothing is
    // left unjoined, and nobody has to wait for a thread that is still working.
    bool chained = pool->has_ended;
    pthread_t previous = pool->ended;
    pool->ended = pthread_self();
    pool->has_ended = true;
    pthread_cond_signal(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
    if (chained) {
        pthread_join(previous, NULL);
    }
    spgi_thread_leave();
    return NULL;
}

// Under the lock. Makes sure that some thread will take a job that is about to be queued.
static bool ensure_thread(struct spg_rt *rt)
{
    struct spgi_pool *pool = &rt->pool;
    if (pool->job_count < pool->idle || pool->threads == rt->options.blocking_threads) {
        return true;
    }
    pthread_t thread;
    if (spgi_thread_start(&thread, pool_thread, rt) < 0) {
        return pool->threads > 0; // those that are there will get to it
    }
    pool->threads++;
    return true;
}

static bool job_submit(struct spgi_shard *shard, struct spgi_job *job)
{
    struct spg_rt *rt = shard->rt;
    struct spgi_pool *pool = &rt->pool;
    pthread_mutex_lock(&pool->lock);
    // Jobs that idle threads are about to take do not count against the queue.
    uint32_t takers = pool->idle + (rt->options.blocking_threads - pool->threads);
    uint64_t room = (uint64_t)rt->options.blocking_queue + takers;
    bool accepted = !pool->stopping && pool->job_count < room && ensure_thread(rt);
    if (accepted) {
        job->queued = true;
        spgi_ring_list_append(&pool->jobs, &job->node);
        pool->job_count++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    SPGI_COUNT_N(shard, blocking_jobs, accepted);
    SPGI_COUNT_N(shard, blocking_refused, !accepted);
    return accepted;
}

static void stop_job(struct spgi_shard *home, struct spgi_task *task, int reason)
{
    struct spgi_job *job = task->wait.subject;
    struct spgi_pool *pool = &home->rt->pool;
    pthread_mutex_lock(&pool->lock);
    bool taken_out = job->queued;
    if (taken_out) {
        spgi_ring_list_remove(&job->node);
        job->queued = false;
        pool->job_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    if (taken_out) {
        task->wait.reason = reason;
        spgi_ready(task);
    }
}

int spgi_pool_run(struct spgi_shard *shard, struct spgi_task *task, spg_fn *fn, void *arg,
                  int *result, spg_time deadline)
{
    struct spgi_job job = {
        .fn = fn, .arg = arg, .task = task, .home = shard, .done = {.run = job_arrived_home}};
    if (deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        int refused = spgi_wait_refused(task);
        return refused ? refused : -ETIME;
    }
    task->wait.subject = &job;
    int refused = spgi_wait_begin(shard, task, SPGI_WAIT_BLOCKING, deadline, stop_job);
    if (refused) {
        return refused;
    }
    if (!job_submit(shard, &job)) {
        spgi_wait_end(task);
        return -EAGAIN;
    }
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    int reason = spgi_wait_end(task);
    if (reason == 0 && result) {
        *result = job.result;
    }
    return reason;
}
