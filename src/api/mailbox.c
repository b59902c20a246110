// SPDX-License-Identifier: MIT
// mailbox.c: mailboxes for users: handles looked up and arguments checked here, the work done in
// core.
#include <spargio/mailbox.h>

#include "core/lane.h"
#include "core/mailbox.h"
#include "core/registry.h"
#include "core/shard.h"
#include "core/tally.h"

#include <errno.h>

// ---- Handles ---------------------------------------------------------------------------------

// A mailbox named by a handle; its runtime does not end until it is let go.
struct named {
    struct spgi_mailbox *mailbox;
    uint64_t gen;
    struct spgi_shard *shard; // the caller's, if it is a task of the mailbox's runtime; else NULL
    bool held;
    bool other_task; // of another runtime: must not block
};

static void let_go(const struct named *named)
{
    if (named->held) {
        spgi_registry_let_go(named->mailbox->rt->slot);
    }
}

// Any thread. Returns 0, -ESRCH or -EOWNERDEAD.
static int find(spg_mailbox handle, struct named *named)
{
    struct spgi_shard *shard = spgi_shard_self();
    uint32_t slot = spgi_mailbox_handle_runtime(handle);
    bool own = shard && shard->rt->slot == slot;
    struct spg_rt *rt = own ? shard->rt : spgi_registry_hold(slot);
    if (!rt) {
        return -ESRCH;
    }
    *named = (struct named){
        .mailbox = spgi_mailbox_of(rt, handle),
        .gen = spgi_mailbox_handle_gen(handle),
        .shard = own && shard->running ? shard : NULL,
        .held = !own,
        .other_task = shard != NULL,
    };
    int error = !load_relaxed(rt->alive)                       ? -EOWNERDEAD
                : !named->mailbox                              ? -ESRCH
                : !spgi_mailbox_is(named->mailbox, named->gen) ? -ESRCH
                                                               : 0;
    if (error && !own) {
        spgi_registry_let_go(slot);
    }
    return error;
}

// A task on the mailbox's shard. Also -EPERM and -EXDEV; nothing is held.
static int find_here(spg_mailbox handle, struct named *named)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    error = find(handle, named);
    if (error) {
        return error;
    }
    if (named->shard && named->shard->index == named->mailbox->shard) {
        return 0;
    }
    let_go(named);
    return -EXDEV;
}

// ---- Opening and closing ---------------------------------------------------------------------

int spg_mailbox_open(unsigned shard, size_t capacity, spg_mailbox *out)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    uint32_t at = shard == SPG_HERE ? spgi_shard_self()->index : shard;
    if (at >= task->rt->shard_count || capacity > SPG_MAX_MAILBOX_CAPACITY || !out) {
        return -EINVAL;
    }
    return spgi_mailbox_open(task->rt, at, capacity ? capacity : SPGI_MAILBOX_CAPACITY, out);
}

int spg_mailbox_close(spg_mailbox handle)
{
    struct named named;
    int error = find_here(handle, &named);
    if (error) {
        return error;
    }
    if (named.mailbox->index < named.shard->rt->shard_count) {
        return -EBUSY;
    }
    spgi_mailbox_close(named.shard, named.mailbox);
    return 0;
}

spg_mailbox spg_shard_mailbox(spg_rt *rt, unsigned shard)
{
    bool there = rt && shard < rt->shard_count;
    return there ? spgi_mailbox_default(rt, shard) : (spg_mailbox){0};
}

// ---- Sending ---------------------------------------------------------------------------------

ssize_t spg_send_some(spg_mailbox handle, const spg_msg *messages, size_t n, int *why,
                      spg_time deadline)
{
    struct named named;
    size_t sent = 0;
    int stopped = find(handle, &named);
    if (!stopped) {
        if (named.shard) {
            sent = spgi_lane_send(named.shard, named.mailbox, named.gen, messages, n, &stopped,
                                  deadline);
        } else {
            sent = spgi_lane_send_outside(named.mailbox, named.gen, messages, n, &stopped,
                                          named.other_task ? SPG_NOW : deadline);
        }
        let_go(&named);
    }
    if (why) {
        *why = stopped;
    }
    return sent > 0 || !stopped ? (ssize_t)sent : stopped;
}

