// SPDX-License-Identifier: MIT
// ring.c: the only file that talks to io_uring; the contract is in ring.h.
#include "sys/ring.h"

#include "base/atomic.h"
#include "base/limits.h"
#include "sys/uapi.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct spgi_ring {
    struct io_uring uring;
    const char *rung;
    bool registered; // the ring's descriptor is registered: no look-up per enter
    bool no_iowait;
    uint64_t supported; // bit per enum spgi_opcode
};

static const uint8_t opcode_of[SPGI_OPCODES] = {
    [SPGI_OP_NOP] = IORING_OP_NOP,
    [SPGI_OP_READ] = IORING_OP_READ,
    [SPGI_OP_WRITE] = IORING_OP_WRITE,
    [SPGI_OP_READV] = IORING_OP_READV,
    [SPGI_OP_WRITEV] = IORING_OP_WRITEV,
    [SPGI_OP_FSYNC] = IORING_OP_FSYNC,
    [SPGI_OP_OPENAT] = IORING_OP_OPENAT,
    [SPGI_OP_STATX] = IORING_OP_STATX,
    [SPGI_OP_TRUNCATE] = SPGI_UAPI_OP_FTRUNCATE,
    [SPGI_OP_RENAMEAT] = IORING_OP_RENAMEAT,
    [SPGI_OP_UNLINKAT] = IORING_OP_UNLINKAT,
    [SPGI_OP_ACCEPT] = IORING_OP_ACCEPT,
    [SPGI_OP_CONNECT] = IORING_OP_CONNECT,
    [SPGI_OP_RECV] = IORING_OP_RECV,
    [SPGI_OP_SEND] = IORING_OP_SEND,
    [SPGI_OP_RECVMSG] = IORING_OP_RECVMSG,
    [SPGI_OP_SENDMSG] = IORING_OP_SENDMSG,
    [SPGI_OP_POLL] = IORING_OP_POLL_ADD,
    [SPGI_OP_CLOSE] = IORING_OP_CLOSE,
    [SPGI_OP_CANCEL] = IORING_OP_ASYNC_CANCEL,
    [SPGI_OP_RING_BELL] = IORING_OP_MSG_RING,
};

// The ladder: from the cheapest way to run completions to what every kernel knows. Rings start
// enabled, since the thread that sets one up is the one that uses it.
static const struct {
    const char *name;
    uint32_t flags;
} ladder[] = {
    {"defer", IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_TASKRUN_FLAG |
                  IORING_SETUP_SUBMIT_ALL},
    {"coop", IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL},
    {"plain", 0},
};

static int open_with(struct spgi_ring *ring, uint32_t flags, uint32_t sq, uint32_t cq)
{
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = cq;
    return io_uring_queue_init_params(sq, &ring->uring, &params);
}

static int open_by_ladder(struct spgi_ring *ring, uint32_t sq, uint32_t cq)
{
    int error = -EINVAL;
    for (size_t i = 0; i < sizeof ladder / sizeof ladder[0] && error == -EINVAL; i++) {
        error = open_with(ring, ladder[i].flags, sq, cq);
        ring->rung = ladder[i].name;
    }
    return error;
}

static void sleep_ns(int64_t ns)
{
    struct timespec pause = {0, ns};
    nanosleep(&pause, NULL);
}

// ENOMEM: smaller queues first; then patience, since rings that were just closed give their locked
// memory back late.
static int open_patiently(struct spgi_ring *ring, const struct spgi_ring_options *options)
{
    enum { SMALLEST = 8, TRIES = 20, PAUSE_NS = 50000000 };
    for (int try = 0;; try++) {
        uint32_t sq = options->sq_entries;
        uint32_t cq = options->cq_entries;
        int error = open_by_ladder(ring, sq, cq);
        while (error == -ENOMEM && (sq > SMALLEST || cq > 2 * SMALLEST)) {
            sq = sq > SMALLEST ? sq / 2 : sq;
            cq = cq > 2 * SMALLEST ? cq / 2 : cq;
            error = open_by_ladder(ring, sq, cq);
        }
        if (error != -ENOMEM || try == TRIES - 1) {
            return error;
        }
        sleep_ns(PAUSE_NS);
    }
}

