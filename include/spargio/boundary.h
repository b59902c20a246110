// SPDX-License-Identifier: MIT
// boundary.h: bounded calls between tasks and any thread or event loop, in both directions.
//
// A boundary has a fixed number of slots. A call takes one, in which its request lies, and later
// its answer: both are copied, so either side may go away at any time. Whoever serves takes the
// oldest request and answers it, or drops it. Both sides may be tasks, of any runtime, or threads;
// for tasks a wait suspends, for threads it blocks; and an event loop asks with SPG_NOW when one of
// two descriptors is readable. There is no polling, and no thread behind it.
//
// How a call ends, once and for both sides (enum spg_outcome):
//
//   outcome              the caller gets    the server's spg_reply, spg_request_drop and
//                                           spg_request_waiting give
//   SPG_CALL_ANSWERED    0                  0
//   SPG_CALL_DROPPED     -ENODATA           0
//   SPG_CALL_EXPIRED     -ETIME             it was never taken
//   SPG_CALL_TIMED_OUT   -ETIME             -ETIME
//   SPG_CALL_CANCELED    -ECANCELED         -ECANCELED, if it was taken
//   SPG_CALL_CLOSED      -ENOLINK           -ENOLINK, if it was taken
//   SPG_CALL_SHUT_DOWN   -ESHUTDOWN         -ESHUTDOWN, if it was taken
//   SPG_CALL_REFUSED     see spg_call: it was never accepted
//
// An answer beats a deadline that has passed unseen.
//
// Life: closing ends all calls and refuses new ones; freeing gives the boundary up. The memory goes
// with the last of: ticket, taken request, call under way. When a runtime shuts down, the
// boundaries opened for it are shut once draining is over: what still waits gets -ESHUTDOWN.
#ifndef SPARGIO_BOUNDARY_H
#define SPARGIO_BOUNDARY_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

#define SPG_MAX_BOUNDARY_CALLS 65536u
// Of a request, and of a reply.
#define SPG_MAX_BOUNDARY_BYTES 1048576u
// Of all requests and replies together.
#define SPG_MAX_BOUNDARY_MEMORY (UINT64_C(1) << 30)

typedef struct spg_boundary spg_boundary;

// Options of a boundary. Zero the struct, then set what matters.
typedef struct spg_boundary_options {
    // Calls that may be under way at the same time, waiting, being served or answered and not yet
    // fetched; 1 to SPG_MAX_BOUNDARY_CALLS. 0: 64.
    uint32_t calls;
    // Room for a request, and for a reply, in each slot; up to SPG_MAX_BOUNDARY_BYTES. 0: 64.
    uint32_t request_bytes;
    uint32_t reply_bytes;
} spg_boundary_options;

// A call that was submitted, until its end has been fetched. The zero handle is never valid.
typedef struct {
    uint64_t v;
} spg_ticket;

enum spg_outcome {
    SPG_CALL_PENDING = 0,   // it has not ended
    SPG_CALL_ANSWERED = 1,  // spg_reply
    SPG_CALL_DROPPED = 2,   // taken, and let go without an answer
    SPG_CALL_EXPIRED = 3,   // its deadline passed before it was taken
    SPG_CALL_TIMED_OUT = 4, // its deadline passed after it was taken
    SPG_CALL_CANCELED = 5,  // by spg_ticket_cancel, or the calling task was cancelled
    SPG_CALL_CLOSED = 6,    // spg_boundary_close came first
    SPG_CALL_SHUT_DOWN = 7, // the runtime's shutdown came first
    SPG_CALL_REFUSED = 8,   // no slot was had: no request was made
};

// What goes with a call. Zero the struct, then set what matters.
typedef struct spg_call_options {
    uint64_t trace; // carried to the server as it is; 0: that of the calling task, spg_trace
    uint64_t user;  // comes back with spg_answer and spg_ticket_next
    // Of spg_submit: its end makes spg_boundary_reply_fd readable, and spg_ticket_next gives it.
    bool notify;
} spg_call_options;

// How a call ended.
typedef struct spg_answer {
    enum spg_outcome outcome;
    int result;    // what the server said; 0 when not answered
    size_t bytes;  // of the reply, whatever there was room for
    uint64_t user; // of spg_call_options
} spg_answer;

