// SPDX-License-Identifier: MIT
// runtime.h: making, running and ending a runtime, and all its options.
#ifndef SPARGIO_RUNTIME_H
#define SPARGIO_RUNTIME_H

#include <spargio/mailbox.h>
#include <spargio/task.h>
#include <spargio/types.h>

SPG_BEGIN_DECLS

// Runtimes that may live in a process at the same time; spg_create refuses more with -EAGAIN and a
// text. (A handle names its runtime.)
#define SPG_MAX_RUNTIMES 63u

// Limits of the options below; a value outside them is refused with -EINVAL and a text.
#define SPG_MAX_SHARDS 256u
#define SPG_MAX_TASKS 4000000u
#define SPG_MAX_RING_ENTRIES 32768u
#define SPG_MAX_QUEUE_ENTRIES 65536u
#define SPG_MIN_STACK_BYTES 16384u
#define SPG_MAX_STACK_BYTES 1073741824u
#define SPG_MAX_BLOCKING_THREADS 1024u
#define SPG_MAX_BLOCKING_QUEUE 1048576u
#define SPG_MAX_SPIN_NS 1000000000
#define SPG_MAX_STEAL_BATCH 64u
#define SPG_MAX_STEAL_KNOB 65536u      // of each other knob of stealing that is a count
#define SPG_MAX_STEAL_NS 3600000000000 // of each one that is a time: an hour
#define SPG_MAX_BLOCKING_IDLE_NS 3600000000000

// What a shard does when it has nothing to do.
enum spg_idle {
    SPG_IDLE_PARK = 0, // sleep in the kernel; spin first only as long as it has been paying off
    SPG_IDLE_SPIN = 1, // spin for spin_ns, then sleep
    SPG_IDLE_POLL = 2, // never sleep: one CPU per shard is spent for the lowest latency
};

// Knobs of stealing. Zero is the default of each; spg_options_effective shows the values in force.
// Counts go up to SPG_MAX_STEAL_KNOB, times up to SPG_MAX_STEAL_NS.
typedef struct spg_steal_options {
    uint32_t budget;        // victims looked at per search; default 64
    uint32_t victim_stride; // distance between one victim and the next; default 1
    uint32_t probes;        // searches of a shard before it gives up and parks; default 2
    uint32_t batch;         // tasks taken at once at most; default 4, up to SPG_MAX_STEAL_BATCH
    uint32_t margin;        // tasks a queue must hold to be taken from at once; default 2
    uint32_t fail_cost;     // added to the back-off for each search in vain; default 1
    uint32_t backoff_min;   // searches skipped after the first in vain; default 1
    uint32_t backoff_max;   // and at most; default 32; not below backoff_min
    // A shorter queue is taken from when its head has waited this long; default 50 us.
    int64_t age_ns;
    int64_t watch_ns; // how often an idle shard looks at busy ones; default 100 us
    bool disabled;    // true: no task ever moves
} spg_steal_options;

