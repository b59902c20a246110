// SPDX-License-Identifier: MIT
// message.h: the structs of messages between shards. Field tags: core/types.h.
#ifndef SPGI_CORE_MESSAGE_H
#define SPGI_CORE_MESSAGE_H

#include "base/atomic.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/msgq.h"
#include "core/errand.h"
#include "sys/eventcount.h"

#include <pthread.h>
#include <spargio/mailbox.h>
#include <spargio/uring.h>

struct spg_rt;

// From one shard into one mailbox. It belongs to its sender; the receiver only takes from the
// queue, and rings.
struct spgi_lane {
    struct spgi_msgq queue;
    struct spgi_mailbox *mailbox; //                                                [const]
    uint64_t generation;          // of the mailbox the slots were last sized for   [sender]
    bool dirty;                   // in the sender's list of what is to be published
    struct spgi_link dirty_link;
    struct spgi_link lanes_link; // in the sender's list of all its lanes
    struct spgi_node room;       // tasks that wait for room                        [sender]
    struct spgi_alarm credit;    // of the sender: slots were given back
};

// The lane that all threads share that are no shards of the runtime.
struct spgi_outside_lane {
    pthread_mutex_t lock;
    struct spgi_msgq queue;          // sender's side                                      [lock]
    uint64_t generation;             //                                                    [lock]
    uint64_t order;                  // messages ever staged                               [lock]
    struct spgi_eventcount credited; // room was made, or nobody will make any more    [any]
};

struct spgi_tally {
    spgi_a32 tag;             // these two: [any; written under rt->mailboxes_lock, at opening]
    spgi_a64 threshold;
    spgi_a64 word;            // 16 bits of the mailbox's generation, 48 of the sum     [any]
    struct spgi_node waiters; //                                                  [receiver]
};

// Lives in a slot of the runtime's table, which is never freed while that lives; nor are its lanes.
struct spgi_mailbox {
    struct spg_rt *rt; //                                                 [const]
    uint32_t index;    // of its slot                                     [const]
    spgi_a64 word;     // shard, generation, open: core/mailbox.h         [any]
    spgi_a64 capacity; // of each lane                         [const while open]
    spgi_aptr *lanes;  // per sending shard; NULL: it has never sent      [any]
    struct spgi_outside_lane outside;
    struct spgi_fifo parcels;  // that have arrived by the kernel lane            [receiver]
    struct spgi_alarm arrived; // of the receiver: messages, or a tally, or the end
    struct spgi_node waiters;  // tasks that receive                              [receiver]
    uint32_t turn;             // lane to be looked at first                      [receiver]
    spgi_a32 tally_count;      // [any; written under rt->mailboxes_lock]
    struct spgi_tally tallies[SPG_MAX_TALLIES];
    struct spgi_node closed; // in its shard's list of those, or in none    [lock: mailboxes_lock]
};

// A message on its way through the kernel.
struct spgi_parcel {
    struct spgi_link link;        // in the mailbox's list                       [receiver]
    struct spgi_errand errand;    // takes it there where the kernel cannot          [sender]
    struct spgi_courier *courier; //                                             [const]
    struct spgi_mailbox *mailbox; // these: [sender until sent, then receiver]
    uint64_t gen;
    uint64_t value;
    uint32_t tag;
    uint64_t order; // of all that its shard has sent                              [sender]
    spgi_a32 sent;  // filled, and not taken                                       [any]
};

// The parcels of one sender for one shard.
struct spgi_courier {
    struct spgi_shard *from;         // NULL: all threads that are no shards              [const]
    struct spgi_shard *to;           //                                                   [const]
    spgi_a64 free;                   // a bit per parcel                                  [any]
    struct spgi_node waiters;        // tasks that wait for one                          [sender]
    struct spgi_alarm credit;        // of the sender
    struct spgi_eventcount credited; // for threads: one was given back, or none will be [any]
    struct spgi_parcel parcels[SPG_URING_CREDITS];
};

// What a shard has sent.                                                              [owner]
struct spgi_outbox {
    uint64_t sent;            // messages ever staged
    uint32_t staged;          // since the last publication
    struct spgi_fifo dirty;   // lanes with staged messages
    struct spgi_fifo lanes;   // all
    struct spgi_node flushes; // tasks that wait for credits of all of them
};

#endif
