// SPDX-License-Identifier: MIT
// lane.h: sending: staging messages in a lane, publishing them, waiting for room and for a flush.
//
// Whoever waits for room, or for a flush, lives on the sending shard, and is woken by the alarm of
// the lane, or, for a flush, of a courier (core/courier.h), which the receiver rings when it gives
// credits back. Room goes to waiters in the order
// in which they came: while there are any, others queue behind them (core/waitlist.h).
#ifndef SPGI_CORE_LANE_H
#define SPGI_CORE_LANE_H

#include "core/types.h"

#include <spargio/mailbox.h>

// The task that runs on the shard. Stages as many as there is room for until the deadline; *why
// says why it stopped, 0 when all were taken. Returns how many.
size_t spgi_lane_send(struct spgi_shard *shard, struct spgi_mailbox *mailbox, uint64_t gen,
                      const spg_msg *messages, size_t n, int *why, spg_time deadline);

// A thread that is no shard of the mailbox's runtime; likewise, but it publishes at once, and
// blocks for room.
size_t spgi_lane_send_outside(struct spgi_mailbox *mailbox, uint64_t gen, const spg_msg *messages,
                              size_t n, int *why, spg_time deadline);

// The shard's own thread: publishes all that is staged.
void spgi_lanes_publish_all(struct spgi_shard *shard);

static inline void spgi_lanes_publish(struct spgi_shard *shard)
{
    if (__builtin_expect(shard->outbox.staged != 0, 0)) {
        spgi_lanes_publish_all(shard);
    }
}

// The task that runs on the shard: waits until all that was sent up to `sent` is taken. 0, -ETIME
// or -ECANCELED.
int spgi_lanes_flush(struct spgi_shard *shard, uint64_t sent, spg_time deadline);

// The receiver, which is the shard, has given slots of a lane back.
void spgi_lane_credited(struct spgi_shard *shard, struct spgi_lane *lane);
void spgi_lane_outside_credited(struct spgi_outside_lane *lane);

// The shard's own thread: wakes the tasks whose flush is over. False: none waits any more.
bool spgi_lanes_wake_flushed(struct spgi_shard *shard);

void spgi_outbox_init(struct spgi_outbox *outbox);

// No thread of the runtime is left: destroys what is in it, and frees it.
void spgi_msgq_free(struct spgi_msgq *queue);
void spgi_lane_free(struct spgi_lane *lane);

#endif