// Options of a runtime. Zero the struct, then set what matters. It grows at its end only, so that
// programs built before find every field where it was; knobs of stealing that are new stand there.
typedef struct spg_options {
    // Shards: threads, each with its ring. 0: as many as the CPUs this process may use (affinity
    // mask and cgroup quota counted). At most SPG_MAX_SHARDS.
    uint32_t shards;
    // Threads are called PREFIX-N, cut to the kernel's 15 bytes: N is the number of the shard, or
    // from 1000 on for threads of the blocking pool. NULL: "spg". Copied.
    const char *thread_prefix;
    // CPUs to pin shards to, in this order, reused from the start when there are more shards; NULL
    // and 0: no pinning. Copied. A CPU that cannot be used fails spg_create with -EINVAL and its
    // number in the error text. Threads of the blocking pool run wherever the caller of spg_create
    // may.
    const uint32_t *cpus;
    size_t cpu_count;
    // Entries of a ring's queues: powers of two up to SPG_MAX_RING_ENTRIES. 0: 256, and 4 times
    // sq_entries. On ENOMEM both are halved, down to 8, and tried again; see spg_options_effective.
    uint32_t sq_entries;
    uint32_t cq_entries;
    // Entries of a shard's queue of ready stealable tasks: a power of two, 8 to
    // SPG_MAX_QUEUE_ENTRIES. 0: 1024. A full queue overflows into a list: waking a task never
    // fails.
    uint32_t queue_entries;
    // Tasks that may exist at once in the whole runtime, each with the right to a stack. 0:
    // 1048576. A spawn beyond gives -EAGAIN. At most SPG_MAX_TASKS. Before Linux 6.13 the guard of
    // a stack takes a mapping of its own, of which a process may have 65530: there it is 15488 with
    // two shards; see spg_options_effective.
    uint32_t max_tasks;
    // Address space of a task's stack in bytes, guard page included: a multiple of the page size,
    // SPG_MIN_STACK_BYTES to SPG_MAX_STACK_BYTES. 0: 65536. Memory is used page by page as it is
    // touched.
    size_t stack_bytes;
    // What to do with nothing to do, and for how long SPG_IDLE_SPIN spins (0: 50 us; at most
    // SPG_MAX_SPIN_NS).
    enum spg_idle idle;
    int64_t spin_ns;
    spg_steal_options steal;
    // Room of each lane of the shards' default mailboxes: see mailbox.h. 0: 1024; at most
    // SPG_MAX_MAILBOX_CAPACITY.
    uint32_t mailbox_capacity;
    // The pool for blocking calls: threads at most (0: 64; up to SPG_MAX_BLOCKING_THREADS), jobs
    // waiting at most (0: 1024; up to SPG_MAX_BLOCKING_QUEUE), how long an idle thread stays (0:
    // 5 s; up to SPG_MAX_BLOCKING_IDLE_NS).
    uint32_t blocking_threads;
    uint32_t blocking_queue;
    int64_t blocking_idle_ns;
    // How long spg_run waits for tasks that are left when its root task has returned, before it
    // cancels them. 0: 1 s; -1: not at all.
    int64_t drain_ns;
    // How long shutdown and destroy wait for cancelled tasks and ops to end before they report
    // -EBUSY. 0: 5 s.
    int64_t reap_ns;
    // Debugging: run ready tasks in random order from this seed, and move every stealable task to
    // another shard at each suspension. Slow. 0: off.
    uint64_t shuffle_seed;
    // By default the runtime installs a SIGSEGV and SIGBUS handler that names a task which
    // overflows its stack and then chains to the handler that was there before. true: install none.
    bool no_overflow_report;
    // Where spg_create and spg_run write why they failed: a text for people that names field, value
    // and limit. NULL: nowhere.
    char *error_text;
    size_t error_bytes;
} spg_options;

// A task that has not ended by itself.
typedef struct spg_leftover {
    // Name of the task, "" if it has none.
    char task[24];
    // What it waits for: the name of the op that it has in the kernel ("read", "recv", "poll",
    // ...); "close" for others' ops on a descriptor that it closes; "join", "scope" for tasks;
    // "sleep"; "blocking" for a job of the pool; "message", "room", "flush", "tally" at mailboxes;
    // "channel"; "call", "serve", "room" at boundaries; or "running", when it runs or is about to.
    char wait[24];
    int fd;         // descriptor of the op, -1 if none
    uint32_t shard; // home shard
    // How long it has been waiting; of one that runs, since it was given the CPU, and of one that
    // is about to, since it last had it, both true to a pass of the shard; 0: it has never run.
    int64_t age_ns;
} spg_leftover;

#define SPG_REPORT_ENTRIES 16

// What spg_shutdown found.
typedef struct spg_report {
    uint64_t drained;   // tasks that ended by themselves after admission had stopped
    uint64_t cancelled; // tasks that were cancelled
    uint64_t tasks;     // tasks left
    uint64_t ops;       // kernel requests left
    // How many of left[] are filled, with SPG_REPORT_ENTRIES tasks at most: after -EBUSY, of those
    // that are left; else of those that were cancelled, as they were just before.
    uint32_t entries;
    spg_leftover left[SPG_REPORT_ENTRIES];
} spg_report;

