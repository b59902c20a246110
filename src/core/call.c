// SPDX-License-Identifier: MIT
// call.c: the steps of core/callword.h, and the lists that go with them.
#include "core/call.h"

#include "core/shard.h"
#include "sys/clock.h"

#include <errno.h>
#include <string.h>

int spgi_call_code(enum spg_outcome outcome)
{
    static const int codes[] = {
        [SPG_CALL_DROPPED] = -ENODATA, [SPG_CALL_EXPIRED] = -ETIME,
        [SPG_CALL_TIMED_OUT] = -ETIME, [SPG_CALL_CANCELED] = -ECANCELED,
        [SPG_CALL_CLOSED] = -ENOLINK,  [SPG_CALL_SHUT_DOWN] = -ESHUTDOWN,
    };
    return codes[outcome];
}

// ---- Under the lock: lists -------------------------------------------------------------------

static struct spgi_call *call_of(struct spgi_node *node)
{
    return SPGI_CONTAINER(node, struct spgi_call, node);
}

static void unqueue(spg_boundary *boundary, struct spgi_call *call)
{
    spgi_ring_list_remove(&call->node);
    call->queued = false;
    boundary->stats.depth--;
}

static void count(spg_boundary_stats *stats, enum spg_outcome outcome)
{
    stats->answered += outcome == SPG_CALL_ANSWERED;
    stats->dropped += outcome == SPG_CALL_DROPPED;
    stats->expired += outcome == SPG_CALL_EXPIRED;
    stats->timed_out += outcome == SPG_CALL_TIMED_OUT;
    stats->canceled += outcome == SPG_CALL_CANCELED;
    stats->closed += outcome == SPG_CALL_CLOSED || outcome == SPG_CALL_SHUT_DOWN;
}

// Its outcome has just been decided.
static void has_ended(spg_boundary *boundary, struct spgi_call *call, enum spg_outcome outcome)
{
    count(&boundary->stats, outcome);
    if (call->queued) {
        unqueue(boundary, call);
    }
    if (call->notice == SPGI_NOTICE_WANTED) {
        if (call->deadline != SPG_NEVER) {
            spgi_heap_remove(&boundary->expiries, &call->expiry);
        }
        call->notice = SPGI_NOTICE_DUE;
        spgi_ring_list_append(&boundary->ended, &call->ended);
    }
    if (!spgi_ring_list_empty(&call->waiter)) {
        spgi_party_choose(&call->waiter, &boundary->chosen, 0, call);
    }
}

static bool abandon(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                    enum spg_outcome outcome)
{
    enum spg_outcome now = spgi_call_abandon(&call->word, gen, outcome);
    if (now != SPG_CALL_PENDING) {
        has_ended(boundary, call, now);
    }
    return now != SPG_CALL_PENDING;
}

// Nobody holds the slot any more: it is the next one's who waits. The reference goes with it, or
// is the caller's to give back: then it returns true.
static bool free_slot(spg_boundary *boundary, struct spgi_call *call)
{
    spgi_call_free(&call->word);
    if (!spgi_ring_list_empty(&boundary->room)) {
        spgi_call_begin(&call->word);
        spgi_party_choose(&boundary->room, &boundary->chosen, 0, call);
        return false;
    }
    spgi_ring_list_append(&boundary->free, &call->node);
    return true;
}

// The oldest request whose caller still waits becomes a server's; NULL: there is none.
static struct spgi_call *take_oldest(spg_boundary *boundary)
{
    int64_t now = 0;
    while (!spgi_ring_list_empty(&boundary->queue)) {
        struct spgi_call *call = call_of(boundary->queue.next);
        uint64_t gen = spgi_call_gen(load_relaxed(&call->word));
        now = call->deadline != SPG_NEVER && now == 0 ? spgi_clock_now() : now;
        if (call->deadline != SPG_NEVER && call->deadline <= now) {
            abandon(boundary, call, gen, SPG_CALL_TIMED_OUT);
            continue;
        }
        unqueue(boundary, call);
        spgi_call_take(&call->word, gen); // what is queued is pending
        boundary->stats.taken++;
        return call;
    }
    return NULL;
}

