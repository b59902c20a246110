// SPDX-License-Identifier: MIT
// boundary.h: boundaries: their memory, lock, lists and descriptors. What happens to a call is in
// core/call.h, its state word in core/callword.h, who waits in core/party.h.
//
// One lock guards all lists, and is held for a few dozen instructions, or while a descriptor is set
// that somebody has asked for; never while payloads are copied, and never across a suspension.
// Whoever leaves it by spgi_boundary_leave sets the descriptors to what the lists say, then wakes
// whom it has chosen.
//
// References: of the opener, of the runtime's list, of each call under way (a public function that
// runs), and of each slot that is not free. Invariants under the lock:
// - Somebody waits for a slot only while none is free; for a request only while none is queued.
// - A call is in the queue only while its outcome is pending and no server has it.
#ifndef SPGI_CORE_BOUNDARY_H
#define SPGI_CORE_BOUNDARY_H

#include "core/callword.h"
#include "core/party.h"
#include "core/types.h"

#include <spargio/boundary.h>

// How far the end of a call with `notify` has been told.
enum spgi_notice { SPGI_NOTICE_NONE, SPGI_NOTICE_WANTED, SPGI_NOTICE_DUE };

// A slot.
struct spgi_call {
    spgi_a64 word;                // core/callword.h                                          [any]
    struct spgi_node node;        // in the free ones, or in the queue                        [lock]
    struct spgi_node waiter;      // the party that waits for its end                         [lock]
    bool queued;                  // [lock]
    bool claimed;                 // somebody waits for its end, or fetches it                [lock]
    enum spgi_notice notice;      // [lock]
    struct spgi_node ended;       // while DUE: in boundary->ended                            [lock]
    struct spgi_heap_node expiry; // while WANTED, and it has a deadline                 [lock]
    int64_t since;                // when it was queued                                  [lock]
    // The request's: written before it is queued, read by server and caller.
    spg_time deadline;
    uint64_t scope;
    uint64_t trace;
    uint64_t user;
    uint32_t bytes;
    // The reply's: written before the call is finished.
    uint32_t reply_bytes;
    int result;
};

struct spg_boundary {
    spgi_a32 refs;
    spgi_a32 *alive;      // a page that fork wipes: 1 here, 0 in a child       [const]
    uint32_t rt_slot;     // of the runtime                                     [const]
    struct spgi_node all; // in rt->boundaries                 [rt->boundaries_lock]
    bool listed;          // it is there                       [rt->boundaries_lock]

    spg_boundary_options options; // effective                                  [const]
    struct spgi_call *calls;      // options.calls of them                      [const]
    char *payloads;               // of each call: request, reply               [const]
    size_t request_stride;        // bytes from one to the other                [const]
    size_t stride;                // bytes of both                              [const]

    pthread_mutex_t lock;
    enum spg_outcome over;     // PENDING; CLOSED or SHUT_DOWN from then on     [lock]
    struct spgi_node free;     // [lock]
    struct spgi_node queue;    // oldest first                                  [lock]
    struct spgi_node ended;    // that spg_ticket_next gives                    [lock]
    struct spgi_heap expiries; // deadlines of those it will give               [lock]
    struct spgi_node room;     // parties that wait for a slot                  [lock]
    struct spgi_node servers;  // parties that wait for a request               [lock]
    struct spgi_fifo chosen;   // parties to be woken by who leaves the lock    [lock]
    int request_fd;            // -1: nobody has asked for it                   [lock]
    int reply_fd;              // [lock]
    int64_t request_shown;     // what they are set to                          [lock]
    int64_t reply_shown;       // [lock]
    spg_boundary_stats stats;  // [lock]
};

static inline void *spgi_boundary_request_of(const spg_boundary *boundary,
                                             const struct spgi_call *call)
{
    return boundary->payloads + (size_t)(call - boundary->calls) * boundary->stride;
}

static inline void *spgi_boundary_reply_of(const spg_boundary *boundary,
                                           const struct spgi_call *call)
{
    return (char *)spgi_boundary_request_of(boundary, call) + boundary->request_stride;
}

// options have been checked and filled in. Returns 0, -ENOMEM or -ESHUTDOWN.
int spgi_boundary_open(struct spg_rt *rt, const spg_boundary_options *options, spg_boundary **out);

// The opener's reference goes; the caller has closed it.
void spgi_boundary_give_up(spg_boundary *boundary);

static inline void spgi_boundary_ref(spg_boundary *boundary)
{
    add_relaxed(&boundary->refs, 1u); // whoever calls has one
}
void spgi_boundary_unref(spg_boundary *boundary);

// Takes the lock; leaves it, see above.
static inline void spgi_boundary_enter(spg_boundary *boundary)
{
    pthread_mutex_lock(&boundary->lock);
}
void spgi_boundary_leave(spg_boundary *boundary);

// Makes one of the two descriptors if it is not there. Returns it, or a negative errno value.
int spgi_boundary_request_fd(spg_boundary *boundary);
int spgi_boundary_reply_fd(spg_boundary *boundary);

// Shuts all boundaries of a runtime; none is opened from then on.
void spgi_boundaries_shut(struct spg_rt *rt);

// Nobody finds the runtime any more: its boundaries forget it.
void spgi_boundaries_fini(struct spg_rt *rt);

#endif
