// SPDX-License-Identifier: MIT
// uring.h: what is particular to io_uring. The only public header that names it.
#ifndef SPARGIO_URING_H
#define SPARGIO_URING_H

#include <spargio/mailbox.h>
#include <spargio/types.h>

SPG_BEGIN_DECLS

// How a shard's ring was set up.
typedef struct spg_uring_info {
    uint32_t sq_entries;  // granted by the kernel
    uint32_t cq_entries;
    uint32_t setup_flags; // IORING_SETUP_... of the rung of the ladder that the kernel took
    uint32_t features;    // IORING_FEAT_... of the kernel
    const char *rung;     // "defer", "coop" or "plain"; static text
} spg_uring_info;

// How the ring of a shard was set up: rungs are tried in the order DEFER_TASKRUN with
// SINGLE_ISSUER, COOP_TASKRUN, plain.
// Any thread. Does not suspend. Returns 0; -EINVAL rt or out is NULL, or no such shard.
SPG_API int spg_uring_info_get_sized(spg_rt *rt, uint32_t shard, spg_uring_info *out, size_t size);
static inline int spg_uring_info_get(spg_rt *rt, uint32_t shard, spg_uring_info *out)
{
    return spg_uring_info_get_sized(rt, shard, out, sizeof *out);
}

// Messages of one shard, or of all threads outside, that may be on their way to a shard through the
// kernel at the same time; fewer with many shards, so that all together fill at most half of the
// receiver's completion queue, but one at least.
#define SPG_URING_CREDITS 64u

// Sends one value to a mailbox by way of the kernel: IORING_OP_MSG_RING posts a completion straight
// into the ring of the mailbox's shard, which receives it with spg_receive as any other message.
// For a receiver that sleeps in the kernel anyway, and to compare: spg_send is many times cheaper.
// Each message on its way holds a credit until it is received, so that the kernel never has to keep
// what the receiver's ring has no room for. Keeps no order with messages of spg_send; spg_flush
// waits for both.
// Any thread: tasks of the mailbox's runtime wait for a credit in the order in which they came, and
// for the kernel; a thread blocks for a credit, and sends by a system call; a task of another
// runtime is told -EAGAIN instead of waiting for a credit. Before Linux 6.13 a thread cannot send
// to a ring: the shard then gets the message through memory, and an eventfd wakes it.
// Returns 0: it will arrive; -EAGAIN no credit is free, and the deadline is SPG_NOW; -ETIME none
// came free before the deadline; -ECANCELED; -ESRCH the mailbox is closed; -ESHUTDOWN as spg_send;
// -ENOMEM; -EBADFD, -EBADF, -EOWNERDEAD the ring of the shard is gone; -EOVERFLOW the kernel has no
// memory for it; -EOWNERDEAD also after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_uring_send(spg_mailbox mailbox, uint32_t tag,
                                                       uint64_t value, spg_time deadline);

SPG_END_DECLS

#endif
