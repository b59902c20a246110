// SPDX-License-Identifier: MIT
// sleep.c: from the first look in vain to the sleep in the kernel.
//
// 1 Search: look at other shards' queues (core/steal.h), holding a searcher's token (core/idle.h).
// 2 Spin: go on looking, at memory only, for as long as a wake-up costs. That is the ski-rental
//   rule: never worse than twice the best choice made in hindsight. Only while it has been paying
//   off: when recent idle times were longer than the limit, or there are more shards than CPUs, or
//   others want the CPU, who may well be those that we wait for, not at all.
// 3 Watch: a shard that is stuck in a long task cannot say so. While any peer is awake, one sleeper
//   wakes by itself every watch_ns and looks at the age of the peers' queues. When it keeps finding
//   them empty, it takes up to 8 times as long.
// 4 Park: the handshake of core/park.h, then wait in the kernel for a completion, a bell, or the
//   next timer.
#include "core/sleep.h"

#include "core/crowding.h"
#include "core/idle.h"
#include "core/op.h"
#include "core/sched.h"
#include "core/shard.h"
#include "core/stacks.h"
#include "core/stats.h"
#include "core/steal.h"
#include "core/timer.h"
#include "sys/clock.h"

enum { WATCH_SLOWDOWN = 8, AVERAGE_WEIGHT = 4 };

static bool can_steal(const struct spgi_shard *shard)
{
    return shard->rt->shard_count > 1 && !shard->rt->options.steal.disabled;
}

// ---- Searching -------------------------------------------------------------------------------

static void begin_search(struct spgi_shard *shard)
{
    if (!shard->searching) {
        shard->searching = true;
        spgi_idle_search(&shard->rt->idle);
    }
}

static void end_search(struct spgi_shard *shard)
{
    if (shard->searching) {
        shard->searching = false;
        spgi_steal_hand_on(shard);
    }
}

static bool search(struct spgi_shard *shard)
{
    if (!can_steal(shard)) {
        return false;
    }
    begin_search(shard);
    return spgi_steal_search(shard) > 0;
}

// Something for this shard itself, told from memory alone.
static bool has_own_work(struct spgi_shard *shard)
{
    return spgi_mpsc_pending(&shard->errands) || spgi_ring_has_completion(shard->ring) ||
           spgi_ring_wants_enter(shard->ring) || spgi_sched_has_ready(shard) ||
           load_seqcst(&shard->rt->phase) == SPGI_PHASE_STOP;
}

// ---- Spinning --------------------------------------------------------------------------------

static int64_t spin_limit(struct spgi_shard *shard)
{
    const struct spg_rt *rt = shard->rt;
    switch (rt->options.idle) {
    case SPG_IDLE_POLL:
        return INT64_MAX;
    case SPG_IDLE_SPIN:
        return rt->options.spin_ns;
    case SPG_IDLE_PARK:
        break;
    }
    bool fits = rt->shard_count <= rt->cpus_allowed;
    bool pays = shard->idle_average_ns < SPGI_SPIN_DEFAULT_NS;
    bool spins = fits && pays && !spgi_is_crowded(&shard->crowding, shard->pass_start);
    return spins ? SPGI_SPIN_DEFAULT_NS : 0;
}

// Returns true when there is work.
static bool spin(struct spgi_shard *shard, int64_t start)
{
    enum { LOOKS_PER_CLOCK = 16, LOOKS_PER_SEARCH = 64 };
    int64_t limit = spin_limit(shard);
    if (limit == 0) {
        return has_own_work(shard);
    }
    SPGI_COUNT(shard, spins);
    int64_t until = limit == INT64_MAX ? INT64_MAX : start + limit;
    for (unsigned looks = 1;; looks++) {
        if (has_own_work(shard)) {
            return true;
        }
        if (looks % LOOKS_PER_SEARCH == 0 && search(shard)) {
            return true;
        }
        if (looks % LOOKS_PER_CLOCK == 0) {
            int64_t now = spgi_clock_now();
            if (now >= until || now >= spgi_timers_next(&shard->timers)) {
                return now >= spgi_timers_next(&shard->timers);
            }
        }
        cpu_relax();
    }
}

