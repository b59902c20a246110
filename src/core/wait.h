// SPDX-License-Identifier: MIT
// wait.h: beginning, stopping and ending a wait, whatever it is for.
//
// Who makes a suspended task ready is decided by the kind of its wait:
// - JOIN: whoever clears the joiner from the joined task's life word (core/life.h): its finisher,
//   or the home shard, for a deadline or a cancellation.
// - CHANNEL: whoever claims the wait by its claim word (core/chan.h): one who sends, receives or
//   closes, on any shard, or the home shard, for a deadline or a cancellation.
// - CLOSE, FD_CLOSE: the last one to leave; these waits are not stopped.
// - all others: the home shard alone, whose thread runs completions, timers and kicks in turn.
//
// Cancellation against the beginning of a wait:
//   task                                        canceller
//   W1 wait.word = kind, home     (seq_cst)     C1 set the reason in life, or scoped    (seq_cst)
//   W2 look at life and scoped    (seq_cst)     C2 look at wait.word                    (seq_cst)
//   W3 a reason: the wait is refused            C3 a word: send a kick to its home shard
// Either W2 sees the reason, or C2 sees the wait. The kick errand belongs to the slot of the task,
// not to one life: a kick that comes late finds another wait, or another task, looks at its
// reasons, and does nothing if there are none. It clears its flag before it looks, so that no kick
// is lost.
//
// A join, or a wait in a channel, may end on another shard while the kick looks at it, and the task
// may be in its next wait before the kick acts. So the kick reads what is joined, or the claim,
// then the reasons, then the word:
// - Waits with this home begin on this thread, which is busy with the kick. A word that names this
//   home is therefore that of one wait, which lasted from before the first read to the last.
// - Should it end after that, then by the end of the joined task: withdrawing from that task fails;
//   or because somebody else has claimed it: claiming that generation fails.
#ifndef SPGI_CORE_WAIT_H
#define SPGI_CORE_WAIT_H

#include "core/life.h"
#include "core/timer.h"
#include "core/types.h"

// What reason bits that are set stand for: -ECANCELED or -ETIME.
int spgi_wait_reason(uint64_t bits);

// Why waits of the task are refused now: 0, -ECANCELED or -ETIME.
static inline int spgi_wait_refused(struct spgi_task *task)
{
    uint64_t own = load_seqcst(&task->life) & SPGI_LIFE_STOPPED;
    uint64_t bits = own ? own : load_seqcst(&task->scoped);
    return __builtin_expect(bits != 0, 0) ? spgi_wait_reason(bits) : 0;
}

// The task itself, before it suspends. Returns 0: the wait has begun; suspend, then call
// spgi_wait_end. Else the reason why it is refused.
//   stop  NULL: the wait ignores cancellation and deadlines, and is never refused
int spgi_wait_begin(struct spgi_shard *shard, struct spgi_task *task, enum spgi_wait_kind kind,
                    spg_time deadline,
                    void (*stop)(struct spgi_shard *, struct spgi_task *, int reason));

// The task itself, after it has resumed, or instead of suspending. Returns why it was stopped, 0 if
// not.
static inline int spgi_wait_end(struct spgi_task *task)
{
    if (!spgi_timer_idle(&task->wait.timer)) {
        spgi_timer_disarm(&task->wait.timer);
    }
    store_relaxed(&task->wait.word, 0u);
    return task->wait.reason;
}

// Any thread, after C1: if the task waits, claims its kick errand and adds it to kicks, to be sent
// once the caller holds no lock.
void spgi_wait_kick_claim(struct spgi_task *task, struct spgi_fifo *kicks);
void spgi_wait_kick_send(struct spgi_fifo *kicks);

// The kind and home of a wait word.
static inline enum spgi_wait_kind spgi_wait_kind_of(uint64_t word)
{
    return (enum spgi_wait_kind)(word & 0xFF);
}

static inline uint32_t spgi_wait_home_of(uint64_t word)
{
    return (uint32_t)(word >> 8);
}

// Text for reports.
const char *spgi_wait_name(enum spgi_wait_kind kind);

#endif
