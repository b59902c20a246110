// SPDX-License-Identifier: MIT
// party.c: waiting at a boundary and being woken; who may do what is in party.h.
#include "core/party.h"

#include "core/fiber.h"
#include "core/registry.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/wait.h"
#include "sys/clock.h"
#include "sys/futex.h"

#include <errno.h>

// Returns whether it was still linked: then nobody else will wake it.
static bool withdraw(struct spgi_party *party)
{
    pthread_mutex_lock(party->lock);
    bool linked = party->linked;
    if (linked) {
        spgi_ring_list_remove(&party->node);
        party->linked = false;
    }
    pthread_mutex_unlock(party->lock);
    return linked;
}

static void stop(struct spgi_shard *home, struct spgi_task *task, int reason)
{
    (void)home;
    if (withdraw(task->wait.subject)) {
        task->wait.reason = reason;
        spgi_ready(task);
    }
}

int spgi_party_join(struct spgi_party *party, pthread_mutex_t *lock, struct spgi_node *list,
                    enum spgi_wait_kind kind, spg_time deadline)
{
    struct spgi_shard *shard = spgi_shard_self();
    *party = (struct spgi_party){.lock = lock};
    if (shard && shard->running) {
        party->task = shard->running;
        party->shard = shard;
        party->task->wait.subject = party;
        int refused = spgi_wait_begin(shard, party->task, kind, deadline, stop);
        if (refused) {
            return refused;
        }
    }
    party->linked = true;
    spgi_ring_list_append(list, &party->node);
    return 0;
}

static int sleep_as_thread(struct spgi_party *party, spg_time deadline)
{
    while (!load_acquire(&party->woken)) { // pairs with the release in spgi_party_wake
        spgi_futex_wait(spgi_futex_low(&party->woken), 0, deadline);
        if (deadline != SPG_NEVER && spgi_clock_now() >= deadline) {
            if (withdraw(party)) {
                return -ETIME;
            }
            deadline = SPG_NEVER; // chosen: the wake-up is on its way
        }
    }
    return party->code;
}

int spgi_party_sleep(struct spgi_party *party, spg_time deadline)
{
    if (!party->task) {
        return sleep_as_thread(party, deadline);
    }
    spgi_fiber_suspend(party->shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    int reason = spgi_wait_end(party->task);
    return reason ? reason : party->code;
}

void spgi_party_choose(struct spgi_node *list, struct spgi_fifo *chosen, int code,
                       struct spgi_call *given)
{
    struct spgi_party *party = SPGI_CONTAINER(list->next, struct spgi_party, node);
    spgi_ring_list_remove(&party->node);
    party->linked = false;
    party->code = code;
    party->given = given;
    spgi_fifo_push(chosen, &party->chosen);
}

static void arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    (void)shard;
    spgi_ready(SPGI_CONTAINER(errand, struct spgi_party, errand)->task);
}

static void wake_task(struct spgi_party *party)
{
    struct spgi_shard *self = spgi_shard_self();
    struct spgi_shard *home = party->shard;
    if (self == home) {
        spgi_ready(party->task);
        return;
    }
    // A runtime in which a task waits does not end; but once this one is woken it may, while this
    // thread still rings the bell.
    uint32_t slot = home->rt->slot;
    bool held = (!self || self->rt != home->rt) && spgi_registry_hold(slot);
    party->errand.run = arrived;
    spgi_shard_post(home, &party->errand);
    if (held) {
        spgi_registry_let_go(slot);
    }
}

void spgi_party_wake(struct spgi_fifo *chosen)
{
    struct spgi_link *link;
    while ((link = spgi_fifo_pop(chosen)) != NULL) {
        struct spgi_party *party = SPGI_CONTAINER(link, struct spgi_party, chosen);
        if (party->task) {
            wake_task(party);
        } else {
            spgi_a64 *woken = &party->woken;
            store_release(woken, UINT64_C(1)); // its frame may be gone from here on
            spgi_futex_wake(spgi_futex_low(woken));
        }
    }
}