// A request that was taken: the taker's, until it is answered or dropped. Another thread or task
// may do that, with a copy.
typedef struct spg_request {
    spg_boundary *boundary;
    uint64_t id;       // names it; of the library
    const void *data;  // the request: valid until it is answered or dropped
    size_t bytes;      // of it
    void *reply;       // room for reply_bytes, where the reply may be built: spg_reply copies then
                       // nothing
    spg_time deadline; // the caller's: of the call, or of its task's scope; SPG_NEVER: none
    uint64_t scope;    // names the scope of the calling task: no other one has the number while its
                       // runtime lives; 0: the root, or no task
    uint64_t trace;    // the caller's: of spg_call_options, or of its task's scope
} spg_request;

// Counters since opening, and what is there now.
typedef struct spg_boundary_stats {
    uint64_t depth;     // requests that wait to be taken, now
    uint64_t taken;     // requests that are being served, now
    uint64_t oldest_ns; // how long the oldest one that waits has done so, now; 0: none
    uint64_t accepted;  // calls that got a slot and were queued
    uint64_t refused;   // calls that were not, but for bad arguments
    uint64_t answered;  // from here on: accepted calls, by outcome
    uint64_t dropped;
    uint64_t expired;
    uint64_t timed_out;
    uint64_t canceled;
    uint64_t closed; // or shut down
    uint64_t late;   // replies, and drops, after the call had ended
} spg_boundary_stats;

// ---- Opening and closing ---------------------------------------------------------------------

// Opens a boundary.
//   rt       the runtime with whose shutdown it is shut
//   options  NULL: the defaults
//   out      written only on success; given up with spg_boundary_free
// Any thread. Does not suspend.
// Returns 0; -EINVAL rt or out is NULL, or an option, or all slots together, exceed a limit above;
// -ENOMEM; -ESHUTDOWN the runtime is being shut down; -EOWNERDEAD after fork.
SPG_API SPG_MUST_CHECK int spg_boundary_open_sized(spg_rt *rt, const spg_boundary_options *options,
                                                   size_t size, spg_boundary **out);
static inline int spg_boundary_open(spg_rt *rt, const spg_boundary_options *options,
                                    spg_boundary **out)
{
    return spg_boundary_open_sized(rt, options, sizeof *options, out);
}

// Ends all calls that have not ended, with SPG_CALL_CLOSED, and all waits for room and for
// requests, with -ENOLINK; so do later ones. Answers that were given can still be fetched. Both
// descriptors become readable, and stay so. Idempotent.
// Any thread. Does not suspend. Returns 0; -EINVAL boundary is NULL; -EOWNERDEAD after fork.
SPG_API int spg_boundary_close(spg_boundary *boundary);

// Closes it, and gives it up: no call on it may begin from now on, but by those who hold a ticket
// or a request, on that; calls under way end by themselves. Its descriptors are closed with the
// last of them. NULL is let pass.
// Any thread, also after the runtime has ended. Does not suspend.
// Returns 0; -EOWNERDEAD after fork: nothing is freed.
SPG_API int spg_boundary_free(spg_boundary *boundary);

// ---- Calling ---------------------------------------------------------------------------------

// Sends a request and waits for its end. When all slots are taken it waits for one; those who wait
// get them in the order in which they came, and before all who do not.
//   options   NULL: none
//   request   bytes of it are copied; may be NULL when bytes is 0
//   reply     gets the reply; may be NULL when room is 0
//   answer    gets how it ended, also on failure; may be NULL
//   deadline  of all of it; a task's scope's holds, too. The server sees the earlier one
// Any thread: a task suspends, others block.
// Returns 0: answered; -EMSGSIZE answered, but room is too small: what fits was copied; and as told
// at the top of this file: -ENODATA, -ETIME, -ECANCELED, -ENOLINK, -ESHUTDOWN. With outcome
// SPG_CALL_REFUSED: -ETIME the deadline passed before there was a slot; -ECANCELED, -ENOLINK,
// -ESHUTDOWN, each before there was a slot; -EINVAL boundary is NULL, bytes exceeds request_bytes,
// or a pointer is NULL that must not be; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_call_sized(spg_boundary *boundary,
                                                       const spg_call_options *options, size_t size,
                                                       const void *request, size_t bytes,
                                                       void *reply, size_t room, spg_answer *answer,
                                                       spg_time deadline);
