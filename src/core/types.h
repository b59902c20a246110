// SPDX-License-Identifier: MIT
// types.h: the structs of the scheduler. Read this first: who owns what, and who may touch it.
//
// Field tags: [const] set before anybody else sees it; [owner] only the shard's thread; [any]
// atomic; [lock] under the lock named; [runner] whoever runs the task, or its scheduler while it is
// suspended.
//
// A runtime has shards. A shard is a thread with a ring, queues of ready tasks, timers and caches.
// A task lives in a slot of the runtime's table; a slot is never unmapped while the runtime lives.
// It is, at any moment, in exactly one of these places:
//   ready      in one queue: a shard's stealable or pinned queue, its next-slot, or its errands
//   running    shard->running of one shard
//   suspended  in no queue; whatever it waits for holds the only right to make it ready again
//   ended      its function has returned; the slot waits for its joiner, or is free
#ifndef SPGI_CORE_TYPES_H
#define SPGI_CORE_TYPES_H

#include "base/atomic.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mpsc.h"
#include "base/random.h"
#include "base/spinlock.h"
#include "base/stealq.h"
#include "core/crowding.h"
#include "core/errand.h"
#include "core/idle.h"
#include "core/message.h"
#include "core/park.h"
#include "sys/ring.h"
#include "sys/stack.h"

#include <pthread.h>
#include <spargio.h>
#include <spargio/uring.h>

struct spgi_shard;
struct spgi_task;
struct spgi_scope;

// ---- Timers ----------------------------------------------------------------------------------

enum spgi_timer_state { SPGI_TIMER_IDLE, SPGI_TIMER_ARMED, SPGI_TIMER_FIRING };

// Armed on the shard of the caller; disarmed from any shard. While fire runs (on the shard's
// thread), the state is FIRING, and whoever disarms waits: so fire may touch what the timer is for.
struct spgi_timer {
    struct spgi_heap_node node; // [lock: shard->timers.lock]
    void (*fire)(struct spgi_shard *, struct spgi_timer *);
    spgi_aptr shard; // where it is armed; set before the state says ARMED
    spgi_a32 state;  // enum spgi_timer_state [any; written under lock]
};

struct spgi_timers {
    struct spgi_spinlock lock;
    struct spgi_heap heap; // [lock]
    spgi_a64 next;         // key of the first one, INT64_MAX if none [any; written under lock]
    spgi_a64 armed;        // how many there are                      [any; written under lock]
};

// ---- Waiting ---------------------------------------------------------------------------------

// What a suspended task waits for.
enum spgi_wait_kind {
    SPGI_WAIT_NONE,
    SPGI_WAIT_JOIN,    // a task; its finisher, on any shard, makes the waiter ready
    SPGI_WAIT_CLOSE,   // the tasks of a scope; likewise. Not to be stopped
    SPGI_WAIT_CHANNEL, // items of a channel, or room in it: whoever claims the wait, on any shard
    SPGI_WAIT_SLEEP,   // from here on, only the home shard makes the waiter ready
    SPGI_WAIT_OP,
    SPGI_WAIT_FD_CLOSE, // ops of others on a descriptor. Not to be stopped
    SPGI_WAIT_BLOCKING, // a job of the blocking pool
    SPGI_WAIT_MESSAGE,  // a message in a mailbox
    SPGI_WAIT_ROOM,     // room in a lane of a mailbox, or a slot of a boundary
    SPGI_WAIT_FLUSH,    // that what the shard has sent is received
    SPGI_WAIT_TALLY,    // a sum that comes to its threshold
    SPGI_WAIT_CALL,     // the end of a call at a boundary
    SPGI_WAIT_SERVE,    // a request at a boundary
};

