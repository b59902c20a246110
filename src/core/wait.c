// SPDX-License-Identifier: MIT
// wait.c: beginning, stopping and ending a wait; the protocol is in wait.h.
#include "core/wait.h"

#include "base/assert.h"
#include "core/chan.h"
#include "core/join.h"
#include "core/life.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/timer.h"
#include "sys/clock.h"

#include <errno.h>

int spgi_wait_reason(uint64_t bits)
{
    return bits & SPGI_LIFE_CANCELED ? -ECANCELED : -ETIME;
}

static void fire_deadline(struct spgi_shard *shard, struct spgi_timer *timer)
{
    struct spgi_task *task = SPGI_CONTAINER(timer, struct spgi_task, wait.timer);
    // FIRING keeps the task from leaving spgi_wait_end, so its wait can be looked at.
    task->wait.stop(shard, task, -ETIME);
}

int spgi_wait_begin(struct spgi_shard *shard, struct spgi_task *task, enum spgi_wait_kind kind,
                    spg_time deadline,
                    void (*stop)(struct spgi_shard *, struct spgi_task *, int reason))
{
    struct spgi_wait *wait = &task->wait;
    wait->reason = 0;
    wait->stop = stop;
    store_relaxed(&wait->since, (uint64_t)shard->pass_start);
    store_seqcst(&wait->word, (uint64_t)kind | (uint64_t)shard->index << 8); // W1
    int refused = stop ? spgi_wait_refused(task) : 0;                        // W2
    if (refused) {
        store_relaxed(&wait->word, 0u);
        return refused;
    }
    if (stop && deadline != SPG_NEVER) {
        spgi_timer_arm(shard, &wait->timer, deadline, fire_deadline);
    }
    SPGI_COUNT(shard, suspends);
    return 0;
}

// On the home shard of the wait that the canceller saw.
static void kick_arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    struct spgi_task *task = SPGI_CONTAINER(errand, struct spgi_task, kick);
    store_seqcst(&task->kicked,
                 0u); // first: a reason that is set from now on sends a kick of its own
    // The word is read last: no wait can begin on this shard while the kick runs, so if it names
    // this shard then, the wait has been there all along: target, claim and reason are its own.
    uint64_t target = load_acquire(&task->wait.target); // pairs with spgi_join_task
    uint64_t claim = load_acquire(&task->wait.claim);   // pairs with W5 of core/chan.h
    int reason = spgi_wait_refused(task);
    uint64_t word = load_seqcst(&task->wait.word);
    if (!reason || !word) {
        return;
    }
    if (spgi_wait_home_of(word) != shard->index) {
        struct spgi_fifo again = {0};
        spgi_wait_kick_claim(task, &again); // it has moved on: follow it
        spgi_wait_kick_send(&again);
        return;
    }
    enum spgi_wait_kind kind = spgi_wait_kind_of(word);
    if (kind == SPGI_WAIT_JOIN) {
        spgi_join_stop_at(shard, task, target, reason);
    } else if (kind == SPGI_WAIT_CHANNEL) {
        spgi_chan_stop_at(task, claim, reason);
    } else if (kind != SPGI_WAIT_CLOSE && kind != SPGI_WAIT_FD_CLOSE && task->wait.stop) {
        task->wait.stop(shard, task, reason); // suspended here, and only this thread can end it
    }
}

void spgi_wait_kick_claim(struct spgi_task *task, struct spgi_fifo *kicks)
{
    uint32_t idle = 0;
    if (load_seqcst(&task->wait.word) != 0 && cas_seqcst(&task->kicked, &idle, 1u)) { // C2
        spgi_fifo_push(kicks, &task->kick.link);
    }
}

void spgi_wait_kick_send(struct spgi_fifo *kicks)
{
    struct spgi_link *link;
    while ((link = spgi_fifo_pop(kicks)) != NULL) {
        struct spgi_task *task = SPGI_CONTAINER(link, struct spgi_task, kick.link);
        task->kick.run = kick_arrived;
        // If the wait has ended meanwhile, any shard will do: it clears the flag.
        uint32_t home = spgi_wait_home_of(load_seqcst(&task->wait.word));
        spgi_shard_post(task->rt->shards[home], &task->kick);
    }
}

const char *spgi_wait_name(enum spgi_wait_kind kind)
{
    static const char *const names[] = {
        [SPGI_WAIT_NONE] = "running",
        [SPGI_WAIT_JOIN] = "join",
        [SPGI_WAIT_CLOSE] = "scope",
        [SPGI_WAIT_CHANNEL] = "channel",
        [SPGI_WAIT_SLEEP] = "sleep",
        [SPGI_WAIT_OP] = "op",
        [SPGI_WAIT_FD_CLOSE] = "close",
        [SPGI_WAIT_BLOCKING] = "blocking",
        [SPGI_WAIT_MESSAGE] = "message",
        [SPGI_WAIT_ROOM] = "room",
        [SPGI_WAIT_FLUSH] = "flush",
        [SPGI_WAIT_TALLY] = "tally",
        [SPGI_WAIT_CALL] = "call",
        [SPGI_WAIT_SERVE] = "serve",
    };
    return names[kind];
}
