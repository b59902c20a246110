// SPDX-License-Identifier: MIT
// boundary.c: boundaries for users: arguments checked and handles looked up here, the work done in
// core.
#include <spargio/boundary.h>

#include "base/sized.h"
#include "core/boundary.h"
#include "core/call.h"
#include "core/shard.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>
#include <string.h>

_Static_assert(SPG_MAX_BOUNDARY_CALLS <= 1u << SPGI_CALL_INDEX_BITS, "an index has its room");

// ---- Entering --------------------------------------------------------------------------------

static int enter(spg_boundary *boundary)
{
    if (!boundary) {
        return -EINVAL;
    }
    if (!load_relaxed(boundary->alive)) {
        return -EOWNERDEAD;
    }
    spgi_boundary_ref(boundary);
    return 0;
}

static struct spgi_task *calling_task(void)
{
    struct spgi_shard *shard = spgi_shard_self();
    return shard ? shard->running : NULL;
}

static int refused(struct spgi_task *task)
{
    return task ? spgi_wait_refused(task) : 0;
}

// ---- Names of calls --------------------------------------------------------------------------

static uint64_t name_of(const spg_boundary *boundary, const struct spgi_call *call, uint64_t gen)
{
    return gen << SPGI_CALL_INDEX_BITS | (uint64_t)(call - boundary->calls);
}

static struct spgi_call *named(spg_boundary *boundary, uint64_t name, uint64_t *gen)
{
    uint64_t index = name & ((UINT64_C(1) << SPGI_CALL_INDEX_BITS) - 1);
    *gen = name >> SPGI_CALL_INDEX_BITS;
    return index < boundary->options.calls ? &boundary->calls[index] : NULL;
}

// ---- Opening and closing ---------------------------------------------------------------------

static bool is_valid(const spg_boundary_options *options)
{
    uint64_t bytes = (uint64_t)options->request_bytes + options->reply_bytes;
    return options->calls <= SPG_MAX_BOUNDARY_CALLS &&
           options->request_bytes <= SPG_MAX_BOUNDARY_BYTES &&
           options->reply_bytes <= SPG_MAX_BOUNDARY_BYTES &&
           bytes * options->calls <= SPG_MAX_BOUNDARY_MEMORY;
}

int spg_boundary_open_sized(spg_rt *rt, const spg_boundary_options *given, size_t size,
                            spg_boundary **out)
{
    spg_boundary_options options = {0};
    if (!rt || !out) {
        return -EINVAL;
    }
    if (!load_relaxed(rt->alive)) {
        return -EOWNERDEAD;
    }
    if (given) {
        memcpy(&options, given, size < sizeof options ? size : sizeof options);
    }
    options.calls = options.calls ? options.calls : SPGI_BOUNDARY_CALLS;
    options.request_bytes = options.request_bytes ? options.request_bytes : SPGI_BOUNDARY_BYTES;
    options.reply_bytes = options.reply_bytes ? options.reply_bytes : SPGI_BOUNDARY_BYTES;
    return is_valid(&options) ? spgi_boundary_open(rt, &options, out) : -EINVAL;
}

int spg_boundary_close(spg_boundary *boundary)
{
    int error = enter(boundary);
    if (!error) {
        spgi_calls_end(boundary, SPG_CALL_CLOSED);
        spgi_boundary_unref(boundary);
    }
    return error;
}

int spg_boundary_free(spg_boundary *boundary)
{
    int error = boundary ? spg_boundary_close(boundary) : 0;
    if (boundary && !error) {
        spgi_boundary_give_up(boundary);
    }
    return error;
}

// ---- Calling ---------------------------------------------------------------------------------

// Checks what is to be sent; the task's scope's deadline holds, too.
static int prepare(const spg_boundary *boundary, const spg_call_options *options, size_t size,
                   struct spgi_calling *calling)
{
    struct spgi_task *task = calling_task();
    if (options) {
        size_t known = sizeof calling->options;
        memcpy(&calling->options, options, size < known ? size : known);
    }
    if (calling->bytes > boundary->options.request_bytes ||
        (calling->bytes > 0 && !calling->request)) {
        return -EINVAL;
    }
    if (task && task->scope && task->scope->deadline < calling->deadline) {
        calling->deadline = task->scope->deadline;
    }
    bool passed = calling->deadline != SPG_NEVER && calling->deadline <= spgi_clock_now();
    calling->refused = refused(task);
    calling->refused = calling->refused ? calling->refused : passed ? -ETIME : 0;
    return 0;
}

// The call was claimed; why: waiting for it ended with that. Ends it, if it has not ended.
static int finish_wait(spg_boundary *boundary, struct spgi_call *call, uint64_t gen, int why,
                       void *reply, size_t room, spg_answer *answer)
{
    if (why) {
        spgi_call_end(boundary, call, gen, why == -ETIME ? SPG_CALL_TIMED_OUT : SPG_CALL_CANCELED);
    }
    return spgi_call_collect(boundary, call, reply, room, answer);
}

