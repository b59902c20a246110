// SPDX-License-Identifier: MIT
// op.c: kernel requests in flight; what an op is, is in op.h.
#include "core/op.h"

#include "base/assert.h"
#include "core/courier.h"
#include "core/fdtable.h"
#include "core/fiber.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/stats.h"
#include "core/timer.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// ---- Slots -----------------------------------------------------------------------------------

void spgi_ops_init(struct spgi_shard *shard)
{
    shard->ops = (struct spgi_ops){0};
}

void spgi_ops_fini(struct spgi_shard *shard)
{
    for (uint32_t i = 0; i < shard->ops.chunk_count; i++) {
        munmap(shard->ops.chunks[i], SPGI_OP_CHUNK * sizeof(struct spgi_op));
    }
    free(shard->ops.chunks);
}

struct spgi_op *spgi_ops_nth(struct spgi_shard *shard, uint32_t n)
{
    uint32_t chunk = n / SPGI_OP_CHUNK;
    return chunk < shard->ops.chunk_count ? &shard->ops.chunks[chunk][n % SPGI_OP_CHUNK] : NULL;
}

static bool slots_grow(struct spgi_ops *ops)
{
    if (ops->chunk_count == SPGI_MAX_OPS / SPGI_OP_CHUNK) {
        return false;
    }
    struct spgi_op **chunks = realloc(ops->chunks, (ops->chunk_count + 1) * sizeof *chunks);
    if (!chunks) {
        return false;
    }
    ops->chunks = chunks;
    struct spgi_op *chunk = mmap(NULL, SPGI_OP_CHUNK * sizeof *chunk, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED) {
        return false;
    }
    for (uint32_t i = 0; i < SPGI_OP_CHUNK; i++) {
        chunk[i].index = ops->chunk_count * SPGI_OP_CHUNK + i;
        spgi_fifo_push(&ops->free, &chunk[i].link);
    }
    ops->chunks[ops->chunk_count++] = chunk;
    return true;
}

static struct spgi_op *op_alloc(struct spgi_shard *shard)
{
    struct spgi_ops *ops = &shard->ops;
    if (spgi_fifo_empty(&ops->free) && !slots_grow(ops)) {
        return NULL;
    }
    return SPGI_CONTAINER(spgi_fifo_pop(&ops->free), struct spgi_op, link);
}

// The generation moves on: a completion that still names the slot is recognised as late.
static void op_free(struct spgi_shard *shard, struct spgi_op *op)
{
    op->generation = (op->generation + 1) & ((1u << SPGI_OP_GEN_BITS) - 1);
    op->state = SPGI_OP_FREE;
    op->link.next = shard->ops.free.head; // most recently used first: it is warm
    if (!shard->ops.free.head) {
        shard->ops.free.tail = &op->link;
    }
    shard->ops.free.head = &op->link;
}

// The op that user data names, if it is in flight.
static struct spgi_op *op_find(struct spgi_shard *shard, uint64_t user_data)
{
    struct spgi_op *op = spgi_ops_nth(shard, (uint32_t)user_data);
    uint32_t generation = (uint32_t)(user_data >> 32) & ((1u << SPGI_OP_GEN_BITS) - 1);
    bool live = op && op->generation == generation && op->state == SPGI_OP_IN_FLIGHT;
    return live ? op : NULL;
}

// ---- Stopping --------------------------------------------------------------------------------

static void queue_cancel(struct spgi_shard *shard, struct spgi_op *op)
{
    op->cancel_queued = true;
    spgi_fifo_push(&shard->ops.cancels, &op->link);
}

static void want_cancel(struct spgi_shard *shard, struct spgi_op *op)
{
    if (!op->cancel_wanted) {
        op->cancel_wanted = true;
        queue_cancel(shard, op);
    }
}

static void stop_op(struct spgi_shard *shard, struct spgi_task *task, int reason)
{
    struct spgi_op *op = task->wait.subject;
    // The slot may have been freed, and used again, between a completion and the task's next step.
    bool mine = op->state == SPGI_OP_IN_FLIGHT && op->task == task;
    if (mine && task->wait.reason == 0) {
        task->wait.reason = reason; // the first one stays
        want_cancel(shard, op);
    }
}

