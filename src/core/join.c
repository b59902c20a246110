// SPDX-License-Identifier: MIT
// join.c: joining from tasks and from foreign threads.
#include "core/join.h"

#include "core/fiber.h"
#include "core/life.h"
#include "core/sched.h"
#include "core/slots.h"
#include "core/wait.h"
#include "sys/clock.h"
#include "sys/futex.h"

#include <errno.h>

static int error_of(enum spgi_join found)
{
    return found == SPGI_JOIN_STALE ? -ESRCH : found == SPGI_JOIN_TAKEN ? -EBUSY : 0;
}

struct registration {
    spgi_a64 *life;
    uint64_t gen;
    enum spgi_join found;
};

// Runs once the waiter's context is saved: from the registration on, the finisher may wake it, on
// another thread; so nothing of the waiter, its stack included, is touched after that.
static bool commit_join(struct spgi_shard *shard, struct spgi_task *self, void *arg)
{
    (void)shard;
    struct registration *registration = arg;
    enum spgi_join found =
        spgi_join_register(registration->life, registration->gen, self->index + 1);
    if (found == SPGI_JOIN_RUNNING) {
        return true;
    }
    registration->found = found;
    return false;
}

int spgi_join_task(struct spgi_shard *shard, struct spgi_task *self, struct spgi_task *joined,
                   uint64_t gen, spg_time deadline)
{
    int refused = spgi_wait_refused(self);
    if (refused) {
        return refused;
    }
    if (joined == self && spgi_life_gen(load_relaxed(&self->life)) == gen) {
        return -EDEADLK;
    }
    struct registration registration = {&joined->life, gen, SPGI_JOIN_RUNNING};
    enum spgi_join found = spgi_join_look(load_acquire(&joined->life), gen);
    if (found == SPGI_JOIN_DONE) {
        return error_of(spgi_join_register(&joined->life, gen, self->index + 1));
    }
    if (found != SPGI_JOIN_RUNNING) {
        return error_of(found);
    }
    if (deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        return -ETIME;
    }
    // Release: whoever reads it sees that the wait before is over (core/wait.h).
    store_release(&self->wait.target, spgi_handle_of(joined, gen));
    int error = spgi_wait_begin(shard, self, SPGI_WAIT_JOIN, deadline, spgi_join_stop);
    if (error) {
        return error;
    }
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, commit_join, &registration);
    int reason = spgi_wait_end(self);
    return reason ? reason : error_of(registration.found);
}

void spgi_join_stop_at(struct spgi_shard *home, struct spgi_task *waiter, uint64_t target,
                       int reason)
{
    struct spgi_task *joined = spgi_slot_of(home->rt, spgi_handle_index(target));
    if (spgi_join_withdraw(&joined->life, spgi_handle_gen(target), waiter->index + 1)) {
        waiter->wait.reason = reason;
        spgi_ready(waiter);
    }
}

void spgi_join_stop(struct spgi_shard *home, struct spgi_task *waiter, int reason)
{
    spgi_join_stop_at(home, waiter, load_relaxed(&waiter->wait.target), reason);
}

void spgi_join_wake(struct spgi_task *finished, uint64_t life)
{
    uint32_t joiner = spgi_life_joiner(life);
    if (joiner == SPGI_JOINER_THREAD) {
        spgi_futex_wake(spgi_futex_low(&finished->life));
    } else if (joiner != 0) {
        spgi_ready_next(spgi_slot_of(finished->rt, joiner - 1));
    }
}

int spgi_join_thread(struct spgi_task *joined, uint64_t gen, spg_time deadline)
{
    spgi_a64 *word = &joined->life;
    enum spgi_join found = spgi_join_look(load_acquire(word), gen);
    if (found == SPGI_JOIN_RUNNING && deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        return -ETIME;
    }
    found = spgi_join_register(word, gen, SPGI_JOINER_THREAD);
    if (found != SPGI_JOIN_RUNNING) {
        return error_of(found);
    }
    for (;;) {
        uint64_t life = load_acquire(word); // pairs with spgi_life_finish
        if (life & SPGI_LIFE_DONE) {
            return 0;
        }
        bool timed_out = deadline != SPG_NEVER && deadline <= spgi_clock_now();
        if (timed_out && spgi_join_withdraw(word, gen, SPGI_JOINER_THREAD)) {
            return -ETIME;
        }
        if (!timed_out) {
            spgi_futex_wait(spgi_futex_low(word), (uint32_t)life, deadline);
        }
    }
}
