// SPDX-License-Identifier: MIT
// tally.c: sums under a tag; the protocol is in tally.h.
#include "core/tally.h"

#include "core/alarm.h"
#include "core/mailbox.h"
#include "core/wait.h"
#include "core/waitlist.h"

#include <errno.h>

#define SUM_BITS 48

_Static_assert(SPG_MAX_TALLY == (UINT64_C(1) << SUM_BITS) - 1, "what the word has room for");

static uint64_t word_of(uint64_t gen, uint64_t sum)
{
    return gen << SUM_BITS | sum;
}

int spgi_tally_open(struct spgi_mailbox *mailbox, uint64_t gen, uint32_t tag, uint64_t threshold)
{
    struct spg_rt *rt = mailbox->rt;
    pthread_mutex_lock(&rt->mailboxes_lock);
    uint32_t count = load_relaxed(&mailbox->tally_count);
    int error = !spgi_mailbox_is(mailbox, gen) ? -ESRCH
                : spgi_tally_of(mailbox, tag)  ? -EEXIST
                : count == SPG_MAX_TALLIES     ? -EAGAIN
                                               : 0;
    if (!error) {
        struct spgi_tally *tally = &mailbox->tallies[count];
        store_relaxed(&tally->tag, tag); // relaxed: see tally.h
        store_relaxed(&tally->threshold, threshold > 0 ? threshold : 1);
        store_relaxed(&tally->word, word_of(gen, 0));
        spgi_ring_list_init(&tally->waiters);
        store_release(&mailbox->tally_count, count + 1); // pairs with spgi_tally_of
    }
    pthread_mutex_unlock(&rt->mailboxes_lock);
    return error;
}

struct spgi_tally *spgi_tally_of(struct spgi_mailbox *mailbox, uint32_t tag)
{
    uint32_t count = load_acquire(&mailbox->tally_count);
    for (uint32_t i = 0; i < count; i++) {
        if (load_relaxed(&mailbox->tallies[i].tag) == tag) {
            return &mailbox->tallies[i];
        }
    }
    return NULL;
}

static bool is_due(struct spgi_tally *tally)
{
    return spgi_tally_pending(tally) >= load_relaxed(&tally->threshold);
}

int spgi_tally_add(struct spgi_mailbox *mailbox, uint64_t gen, struct spgi_tally *tally, uint64_t n)
{
    uint64_t word = load_relaxed(&tally->word);
    uint64_t sum;
    do {
        sum = word & SPG_MAX_TALLY;
        if (word_of(gen, sum) != word) {
            return -ESRCH;
        }
        if (n > SPG_MAX_TALLY - sum) {
            return -EOVERFLOW;
        }
    } while (!cas_seqcst(&tally->word, &word, word + n)); // T1
    if (sum + n >= load_relaxed(&tally->threshold)) {     // T2
        spgi_alarm_ring(&mailbox->arrived);
    }
    return 0;
}

// The receiver: takes the sum.
static uint64_t take(struct spgi_tally *tally, uint64_t gen)
{
    return xchg_seqcst(&tally->word, word_of(gen, 0)) & SPG_MAX_TALLY;
}

int spgi_tally_take(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                    struct spgi_tally *tally, uint64_t *out, spg_time deadline)
{
    int error = spgi_wait_refused(shard->running);
    struct spgi_waiter waiter;
    spgi_waiter_init(&waiter, 0);
    while (!error) {
        bool is = spgi_mailbox_is(mailbox, gen);
        bool turn = is && spgi_waitlist_turn(&tally->waiters, &waiter); // else behind others
        if (!is) {
            error = -ESRCH;
        } else if (turn && is_due(tally)) {
            *out = take(tally, gen);
            break;
        } else if (deadline == SPG_NOW) {
            error = -ETIME;
        } else {
            spgi_alarm_arm(&mailbox->arrived);
            if (!turn || !is_due(tally)) {
                error =
                    spgi_waitlist_wait(shard, &tally->waiters, &waiter, SPGI_WAIT_TALLY, deadline);
            }
        }
    }
    spgi_waitlist_leave(&waiter);
    if (spgi_mailbox_is(mailbox, gen)) { // else nobody waits any more
        spgi_mailbox_look(mailbox);
    }
    return error;
}

bool spgi_tallies_wanted(struct spgi_mailbox *mailbox)
{
    uint32_t count = load_acquire(&mailbox->tally_count);
    for (uint32_t i = 0; i < count; i++) {
        if (!spgi_waitlist_empty(&mailbox->tallies[i].waiters)) {
            return true;
        }
    }
    return false;
}

bool spgi_tallies_due(struct spgi_mailbox *mailbox)
{
    uint32_t count = load_acquire(&mailbox->tally_count);
    for (uint32_t i = 0; i < count; i++) {
        struct spgi_tally *tally = &mailbox->tallies[i];
        if (!spgi_waitlist_empty(&tally->waiters) && is_due(tally)) {
            return true;
        }
    }
    return false;
}

bool spgi_tallies_call_due(struct spgi_mailbox *mailbox)
{
    bool called = false;
    uint32_t count = load_acquire(&mailbox->tally_count);
    for (uint32_t i = 0; i < count; i++) {
        struct spgi_tally *tally = &mailbox->tallies[i];
        if (!spgi_waitlist_empty(&tally->waiters) && is_due(tally)) {
            if (!spgi_waitlist_called(&tally->waiters)) {
                spgi_waitlist_call(&tally->waiters);
            }
            called = true;
        }
    }
    return called;
}

void spgi_tallies_wake_all(struct spgi_mailbox *mailbox)
{
    uint32_t count = load_acquire(&mailbox->tally_count);
    for (uint32_t i = 0; i < count; i++) {
        spgi_waitlist_wake_all(&mailbox->tallies[i].waiters);
    }
}

void spgi_tallies_clear(struct spgi_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->rt->mailboxes_lock);
    uint64_t next = spgi_mailbox_gen(load_relaxed(&mailbox->word));
    for (uint32_t i = 0; i < load_relaxed(&mailbox->tally_count); i++) {
        store_seqcst(&mailbox->tallies[i].word, word_of(next, 0));
    }
    store_release(&mailbox->tally_count, 0u);
    pthread_mutex_unlock(&mailbox->rt->mailboxes_lock);
}