static uint64_t probe_opcodes(struct spgi_ring *ring)
{
    struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->uring);
    uint64_t supported = 0;
    for (int op = 0; op < SPGI_OPCODES; op++) {
        // Without an answer, all but the newest are taken for granted: Linux 6.1 has them.
        bool known =
            probe ? io_uring_opcode_supported(probe, opcode_of[op]) : op != SPGI_OP_TRUNCATE;
        supported |= (uint64_t)known << op;
    }
    if (probe) {
        io_uring_free_probe(probe);
    }
    return supported;
}

// The kernel does not change while a process lives: it is asked once.
static uint64_t supported_opcodes(struct spgi_ring *ring)
{
    static spgi_a64 answer; // 0: not yet
    uint64_t supported = load_relaxed(&answer);
    if (supported == 0) {
        supported = probe_opcodes(ring);
        store_relaxed(&answer, supported);
    }
    return supported;
}

int spgi_ring_open(const struct spgi_ring_options *options, struct spgi_ring **out)
{
    struct spgi_ring *ring = calloc(1, sizeof *ring);
    if (!ring) {
        return -ENOMEM;
    }
    int error = open_patiently(ring, options);
    if (error < 0) {
        free(ring);
        return error;
    }
    ring->registered = io_uring_register_ring_fd(&ring->uring) == 1; // best effort
    // The queues are memory shared with the kernel, and would be with the child of a fork: there,
    // touching them shall fault rather than change the parent's. Best effort, too.
    (void)io_uring_ring_dontfork(&ring->uring);
    ring->no_iowait = (ring->uring.features & SPGI_FEAT_NO_IOWAIT) != 0;
    ring->supported = supported_opcodes(ring);
    *out = ring;
    return 0;
}

void spgi_ring_leave(struct spgi_ring *ring)
{
    if (ring->registered) {
        // It is registered with this thread; from another one, the call would hit that one's own.
        (void)io_uring_unregister_ring_fd(&ring->uring);
    }
}

void spgi_ring_close(struct spgi_ring *ring)
{
    if (ring) {
        io_uring_queue_exit(&ring->uring);
        free(ring);
    }
}

void spgi_ring_info(const struct spgi_ring *ring, struct spgi_ring_info *out)
{
    *out = (struct spgi_ring_info){
        .sq_entries = ring->uring.sq.ring_entries,
        .cq_entries = ring->uring.cq.ring_entries,
        .setup_flags = ring->uring.flags,
        .features = ring->uring.features,
        .rung = ring->rung,
    };
}

int spgi_ring_fd(const struct spgi_ring *ring)
{
    return ring->uring.ring_fd;
}

bool spgi_ring_supports(const struct spgi_ring *ring, enum spgi_opcode opcode)
{
    return ring->supported >> opcode & 1;
}

bool spgi_ring_prepare(struct spgi_ring *ring, const struct spgi_request *request,
                       uint64_t user_data, uint32_t reserve)
{
    if (io_uring_sq_space_left(&ring->uring) <= reserve) {
        return false;
    }
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
    if (!sqe) {
        return false;
    }
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = opcode_of[request->opcode];
    sqe->flags = request->sqe_flags;
    sqe->ioprio = request->priority;
    sqe->fd = request->fd;
    sqe->off = request->offset;
    sqe->addr = request->address;
    sqe->len = request->length;
    sqe->rw_flags = (int)request->op_flags;
    sqe->file_index = request->file_index;
    sqe->addr3 = request->extra;
    sqe->user_data = user_data;
    return true;
}

uint32_t spgi_ring_room(const struct spgi_ring *ring)
{
    return io_uring_sq_space_left(&ring->uring);
}