static int call(spg_boundary *boundary, const spg_call_options *options, size_t size,
                struct spgi_calling *calling, void *reply, size_t room, spg_answer *answer)
{
    spg_answer unwanted;
    answer = answer ? answer : &unwanted;
    *answer = (spg_answer){.outcome = SPG_CALL_REFUSED};
    int error = enter(boundary);
    if (error) {
        return error;
    }
    struct spgi_call *sent;
    uint64_t gen;
    error = room > 0 && !reply ? -EINVAL : prepare(boundary, options, size, calling);
    answer->user = calling->options.user;
    calling->options.notify = false; // the caller learns it by itself
    error = error ? error : spgi_call_send(boundary, calling, true, &sent, &gen);
    if (!error) {
        int why = spgi_call_await(boundary, sent, calling->deadline);
        error = finish_wait(boundary, sent, gen, why, reply, room, answer);
    }
    spgi_boundary_unref(boundary);
    return error;
}

int spg_call_sized(spg_boundary *boundary, const spg_call_options *options, size_t size,
                   const void *request, size_t bytes, void *reply, size_t room, spg_answer *answer,
                   spg_time deadline)
{
    struct spgi_calling calling = {
        .request = request, .bytes = bytes, .deadline = deadline, .waits = true};
    return call(boundary, options, size, &calling, reply, room, answer);
}

int spg_try_call_sized(spg_boundary *boundary, const spg_call_options *options, size_t size,
                       const void *request, size_t bytes, void *reply, size_t room,
                       spg_answer *answer, spg_time deadline)
{
    struct spgi_calling calling = {.request = request, .bytes = bytes, .deadline = deadline};
    return call(boundary, options, size, &calling, reply, room, answer);
}

// ---- Tickets ---------------------------------------------------------------------------------

int spg_submit_sized(spg_boundary *boundary, const spg_call_options *options, size_t size,
                     const void *request, size_t bytes, spg_ticket *out, spg_time deadline)
{
    struct spgi_calling calling = {.request = request, .bytes = bytes, .deadline = deadline};
    struct spgi_call *sent;
    uint64_t gen;
    int error = out ? enter(boundary) : -EINVAL;
    if (error) {
        return error;
    }
    error = prepare(boundary, options, size, &calling);
    error = error ? error : spgi_call_send(boundary, &calling, false, &sent, &gen);
    if (!error) {
        out->v = name_of(boundary, sent, gen);
    }
    spgi_boundary_unref(boundary);
    return error;
}

// Waits for a call that was claimed. Returns 0: it has ended; else why the ticket stays.
static int await_ticket(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                        spg_time deadline)
{
    spg_time own = call->deadline;
    int why = refused(calling_task());
    why = why ? why : spgi_call_await(boundary, call, own < deadline ? own : deadline);
    if (why == -ETIME && own != SPG_NEVER && own <= spgi_clock_now()) {
        spgi_call_end(boundary, call, gen, SPG_CALL_TIMED_OUT);
        why = 0;
    }
    return why;
}

int spg_ticket_wait(spg_boundary *boundary, spg_ticket ticket, void *reply, size_t room,
                    spg_answer *answer, spg_time deadline)
{
    spg_answer unwanted;
    answer = answer ? answer : &unwanted;
    *answer = (spg_answer){0};
    int error = room > 0 && !reply ? -EINVAL : enter(boundary);
    if (error) {
        return error;
    }
    uint64_t gen;
    struct spgi_call *sent = named(boundary, ticket.v, &gen);
    error = sent ? spgi_call_claim(boundary, sent, gen) : -ESRCH;
    answer->outcome = error == -ESRCH ? SPG_CALL_REFUSED : SPG_CALL_PENDING;
    if (!error) {
        answer->user = sent->user;
        error = await_ticket(boundary, sent, gen, deadline);
        if (error) {
            spgi_call_unclaim(boundary, sent);
        } else {
            error = spgi_call_collect(boundary, sent, reply, room, answer);
        }
    }
    spgi_boundary_unref(boundary);
    return error;
}

int spg_ticket_cancel(spg_boundary *boundary, spg_ticket ticket)
{
    int error = enter(boundary);
    if (error) {
        return error;
    }
    uint64_t gen;
    struct spgi_call *sent = named(boundary, ticket.v, &gen);
    int done = spg_ticket_done(boundary, ticket);
    if (done < 0) {
        error = done;
    } else {
        error = spgi_call_end(boundary, sent, gen, SPG_CALL_CANCELED) ? 0 : -EALREADY;
    }
    spgi_boundary_unref(boundary);
    return error;
}

int spg_ticket_drop(spg_boundary *boundary, spg_ticket ticket)
{
    int error = enter(boundary);
    if (error) {
        return error;
    }
    uint64_t gen;
    spg_answer unwanted;
    struct spgi_call *sent = named(boundary, ticket.v, &gen);
    error = sent ? spgi_call_claim(boundary, sent, gen) : -ESRCH;
    if (!error) {
        finish_wait(boundary, sent, gen, -ECANCELED, NULL, 0, &unwanted);
    }
    spgi_boundary_unref(boundary);
    return error;
}