static void offer_to_servers(spg_boundary *boundary)
{
    while (!spgi_ring_list_empty(&boundary->servers)) {
        struct spgi_call *call = take_oldest(boundary);
        if (!call) {
            return;
        }
        spgi_party_choose(&boundary->servers, &boundary->chosen, 0, call);
    }
}

// ---- Sending ---------------------------------------------------------------------------------

// Under the lock, which it leaves on failure. A slot, begun.
static int wait_for_slot(spg_boundary *boundary, const struct spgi_calling *calling,
                         struct spgi_call **out)
{
    struct spgi_party party;
    int error = calling->waits ? spgi_party_join(&party, &boundary->lock, &boundary->room,
                                                 SPGI_WAIT_ROOM, calling->deadline)
                               : -EAGAIN;
    spgi_boundary_leave(boundary);
    error = error ? error : spgi_party_sleep(&party, calling->deadline);
    *out = error ? NULL : party.given;
    return error;
}

static int get_slot(spg_boundary *boundary, const struct spgi_calling *calling,
                    struct spgi_call **out)
{
    spgi_boundary_enter(boundary);
    if (boundary->over != SPG_CALL_PENDING) {
        int code = spgi_call_code(boundary->over);
        spgi_boundary_leave(boundary);
        return code;
    }
    if (spgi_ring_list_empty(&boundary->free)) {
        return wait_for_slot(boundary, calling, out);
    }
    struct spgi_call *call = call_of(boundary->free.next);
    spgi_ring_list_remove(&call->node);
    spgi_call_begin(&call->word);
    spgi_boundary_ref(boundary);
    spgi_boundary_leave(boundary);
    *out = call;
    return 0;
}

// The slot is the caller's alone.
static void fill(spg_boundary *boundary, struct spgi_call *call, const struct spgi_calling *calling)
{
    const struct spgi_shard *shard = spgi_shard_self();
    const struct spgi_task *task = shard ? shard->running : NULL;
    call->deadline = calling->deadline;
    struct spgi_scope *scope = task ? task->scope : NULL;
    uint64_t trace = calling->options.trace;
    call->scope = scope ? scope->id : 0;
    call->trace = trace || !scope ? trace : load_relaxed(&scope->trace);
    call->user = calling->options.user;
    call->bytes = (uint32_t)calling->bytes;
    call->reply_bytes = 0;
    call->result = 0;
    if (calling->bytes > 0) {
        memcpy(spgi_boundary_request_of(boundary, call), calling->request, calling->bytes);
    }
}

// Under the lock.
static void queue(spg_boundary *boundary, struct spgi_call *call, bool notify, bool claim)
{
    call->since = spgi_clock_now();
    call->claimed = claim;
    call->notice = notify ? SPGI_NOTICE_WANTED : SPGI_NOTICE_NONE;
    if (notify && call->deadline != SPG_NEVER) {
        spgi_heap_insert(&boundary->expiries, &call->expiry, call->deadline);
    }
    call->queued = true;
    spgi_ring_list_append(&boundary->queue, &call->node);
    boundary->stats.depth++;
    boundary->stats.accepted++;
    offer_to_servers(boundary);
}

int spgi_call_send(spg_boundary *boundary, const struct spgi_calling *calling, bool claim,
                   struct spgi_call **out, uint64_t *gen)
{
    struct spgi_call *call;
    int error = calling->refused ? calling->refused : get_slot(boundary, calling, &call);
    if (error) {
        spgi_boundary_enter(boundary);
        boundary->stats.refused++;
        spgi_boundary_leave(boundary);
        return error;
    }
    fill(boundary, call, calling);
    bool unused = false;
    *out = call;
    *gen = spgi_call_gen(load_relaxed(&call->word));
    spgi_boundary_enter(boundary);
    if (boundary->over == SPG_CALL_PENDING) {
        queue(boundary, call, calling->options.notify, claim);
    } else {
        error = spgi_call_code(boundary->over);
        boundary->stats.refused++;
        unused = free_slot(boundary, call);
    }
    spgi_boundary_leave(boundary);
    if (unused) {
        spgi_boundary_unref(boundary);
    }
    return error;
}