struct spgi_wait {
    // Kind and home shard while suspended, else 0. Set before the wait can end, cleared by whoever
    // makes the task ready.                                                    [any]
    spgi_a64 word;
    spgi_a64 target; // JOIN: the handle that is joined                         [any]
    // CHANNEL: generation << 1 | armed: core/chan.h. Of the slot, not of one life.     [any]
    spgi_a64 claim;
    // Stops a wait of a kind that only the home shard ends; called there.      [runner]
    void (*stop)(struct spgi_shard *home, struct spgi_task *task, int reason);
    // What stop needs: the op, the job. Of a task that is sent to its shard with others of its
    // spawn, before it first runs: those.                                      [runner]
    void *subject;
    int reason;              // why it was stopped: 0, -ETIME, -ECANCELED, -EBADF       [runner]
    int result;              // of the op                                               [runner]
    spgi_a64 since; // for reports: when it began; of a task that runs: the pass    [any]
    spgi_a64 detail;         // OP: opcode and descriptor, for reports                  [any]
    struct spgi_timer timer; // the call's deadline
};

// ---- Tasks -----------------------------------------------------------------------------------

// core/name.h
struct spgi_name {
    spgi_a32 turn;
    spgi_a64 copies[2][SPGI_NAME_WORDS];
};

// What every life touches from spawn to end comes first, in as few lines of the cache as it fits;
// what only some tasks need comes last.
struct spgi_task {
    _Alignas(SPGI_CACHE_LINE) spgi_a64 life; // generation, joiner, state: core/life.h     [any]
    struct spg_rt *rt;                       //                                         [const]
    struct spgi_errand ready; // its link in whichever queue it is in           [runner]
    void *context;            // saved stack pointer while suspended              [runner]
    struct spgi_stack *stack; // NULL before the first run and after the end    [runner]
    spg_fn *fn;               //                                                  [const]
    void *arg;                //                                                  [const]

    int result;               // valid once DONE is set
    uint32_t index;           // of its slot                                              [const]
    spgi_a32 shard;           // where it must run (pinned), or last ran  [runner; read by reports]
    uint16_t pins;            // depth of spg_pin                                         [runner]
    bool stealable;           //                                                          [const]
    spgi_a32 scoped;          // reason bits (core/life.h) from scopes it has opened      [any]
    spgi_a32 kicked;          // the kick errand is on its way                            [any]
    struct spgi_scope *scope; // current scope: innermost opened, else born      [runner]
    struct spgi_scope *born;  // scope it was spawned into; NULL: the root       [const]
    struct spgi_node sibling; // in born's children                           [lock: born->lock]

    struct spgi_wait wait;
    void **locals; // SPG_LOCAL_KEYS values, or NULL                      [runner]
    struct spgi_name name;
    struct spgi_errand
        kick; // look at this task's cancellation; belongs to the slot, not to one life
    struct spgi_spinlock scope_lock; // guards opened
    uint32_t should_yield_calls;     // [runner]
    struct spgi_scope *opened;       // outermost scope it has opened         [lock: scope_lock]
};

// Asks for the memory of a task that will be spawned or run soon: the lines that any life touches.
static inline void spgi_task_fetch(const struct spgi_task *task)
{
    const char *memory = (const char *)task;
    for (size_t at = 0; at < offsetof(struct spgi_task, kick); at += SPGI_CACHE_LINE) {
        __builtin_prefetch(memory + at, 1);
    }
}

// ---- Scopes ----------------------------------------------------------------------------------

// Lives in the opener's spg_scope. Locks are taken from the root down.
struct spgi_scope {
    struct spgi_spinlock lock;
    uint32_t stopped;          // reason bits, 0: none                          [lock]
    struct spgi_scope *parent; //                                               [const]
    struct spgi_task *owner;   //                                               [const]
    struct spgi_node children; // tasks: spgi_task.sibling                      [lock]
    struct spgi_node inner;    // scopes opened below: spgi_scope.peer          [lock]
    struct spgi_node peer;     // in parent->inner                              [lock: parent->lock]
    struct spgi_node *walk;    // in inner: where a walk that stops it goes on  [lock]
    spgi_a64 tasks;    // children that have not left, and 1 for the owner until it waits  [any]
    int error;         // first negative result                         [lock]
    spg_time deadline; // the earliest of its own and its parent's      [const]
    uint64_t id;       // no other scope of a living runtime has it     [const]
    spgi_a64 trace;    // what tasks and calls in it inherit; 0: none   [any]
    struct spgi_timer timer; // armed when its own deadline is the earliest
    uint32_t magic;          // SPGI_SCOPE_OPEN while open
};

