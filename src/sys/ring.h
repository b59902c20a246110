// SPDX-License-Identifier: MIT
// ring.h: one io_uring: setting it up, handing it requests, reaping completions, ringing another.
//
// The only door to the kernel's rings: nothing above this folder knows liburing or the layout of a
// queue entry. A ring is used by the thread that set it up, except for spgi_ring_ring_foreign.
#ifndef SPGI_SYS_RING_H
#define SPGI_SYS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A request, in the words of struct io_uring_sqe. Fields that an opcode does not use stay zero.
struct spgi_request {
    uint8_t opcode;
    int fd;
    uint16_t priority; // ioprio: also per-opcode flags such as POLL_FIRST
    uint32_t length;
    uint32_t op_flags; // rw_flags, msg_flags, accept_flags, ...
    uint64_t offset;   // offset, or a second address
    uint64_t address;
    uint64_t extra; // addr3 or other uses of the last words
    uint32_t file_index;
    uint8_t sqe_flags;
};

// Opcodes and flags of the operations that the library wraps, by the kernel's numbers.
enum spgi_opcode {
    SPGI_OP_NOP,
    SPGI_OP_READ,
    SPGI_OP_WRITE,
    SPGI_OP_READV,
    SPGI_OP_WRITEV,
    SPGI_OP_FSYNC,
    SPGI_OP_OPENAT,
    SPGI_OP_STATX,
    SPGI_OP_TRUNCATE,
    SPGI_OP_RENAMEAT,
    SPGI_OP_UNLINKAT,
    SPGI_OP_ACCEPT,
    SPGI_OP_CONNECT,
    SPGI_OP_RECV,
    SPGI_OP_SEND,
    SPGI_OP_RECVMSG,
    SPGI_OP_SENDMSG,
    SPGI_OP_POLL,
    SPGI_OP_CLOSE,
    SPGI_OP_CANCEL,
    SPGI_OP_RING_BELL,
    SPGI_OPCODES
};

// The kernel's flags that requests use.
#define SPGI_POLL_FIRST 1u // priority, of receives and sends: wait until ready before the first try
#define SPGI_FSYNC_DATA 1u // op_flags, of fsync: data only

// What a completion says.
struct spgi_completion {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

struct spgi_ring_options {
    uint32_t sq_entries;
    uint32_t cq_entries;
};

struct spgi_ring; // in ring.c: holds liburing's own

// Sets a ring up on the calling thread by the ladder of flag sets; halves the queues on ENOMEM,
// down to 8 entries, and retries for about a second, since the kernel gives memory back late.
// Returns 0 or a negative errno value.
int spgi_ring_open(const struct spgi_ring_options *options, struct spgi_ring **out);

// The thread that set it up will not use it any more. Others may still ring it.
void spgi_ring_leave(struct spgi_ring *ring);

// Any thread, once nobody rings it any more. NULL: nothing to close.
void spgi_ring_close(struct spgi_ring *ring);

// What was granted.
struct spgi_ring_info {
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t setup_flags;
    uint32_t features;
    const char *rung;
};
void spgi_ring_info(const struct spgi_ring *ring, struct spgi_ring_info *out);
int spgi_ring_fd(const struct spgi_ring *ring);

// Whether the kernel knows the operation.
bool spgi_ring_supports(const struct spgi_ring *ring, enum spgi_opcode opcode);

// Puts a request into the submission queue; the kernel sees it at the next submit. False when fewer
// than reserve entries would be left (or none): submit first.
bool spgi_ring_prepare(struct spgi_ring *ring, const struct spgi_request *request,
                       uint64_t user_data, uint32_t reserve);

// Free entries of the submission queue.
uint32_t spgi_ring_room(const struct spgi_ring *ring);

// How many prepared requests the kernel has not seen yet.
uint32_t spgi_ring_unsubmitted(const struct spgi_ring *ring);

// Whether entering the kernel would bring completions out: task work is pending, or the completion
// queue has overflowed. A look at memory.
bool spgi_ring_wants_enter(const struct spgi_ring *ring);

// Whether a completion can be reaped now. A look at memory.
bool spgi_ring_has_completion(const struct spgi_ring *ring);

// Whether completions went to the kernel's overflow list because the queue is full.
bool spgi_ring_overflowed(const struct spgi_ring *ring);

// Submits what is prepared and runs pending task work, without waiting. Returns 0, or a negative
// errno value: -EBUSY and -EAGAIN: reap, then try again.
int spgi_ring_enter(struct spgi_ring *ring);

// The same, and waits for one completion, until timeout_ns from now (INT64_MAX: without limit).
// Returns 0, also on time-out and signals; other errors as spgi_ring_enter.
int spgi_ring_wait(struct spgi_ring *ring, int64_t timeout_ns);

// Takes up to n completions. Returns how many.
unsigned spgi_ring_reap(struct spgi_ring *ring, struct spgi_completion *out, unsigned n);

// Prepares a request that posts a completion with user_data into the ring with the given fd;
// nothing comes back on success.
bool spgi_ring_prepare_bell(struct spgi_ring *ring, int target_fd, uint64_t user_data);

// The same from a thread without a ring, where the kernel can (Linux 6.13). Returns 0, or a
// negative errno value: -EINVAL the kernel cannot.
int spgi_ring_bell_from_thread(int target_fd, uint64_t user_data);

// Whether the kernel can; a process that does not know yet finds out by such a bell into this ring.
bool spgi_ring_takes_threads(const struct spgi_ring *ring, uint64_t user_data);

#endif