static int send_one(spg_mailbox handle, const spg_msg *message, spg_time deadline)
{
    ssize_t sent = spg_send_some(handle, message, 1, NULL, deadline);
    return sent < 0 ? (int)sent : 0;
}

int spg_send(spg_mailbox handle, uint32_t tag, uint64_t value, spg_time deadline)
{
    const spg_msg message = {.tag = tag, .value = value};
    return send_one(handle, &message, deadline);
}

int spg_send_owned(spg_mailbox handle, uint32_t tag, void *pointer, void (*destroy)(void *),
                   spg_time deadline)
{
    const spg_msg message = {.tag = tag, .value = (uintptr_t)pointer, .destroy = destroy};
    return destroy ? send_one(handle, &message, deadline) : -EINVAL;
}

// ---- Receiving -------------------------------------------------------------------------------

ssize_t spg_receive(spg_mailbox handle, spg_msg *messages, size_t n, spg_time deadline)
{
    struct named named;
    int error = find_here(handle, &named);
    if (error || n == 0) {
        return error ? error : -EINVAL;
    }
    return spgi_mailbox_receive(named.shard, named.mailbox, named.gen, messages, n, deadline);
}

// ---- Flushing --------------------------------------------------------------------------------

int spg_flush(spg_time deadline)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    struct spgi_shard *shard = spgi_shard_self();
    return spgi_lanes_flush(shard, shard->outbox.sent, deadline);
}

int spg_flush_begin(spg_flush_ticket *out)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    if (!out) {
        return -EINVAL;
    }
    struct spgi_shard *shard = spgi_shard_self();
    spgi_lanes_publish(shard);
    *out = (spg_flush_ticket){.sent = shard->outbox.sent, .shard = shard->index};
    return 0;
}

int spg_flush_wait(spg_flush_ticket ticket, spg_time deadline)
{
    int error;
    struct spgi_task *task = spgi_task_self(&error);
    if (!task) {
        return error;
    }
    struct spgi_shard *shard = spgi_shard_self();
    if (ticket.shard != shard->index) {
        return ticket.shard < task->rt->shard_count ? -EXDEV : -EINVAL;
    }
    return spgi_lanes_flush(shard, ticket.sent, deadline);
}

// ---- Tallies ---------------------------------------------------------------------------------

int spg_tally_open(spg_mailbox handle, uint32_t tag, uint64_t threshold)
{
    struct named named;
    int error = find(handle, &named);
    if (!error) {
        error = spgi_tally_open(named.mailbox, named.gen, tag, threshold);
        let_go(&named);
    }
    return error;
}

int spg_tally_add(spg_mailbox handle, uint32_t tag, uint64_t n)
{
    struct named named;
    int error = find(handle, &named);
    if (!error) {
        struct spgi_tally *tally = spgi_tally_of(named.mailbox, tag);
        error = tally ? spgi_tally_add(named.mailbox, named.gen, tally, n) : -ENOENT;
        let_go(&named);
    }
    return error;
}

int spg_tally_read(spg_mailbox handle, uint32_t tag, uint64_t *out)
{
    struct named named;
    int error = find(handle, &named);
    if (!error) {
        struct spgi_tally *tally = spgi_tally_of(named.mailbox, tag);
        error = !out ? -EINVAL : tally ? 0 : -ENOENT;
        if (!error) {
            *out = spgi_tally_pending(tally);
        }
        let_go(&named);
    }
    return error;
}

int spg_tally_take(spg_mailbox handle, uint32_t tag, uint64_t *out, spg_time deadline)
{
    struct named named;
    int error = find_here(handle, &named);
    struct spgi_tally *tally = error ? NULL : spgi_tally_of(named.mailbox, tag);
    if (error || !out || !tally) {
        return error ? error : !out ? -EINVAL : -ENOENT;
    }
    return spgi_tally_take(named.shard, named.mailbox, named.gen, tally, out, deadline);
}