uint32_t spgi_ring_unsubmitted(const struct spgi_ring *ring)
{
    return io_uring_sq_ready(&ring->uring);
}

// The kernel writes these words while we read them.
static uint32_t sq_flags(const struct spgi_ring *ring)
{
    return load_relaxed((spgi_a32 *)(void *)ring->uring.sq.kflags);
}

bool spgi_ring_wants_enter(const struct spgi_ring *ring)
{
    return (sq_flags(ring) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool spgi_ring_overflowed(const struct spgi_ring *ring)
{
    return (sq_flags(ring) & IORING_SQ_CQ_OVERFLOW) != 0;
}

bool spgi_ring_has_completion(const struct spgi_ring *ring)
{
    return io_uring_cq_ready(&ring->uring) != 0;
}

int spgi_ring_enter(struct spgi_ring *ring)
{
    int done = io_uring_submit_and_get_events(&ring->uring);
    return done < 0 && done != -EINTR ? done : 0;
}

int spgi_ring_wait(struct spgi_ring *ring, int64_t timeout_ns)
{
    int error = spgi_ring_unsubmitted(ring) > 0 ? spgi_ring_enter(ring) : 0;
    // What a signal kept from being submitted must not be slept on.
    if (error < 0 || spgi_ring_unsubmitted(ring) > 0 || spgi_ring_has_completion(ring) ||
        timeout_ns <= 0) {
        return error;
    }
    struct __kernel_timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    struct io_uring_getevents_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.ts = timeout_ns == INT64_MAX ? 0 : (uint64_t)(uintptr_t)&timeout;
    unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    flags |= ring->registered ? IORING_ENTER_REGISTERED_RING : 0;
    flags |= ring->no_iowait ? SPGI_ENTER_NO_IOWAIT : 0;
    int done =
        io_uring_enter2((unsigned)ring->uring.enter_ring_fd, 0, 1, flags, (void *)&arg, sizeof arg);
    return done < 0 && done != -EINTR && done != -ETIME ? done : 0;
}

unsigned spgi_ring_reap(struct spgi_ring *ring, struct spgi_completion *out, unsigned n)
{
    struct io_uring_cqe *cqe;
    unsigned head;
    unsigned reaped = 0;
    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        if (reaped == n) {
            break;
        }
        out[reaped++] = (struct spgi_completion){cqe->user_data, cqe->res, cqe->flags};
    }
    io_uring_cq_advance(&ring->uring, reaped);
    return reaped;
}

bool spgi_ring_prepare_bell(struct spgi_ring *ring, int target_fd, uint64_t user_data)
{
    struct spgi_request bell = {
        .opcode = SPGI_OP_RING_BELL,
        .fd = target_fd,
        .offset = user_data,
        .sqe_flags = IOSQE_CQE_SKIP_SUCCESS,
    };
    return spgi_ring_prepare(ring, &bell, user_data, 0);
}

int spgi_ring_bell_from_thread(int target_fd, uint64_t user_data)
{
    struct io_uring_sqe sqe;
    memset(&sqe, 0, sizeof sqe);
    sqe.opcode = IORING_OP_MSG_RING;
    sqe.fd = target_fd;
    sqe.off = user_data;
    long done = syscall(__NR_io_uring_register, -1, SPGI_REGISTER_SEND_MSG_RING, &sqe, 1);
    return done < 0 ? -errno : 0;
}

bool spgi_ring_takes_threads(const struct spgi_ring *ring, uint64_t user_data)
{
    static spgi_a32 known; // 0: not yet
    enum { YES = 1, NO };
    uint32_t answer = load_relaxed(&known);
    if (answer == 0) {
        answer = spgi_ring_bell_from_thread(spgi_ring_fd(ring), user_data) == 0 ? YES : NO;
        store_relaxed(&known, answer);
    }
    return answer == YES;
}
