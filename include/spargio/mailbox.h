// SPDX-License-Identifier: MIT
// mailbox.h: messages between shards: small typed values, bounded, in order, without system calls
// while the receiver is awake.
//
// A mailbox belongs to a shard, and only tasks on that shard receive from it. Everybody may send:
// tasks of the runtime, tasks of other runtimes, and threads. Each shard that sends to a mailbox
// has a lane of its own into it, with room for `capacity` messages; all threads that are no shards
// of the runtime share one more lane. A full lane is told by -EAGAIN, or waited for.
//
// Order: messages from one shard to one mailbox arrive in the order in which they were sent. A
// stealable task that has moved sends from another shard: one that needs order across a wait pins
// itself (spg_pin), or flushes.
//
// Publication: what a task sends is staged, and published to the receiver in one go when the task
// suspends, yields or ends, when SPG_MSG_BATCH messages are staged on its shard, or by spg_flush. A
// task that computes for long after it has sent something should flush or yield. Threads publish
// with each call.
//
// Cost: staging takes a few ns, publishing one locked instruction per lane; a receiver that sleeps
// is rung once, by the first publication. Idea of lanes per pair of shards: Seastar's smp queues;
// of staged publication: the tail of LMAX's Disruptor.
#ifndef SPARGIO_MAILBOX_H
#define SPARGIO_MAILBOX_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// Mailboxes of a runtime at the same time, one default mailbox per shard included.
#define SPG_MAX_MAILBOXES 4096u
// Room of a lane at most.
#define SPG_MAX_MAILBOX_CAPACITY 65536u
// Staged messages of a shard that are published without waiting for more.
#define SPG_MSG_BATCH 64u
// Tallies of a mailbox.
#define SPG_MAX_TALLIES 16u

// spg_msg.from of a message sent by a thread that is no shard of the mailbox's runtime.
#define SPG_OUTSIDE UINT32_MAX

// A mailbox, from spg_mailbox_open until it is closed.
typedef struct {
    uint64_t v;
} spg_mailbox;

typedef struct spg_msg {
    uint32_t tag;   // the program's: the library uses none
    uint32_t from;  // received: index of the sending shard, or SPG_OUTSIDE. Ignored when sent
    uint64_t value; // or a pointer, by way of uintptr_t
    // NULL: a plain value. Else value is a pointer that the message owns: whoever receives it owns
    // it from then on; if nobody does, because the mailbox is closed or the runtime ends, it is
    // destroyed, on the shard of the mailbox or on the thread in spg_destroy. destroy must not
    // call anything that suspends. If sending fails, the pointer stays the sender's.
    void (*destroy)(void *pointer);
} spg_msg;

// ---- Opening and closing ---------------------------------------------------------------------

// Opens a mailbox that tasks on a shard receive from.
//   shard     of the calling task's runtime; SPG_HERE: the task's own
//   capacity  room of each lane in messages, 1 to SPG_MAX_MAILBOX_CAPACITY; 0: 1024. A lane's
//             memory, 32 bytes per message, is taken when a shard first sends.
// Tasks only. Does not suspend.
// Returns 0; -EINVAL no such shard, capacity too large, or out is NULL; -EAGAIN SPG_MAX_MAILBOXES
// are open; -ENOMEM; -EPERM outside a task; -EOWNERDEAD after fork.
SPG_API SPG_MUST_CHECK int spg_mailbox_open(unsigned shard, size_t capacity, spg_mailbox *out);

// Closes a mailbox: what was not received is destroyed, receives and sends that wait return -ESRCH,
// and so do later ones. Ignores cancellation.
// Tasks only, on the mailbox's shard. Does not suspend.
// Returns 0; -ESRCH it is closed; -EXDEV the task runs on another shard (pin it to the mailbox's);
// -EBUSY it is the default mailbox of a shard; -EPERM outside a task; -EOWNERDEAD after fork.
SPG_API int spg_mailbox_close(spg_mailbox mailbox);

// The default mailbox of a shard: open as long as the runtime lives, with options.mailbox_capacity.
// Any thread. Does not suspend. Returns the zero handle, which is no mailbox, when rt is NULL or
// there is no such shard.
SPG_API spg_mailbox spg_shard_mailbox(spg_rt *rt, unsigned shard);

// ---- Sending ---------------------------------------------------------------------------------

// Sends messages in order, as many as there is room for until the deadline.
//   n    0 is allowed
//   why  NULL, or gets why fewer than n were taken: 0 all were; else one of the errors below
// Any thread. A task of the mailbox's runtime may suspend for room, and senders of a shard get it
// in the order in which they came; a thread that is no shard blocks for room; a task of another
// runtime never waits: for it, a full lane is -EAGAIN whatever the deadline.
// Returns how many were taken, when that is not 0, or n is; else why: -EAGAIN the lane is full, or
// tasks of the shard wait for room in it, and the deadline is SPG_NOW; -ETIME the deadline has
// passed before there was room; -ECANCELED; -ESRCH the mailbox is closed; -ESHUTDOWN, to threads
// and tasks of other runtimes: the runtime is being shut down, and its tasks were given their time
// to end; -ENOMEM no memory for the lane; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS ssize_t spg_send_some(spg_mailbox mailbox, const spg_msg *messages, size_t n,
                                           int *why, spg_time deadline);
