// SPDX-License-Identifier: MIT
// mailbox.c: mailboxes for users: handles looked up and arguments checked here, the work done in
// core.
#include <spargio/mailbox.h>

#include "api/named.h"
#include "core/lane.h"
#include "core/mailbox.h"
#include "core/shard.h"
#include "core/tally.h"

#include <errno.h>

// A task on the mailbox's shard. Also -EPERM and -EXDEV; nothing is held.
static int find_here(spg_mailbox handle, struct spgi_named *named)
{
    int error;
    if (!spgi_task_self(&error)) {
        return error;
    }
    error = spgi_named_find(handle, named);
    if (error) {
        return error;
    }
    // Shard and generation of one look: the slot may be another's meanwhile.
    uint64_t word = load_seqcst(&named->mailbox->word);
    bool is = spgi_mailbox_opened(word, named->gen);
    if (is && named->shard && named->shard->index == spgi_mailbox_shard(word)) {
        return 0;
    }
    spgi_named_let_go(named);
    return is ? -EXDEV : -ESRCH;
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
    struct spgi_named named;
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
    struct spgi_named named;
    size_t sent = 0;
    int stopped = spgi_named_find(handle, &named);
    if (!stopped) {
        if (named.shard) {
            sent = spgi_lane_send(named.shard, named.mailbox, named.gen, messages, n, &stopped,
                                  deadline);
        } else {
            sent = spgi_lane_send_outside(named.mailbox, named.gen, messages, n, &stopped,
                                          named.other_task ? SPG_NOW : deadline);
        }
        spgi_named_let_go(&named);
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
    struct spgi_named named;
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
    struct spgi_named named;
    int error = spgi_named_find(handle, &named);
    if (!error) {
        error = spgi_tally_open(named.mailbox, named.gen, tag, threshold);
        spgi_named_let_go(&named);
    }
    return error;
}

int spg_tally_add(spg_mailbox handle, uint32_t tag, uint64_t n)
{
    struct spgi_named named;
    int error = spgi_named_find(handle, &named);
    if (!error) {
        struct spgi_tally *tally = spgi_tally_of(named.mailbox, tag);
        error = tally ? spgi_tally_add(named.mailbox, named.gen, tally, n) : -ENOENT;
        spgi_named_let_go(&named);
    }
    return error;
}

int spg_tally_read(spg_mailbox handle, uint32_t tag, uint64_t *out)
{
    struct spgi_named named;
    int error = spgi_named_find(handle, &named);
    if (!error) {
        struct spgi_tally *tally = spgi_tally_of(named.mailbox, tag);
        error = !out ? -EINVAL : tally ? 0 : -ENOENT;
        if (!error) {
            uint64_t sum = spgi_tally_pending(tally);
            error = spgi_mailbox_is(named.mailbox, named.gen) ? 0 : -ESRCH; // else another's
            *out = error ? *out : sum;
        }
        spgi_named_let_go(&named);
    }
    return error;
}

int spg_tally_take(spg_mailbox handle, uint32_t tag, uint64_t *out, spg_time deadline)
{
    struct spgi_named named;
    int error = find_here(handle, &named);
    struct spgi_tally *tally = error ? NULL : spgi_tally_of(named.mailbox, tag);
    if (error || !out || !tally) {
        return error ? error : !out ? -EINVAL : -ENOENT;
    }
    return spgi_tally_take(named.shard, named.mailbox, named.gen, tally, out, deadline);
}
