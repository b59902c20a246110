// SPDX-License-Identifier: MIT
// stats.h: counters, per shard and in total.
//
// Each counter has one writer, its shard, and is read without stopping it: a snapshot is exact per
// counter, not across counters. Counters only grow; gauges go up and down; maxima only grow, and
// their total is the largest one.
#ifndef SPARGIO_STATS_H
#define SPARGIO_STATS_H

#include <spargio/runtime.h>
#include <spargio/types.h>

SPG_BEGIN_DECLS

// X(name, text): the lists that the struct, the snapshot and the text form are made of. Programs
// that were built before find every field where it was: the first lists stay as they are, and what
// is new goes to the end of SPG_STATS_ADDED. tests/unit/test_layout.c keeps to that.
#define SPG_FIRST_COUNTERS(X)                                                                      \
    X(spawned, "tasks accepted")                                                                   \
    X(spawned_pinned, "of these, pinned, sticky or round robin")                                   \
    X(spawn_refused, "spawns refused: limit, memory or shutdown")                                  \
    X(finished, "tasks ended")                                                                     \
    X(switches, "times a task was given the CPU")                                                  \
    X(yields, "calls of spg_yield")                                                                \
    X(suspends, "waits that suspended their task")                                                 \
    X(wakes_local, "tasks made ready on the shard they had waited on")                             \
    X(wakes_remote, "tasks made ready by way of another shard's errands")                          \
    X(migrations, "tasks that resumed on another shard than the one they left")                    \
    X(next_slot, "tasks run at once when their last child ended")                                  \
    X(queue_overflow, "ready tasks that went to the overflow list")                                \
    X(steal_searches, "times this shard looked for work elsewhere")                                \
    X(steal_scans, "victims looked at")                                                            \
    X(stolen, "tasks taken from other shards")                                                     \
    X(stolen_by_depth, "of these, because the victim's queue was long")                            \
    X(stolen_by_age, "of these, because the victim's head had waited long")                        \
    X(steal_empty, "victims without stealable tasks")                                              \
    X(steal_young, "victims left alone: short queue, young head")                                  \
    X(steal_lost, "tasks that another shard was quicker to take")                                  \
    X(steal_backoff, "searches skipped after searches in vain")                                    \
    X(affinity_violations, "ops completed on a ring they were not submitted to: always 0")         \
    X(passes, "rounds of the shard's loop")                                                        \
    X(parks, "times the shard slept in the kernel")                                                \
    X(parks_cut, "sleeps not begun because the second look found work")                            \
    X(watches, "sleeps cut short on purpose to look at busy shards")                               \
    X(spins, "rounds of spinning before sleep")                                                    \
    X(doorbells_sent, "wakes sent to sleeping shards")                                             \
    X(doorbells_coalesced, "wakes not sent because one was under way")                             \
    X(errands_run, "tasks and requests that others have sent to it; a batch of tasks is one")      \
    X(enters, "io_uring_enter calls")                                                              \
    X(ops_submitted, "requests handed to the ring")                                                \
    X(ops_completed, "requests whose terminal completion was reaped")                              \
    X(ops_inline, "requests answered without the ring")                                            \
    X(ops_cancelled, "requests the kernel was asked to stop")                                      \
    X(completions_late, "completions that matched no request: always 0")                           \
    X(sq_full, "times the submission queue was full")                                              \
    X(cq_overflow, "times the completion queue had overflowed")                                    \
    X(timers_armed, "timers armed")                                                                \
    X(timers_fired, "timers that fired")                                                           \
    X(stacks_mapped, "stacks mapped, and batches of stacks fetched that shards had given back")    \
    X(stacks_refused, "tasks that had to wait for a stack: the system refused to map one")         \
    X(stacks_reused, "stacks taken from the cache")                                                \
    X(messages_sent, "messages staged")                                                            \
    X(message_batches, "times staged messages were published to a mailbox")                        \
    X(messages_received, "messages received")                                                      \
    X(messages_destroyed, "messages for mailboxes that had been closed")                           \
    X(parcels_received, "messages that came by way of the kernel")                                 \
    X(lanes_full, "sends that found no room")                                                      \
    X(blocking_jobs, "jobs accepted by the blocking pool")                                         \
    X(blocking_refused, "jobs refused by the blocking pool")