static inline ssize_t spg_send_n(spg_mailbox mailbox, const spg_msg *messages, size_t n,
                                 spg_time deadline)
{
    return spg_send_some(mailbox, messages, n, NULL, deadline);
}

// Sends one plain value, as spg_send_some does.
// Any thread; suspends or blocks as spg_send_some. Returns 0 when it was taken; its errors else.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_send(spg_mailbox mailbox, uint32_t tag, uint64_t value,
                                                 spg_time deadline);

// Sends one pointer that the message owns: see spg_msg.destroy, which must not be NULL.
// Any thread; suspends or blocks as spg_send_some. Returns 0 when it was taken; -EINVAL destroy is
// NULL; the errors of spg_send_some.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_send_owned(spg_mailbox mailbox, uint32_t tag,
                                                       void *pointer, void (*destroy)(void *),
                                                       spg_time deadline);

// ---- Receiving -------------------------------------------------------------------------------

// Takes up to n messages, at least one: those that are there, else it waits for the first. Lanes
// get their turn, so that no sender is left behind.
// Tasks only, on the mailbox's shard, where the task is held while it waits. Tasks that wait for
// the same mailbox get messages in the order in which they came.
// Returns how many were taken; -EINVAL n is 0; -ETIME none came before the deadline, or, with
// SPG_NOW, others wait for what there is; -ECANCELED; -ESRCH the mailbox is closed; -EXDEV the task
// runs on another shard (pin it to the mailbox's); -EPERM outside a task; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK ssize_t spg_receive(spg_mailbox mailbox, spg_msg *messages,
                                                        size_t n, spg_time deadline);

// ---- Flushing --------------------------------------------------------------------------------

// A point in what a shard has sent.
typedef struct {
    uint64_t sent;  // how many messages the shard had sent
    uint32_t shard; // which one
} spg_flush_ticket;

// Publishes what the calling task's shard has staged, and waits until everything that it had sent
// before, also by spg_uring_send, has been received, or destroyed.
// Tasks only. Returns 0; -ETIME; -ECANCELED; -EPERM outside a task; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS int spg_flush(spg_time deadline);

// The same in two steps: publishes, and notes how far the shard has sent.
// Tasks only. Does not suspend. Returns 0; -EINVAL out is NULL; -EPERM; -EOWNERDEAD.
SPG_API int spg_flush_begin(spg_flush_ticket *out);

// Waits until all that was sent before the ticket was received or destroyed.
// Tasks only, on the ticket's shard. Returns 0; -ETIME; -ECANCELED; -EXDEV the task runs on another
// shard; -EINVAL the ticket is of no shard of the runtime; -EPERM; -EOWNERDEAD.
SPG_API SPG_SUSPENDS int spg_flush_wait(spg_flush_ticket ticket, spg_time deadline);

// ---- Tallies: hot tags -----------------------------------------------------------------------

// What is sent very often, and only counts, needs no messages: a tally is a sum under a tag of its
// own, which senders add to without ever waiting, however full the lanes are, and which the
// receiver reads, takes, or waits for.

// Opens a tally of a mailbox. Its tags have nothing to do with those of messages.
//   threshold  a receiver that waits is woken once the sum has come to this; 0 counts as 1
// A task of the mailbox's runtime, or any thread. Does not suspend.
// Returns 0; -EEXIST the tag has a tally; -EAGAIN the mailbox has SPG_MAX_TALLIES; -ESRCH the
// mailbox is closed; -EOWNERDEAD after fork.
SPG_API int spg_tally_open(spg_mailbox mailbox, uint32_t tag, uint64_t threshold);

// A sum at most: one that is not taken in time stays there.
#define SPG_MAX_TALLY ((UINT64_C(1) << 48) - 1)

// Adds to a tally.
// Any thread. Does not suspend, and is visible at once: it is not staged.
// Returns 0; -EOVERFLOW the sum would exceed SPG_MAX_TALLY: nothing was added; -ENOENT the tag has
// no tally; -ESRCH the mailbox is closed; -EOWNERDEAD after fork.
SPG_API int spg_tally_add(spg_mailbox mailbox, uint32_t tag, uint64_t n);

// What has been added and not taken.
// Any thread. Does not suspend. Returns 0; -EINVAL out is NULL; -ENOENT; -ESRCH; -EOWNERDEAD.
SPG_API int spg_tally_read(spg_mailbox mailbox, uint32_t tag, uint64_t *out);

// Takes the whole sum, once it has come to the threshold; with SPG_NOW: if it has.
// Tasks only, on the mailbox's shard, where the task is held while it waits.
// Returns 0; -EINVAL out is NULL; -ETIME the sum stayed below the threshold until the deadline, and
// stays as it is; -ECANCELED; -ENOENT; -ESRCH; -EXDEV; -EPERM; -EOWNERDEAD.
SPG_API SPG_SUSPENDS int spg_tally_take(spg_mailbox mailbox, uint32_t tag, uint64_t *out,
                                        spg_time deadline);

SPG_END_DECLS

#endif
