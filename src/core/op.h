// SPDX-License-Identifier: MIT
// op.h: one kernel request, from its preparation to its terminal completion.
//
// A new I/O call is one function: it fills a request, calls spgi_op_run, and returns the result. An
// op is prepared, submitted with all others at the end of the shard's pass, and terminal when its
// completion is reaped; only then does the task go on, so that buffers may lie on its stack. A
// deadline or a cancel only asks the kernel to stop it.
#ifndef SPGI_CORE_OP_H
#define SPGI_CORE_OP_H

#include "core/types.h"

// User data of a request: kind 4 bits, generation 28, index 32.
enum spgi_op_kind {
    SPGI_KIND_OP,
    SPGI_KIND_CANCEL,
    SPGI_KIND_BELL,
    SPGI_KIND_BELL_FD,
    SPGI_KIND_PARCEL, // core/courier.h
};

static inline uint64_t spgi_user_data(enum spgi_op_kind kind, uint32_t generation, uint32_t index)
{
    return (uint64_t)kind << 60 | (uint64_t)generation << 32 | index;
}

// The calling task: runs a request and waits for it.
//   entry      the descriptor whose reference the caller holds; NULL: none
//   stoppable  false: cancellation and deadlines are ignored
// Returns the completion's result; -ECANCELED, -ETIME or -EBADF when it was stopped; -ENOMEM.
int spgi_op_run(struct spgi_shard *shard, struct spgi_task *task,
                const struct spgi_request *request, struct spgi_fd_entry *entry, bool stoppable,
                spg_time deadline);

// Scheduler: takes all completions from the ring. Returns how many.
unsigned spgi_ops_reap(struct spgi_shard *shard);

// Scheduler: prepares cancels that had no room, or came too early.
void spgi_ops_send_cancels(struct spgi_shard *shard);

// Scheduler: hands what is prepared to the kernel and lets it post completions.
void spgi_ops_enter(struct spgi_shard *shard);

// Scheduler: asks the kernel to stop all ops that use the descriptor; NULL: all there are.
void spgi_ops_stop_entry(struct spgi_shard *shard, struct spgi_fd_entry *entry);

// For reports, on the shard's own thread, or when it has stopped. NULL past the last slot.
struct spgi_op *spgi_ops_nth(struct spgi_shard *shard, uint32_t n);
const char *spgi_op_name(uint8_t opcode);

void spgi_ops_init(struct spgi_shard *shard);
void spgi_ops_fini(struct spgi_shard *shard);

#endif