// ---- Waiting for the end ---------------------------------------------------------------------

static bool is_over(struct spgi_call *call)
{
    return spgi_call_outcome(load_acquire(&call->word)) != SPG_CALL_PENDING;
}

int spgi_call_await(spg_boundary *boundary, struct spgi_call *call, spg_time deadline)
{
    struct spgi_party party;
    spgi_boundary_enter(boundary);
    bool over = is_over(call);
    int error = over                  ? 0
                : deadline == SPG_NOW ? -ETIME
                                      : spgi_party_join(&party, &boundary->lock, &call->waiter,
                                                        SPGI_WAIT_CALL, deadline);
    spgi_boundary_leave(boundary);
    return over || error ? error : spgi_party_sleep(&party, deadline);
}

bool spgi_call_end(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                   enum spg_outcome outcome)
{
    spgi_boundary_enter(boundary);
    bool ended = abandon(boundary, call, gen, outcome);
    spgi_boundary_leave(boundary);
    return ended;
}

int spgi_call_claim(spg_boundary *boundary, struct spgi_call *call, uint64_t gen)
{
    spgi_boundary_enter(boundary);
    uint64_t word = load_acquire(&call->word);
    bool there = spgi_call_gen(word) == gen && word & SPGI_CALL_CALLER;
    int error = !there ? -ESRCH : call->claimed ? -EBUSY : 0;
    if (!error) {
        call->claimed = true;
    }
    spgi_boundary_leave(boundary);
    return error;
}

void spgi_call_unclaim(spg_boundary *boundary, struct spgi_call *call)
{
    spgi_boundary_enter(boundary);
    call->claimed = false;
    spgi_boundary_leave(boundary);
}

int spgi_call_collect(spg_boundary *boundary, struct spgi_call *call, void *reply, size_t room,
                      spg_answer *answer)
{
    enum spg_outcome outcome = spgi_call_outcome(load_acquire(&call->word));
    int code = spgi_call_code(outcome);
    *answer = (spg_answer){.outcome = outcome, .user = call->user};
    if (outcome == SPG_CALL_ANSWERED) {
        size_t bytes = call->reply_bytes < room ? call->reply_bytes : room;
        if (bytes > 0) {
            memcpy(reply, spgi_boundary_reply_of(boundary, call), bytes);
        }
        answer->result = call->result;
        answer->bytes = call->reply_bytes;
        code = answer->bytes > room ? -EMSGSIZE : 0;
    }
    spgi_boundary_enter(boundary);
    if (call->notice == SPGI_NOTICE_DUE) {
        spgi_ring_list_remove(&call->ended);
        call->notice = SPGI_NOTICE_NONE;
    }
    bool unused = spgi_call_fetch(&call->word) && free_slot(boundary, call);
    spgi_boundary_leave(boundary);
    if (unused) {
        spgi_boundary_unref(boundary);
    }
    return code;
}

// Under the lock.
static void expire(spg_boundary *boundary)
{
    struct spgi_heap_node *first;
    int64_t now = spgi_clock_now();
    while ((first = spgi_heap_min(&boundary->expiries)) != NULL && first->key <= now) {
        struct spgi_call *call = SPGI_CONTAINER(first, struct spgi_call, expiry);
        abandon(boundary, call, spgi_call_gen(load_relaxed(&call->word)), SPG_CALL_TIMED_OUT);
    }
}

