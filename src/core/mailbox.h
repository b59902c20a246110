// SPDX-License-Identifier: MIT
// mailbox.h: mailboxes: their table, opening, receiving, closing. Sending is in lane.h.
//
// A mailbox's word is its shard, its generation, and whether it is open. Closing moves the
// generation on, so that handles are stale; the slot, its lanes and their memory stay, for the next
// one. So whoever has read a handle just before may still stage messages into a lane; each message
// carries the generation it is for, and the receiver destroys those of an older one, be it when the
// next mailbox receives, be it by the alarm, which a closed mailbox leaves armed for that.
//
// A slot that is closed is in its shard's list; one of another shard may take it from there, when
// the table is full. So the shard touches what belongs to the receiver only while the mailbox is
// open, which nobody else ends, or while it has taken the slot out of its list, to destroy what has
// come. The alarm moves along: if it has been rung just before, the shard that it was of finds
// another one in the word, and hands the ring on.
#ifndef SPGI_CORE_MAILBOX_H
#define SPGI_CORE_MAILBOX_H

#include "core/types.h"

#include <spargio/mailbox.h>

// Handle: runtime 6 bits, slot 16, generation 42. Word: shard, generation 42, open 1.
#define SPGI_MAILBOX_OPEN UINT64_C(1)
#define SPGI_MAILBOX_SHARD_SHIFT (SPGI_MAILBOX_GEN_BITS + 1)

static inline uint32_t spgi_mailbox_handle_runtime(spg_mailbox handle)
{
    return (uint32_t)(handle.v >> (SPGI_MAILBOX_GEN_BITS + SPGI_MAILBOX_INDEX_BITS));
}

static inline uint32_t spgi_mailbox_handle_index(spg_mailbox handle)
{
    return (uint32_t)(handle.v >> SPGI_MAILBOX_GEN_BITS) & ((1u << SPGI_MAILBOX_INDEX_BITS) - 1);
}

static inline uint64_t spgi_mailbox_handle_gen(spg_mailbox handle)
{
    return handle.v & SPGI_MAILBOX_GEN_MASK;
}

static inline uint64_t spgi_mailbox_gen(uint64_t word)
{
    return word >> 1 & SPGI_MAILBOX_GEN_MASK;
}

static inline uint32_t spgi_mailbox_shard(uint64_t word)
{
    return (uint32_t)(word >> SPGI_MAILBOX_SHARD_SHIFT);
}

// Whether a mailbox of that generation is open, given its word: all but the shard is the same.
static inline bool spgi_mailbox_opened(uint64_t word, uint64_t gen)
{
    return (word ^ (gen << 1 | SPGI_MAILBOX_OPEN)) << (64 - SPGI_MAILBOX_SHARD_SHIFT) == 0;
}

static inline bool spgi_mailbox_is(struct spgi_mailbox *mailbox, uint64_t gen)
{
    // Sequentially consistent: the second look of senders before they wait, too.
    return spgi_mailbox_opened(load_seqcst(&mailbox->word), gen);
}

// The mailbox that a handle names; NULL when there cannot be one. It may be closed: ask
// spgi_mailbox_is. The caller holds the runtime.
static inline struct spgi_mailbox *spgi_mailbox_of(struct spg_rt *rt, spg_mailbox handle)
{
    uint32_t index = spgi_mailbox_handle_index(handle);
    return index < SPG_MAX_MAILBOXES ? load_acquire(&rt->mailboxes[index]) : NULL;
}

// A thread that may wait for a lock: a mailbox of a shard. capacity has been checked. Returns 0,
// -EAGAIN or -ENOMEM.
int spgi_mailbox_open(struct spg_rt *rt, uint32_t shard, uint64_t capacity, spg_mailbox *out);

// The shard's own thread. The mailbox is open.
void spgi_mailbox_close(struct spgi_shard *shard, struct spgi_mailbox *mailbox);

// Tasks on the mailbox's shard: spg_receive and spg_tally_take.
ssize_t spgi_mailbox_receive(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                             spg_msg *out, size_t n, spg_time deadline);

// The mailbox's shard, while it is open: calls those whose wait is over; while others wait, the
// alarm stays armed.
void spgi_mailbox_look(struct spgi_mailbox *mailbox);

// Draining is over: nobody will receive what threads that are no shards still want to send. Those
// that wait, and all that come, are told -ESHUTDOWN.
void spgi_mailboxes_shut(struct spg_rt *rt);

static inline bool spgi_mailboxes_are_shut(struct spg_rt *rt)
{
    return load_seqcst(&rt->mailboxes_shut) != 0; // a second look of those who wait
}

// The default mailbox of a shard.
spg_mailbox spgi_mailbox_default(struct spg_rt *rt, uint32_t shard);

// Sets up the table, with the shards' own mailboxes. Returns 0 or -ENOMEM. Fini: no thread of the
// runtime is left; destroys what was never received. Returns the first generation never used.
int spgi_mailboxes_init(struct spg_rt *rt, uint64_t first_generation);
uint64_t spgi_mailboxes_fini(struct spg_rt *rt);

#endif