int spg_ticket_done(spg_boundary *boundary, spg_ticket ticket)
{
    uint64_t gen;
    int error = enter(boundary);
    if (error) {
        return error;
    }
    struct spgi_call *sent = named(boundary, ticket.v, &gen);
    uint64_t word = sent ? load_acquire(&sent->word) : 0;
    bool there = sent && spgi_call_gen(word) == gen && word & SPGI_CALL_CALLER;
    spgi_boundary_unref(boundary);
    return there ? spgi_call_outcome(word) != SPG_CALL_PENDING : -ESRCH;
}

int spg_ticket_next(spg_boundary *boundary, spg_ticket *out, uint64_t *user)
{
    int error = out ? enter(boundary) : -EINVAL;
    if (error) {
        return error;
    }
    struct spgi_call *ended;
    uint64_t gen;
    uint64_t unwanted;
    error = spgi_call_next_ended(boundary, &ended, &gen, user ? user : &unwanted);
    if (!error) {
        out->v = name_of(boundary, ended, gen);
    }
    spgi_boundary_unref(boundary);
    return error;
}

// ---- Serving ---------------------------------------------------------------------------------

int spg_serve(spg_boundary *boundary, spg_request *out, spg_time deadline)
{
    struct spgi_call *taken;
    int error = out ? enter(boundary) : -EINVAL;
    if (error) {
        return error;
    }
    error = refused(calling_task());
    error = error ? error : spgi_call_serve(boundary, &taken, deadline);
    if (!error) {
        uint64_t gen = spgi_call_gen(load_relaxed(&taken->word));
        *out = (spg_request){
            .boundary = boundary,
            .id = name_of(boundary, taken, gen),
            .data = spgi_boundary_request_of(boundary, taken),
            .bytes = taken->bytes,
            .reply = spgi_boundary_reply_of(boundary, taken),
            .deadline = taken->deadline,
            .scope = taken->scope,
            .trace = taken->trace,
        };
    }
    spgi_boundary_unref(boundary);
    return error;
}

// The call of a request that its server still holds; NULL: it does not.
static struct spgi_call *held(const spg_request *request, uint64_t *word)
{
    uint64_t gen;
    struct spgi_call *taken = named(request->boundary, request->id, &gen);
    *word = taken ? load_acquire(&taken->word) : 0;
    return taken && spgi_call_gen(*word) == gen && *word & SPGI_CALL_SERVER ? taken : NULL;
}

int spg_request_waiting(const spg_request *request)
{
    uint64_t word;
    if (!request || !request->boundary) {
        return -EINVAL;
    }
    struct spgi_call *taken = held(request, &word);
    if (!taken) {
        return -ESRCH;
    }
    bool passed = request->deadline != SPG_NEVER && request->deadline <= spgi_clock_now();
    enum spg_outcome outcome = spgi_call_outcome(word);
    return outcome == SPG_CALL_PENDING && passed ? -ETIME : spgi_call_code(outcome);
}

static int finish(const spg_request *request, enum spg_outcome outcome, int result,
                  const void *data, size_t bytes)
{
    uint64_t word;
    int error = request ? enter(request->boundary) : -EINVAL;
    if (error) {
        return error;
    }
    spg_boundary *boundary = request->boundary;
    struct spgi_call *taken = held(request, &word);
    bool fits = bytes <= boundary->options.reply_bytes && (bytes == 0 || data);
    if (taken && fits) {
        void *reply = spgi_boundary_reply_of(boundary, taken);
        if (bytes > 0 && data != reply) {
            memcpy(reply, data, bytes);
        }
        taken->reply_bytes = (uint32_t)bytes;
        taken->result = result;
        error = spgi_call_finished(boundary, taken, spgi_call_gen(word), outcome);
    } else {
        error = taken ? -EINVAL : -ESRCH;
    }
    spgi_boundary_unref(boundary);
    return error;
}

int spg_reply(const spg_request *request, int result, const void *data, size_t bytes)
{
    return finish(request, SPG_CALL_ANSWERED, result, data, bytes);
}

int spg_request_drop(const spg_request *request)
{
    return finish(request, SPG_CALL_DROPPED, 0, NULL, 0);
}

// ---- Event loops and statistics --------------------------------------------------------------

int spg_boundary_request_fd(spg_boundary *boundary)
{
    int fd = enter(boundary);
    if (fd == 0) {
        fd = spgi_boundary_request_fd(boundary);
        spgi_boundary_unref(boundary);
    }
    return fd;
}

int spg_boundary_reply_fd(spg_boundary *boundary)
{
    int fd = enter(boundary);
    if (fd == 0) {
        fd = spgi_boundary_reply_fd(boundary);
        spgi_boundary_unref(boundary);
    }
    return fd;
}

int spg_boundary_stats_get_sized(spg_boundary *boundary, spg_boundary_stats *out, size_t size)
{
    int error = out ? enter(boundary) : -EINVAL;
    if (!error) {
        spg_boundary_stats now;
        spgi_calls_stats(boundary, &now);
        spgi_sized_out(out, size, &now, sizeof now);
        spgi_boundary_unref(boundary);
    }
    return error;
}