// Makes a runtime and starts its shards.
//   options  may be NULL; everything it points to is copied
//   out      written only on success; the caller ends the runtime with spg_destroy
// Any thread that is no task. Does not suspend; returns when all rings are set up. On failure
// nothing is left behind.
// Returns 0; -EINVAL an option is out of range; -ENOMEM; -EAGAIN SPG_MAX_RUNTIMES live already, or
// threads are used up; -EMFILE or -ENFILE descriptors are used up; -EPERM or -ENOSYS io_uring is
// denied or missing. error_text says which limit, and what to do.
SPG_API SPG_MUST_CHECK int spg_create_sized(const spg_options *options, size_t size, spg_rt **out);
static inline int spg_create(const spg_options *options, spg_rt **out)
{
    return spg_create_sized(options, sizeof *options, out);
}

// Makes a runtime, runs fn(arg) as its root task (stealable), waits for it, drains (drain_ns),
// shuts down and destroys it.
//   result  gets what fn returned; may be NULL
// Any thread that is no task; blocks it.
// Returns 0; the errors of spg_create; -EBUSY when the kernel still owns ops: the runtime is then
// left alive on purpose, and error_text names them.
SPG_API SPG_MUST_CHECK int spg_run_sized(const spg_options *options, size_t size, spg_fn *fn,
                                         void *arg, int *result);
static inline int spg_run(const spg_options *options, spg_fn *fn, void *arg, int *result)
{
    return spg_run_sized(options, sizeof *options, fn, arg, result);
}

// Stops admission, waits until the deadline for tasks to end, then cancels what is left and reaps
// it (for reap_ns). SPG_NOW cancels at once. May be called again, also while another thread shuts
// down: one goes through the steps after the other, but tasks get time only until the earliest
// deadline of all; so SPG_NOW ends the drain of one that is patient. Each reports what it has done:
// what another one has cancelled is in that one's report. What spawns give meanwhile:
//   while tasks may still end  -ESHUTDOWN outside of a scope that a task has opened. Into such a
//                              scope, whose owner joins what it has begun, tasks may still be
//                              spawned; -ECANCELED or -ETIME, as always, if that scope is stopped.
//   from the cancelling on     -ESHUTDOWN, whatever the scope.
//   report  may be NULL
// Foreign threads only; blocks.
// Returns 0 when everything has ended, with the names of what had to be cancelled in report; -EBUSY
// with the names of what is left when tasks or ops are; -EDEADLK from a task of this runtime;
// -EOWNERDEAD after fork; -EINVAL when rt is NULL.
SPG_API int spg_shutdown_sized(spg_rt *rt, spg_report *report, size_t size, spg_time deadline);
static inline int spg_shutdown(spg_rt *rt, spg_report *report, spg_time deadline)
{
    return spg_shutdown_sized(rt, report, sizeof *report, deadline);
}

// Ends the runtime: shuts it down with SPG_NOW if that was not done, stops the shards and frees
// everything. Task handles of it are stale afterwards; other threads must not be inside calls that
// name it.
// Foreign threads only; blocks. rt may be NULL.
// Returns 0; -EBUSY when the kernel still owns ops or a task does not end: nothing is freed, and it
// may be called again; -EDEADLK from a task of this runtime; -EOWNERDEAD after fork.
SPG_API int spg_destroy(spg_rt *rt);

// The values in force: defaults filled in, rings as the kernel granted them (the smallest over the
// shards). Pointers in it are NULL, but thread_prefix, which lives as long as the runtime.
// Any thread. Does not suspend. Returns 0; -EINVAL when rt or out is NULL.
SPG_API int spg_options_effective_sized(spg_rt *rt, spg_options *out, size_t size);
static inline int spg_options_effective(spg_rt *rt, spg_options *out)
{
    return spg_options_effective_sized(rt, out, sizeof *out);
}

// How many CPUs this process may use: the affinity mask, cut by the cgroup's CPU quota (rounded
// up).
// Any thread. Does not suspend. Returns a count >= 1; never fails.
SPG_API uint32_t spg_cpus_usable(void);

// The runtime of the calling task; NULL outside a task, and after fork.
// Any thread. Does not suspend.
SPG_API spg_rt *spg_runtime(void);

// How many shards a runtime has.
// Any thread. Does not suspend. Returns the count, 0 when rt is NULL.
SPG_API uint32_t spg_shards(const spg_rt *rt);

SPG_END_DECLS

#endif
