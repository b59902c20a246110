// SPDX-License-Identifier: MIT
// chan.h: channels: bounded queues of items between tasks, whichever shards these run on.
//
// Any number of tasks send, and any number receive. Items have one size and are copied in and out:
// hand over a pointer for what is large, or owned. A channel belongs to no shard and no runtime, so
// tasks at its ends may move; docs/messages.md says when a mailbox or a boundary is the better one.
//
// Order and fairness: items come out in the order in which they went in. Of tasks that wait to
// send, and of those that wait to receive, the one that came first is served first, and nobody who
// comes later overtakes those who wait. An item is given to the receiver that has waited longest,
// even if another one would have run sooner. A task that need not wait goes on without letting
// others run: one that sends or receives for long while nobody makes it wait should ask
// spg_should_yield.
//
// Waking: who ends another task's wait makes that task ready on its own shard, where it runs next
// unless it is stolen: two ends that talk a lot come to share a shard, and then need neither locks
// of others nor doorbells. Pinned and sticky tasks go back to their shards.
//
// Cost: a call that need not wait takes a lock, copies, and lets go: one locked instruction, no
// clock, no system call. Batches take the lock once. Idea: Go's channels, with their direct
// hand-over from a sender to a receiver that waits.
#ifndef SPARGIO_CHAN_H
#define SPARGIO_CHAN_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// Of an item, at most.
#define SPG_MAX_CHAN_ITEM_BYTES 4096u
// Of all items that a channel has room for, at most.
#define SPG_MAX_CHAN_BYTES (1u << 26)

// A channel, from spg_chan_open until spg_chan_free.
typedef struct spg_chan spg_chan;

// What is there now, and counters since opening.
typedef struct spg_chan_stats {
    uint64_t depth;             // items that were sent and not received, now
    uint64_t capacity;          // as it was opened
    uint64_t item_bytes;        // as it was opened
    uint64_t closed;            // 1: spg_chan_close was called
    uint64_t waiting_senders;   // tasks, now
    uint64_t waiting_receivers; // tasks, now
    uint64_t sent;              // items taken from senders
    uint64_t received;          // items given to receivers
} spg_chan_stats;

// ---- Opening and closing ---------------------------------------------------------------------

// Opens a channel.
//   item_bytes  size of an item, 1 to SPG_MAX_CHAN_ITEM_BYTES
//   capacity    items it has room for: item_bytes times that is at most SPG_MAX_CHAN_BYTES, and is
//               taken from the heap. 0: none: each send waits for a receive, and each receive for
//               a send
//   out         written only on success; freed with spg_chan_free
// Any thread. Does not suspend.
// Returns 0; -EINVAL out is NULL, or a bound above; -ENOMEM.
SPG_API SPG_MUST_CHECK int spg_chan_open(size_t item_bytes, size_t capacity, spg_chan **out);

// Ends the sending: sends, also those that wait, return -EPIPE, or how many items were taken
// before. What is in the channel can still be received; then receives return -EPIPE, and those that
// wait do so at once. Idempotent; ignores cancellation.
// Any thread. Does not suspend. Returns 0; -EINVAL chan is NULL; -EOWNERDEAD after fork.
SPG_API int spg_chan_close(spg_chan *chan);

// Frees a channel, closed or not; what is still in it goes with it. NULL is let pass. No other call
// on it may be under way or follow: of calls that wait it tells. Who has got an item, or -EPIPE,
// may free it: the calls that gave it that have left the channel.
// Any thread, also after the runtimes have ended. Does not suspend.
// Returns 0; -EBUSY tasks wait in it: nothing is freed; -EOWNERDEAD after fork: likewise.
SPG_API int spg_chan_free(spg_chan *chan);

// ---- Sending ---------------------------------------------------------------------------------

// Sends one item: it is copied, to a receiver that waits, or into the channel.
//   item      of the channel's item_bytes
//   deadline  of the wait for room; SPG_NOW: send it if there is room now
// Tasks only. Suspends while the channel is full.
// Returns 0; -EPIPE the channel is closed; -ETIME there was no room before the deadline; -ECANCELED
// the task or its scope is cancelled; -EINVAL chan or item is NULL; -EPERM outside a task;
// -EOWNERDEAD after fork. It was sent if, and only if, 0 is returned.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_chan_send(spg_chan *chan, const void *item,
                                                      spg_time deadline);

// Sends n items in order, as many as there is room for until the deadline. No other sender's come
// in between, but after each 64 KiB.
//   items  n of them, one behind the other; may be NULL when n is 0
//   n      0 is allowed
// Tasks only. Suspends while the channel is full.
// Returns how many were taken: fewer than n when the channel was closed, the deadline passed, or
// the task was cancelled, which the next call tells. When none were, and n is not 0: why, as
// spg_chan_send; -EINVAL chan is NULL, or items is that must not be.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK ssize_t spg_chan_send_n(spg_chan *chan, const void *items,
                                                            size_t n, spg_time deadline);

// ---- Receiving -------------------------------------------------------------------------------

// Receives the oldest item.
//   item      room for the channel's item_bytes
//   deadline  of the wait for one; SPG_NOW: what is there
// Tasks only. Suspends while the channel is empty.
// Returns 0; -EPIPE the channel is closed, and empty; -ETIME none came before the deadline;
// -ECANCELED the task or its scope is cancelled; -EINVAL chan or item is NULL; -EPERM outside a
// task; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_chan_receive(spg_chan *chan, void *item,
                                                         spg_time deadline);

// Receives what is there, the oldest first, at most n items and at most 64 KiB; at least one: it
// waits for the first only.
//   items  room for n
// Tasks only. Suspends while the channel is empty.
// Returns how many; else as spg_chan_receive; -EINVAL chan or items is NULL, or n is 0.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK ssize_t spg_chan_receive_n(spg_chan *chan, void *items,
                                                               size_t n, spg_time deadline);

// ---- Statistics ------------------------------------------------------------------------------

// All of it as of one moment.
// Any thread. Does not suspend. Returns 0; -EINVAL chan or out is NULL; -EOWNERDEAD after fork.
SPG_API int spg_chan_stats_get_sized(spg_chan *chan, spg_chan_stats *out, size_t size);
static inline int spg_chan_stats_get(spg_chan *chan, spg_chan_stats *out)
{
    return spg_chan_stats_get_sized(chan, out, sizeof *out);
}

SPG_END_DECLS

#endif
