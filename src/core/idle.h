// SPDX-License-Identifier: MIT
// idle.h: who looks for work while others have too much of it.
//
// At most one sleeper is being woken to search at a time (as in Go's and tokio's schedulers): a
// wake costs its sender more than most tasks take. A searcher that finds work hands its token on.
//
//   producer, after a push                      searcher
//   P1 announce the queue's tail  (seq_cst)     S1 searchers += 1                         (seq_cst)
//   P2 searchers != 0: done       (seq_cst)     S2 look at the other queues
//   P3 nobody sleeps: done                      S3 found: searchers -= 1; if it was the last,
//   P4 searchers 0 -> 1           (seq_cst)        do as a producer from P2 on
//   P5 ring a sleeper (RUNG_TO_SEARCH): it      S4 not found: state = PARKED, sleepers += 1,
//      now holds the token. No sleeper found:      searchers -= 1 (all seq_cst); if it was the
//      searchers -= 1; was it the last, and        last, look at every queue once more before
//      is somebody PARKED by now: from P4          sleeping
//
// If P2 sees a searcher, that searcher's decrement comes later in the single order, so that its
// last look (S4) sees the push. If it sees none, the producer wakes somebody itself.
#ifndef SPGI_CORE_IDLE_H
#define SPGI_CORE_IDLE_H

#include "base/atomic.h"
#include "base/limits.h"

struct spgi_idle {
    spgi_a32 searchers; // shards that search, or have been rung to
    spgi_a32 sleepers;  // shards between S4 and their waking
    spgi_a32 watcher;   // 1: a sleeper will wake by itself soon and look at busy shards
};

// Producer, P2 to P4. True: the caller holds the token, and must ring a sleeper or give it back.
static inline bool spgi_idle_claim(struct spgi_idle *idle)
{
    if (load_seqcst(&idle->searchers) != 0 || load_seqcst(&idle->sleepers) == 0) {
        return false;
    }
    uint32_t none = 0;
    return cas_seqcst(&idle->searchers, &none, 1u);
}

// Searcher, S1.
static inline void spgi_idle_search(struct spgi_idle *idle)
{
    add_seqcst(&idle->searchers, 1u);
}

// Gives the token back (S3, S4, or P5 without a sleeper). True: it was the last one.
static inline bool spgi_idle_leave(struct spgi_idle *idle)
{
    return sub_seqcst(&idle->searchers, 1u) == 1;
}

// S4, after spgi_park_begin and before spgi_idle_leave.
static inline void spgi_idle_sleep(struct spgi_idle *idle)
{
    add_seqcst(&idle->sleepers, 1u);
}

// Before spgi_park_end.
static inline void spgi_idle_wake(struct spgi_idle *idle)
{
    sub_seqcst(&idle->sleepers, 1u);
}

// One sleeper at a time watches: true when the caller is it. Given back with spgi_idle_unwatch.
static inline bool spgi_idle_watch(struct spgi_idle *idle)
{
    uint32_t none = 0;
    return load_relaxed(&idle->watcher) == 0 && cas_relaxed(&idle->watcher, &none, 1u);
}

static inline void spgi_idle_unwatch(struct spgi_idle *idle)
{
    store_seqcst(&idle->watcher, 0u); // before a look at what is left to be watched
}

#endif
