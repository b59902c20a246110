// SPDX-License-Identifier: MIT
// chan.h: channels: a ring of items under a lock, and those who wait for it, on any shard.
//
// A channel belongs to no shard. Whoever sends, receives or closes holds its lock, under which
//   I1 a receiver waits in the list, unclaimed: the ring is empty
//   I2 a sender waits in the list, unclaimed: the ring is full
// So a send gives its items to the receivers that wait, then to the ring; a receive takes from the
// ring, then from the senders that wait, and puts more of theirs into the room it has made. Each
// leaves I1 and I2 as they were, and nobody waits for what is there: no wake-up is ever owed to a
// later call. Newcomers cannot overtake, since who waits is served before the lock is let go.
//
// The wait of a task ends once, by whoever claims it:
//
//   the task, and its scheduler                whoever sends, receives or closes
//   W1 wait_begin: word, reasons, timer        S1 lock
//   W2 suspend; its context is saved           S2 claim: CAS the claim from (generation, armed) to
//   W3 commit: lock                               (generation, claimed). It fails: the waiter is
//   W4 what can be moved is moved; all of         being stopped: pass it over, leave it linked
//      it, or it is closed: unlock, the        S3 move its items, unlink it
//      switch turns back                       S4 unlock
//   W5 claim = (next generation, armed)        S5 make it ready: on the own shard, if it may move
//      (release), link into the list
//   W6 unlock. Nothing of the task is          the home shard, for a deadline or a cancellation
//      touched from here on                    H1 claim, as in S2. It fails: somebody else wakes it
//                                              H2 lock, unlink, unlock
//                                              H3 reason, make it ready
//
// - Whoever claims is the only one to make the task ready, once, so its frame, with the waiter in
//   it, is there until S5 or H3; a waiter that is linked was not made ready, so the list can be
//   walked under the lock. The channel is there as long, since the call has not returned.
// - S2 comes after W6, by the lock; H1 runs on the thread that did W5. So a task that is claimed is
//   one whose context is saved.
// - The home shard may look at a task that is in another wait by now (core/wait.h). The claim word
//   belongs to the slot, and its generation moves on with each wait: an old one is not claimed.
// - A sender may lose some of its items to receivers before it is claimed: those count as sent,
//   whatever ends the wait.
// - A call that would wait for ever, and reads from outside that there is nothing for it, leaves
//   the first look out: W4 is the one that counts.
// - A call that has let go of the lock touches the channel no more, nor does one that was woken: so
//   whoever learns from an item that all is done may free the channel.
#ifndef SPGI_CORE_CHAN_H
#define SPGI_CORE_CHAN_H

#include "core/types.h"

#include <spargio/chan.h>

#define SPGI_CHAN_ARMED UINT64_C(1)

enum spgi_chan_side { SPGI_CHAN_SENDERS, SPGI_CHAN_RECEIVERS };

struct spg_chan {
    // What each call changes is one cache line; what it only reads is in another one.
    struct spgi_spinlock lock;
    uint32_t first;             // place of the oldest item                        [lock]
    spgi_a32 depth;             // items in the ring                    [any; written under lock]
    uint32_t waiting[2];        // how many wait, by side                          [lock]
    uint64_t sent;              // items that were ever taken from senders         [lock]
    struct spgi_node queues[2]; // who waits, by side                              [lock]

    _Alignas(SPGI_CACHE_LINE) uint32_t capacity; //                                [const]
    uint32_t item_bytes;                         //                                [const]
    int process;                                 // that has opened it             [const]
    bool closed;                                 //                                [lock]

    _Alignas(SPGI_CACHE_LINE) unsigned char items[]; //                            [lock]
};

// bytes of an item and number of them have been checked. Returns 0 or -ENOMEM.
int spgi_chan_open(size_t item_bytes, size_t capacity, spg_chan **out);

// The task that runs on the shard. Sends up to n items, all unless it is stopped. Returns how many
// were taken, if any; else -EPIPE, -ETIME or -ECANCELED.
ssize_t spgi_chan_send(struct spgi_shard *shard, spg_chan *chan, const void *items, size_t n,
                       spg_time deadline);

// The task that runs on the shard. Receives up to n items, at least one. Returns how many; else
// -EPIPE, -ETIME or -ECANCELED.
ssize_t spgi_chan_receive(struct spgi_shard *shard, spg_chan *chan, void *items, size_t n,
                          spg_time deadline);

// Any thread.
void spgi_chan_close(spg_chan *chan);
int spgi_chan_free(spg_chan *chan);
void spgi_chan_stats(spg_chan *chan, spg_chan_stats *out);

// The waiter's home shard: ends the wait that the claim names, unless somebody else has.
void spgi_chan_stop_at(struct spgi_task *task, uint64_t claim, int reason);

#endif
