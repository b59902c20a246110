// SPDX-License-Identifier: MIT
// time.c: time, sleeping, and timers that can be moved.
#include <spargio/time.h>

#include "core/fiber.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/timer.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>

spg_time spg_now(void)
{
    return spgi_clock_now();
}

spg_time spg_after(int64_t ns)
{
    spg_time at;
    return __builtin_add_overflow(spgi_clock_now(), ns, &at) ? (ns > 0 ? SPG_NEVER : 1) : at;
}

// ---- Sleeping --------------------------------------------------------------------------------

static void fire_sleep(struct spgi_shard *shard, struct spgi_timer *timer)
{
    (void)shard;
    struct spgi_task *task = SPGI_CONTAINER(timer, struct spgi_task, wait.timer);
    if (task->wait.reason == 0) { // not cancelled a moment ago
        spgi_fiber_fetch(task);
        spgi_ready(task);
    }
}

static void stop_sleep(struct spgi_shard *shard, struct spgi_task *task, int reason)
{
    (void)shard;
    if (task->wait.reason == 0 && spgi_timer_disarm(&task->wait.timer)) {
        task->wait.reason = reason;
        spgi_ready(task);
    }
}

// A sleep without end has no timer to disarm.
static void stop_endless_sleep(struct spgi_shard *shard, struct spgi_task *task, int reason)
{
    (void)shard;
    if (task->wait.reason == 0) {
        task->wait.reason = reason;
        spgi_ready(task);
    }
}

int spg_sleep(spg_time until)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_shard *shard = spgi_shard_self();
    error = spgi_wait_refused(task);
    // One that is further away, should it have come already, comes at the end of the pass.
    bool near = until < shard->pass_start + SPGI_SLEEP_NEAR_NS;
    if (error || (near && until <= spgi_clock_now())) {
        return error;
    }
    bool endless = until == SPG_NEVER;
    error = spgi_wait_begin(shard, task, SPGI_WAIT_SLEEP, SPG_NEVER,
                            endless ? stop_endless_sleep : stop_sleep);
    if (error) {
        return error;
    }
    if (!endless) {
        spgi_timer_arm(shard, &task->wait.timer, until, fire_sleep);
    }
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    return spgi_wait_end(task);
}

// ---- Timers ----------------------------------------------------------------------------------

// What a spg_timer holds. The waiter has its own deadline in its wait; this one is the time that
// can be moved.
struct movable {
    struct spgi_timer timer;
    spgi_a64 when;    // 0: not set
    spgi_aptr waiter; // the task that waits for it
};
_Static_assert(sizeof(struct movable) <= sizeof(spg_timer), "spg_timer has no room for a timer");

static struct movable *movable_of(spg_timer *timer)
{
    return (struct movable *)(void *)timer;
}

static spg_time when_of(struct movable *movable)
{
    uint64_t when = load_seqcst(&movable->when);
    return when ? (spg_time)when : SPG_NEVER;
}

int spg_timer_set(spg_timer *timer, spg_time when)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    if (!timer) {
        return -EINVAL;
    }
    struct movable *movable = movable_of(timer);
    // First the time, then the timer: a waiter that arms it in between looks at the time once more.
    store_seqcst(&movable->when, when > 0 ? (uint64_t)when : 1u);
    spgi_timer_move(&movable->timer, &movable->when);
    return 0;
}

// Elapsed: wakes the waiter, unless its own deadline or a cancel did a moment ago.
static void fire_movable(struct spgi_shard *shard, struct spgi_timer *timer)
{
    (void)shard;
    struct movable *movable = SPGI_CONTAINER(timer, struct movable, timer);
    struct spgi_task *task = load_acquire(&movable->waiter);
    if (task->wait.reason == 0) {
        task->wait.result = 1;
        spgi_ready(task);
    }
}

static void stop_movable(struct spgi_shard *shard, struct spgi_task *task, int reason)
{
    (void)shard;
    // Firing and stopping both happen on the waiter's home shard: the first one counts.
    if (task->wait.reason == 0 && task->wait.result == 0) {
        task->wait.reason = reason;
        spgi_ready(task);
    }
}

static int wait_movable(struct spgi_task *task, struct movable *movable, spg_time deadline)
{
    struct spgi_shard *shard = spgi_shard_self();
    int error = spgi_wait_refused(task);
    if (error) {
        return error;
    }
    spg_time now = spgi_clock_now();
    if (when_of(movable) <= now) {
        return 0;
    }
    if (deadline != SPG_NEVER && deadline <= now) {
        return -ETIME;
    }
    task->wait.result = 0;
    error = spgi_wait_begin(shard, task, SPGI_WAIT_SLEEP, deadline, stop_movable);
    if (error) {
        return error;
    }
    spg_time when = when_of(movable);
    spgi_timer_arm(shard, &movable->timer, when, fire_movable);
    spgi_timer_announce(&movable->timer);
    if (when_of(movable) != when) {
        spgi_timer_move(&movable->timer, &movable->when); // it was set while we armed it
    }
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    int reason = spgi_wait_end(task);
    spgi_timer_disarm(&movable->timer);
    return reason;
}

int spg_timer_wait(spg_timer *timer, spg_time deadline)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    if (!timer) {
        return -EINVAL;
    }
    struct movable *movable = movable_of(timer);
    void *nobody = NULL;
    if (!cas_acqrel(&movable->waiter, &nobody, task)) {
        return -EBUSY;
    }
    error = wait_movable(task, movable, deadline);
    store_release(&movable->waiter, NULL);
    return error;
}