static inline int spg_call(spg_boundary *boundary, const spg_call_options *options,
                           const void *request, size_t bytes, void *reply, size_t room,
                           spg_answer *answer, spg_time deadline)
{
    return spg_call_sized(boundary, options, sizeof *options, request, bytes, reply, room, answer,
                          deadline);
}

// The same without waiting for a slot; for the answer it waits.
// Any thread: a task suspends, others block.
// Returns as spg_call; -EAGAIN, with outcome SPG_CALL_REFUSED: overload, all slots are taken.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_try_call_sized(spg_boundary *boundary,
                                                           const spg_call_options *options,
                                                           size_t size, const void *request,
                                                           size_t bytes, void *reply, size_t room,
                                                           spg_answer *answer, spg_time deadline);
static inline int spg_try_call(spg_boundary *boundary, const spg_call_options *options,
                               const void *request, size_t bytes, void *reply, size_t room,
                               spg_answer *answer, spg_time deadline)
{
    return spg_try_call_sized(boundary, options, sizeof *options, request, bytes, reply, room,
                              answer, deadline);
}

// Sends a request and gives a ticket for its end, without waiting.
//   out       the ticket: its slot is taken until the end is fetched, by spg_ticket_wait, or the
//             ticket is given up, by spg_ticket_drop
//   deadline  of the call, whoever waits for it or not; a task's scope's holds, too
// Any thread. Does not suspend.
// Returns 0; -EAGAIN overload: all slots are taken; -ETIME the deadline has passed; -ECANCELED the
// calling task, or its scope, is cancelled; -ENOLINK; -ESHUTDOWN; -EINVAL as spg_call, or out is
// NULL; -EOWNERDEAD after fork.
SPG_API SPG_MUST_CHECK int spg_submit_sized(spg_boundary *boundary, const spg_call_options *options,
                                            size_t size, const void *request, size_t bytes,
                                            spg_ticket *out, spg_time deadline);
static inline int spg_submit(spg_boundary *boundary, const spg_call_options *options,
                             const void *request, size_t bytes, spg_ticket *out, spg_time deadline)
{
    return spg_submit_sized(boundary, options, sizeof *options, request, bytes, out, deadline);
}

// Waits for the end of a submitted call, and fetches it.
//   deadline  of this wait; SPG_NOW: look. The call has a deadline of its own
// Any thread: a task suspends, others block.
// Returns as spg_call for a call that was accepted: the ticket is used up. With outcome
// SPG_CALL_PENDING the ticket stays valid: -ETIME the deadline of this wait passed; -ECANCELED the
// waiting task was cancelled; -EBUSY somebody else waits for it; -EINVAL boundary, or reply with
// room, is NULL. -ESRCH, SPG_CALL_REFUSED: no such ticket any more. -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_ticket_wait(spg_boundary *boundary, spg_ticket ticket,
                                                        void *reply, size_t room,
                                                        spg_answer *answer, spg_time deadline);

// Ends a submitted call with SPG_CALL_CANCELED. The ticket stays valid: whoever waits for it, or
// will, gets -ECANCELED.
// Any thread. Does not suspend.
// Returns 0; -EALREADY it has ended before; -ESRCH no such ticket any more; -EINVAL boundary is
// NULL; -EOWNERDEAD after fork.
SPG_API int spg_ticket_cancel(spg_boundary *boundary, spg_ticket ticket);

// Gives a ticket up: the call, if it has not ended, is cancelled, and nobody will fetch its end.
// Any thread. Does not suspend.
// Returns 0; -EBUSY somebody waits for it: nothing is done; -ESRCH; -EINVAL; -EOWNERDEAD.
SPG_API int spg_ticket_drop(spg_boundary *boundary, spg_ticket ticket);

// Whether a submitted call has ended, so that spg_ticket_wait does not wait.
// Any thread. Does not suspend. Returns 1 or 0; -ESRCH; -EINVAL; -EOWNERDEAD.
SPG_API int spg_ticket_done(spg_boundary *boundary, spg_ticket ticket);