void spgi_ops_send_cancels(struct spgi_shard *shard)
{
    struct spgi_fifo *cancels = &shard->ops.cancels;
    while (cancels->head) {
        struct spgi_op *op = SPGI_CONTAINER(cancels->head, struct spgi_op, link);
        uint64_t target = spgi_user_data(SPGI_KIND_OP, op->generation, op->index);
        if (op->state == SPGI_OP_IN_FLIGHT) {
            struct spgi_request cancel = {.opcode = SPGI_OP_CANCEL, .fd = -1, .address = target};
            uint64_t data = spgi_user_data(SPGI_KIND_CANCEL, op->generation, op->index);
            if (!spgi_ring_prepare(shard->ring, &cancel, data, 0)) {
                break; // the next submit makes room
            }
            SPGI_COUNT(shard, ops_cancelled);
        }
        spgi_fifo_pop(cancels);
        op->cancel_queued = false;
        if (op->state == SPGI_OP_DONE) {
            op_free(shard, op); // it completed while its cancel was waiting here
        }
    }
}

static void fire_retry(struct spgi_shard *shard, struct spgi_timer *timer)
{
    (void)timer;
    for (uint32_t n = 0;; n++) {
        struct spgi_op *op = spgi_ops_nth(shard, n);
        if (!op) {
            break;
        }
        if (op->state == SPGI_OP_IN_FLIGHT && op->cancel_missed) {
            op->cancel_missed = false;
            queue_cancel(shard, op);
        }
    }
}

// The kernel did not find the op, or could not stop it yet: it may be between two steps. Ask again
// later, until it is terminal.
static void cancel_answered(struct spgi_shard *shard, const struct spgi_completion *completion)
{
    bool missed = completion->result == -ENOENT || completion->result == -EALREADY;
    struct spgi_op *op = missed ? op_find(shard, completion->user_data) : NULL;
    if (!op) {
        return;
    }
    op->cancel_missed = true;
    if (spgi_timer_idle(&shard->ops.retry)) {
        int64_t when = spgi_clock_now() + SPGI_CANCEL_RETRY_NS;
        spgi_timer_arm(shard, &shard->ops.retry, when, fire_retry);
    }
}

void spgi_ops_stop_entry(struct spgi_shard *shard, struct spgi_fd_entry *entry)
{
    for (uint32_t n = 0;; n++) {
        struct spgi_op *op = spgi_ops_nth(shard, n);
        if (!op) {
            break;
        }
        bool match = op->state == SPGI_OP_IN_FLIGHT && (!entry || op->entry == entry);
        if (match && op->task->wait.stop) {
            stop_op(shard, op->task, entry ? -EBADF : -ECANCELED);
        }
    }
}

// ---- Running ---------------------------------------------------------------------------------

// Lets the scheduler submit until the submission queue has room for a request, beside a reserve for
// cancels. The task stays on its shard meanwhile: the op is this shard's.
static void wait_for_room(struct spgi_shard *shard, struct spgi_task *task)
{
    uint32_t reserve = shard->sq_reserve;
    while (spgi_ring_room(shard->ring) <= reserve) {
        SPGI_COUNT(shard, sq_full);
        task->pins++;
        spgi_fiber_suspend(shard, SPGI_AFTER_YIELD, NULL, NULL);
        task->pins--;
    }
}

int spgi_op_run(struct spgi_shard *shard, struct spgi_task *task,
                const struct spgi_request *request, struct spgi_fd_entry *entry, bool stoppable,
                spg_time deadline)
{
    if (stoppable && deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        int refused = spgi_wait_refused(task);
        return refused ? refused : -ETIME;
    }
    wait_for_room(shard, task);
    // No suspension from here to IN_FLIGHT. So either the closer's request to stop all ops on the
    // descriptor has been to this shard, or to one that the task has left since, and CLOSING is
    // seen here; or it comes when the op can be found.
    if (entry && spgi_fd_is_closing(entry)) {
        return -EBADF;
    }
    struct spgi_op *op = op_alloc(shard);
    if (!op) {
        return -ENOMEM;
    }
    int refused = spgi_wait_begin(shard, task, SPGI_WAIT_OP, deadline, stoppable ? stop_op : NULL);
    if (refused) {
        op_free(shard, op);
        return refused;
    }
    op->opcode = request->opcode;
    op->fd = request->fd;
    op->entry = entry;
    op->task = task;
    op->cancel_wanted = false;
    op->cancel_queued = false;
    op->cancel_missed = false;
    op->state = SPGI_OP_IN_FLIGHT;
    task->wait.subject = op;
    store_relaxed(&task->wait.detail, (uint64_t)op->opcode << 32 | (uint32_t)op->fd);
    bool prepared = spgi_ring_prepare(shard->ring, request,
                                      spgi_user_data(SPGI_KIND_OP, op->generation, op->index), 0);
    SPGI_CHECK(prepared);
    store_relaxed(&shard->ops.in_flight, load_relaxed(&shard->ops.in_flight) + 1);
    // From here to the completion the op is the kernel's, and its buffers with it.
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, NULL, NULL);
    int reason = spgi_wait_end(task);
    int result = task->wait.result;
    bool stopped = reason && (result == -ECANCELED || result == -EINTR);
    return stopped ? reason : result; // a result beats the reason: the next wait will tell it
}