#define SPGI_SCOPE_OPEN 0x5C0BE0A5u

// ---- Ops -------------------------------------------------------------------------------------

enum spgi_op_state { SPGI_OP_FREE, SPGI_OP_IN_FLIGHT, SPGI_OP_DONE };

// One kernel request in flight. Slots belong to a shard, are never unmapped while it lives, and are
// named by index and generation in the request's user data: a late or double completion finds
// another generation.                                                           [owner]
struct spgi_op {
    uint32_t index;
    uint32_t generation;
    enum spgi_op_state state;
    bool cancel_wanted; // the kernel has been, or will be, asked to stop it
    bool cancel_queued; // in the list of cancels to be prepared
    bool cancel_missed; // asked too early: to be asked again
    uint8_t opcode;     // enum spgi_opcode
    int fd;
    int result;
    struct spgi_task *task;
    struct spgi_fd_entry *entry; // whose reference it holds; NULL: none
    struct spgi_link link;       // in the free list, or in the list of cancels to be sent
};

struct spgi_ops {
    struct spgi_op **chunks; // SPGI_OP_CHUNK slots each
    uint32_t chunk_count;
    struct spgi_fifo free;
    struct spgi_fifo cancels; // ops whose cancel still has to be prepared
    struct spgi_timer retry;  // for cancels that came too early
    spgi_a64 in_flight;       // [any; written by owner]
};

// ---- Descriptors -----------------------------------------------------------------------------

// One per descriptor number.
struct spgi_fd_entry {
    spgi_a64 word;       // generation, CLOSING, OPEN, references: core/fdtable.h  [any]
    spgi_aptr closer;    // the task that waits for the references to go           [any]
    spgi_a32 recv_waits; // receives from now on that are taken to have to wait      [any; a hint]
};

struct spgi_fdtable {
    pthread_mutex_t grow;
    spgi_aptr chunks[SPGI_FD_CHUNKS]; // struct spgi_fd_entry[SPGI_FD_CHUNK], or NULL
    uint32_t chunks_end;              // all from here on are NULL           [lock: grow]
    uint32_t first_generation;
};

// ---- Statistics ------------------------------------------------------------------------------

// One writer, its shard; the same list as the public struct.
struct spgi_counters {
#define SPGI_COUNTER_FIELD(name, text) spgi_a64 name;
    SPG_COUNTERS(SPGI_COUNTER_FIELD)
    SPG_MAXIMA(SPGI_COUNTER_FIELD)
#undef SPGI_COUNTER_FIELD
};

// ---- Shards ----------------------------------------------------------------------------------

// What the scheduler does when a task has switched back to it.
enum spgi_after { SPGI_AFTER_SUSPEND, SPGI_AFTER_YIELD, SPGI_AFTER_END };

// Called by the scheduler once a suspending task's context is saved. False: the wait is over
// already; the task goes on at once.
typedef bool spgi_commit_fn(struct spgi_shard *shard, struct spgi_task *task, void *arg);

// When the head of a shard's queue was first seen, to tell its age.
// [owner]
struct spgi_sight {
    uint64_t head;
    int64_t head_since; // 0: it was empty
};

// The tasks of a spawn that start on one shard, while they are sorted by shard.
// [owner]
struct spgi_batch {
    struct spgi_fifo tasks;
    uint64_t n;
    struct spgi_batch *next; // of the shards that get any
};

struct spgi_shard {
    struct spg_rt *rt;      // [const]
    uint32_t index;         // [const]
    pthread_t thread;       // [const]
    struct spgi_ring *ring; // [owner]
    int ring_fd;            // [const]
    int bell_fd;            // eventfd for threads without a ring                   [const]
    bool takes_threads;     // the kernel lets such threads ring the ring itself    [const]
    uint64_t bell_value;    // what is read from it                            [owner, kernel]
    uint32_t sq_reserve;    // submission entries kept for cancels             [const]

    // Switching.                                                                    [owner]
    struct spgi_task *running; // NULL: the scheduler itself
    void *context;             // the scheduler's, while a task runs
    enum spgi_after after;
    spgi_commit_fn *commit; // of a suspending task; NULL: none
    void *commit_arg;
    void *thread_fiber; // sanitizers: the thread's own stack
    const void *thread_stack;
    size_t thread_stack_bytes;
    struct spgi_altstack *altstack; // the thread's, for signals; NULL: not given