// The next call with `notify` that has ended and was not told before: in order of their ends.
//   user  gets that of its options; may be NULL
// Any thread. Does not suspend.
// Returns 0; -EAGAIN there is none now; -ENOLINK, -ESHUTDOWN there will be none any more, the
// boundary being closed or shut; -EINVAL boundary or out is NULL; -EOWNERDEAD after fork.
SPG_API SPG_MUST_CHECK int spg_ticket_next(spg_boundary *boundary, spg_ticket *out, uint64_t *user);

// ---- Serving ---------------------------------------------------------------------------------

// Takes the oldest request whose caller still waits. Servers that wait get requests in the order in
// which they came.
//   deadline  of this wait; SPG_NOW: what is there
// Any thread: a task suspends, others block.
// Returns 0; -ETIME none came before the deadline; -ECANCELED the task was cancelled; -ENOLINK the
// boundary is closed; -ESHUTDOWN; -EINVAL boundary or out is NULL; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_serve(spg_boundary *boundary, spg_request *out,
                                                  spg_time deadline);

// Whether the caller still waits for the answer. Costs a load, and a look at the clock if there is
// a deadline.
// Any thread. Does not suspend.
// Returns 0: it does; -ETIME its deadline has passed; -ECANCELED; -ENOLINK; -ESHUTDOWN; -ESRCH the
// request was answered or dropped; -EINVAL request is NULL.
SPG_API int spg_request_waiting(const spg_request *request);

// Answers a request; the request is used up, unless -EINVAL is returned.
//   result  handed to the caller, any value
//   data    bytes of it are copied, up to reply_bytes; request->reply: it is there already; may be
//           NULL when bytes is 0
// Any thread. Does not suspend.
// Returns 0: the caller gets the answer; else why it comes too late: -ETIME, -ECANCELED, -ENOLINK,
// -ESHUTDOWN; -ESRCH the request was answered or dropped before; -EINVAL request is NULL, bytes
// exceeds reply_bytes, or data is NULL that must not be; -EOWNERDEAD after fork.
SPG_API int spg_reply(const spg_request *request, int result, const void *data, size_t bytes);

// Lets a request go without an answer: the caller gets -ENODATA at once. A task that ends with a
// request in hand has not dropped it: its caller waits until the deadline.
// Any thread. Does not suspend. Returns as spg_reply.
SPG_API int spg_request_drop(const spg_request *request);

// ---- Event loops -----------------------------------------------------------------------------

// A descriptor that is readable while requests wait, or the boundary is closed: then call spg_serve
// with SPG_NOW until it gives -ETIME, or -ENOLINK or -ESHUTDOWN: then stop watching, since it stays
// readable. Level triggered: do not read from it, and do not close it; it belongs to the boundary.
// Made by the first call, which afterwards costs a lock.
// Any thread. Does not suspend.
// Returns the descriptor; -EINVAL boundary is NULL; -EMFILE, -ENFILE, -ENOMEM as timerfd_create(2);
// -EOWNERDEAD after fork.
SPG_API int spg_boundary_request_fd(spg_boundary *boundary);

// A descriptor that is readable while spg_ticket_next has something to give, be it an answer or a
// deadline that has passed, or the boundary is closed: then call spg_ticket_next until it gives
// -EAGAIN, or -ENOLINK or -ESHUTDOWN. Otherwise as spg_boundary_request_fd.
// Any thread. Does not suspend. Returns as spg_boundary_request_fd.
SPG_API int spg_boundary_reply_fd(spg_boundary *boundary);

// ---- Statistics ------------------------------------------------------------------------------

// All of it as of one moment.
// Any thread. Does not suspend. Returns 0; -EINVAL boundary or out is NULL; -EOWNERDEAD after fork.
SPG_API int spg_boundary_stats_get_sized(spg_boundary *boundary, spg_boundary_stats *out,
                                         size_t size);
static inline int spg_boundary_stats_get(spg_boundary *boundary, spg_boundary_stats *out)
{
    return spg_boundary_stats_get_sized(boundary, out, sizeof *out);
}

SPG_END_DECLS

#endif
