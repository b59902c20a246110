// SPDX-License-Identifier: MIT
// call.h: what happens to a call at a boundary, on its caller's side and on its server's.
//
// The caller of each has a reference to the boundary, and does not have its lock.
#ifndef SPGI_CORE_CALL_H
#define SPGI_CORE_CALL_H

#include "core/boundary.h"

// What a caller wants to send; checked.
struct spgi_calling {
    const void *request;
    size_t bytes;
    spg_call_options options;
    spg_time deadline; // the task's scope's counted
    bool waits;        // for a slot
    int refused;       // why it cannot be sent, whatever there is room for; 0: it can
};

// Queues a request. claim: the caller will wait for it at once, so that nobody else may. Returns 0
// with the call and its generation; else why it was refused.
int spgi_call_send(spg_boundary *boundary, const struct spgi_calling *calling, bool claim,
                   struct spgi_call **out, uint64_t *gen);

// Waits for the end of a call that the caller has claimed, at most until the deadline. Returns 0:
// it has ended; else -ETIME or -ECANCELED.
int spgi_call_await(spg_boundary *boundary, struct spgi_call *call, spg_time deadline);

// Ends a call, if it has not ended. Returns whether this did it.
bool spgi_call_end(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                   enum spg_outcome outcome);

// Claims a call that was submitted. Returns 0; -ESRCH there is no such call; -EBUSY.
int spgi_call_claim(spg_boundary *boundary, struct spgi_call *call, uint64_t gen);
void spgi_call_unclaim(spg_boundary *boundary, struct spgi_call *call);

// Of a call that has ended and that the caller has claimed: copies the reply, and gives the call
// up. Returns what spg_call does.
int spgi_call_collect(spg_boundary *boundary, struct spgi_call *call, void *reply, size_t room,
                      spg_answer *answer);

// The next end to be told. Returns 0; -EAGAIN; -ENOLINK or -ESHUTDOWN: there will be none.
int spgi_call_next_ended(spg_boundary *boundary, struct spgi_call **out, uint64_t *gen,
                         uint64_t *user);

// spg_serve. Returns 0 with a call that is the server's.
int spgi_call_serve(spg_boundary *boundary, struct spgi_call **out, spg_time deadline);

// Of a call that was taken: it ends ANSWERED or DROPPED, unless it has ended otherwise. Returns
// what spg_reply does.
int spgi_call_finished(spg_boundary *boundary, struct spgi_call *call, uint64_t gen,
                       enum spg_outcome outcome);

// Closes or shuts the boundary: all that have not ended, do.
void spgi_calls_end(spg_boundary *boundary, enum spg_outcome outcome);

// As of now.
void spgi_calls_stats(spg_boundary *boundary, spg_boundary_stats *out);

#endif