    // Ready tasks.
    struct spgi_stealq stealable; // [any]
    struct spgi_task *next;       // the next-slot: empty while a task runs      [owner]
    struct spgi_fifo pinned;      // tasks that run here only                        [owner]
    struct spgi_mpsc errands;     //                                                 [any]
    uint32_t next_runs;           // times in a row the next-slot was used           [owner]
    bool pinned_turn;             // whose turn it is, pinned or stealable           [owner]
    bool announce;                // queue grew since the last announcement          [owner]

    // Sleeping and searching.
    struct spgi_park park;       // [any]
    bool searching;              // holds a searcher's token                        [owner]
    bool watching;               // is the watcher                                  [owner]
    uint32_t backoff;            // searches to skip                                [owner]
    uint32_t backoff_step;       // [owner]
    uint32_t searches;           // in vain, since it last had work                 [owner]
    struct spgi_sight *sights;   // per shard                                       [owner]
    struct spgi_sight own_sight; // of its own queue                                [owner]
    uint32_t suspect;            // peer whose head waited at the last look; itself: none   [owner]
    uint32_t balance_turn;       // which peer was looked at last, while busy       [owner]
    int64_t balanced;            // when that was                                   [owner]
    int64_t idle_average_ns;     // how long recent idle times were                 [owner]
    struct spgi_crowding crowding; //                                               [owner]
    int64_t pass_start;          // clock at the start of the pass                  [owner]
    int64_t last_work;           // clock at the end of the last pass with work     [owner]
    uint32_t inline_run;         // answers without suspending in a row             [owner]
    int64_t task_start;          // clock when spg_should_yield first looked        [owner]
    int64_t looked;              // clock at the last look within the pass          [owner]
    uint32_t look_stride;        // tasks from one such look to the next            [owner]

    struct spgi_outbox outbox;
    spgi_aptr *couriers;      // to this shard: per sending shard, and one for all threads   [any]
    uint64_t courier_credits; // parcels of each: a bit each                                 [const]
    uint64_t scope_count;     // scopes ever opened here                                     [owner]
    struct spgi_node closed_mailboxes; // slots to be used again        [lock: rt->mailboxes_lock]
    struct spgi_timers timers;
    struct spgi_ops ops;
    struct spgi_random random;  // [owner]
    struct spgi_batch *batches; // per shard; all empty but while a spawn is published  [owner]

    // Caches.                                                                       [owner]
    struct spgi_task *slots[SPGI_SLOT_CACHE]; // free task slots, the last freed one last
    uint32_t slot_count;
    uint64_t promised;                   // slots that the depot keeps for the batch that it spawns
    struct spgi_stack_batch stacks;      // core/stacks.h
    struct spgi_stack_batch more_stacks; // empty or full
    spgi_a64 stack_count;                // in both                 [any; written by owner]
    struct spgi_stack *reserve;          // for a task that gets no other stack; NULL: in use
    struct spgi_fifo stackless;          // tasks that wait for a stack
    int64_t retry_stackless;             // when to ask the system again
    spgi_a64 lease; // spawns still allowed before asking the runtime  [any; written by owner]
    bool spawned_in_pass;

    struct spgi_counters counters;
    spgi_a64 spawned_outside; // tasks that foreign threads gave to this shard
                              //                                 [any; written under entry_lock]
    spgi_a64 refused_outside; // spawns of foreign threads that were refused     [any; shard 0]
    spgi_a64 freed; // task slots given back here                      [any; written by owner]
    struct spgi_errand phase_errand; // tells the shard that the runtime's phase has changed
    spgi_a32 phase_posted;           // it is on its way                                [any]
    spgi_a32 phase_seen; // the phase that it has acknowledged              [any; written by owner]
};

// ---- Runtimes --------------------------------------------------------------------------------

enum spgi_phase { SPGI_PHASE_RUN, SPGI_PHASE_DRAIN, SPGI_PHASE_CANCEL, SPGI_PHASE_STOP };