// The average of recent idle times, each cut to a few times the limit, decides about spinning.
static void note_idle_time(struct spgi_shard *shard, int64_t ns)
{
    int64_t most = 8 * (int64_t)SPGI_SPIN_DEFAULT_NS;
    int64_t sample = ns < most ? ns : most;
    shard->idle_average_ns += (sample - shard->idle_average_ns) / AVERAGE_WEIGHT;
}

// ---- Parking ---------------------------------------------------------------------------------

// How long to sleep at most; decides whether this sleeper watches.
static int64_t sleep_limit(struct spgi_shard *shard, int64_t now, int64_t watch_ns)
{
    int64_t next = spgi_timers_next(&shard->timers);
    int64_t limit = next == INT64_MAX ? INT64_MAX : next - now;
    int64_t stacks = spgi_stacks_sleep_limit(shard, now);
    limit = limit < stacks ? limit : stacks;
    bool watch = can_steal(shard) && spgi_steal_peers_busy(shard);
    if (watch && !shard->watching) {
        shard->watching = spgi_idle_watch(&shard->rt->idle);
    } else if (!watch && shard->watching) {
        shard->watching = false;
        spgi_idle_unwatch(&shard->rt->idle);
    }
    return shard->watching && watch_ns < limit ? watch_ns : limit;
}

// S1 to S4 of core/park.h, with S4 of core/idle.h in between. Returns whether it was a sleep; rung
// tells whether it was ended to search.
static bool park(struct spgi_shard *shard, int64_t watch_ns, bool *rung)
{
    struct spg_rt *rt = shard->rt;
    bool slept = false;
    spgi_park_begin(&shard->park);
    spgi_idle_sleep(&rt->idle);
    bool last = shard->searching && spgi_idle_leave(&rt->idle);
    shard->searching = false;
    bool work = has_own_work(shard) || (last && can_steal(shard) && spgi_steal_any_work(shard));
    int64_t limit = sleep_limit(shard, spgi_clock_now(), watch_ns);
    if (work || limit <= 0 || spgi_park_rung(&shard->park)) {
        SPGI_COUNT(shard, parks_cut);
    } else {
        SPGI_COUNT(shard, parks);
        slept = true;
        spgi_ring_wait(shard->ring, limit);
    }
    spgi_idle_wake(&rt->idle); // first: who counts as a sleeper can be rung, or has been
    *rung = spgi_park_end(&shard->park) == SPGI_RUNG_TO_SEARCH;
    shard->searching = *rung; // the token came with the bell
    return slept;
}

static void stop_watching(struct spgi_shard *shard)
{
    if (shard->watching) {
        shard->watching = false;
        spgi_idle_unwatch(&shard->rt->idle);
        spgi_steal_watch_left(shard);
    }
}

// Whether a sleep ended for nothing but a look at the peers, and that found nothing: sleep on.
static bool sleep_on(struct spgi_shard *shard)
{
    if (!shard->watching && !shard->searching) {
        return false;
    }
    int64_t now = spgi_clock_now();
    if (has_own_work(shard) || shard->stackless.head || now >= spgi_timers_next(&shard->timers)) {
        return false;
    }
    spgi_stacks_trim(shard, now);
    SPGI_COUNT(shard, watches);
    shard->backoff = 0; // a watch is a look that was paid for already
    return !search(shard);
}

void spgi_sleep_until_work(struct spgi_shard *shard)
{
    int64_t start = shard->pass_start;
    int64_t watch_ns = shard->rt->options.steal.watch_ns;
    bool work = false;
    for (uint32_t probe = 0; probe < shard->rt->options.steal.probes && !work; probe++) {
        work = has_own_work(shard) || search(shard);
    }
    work = work || spin(shard, start);
    if (!work) {
        spgi_ops_enter(shard);
        spgi_stacks_trim(shard, spgi_clock_now());
        bool rung = false; // to search: there is something that should be looked at again soon
        while (park(shard, watch_ns, &rung) && sleep_on(shard)) {
            int64_t first = shard->rt->options.steal.watch_ns;
            int64_t slower =
                watch_ns * 2 < WATCH_SLOWDOWN * first ? watch_ns * 2 : WATCH_SLOWDOWN * first;
            watch_ns = rung ? first : slower;
        }
    }
    stop_watching(shard);
    end_search(shard);
    shard->backoff = 0;
    shard->pass_start = spgi_clock_now(); // what runs now did not run while it slept
    note_idle_time(shard, shard->pass_start - start);
}
