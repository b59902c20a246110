// SPDX-License-Identifier: MIT
// timer.c: arming, disarming and firing; the protocol is in timer.h.
#include "core/timer.h"

#include "base/assert.h"
#include "core/shard.h"
#include "core/stats.h"

void spgi_timers_init(struct spgi_timers *timers)
{
    *timers = (struct spgi_timers){0};
    store_relaxed(&timers->next, (uint64_t)INT64_MAX);
}

// Under the lock.
static void count_armed(struct spgi_timers *timers, uint64_t by)
{
    store_relaxed(&timers->armed, load_relaxed(&timers->armed) + by);
}

// Under the lock.
static void publish_next(struct spgi_timers *timers)
{
    struct spgi_heap_node *first = spgi_heap_min(&timers->heap);
    int64_t next = first ? first->key : INT64_MAX;
    if ((int64_t)load_relaxed(&timers->next) != next) {
        store_seqcst(&timers->next, (uint64_t)next);
    }
}

void spgi_timer_arm(struct spgi_shard *shard, struct spgi_timer *timer, spg_time when,
                    void (*fire)(struct spgi_shard *, struct spgi_timer *))
{
    struct spgi_timers *timers = &shard->timers;
    SPGI_ASSERT(spgi_timer_idle(timer));
    store_relaxed(&timer->shard, shard);
    timer->fire = fire;
    spgi_spinlock_lock(&timers->lock);
    spgi_heap_insert(&timers->heap, &timer->node, when);
    count_armed(timers, 1);
    store_release(&timer->state, (uint32_t)SPGI_TIMER_ARMED); // with the shard
    publish_next(timers);
    spgi_spinlock_unlock(&timers->lock);
    SPGI_COUNT(shard, timers_armed);
}

// The timers that hold a timer which is not idle.
static struct spgi_timers *timers_of(struct spgi_timer *timer)
{
    struct spgi_shard *shard = load_relaxed(&timer->shard);
    return &shard->timers;
}

bool spgi_timer_disarm(struct spgi_timer *timer)
{
    if (spgi_timer_idle(timer)) {
        return false;
    }
    struct spgi_timers *timers = timers_of(timer);
    spgi_spinlock_lock(&timers->lock);
    bool armed = load_relaxed(&timer->state) == SPGI_TIMER_ARMED;
    if (armed) {
        spgi_heap_remove(&timers->heap, &timer->node);
        count_armed(timers, UINT64_MAX); // minus one
        store_release(&timer->state, (uint32_t)SPGI_TIMER_IDLE);
        publish_next(timers);
    }
    spgi_spinlock_unlock(&timers->lock);
    while (!spgi_timer_idle(timer)) { // FIRING: short, and on another thread
        cpu_relax();
    }
    return armed;
}

void spgi_timer_announce(struct spgi_timer *timer)
{
    store_seqcst(&timer->state,
                 (uint32_t)SPGI_TIMER_ARMED); // it cannot have fired: that is up to us
}

// Locks the timers where the timer is armed. NULL: it is armed nowhere. The caller is not the one
// who arms it, so it may be disarmed and armed elsewhere meanwhile; but it cannot leave the shard
// whose lock is held.
static struct spgi_timers *lock_where_armed(struct spgi_timer *timer)
{
    while (load_seqcst(&timer->state) == SPGI_TIMER_ARMED) {
        struct spgi_timers *timers = timers_of(timer);
        spgi_spinlock_lock(&timers->lock);
        bool armed = load_acquire(&timer->state) == SPGI_TIMER_ARMED;
        if (armed && timers_of(timer) == timers) {
            return timers;
        }
        spgi_spinlock_unlock(&timers->lock);
    }
    return NULL;
}

bool spgi_timer_move(struct spgi_timer *timer, spgi_a64 *when)
{
    struct spgi_timers *timers = lock_where_armed(timer);
    if (!timers) {
        return false;
    }
    spgi_heap_remove(&timers->heap, &timer->node);
    spgi_heap_insert(&timers->heap, &timer->node, (spg_time)load_relaxed(when));
    publish_next(timers);
    spgi_spinlock_unlock(&timers->lock);
    // It may be asleep until a later time.
    spgi_shard_wake(SPGI_CONTAINER(timers, struct spgi_shard, timers));
    return true;
}

// Under the lock. Most timers are those of waits: the next one's task is on its way while this one
// fires.
static void fetch_next(struct spgi_timers *timers)
{
    struct spgi_heap_node *next = spgi_heap_min(&timers->heap);
    if (next) {
        spgi_task_fetch(SPGI_CONTAINER(next, struct spgi_task, wait.timer.node));
    }
}

unsigned spgi_timers_fire(struct spgi_shard *shard, int64_t now)
{
    struct spgi_timers *timers = &shard->timers;
    unsigned fired = 0;
    while ((int64_t)load_relaxed(&timers->next) <= now) {
        spgi_spinlock_lock(&timers->lock);
        struct spgi_heap_node *first = spgi_heap_min(&timers->heap);
        struct spgi_timer *due = NULL;
        if (first && first->key <= now) {
            due = SPGI_CONTAINER(first, struct spgi_timer, node);
            spgi_heap_remove(&timers->heap, first);
            count_armed(timers, UINT64_MAX); // minus one
            store_relaxed(&due->state, (uint32_t)SPGI_TIMER_FIRING);
            fetch_next(timers);
        }
        publish_next(timers);
        spgi_spinlock_unlock(&timers->lock);
        if (!due) {
            break;
        }
        due->fire(shard, due);
        store_release(&due->state, (uint32_t)SPGI_TIMER_IDLE); // F3
        fired++;
    }
    SPGI_COUNT_N(shard, timers_fired, fired);
    return fired;
}

int64_t spgi_timers_next(struct spgi_timers *timers)
{
    return (int64_t)load_seqcst(&timers->next);
}
