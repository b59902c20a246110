// SPDX-License-Identifier: MIT
// courier.h: the kernel lane: a message that arrives as a completion in the receiver's ring.
//
// The kernel gives no backpressure: it puts what does not fit into the receiver's completion queue
// into memory of its own, and tells nobody. So each pair of shards has SPG_URING_CREDITS parcels,
// and a sender must hold one that is free. The message stays in the parcel; what goes through the
// kernel is the parcel's number. Threads that are no shards share the parcels of one more sender.
//
//   sender                                       receiver
//   P1 take a free parcel: clear its bit         R1 the completion names the parcel
//   P2 fill it, then set `sent` (release)        R2 see `sent` (acquire); into the mailbox's list
//   P3 IORING_OP_MSG_RING with its number; from  R3 received: copied out
//      a thread, register-time, or else an errand
//   P4 refused by the kernel: set the bit        R4 set the bit, ring the alarm of the sender
#ifndef SPGI_CORE_COURIER_H
#define SPGI_CORE_COURIER_H

#include "core/types.h"

// The task that runs on the shard, or a thread (shard NULL). Suspends, or blocks, for a parcel
// until the deadline. Returns 0 when it is on its way; -EAGAIN, -ETIME, -ECANCELED, -ESRCH,
// -ESHUTDOWN (from a thread), -ENOMEM; what the kernel says.
int spgi_courier_send(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                      uint32_t tag, uint64_t value, spg_time deadline);

// The receiver's scheduler: a completion that names a parcel.
void spgi_courier_arrived(struct spgi_shard *shard, uint32_t number);

// The receiver: gives a parcel back that it has copied.
void spgi_parcel_credit(struct spgi_parcel *parcel);

// The sender's thread: whether all parcels that the shard has sent up to `sent` are received.
bool spgi_couriers_flushed(struct spgi_shard *shard, uint64_t sent);
// Arms the alarms of those that have some on their way, for a flush.
void spgi_couriers_arm(struct spgi_shard *shard);

// Mailboxes were shut: threads that wait for a parcel look again.
void spgi_couriers_shut(struct spgi_shard *shard);

// No thread of the runtime is left.
void spgi_couriers_free(struct spgi_shard *shard);

#endif