// ---- Completions -----------------------------------------------------------------------------

static void op_completed(struct spgi_shard *shard, const struct spgi_completion *completion)
{
    struct spgi_op *op = op_find(shard, completion->user_data);
    if (!op) {
        SPGI_COUNT(shard, completions_late);
        return;
    }
    struct spgi_task *task = op->task;
    uint64_t word = load_relaxed(&task->wait.word);
    bool at_home =
        spgi_wait_home_of(word) == shard->index && spgi_wait_kind_of(word) == SPGI_WAIT_OP;
    SPGI_ASSERT(at_home);
    SPGI_COUNT_N(shard, affinity_violations, !at_home);
    task->wait.result = completion->result;
    SPGI_COUNT(shard, ops_completed);
    store_release(&shard->ops.in_flight, load_relaxed(&shard->ops.in_flight) - 1);
    if (op->cancel_queued) {
        op->state = SPGI_OP_DONE; // freed when its turn in the list of cancels comes
    } else {
        op_free(shard, op);
    }
    spgi_ready(task);
}

static void handle(struct spgi_shard *shard, const struct spgi_completion *completion)
{
    switch ((enum spgi_op_kind)(completion->user_data >> 60)) {
    case SPGI_KIND_OP:
        op_completed(shard, completion);
        break;
    case SPGI_KIND_CANCEL:
        cancel_answered(shard, completion);
        break;
    case SPGI_KIND_BELL:
        spgi_shard_bell_rang(shard, completion->result, (uint32_t)completion->user_data);
        break;
    case SPGI_KIND_BELL_FD:
        spgi_shard_bell_fd_rang(shard);
        break;
    case SPGI_KIND_PARCEL:
        spgi_courier_arrived(shard, (uint32_t)completion->user_data);
        break;
    }
}

unsigned spgi_ops_reap(struct spgi_shard *shard)
{
    enum { BATCH = 32 };
    struct spgi_completion batch[BATCH];
    unsigned total = 0;
    unsigned n;
    do {
        n = spgi_ring_reap(shard->ring, batch, BATCH);
        for (unsigned i = 0; i < n; i++) {
            handle(shard, &batch[i]);
        }
        total += n;
    } while (n == BATCH);
    return total;
}

void spgi_ops_enter(struct spgi_shard *shard)
{
    spgi_ops_send_cancels(shard);
    uint32_t unsubmitted = spgi_ring_unsubmitted(shard->ring);
    if (unsubmitted == 0 && !spgi_ring_wants_enter(shard->ring)) {
        return;
    }
    if (spgi_ring_overflowed(shard->ring)) {
        SPGI_COUNT(shard, cq_overflow);
    }
    SPGI_COUNT(shard, enters);
    int error = spgi_ring_enter(shard->ring);
    SPGI_COUNT_N(shard, ops_submitted, unsubmitted - spgi_ring_unsubmitted(shard->ring));
    // Busy: the completion queue must be reaped first, which the caller does next. Anything else
    // means that completions may be lost, after which no buffer is safe.
    SPGI_CHECK(error == 0 || error == -EBUSY || error == -EAGAIN);
}

const char *spgi_op_name(uint8_t opcode)
{
    static const char *const names[SPGI_OPCODES] = {
        "nop",   "read",      "write",    "readv",    "writev", "fsync",   "openat",
        "statx", "ftruncate", "renameat", "unlinkat", "accept", "connect", "recv",
        "send",  "recvmsg",   "sendmsg",  "poll",     "close",  "cancel",  "bell",
    };
    return opcode < SPGI_OPCODES ? names[opcode] : "unknown";
}
