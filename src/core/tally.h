// SPDX-License-Identifier: MIT
// tally.h: sums under a tag that everybody adds to, and one shard takes.
//
//   whoever adds                                 the receiver (core/alarm.h)
//   T1 word += n, if the generation fits (seq_cst)   A1 arm the mailbox's alarm
//   T2 below the threshold: done                     A2 look at the word: still below: wait
//   T3 ring the mailbox's alarm
//
// Of several who add, the one whose addition comes to the threshold sees that. The generation in
// the word keeps an addition from going to another tally that has the slot by then.
//
// Tag and threshold are read without order by those whose mailbox may be closed meanwhile, and the
// slot another's. With a wrong tag they find the wrong tally, or none: the addition then fails by
// its generation, and so does the second look of whoever reads. With a wrong threshold they ring in
// vain, or do not ring a mailbox that is closed. While it is open neither changes, and whoever has
// its handle, and sees the count, sees them.
#ifndef SPGI_CORE_TALLY_H
#define SPGI_CORE_TALLY_H

#include "core/types.h"

#include <spargio/mailbox.h>

// Any thread; the mailbox is of generation gen. 0, -EEXIST, -EAGAIN, -ESRCH.
int spgi_tally_open(struct spgi_mailbox *mailbox, uint64_t gen, uint32_t tag, uint64_t threshold);

// The tally of a tag; NULL: there is none.
struct spgi_tally *spgi_tally_of(struct spgi_mailbox *mailbox, uint32_t tag);

// Any thread. 0, -EOVERFLOW, -ESRCH.
int spgi_tally_add(struct spgi_mailbox *mailbox, uint64_t gen, struct spgi_tally *tally,
                   uint64_t n);

static inline uint64_t spgi_tally_pending(struct spgi_tally *tally)
{
    return load_seqcst(&tally->word) & SPG_MAX_TALLY;
}

// A task on the mailbox's shard. 0, -ETIME, -ECANCELED, -ESRCH.
int spgi_tally_take(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                    struct spgi_tally *tally, uint64_t *out, spg_time deadline);

// The receiver's shard: waking, on behalf of the mailbox.
bool spgi_tallies_wanted(struct spgi_mailbox *mailbox);   // somebody waits
bool spgi_tallies_due(struct spgi_mailbox *mailbox);      // for one that has come to its threshold
bool spgi_tallies_call_due(struct spgi_mailbox *mailbox); // calls the first of each; whether any
void spgi_tallies_wake_all(struct spgi_mailbox *mailbox);
void spgi_tallies_clear(struct spgi_mailbox *mailbox);

#endif