#define SPG_FIRST_GAUGES(X)                                                                        \
    X(tasks, "tasks that have not ended: in total; 0 per shard")                                   \
    X(ops, "requests in flight")                                                                   \
    X(ready, "ready stealable tasks queued")                                                       \
    X(timers, "timers armed now")                                                                  \
    X(stacks_cached, "stacks in the cache")

// Of all kinds, in the order in which they were added.
#define SPG_STATS_ADDED(COUNTER, GAUGE, MAXIMUM)                                                   \
    MAXIMUM(steal_streak_max, "searches in vain in a row, at most")

#define SPG_NOTHING_(name, text)
#define SPG_COUNTERS(X) SPG_FIRST_COUNTERS(X) SPG_STATS_ADDED(X, SPG_NOTHING_, SPG_NOTHING_)
#define SPG_GAUGES(X) SPG_FIRST_GAUGES(X) SPG_STATS_ADDED(SPG_NOTHING_, X, SPG_NOTHING_)
#define SPG_MAXIMA(X) SPG_STATS_ADDED(SPG_NOTHING_, SPG_NOTHING_, X)

// 2: counters of messages had come in between the others.
#define SPG_STATS_VERSION 2u

typedef struct spg_stats {
    uint32_t version; // SPG_STATS_VERSION of the library
    uint32_t shards;  // how many shards the numbers are of: all, or 1
#define SPG_STATS_FIELD_(name, text) uint64_t name;
    SPG_FIRST_COUNTERS(SPG_STATS_FIELD_)
    SPG_FIRST_GAUGES(SPG_STATS_FIELD_)
    SPG_STATS_ADDED(SPG_STATS_FIELD_, SPG_STATS_FIELD_, SPG_STATS_FIELD_)
#undef SPG_STATS_FIELD_
} spg_stats;

// The sums, and maxima, over all shards. Of a struct that is larger than the library's, as in a
// program built against a newer header, the rest is zeroed.
// Any thread. Does not suspend. Returns 0; -EINVAL rt or out is NULL.
SPG_API int spg_stats_get_sized(spg_rt *rt, spg_stats *out, size_t size);
static inline int spg_stats_get(spg_rt *rt, spg_stats *out)
{
    return spg_stats_get_sized(rt, out, sizeof *out);
}

// The numbers of one shard. What foreign threads spawn counts where it was sent to.
// Any thread. Does not suspend. Returns 0; -EINVAL rt or out is NULL, or no such shard.
SPG_API int spg_stats_shard_sized(spg_rt *rt, uint32_t shard, spg_stats *out, size_t size);
static inline int spg_stats_shard(spg_rt *rt, uint32_t shard, spg_stats *out)
{
    return spg_stats_shard_sized(rt, shard, out, sizeof *out);
}

// How deep the stacks of tasks have been so far: the bytes in use of the deepest one, rounded up to
// pages, of the stack_bytes less a page that each task has. Nothing is paid for it while tasks run:
// the call looks at which pages of all stacks have memory (about 5 us per 64 stacks), and what was
// seen of stacks whose memory was dropped since is remembered. So a page counts once it was written
// or read, and not while it is swapped out; under mlockall all pages count.
// Any thread. Does not suspend. Returns 0; -EINVAL rt or out is NULL.
SPG_API int spg_stack_high_water(spg_rt *rt, size_t *out);

// Text form: a line "name total shard0 shard1 ..." per counter, gauge and maximum, then the steal
// knobs in force, then "stack bytes=... high_water=...": what a task has, and what the deepest one
// has used (spg_stack_high_water). Written to out (bytes of room, always terminated when it is not
// 0), cut to fit as snprintf does.
// Any thread. Does not suspend. Returns the length of the whole text; -EINVAL rt is NULL.
SPG_API int spg_stats_text(spg_rt *rt, char *out, size_t bytes);

SPG_END_DECLS

#endif