int spgi_call_next_ended(spg_boundary *boundary, struct spgi_call **out, uint64_t *gen,
                         uint64_t *user)
{
    spgi_boundary_enter(boundary);
    expire(boundary);
    bool none = spgi_ring_list_empty(&boundary->ended);
    if (!none) {
        struct spgi_call *call = SPGI_CONTAINER(boundary->ended.next, struct spgi_call, ended);
        spgi_ring_list_remove(&call->ended);
        call->notice = SPGI_NOTICE_NONE;
        *user = call->user;
        *out = call;
        *gen = spgi_call_gen(load_relaxed(&call->word));
    }
    int code = !none                                ? 0
               : boundary->over == SPG_CALL_PENDING ? -EAGAIN
                                                    : spgi_call_code(boundary->over);
    spgi_boundary_leave(boundary);
    return code;
}

// ---- Serving ---------------------------------------------------------------------------------

int spgi_call_serve(spg_boundary *boundary, struct spgi_call **out, spg_time deadline)
{
    struct spgi_party party;
    spgi_boundary_enter(boundary);
    struct spgi_call *call = take_oldest(boundary);
    int error = call                                 ? 0
                : boundary->over != SPG_CALL_PENDING ? spgi_call_code(boundary->over)
                : deadline == SPG_NOW                ? -ETIME
                                      : spgi_party_join(&party, &boundary->lock, &boundary->servers,
                                                        SPGI_WAIT_SERVE, deadline);
    spgi_boundary_leave(boundary);
    if (!call && !error) {
        error = spgi_party_sleep(&party, deadline);
        call = party.given;
    }
    *out = call;
    return error;
}

int spgi_call_finished(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                       enum spg_outcome outcome)
{
    bool unused = false;
    spgi_boundary_enter(boundary);
    uint64_t before = spgi_call_finish(&call->word, gen, outcome);
    bool held = spgi_call_gen(before) == gen && before & SPGI_CALL_SERVER;
    if (held) {
        boundary->stats.taken--;
        if (spgi_call_outcome(before) == SPG_CALL_PENDING) {
            has_ended(boundary, call, outcome);
        } else {
            boundary->stats.late++;
            unused = !(before & SPGI_CALL_CALLER) && free_slot(boundary, call);
        }
    }
    spgi_boundary_leave(boundary);
    if (unused) {
        spgi_boundary_unref(boundary);
    }
    return held ? spgi_call_code(spgi_call_outcome(before)) : -ESRCH;
}

// ---- The whole -------------------------------------------------------------------------------

void spgi_calls_end(spg_boundary *boundary, enum spg_outcome outcome)
{
    spgi_boundary_enter(boundary);
    if (boundary->over == SPG_CALL_PENDING) {
        boundary->over = outcome;
        for (uint32_t i = 0; i < boundary->options.calls; i++) {
            struct spgi_call *call = &boundary->calls[i];
            uint64_t word = load_acquire(&call->word);
            if (call->queued || word & SPGI_CALL_SERVER) { // others are just being filled
                abandon(boundary, call, spgi_call_gen(word), outcome);
            }
        }
        while (!spgi_ring_list_empty(&boundary->room)) {
            spgi_party_choose(&boundary->room, &boundary->chosen, spgi_call_code(outcome), NULL);
        }
        while (!spgi_ring_list_empty(&boundary->servers)) {
            spgi_party_choose(&boundary->servers, &boundary->chosen, spgi_call_code(outcome), NULL);
        }
    }
    spgi_boundary_leave(boundary);
}

void spgi_calls_stats(spg_boundary *boundary, spg_boundary_stats *out)
{
    spgi_boundary_enter(boundary);
    *out = boundary->stats;
    if (!spgi_ring_list_empty(&boundary->queue)) {
        int64_t age = spgi_clock_now() - call_of(boundary->queue.next)->since;
        out->oldest_ns = age > 0 ? (uint64_t)age : 1;
    }
    spgi_boundary_leave(boundary);
}