struct spgi_job; // blocking.c

// The pool for blocking calls.
struct spgi_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t gone;   // a thread has ended
    struct spgi_node jobs; // [lock] waiting
    uint32_t job_count;    // [lock]
    uint32_t threads;      // [lock]
    uint32_t named;        // [lock] threads that ever were
    uint32_t idle;         // [lock]
    bool stopping;         // [lock]
    bool has_ended;        // [lock] a thread has ended, and must be joined:
    pthread_t ended;       // [lock] the last one
};

struct spg_rt {
    uint32_t slot;                   // in the table of runtimes; 0: in none            [const]
    spg_options options;             // effective                                       [const]
    char thread_prefix[16];          // [const]
    uint32_t *cpus;                  // [const]
    struct spgi_cpu_mask *free_cpus; // of pool threads; NULL: shards are not pinned [const]
    uint32_t shard_count;            // [const]
    struct spgi_shard **shards;      // [const]
    spgi_a32 *alive;                 // a page that fork wipes: 1 here, 0 in a child     [const]
    int process;                     // that has made it                                 [const]

    struct spgi_idle idle;
    spgi_a32 phase; // enum spgi_phase
    spgi_a32 turn;  // of SPG_ROUND_ROBIN

    // Task slots.
    pthread_mutex_t slots_lock;
    struct spgi_task **depot;  // [lock: slots_lock] free slots that no shard keeps
    uint64_t depot_count;      // [lock: slots_lock]
    uint64_t depot_size;       // room for so many                              [lock: slots_lock]
    uint32_t first_unused;     // and those from this index on were never used  [lock: slots_lock]
    uint64_t depot_promised;   // of them, to shards that spawn batches         [lock: slots_lock]
    spgi_aptr *chunks;         // struct spgi_task[SPGI_TASK_CHUNK], or NULL       [any]
    uint32_t chunk_room;       // [const]
    uint32_t chunk_count;      // [lock: slots_lock]
    uint64_t first_generation; // [const]
    uint32_t spawn_block;      // SPGI_SPAWN_BLOCK; smaller in models                     [const]
    uint64_t leased; // rights to spawn that were ever given out         [lock: slots_lock]

    // Slots of threads that are no shards, each with the right to spawn into it.
    struct spgi_link *entry_slots; // free ones                                [lock: entry_lock]
    struct spgi_mpsc returned;     // freed by threads                                      [any]

    // Mailboxes.
    pthread_mutex_t mailboxes_lock;
    spgi_aptr *mailboxes;              // SPG_MAX_MAILBOXES; the first are the shards' own  [any]
    uint32_t mailbox_count;            // [lock: mailboxes_lock]
    uint64_t first_mailbox_generation; // [const]
    spgi_a32 mailboxes_shut;           // for threads that are no shards, at the end       [any]

    // Boundaries, to be shut with the runtime.                      [lock: boundaries_lock]
    pthread_mutex_t boundaries_lock;
    struct spgi_node boundaries;
    bool boundaries_shut;

    struct spgi_stack_depot stacks;
    struct spgi_fdtable fds;
    struct spgi_pool pool;

    // Foreign threads, and the ends of things.
    pthread_mutex_t entry_lock; // admission of spawns from outside, against shutdown
    uint32_t entry_turn;        // which shard takes the next of them           [lock: entry_lock]
    pthread_mutex_t end_lock;   // one shutdown at a time
    pthread_mutex_t quiet_lock;
    pthread_cond_t quiet;  // something has ended while shutting down
    spg_time drain_until;  // earliest deadline of all shutdowns under way     [lock: quiet_lock]
    uint32_t shutting;     // how many there are                               [lock: quiet_lock]
    uint32_t cpus_allowed; // by affinity                               [const]

    // Starting of shards' threads.                                           [lock: gate_lock]
    pthread_mutex_t gate_lock;
    pthread_cond_t gate;
    uint32_t expected; // threads that were started
    uint32_t started;  // shards that have set up, or failed to
    int start_error;   // first failure

    spgi_a32 local_keys; // taken so far
    spgi_aptr local_destroy[SPG_LOCAL_KEYS];
};

#endif
