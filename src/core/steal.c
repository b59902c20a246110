// SPDX-License-Identifier: MIT
// steal.c: work stealing; when and from whom is in steal.h.
#include "core/steal.h"

#include "core/idle.h"
#include "core/shard.h"
#include "core/stats.h"
#include "sys/clock.h"

enum { BATCH_MAX = SPG_MAX_STEAL_BATCH };

// ---- Age -------------------------------------------------------------------------------------

// Looks at a shard's queue. Returns the age of its head.
static int64_t look(struct spgi_sight *sight, struct spgi_shard *at, int64_t now)
{
    bool empty = spgi_stealq_size(&at->stealable) == 0;
    uint64_t head = spgi_stealq_head(&at->stealable);
    if (empty) {
        sight->head_since = 0;
    } else if (sight->head_since == 0 || sight->head != head) {
        sight->head_since = now;
    }
    sight->head = head;
    return empty ? 0 : now - sight->head_since;
}

void spgi_steal_note_own(struct spgi_shard *shard, int64_t now)
{
    look(&shard->own_sight, shard, now);
}

bool spgi_steal_own_head_is_young(struct spgi_shard *shard)
{
    const struct spgi_sight *own = &shard->own_sight;
    bool moved = own->head != spgi_stealq_head(&shard->stealable);
    return own->head_since == 0 || moved ||
           shard->pass_start - own->head_since < shard->rt->options.steal.age_ns;
}

// ---- Taking ----------------------------------------------------------------------------------

static unsigned put_in_own_queue(struct spgi_shard *shard, struct spgi_link **tasks, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!spgi_stealq_push(&shard->stealable, tasks[i], false)) {
            SPGI_COUNT(shard, queue_overflow);
        }
    }
    SPGI_COUNT_N(shard, stolen, n);
    return n;
}

static unsigned take_queued(struct spgi_shard *shard, struct spgi_shard *victim, unsigned max)
{
    struct spgi_link *tasks[BATCH_MAX];
    bool lost;
    unsigned n =
        spgi_stealq_steal(&victim->stealable, tasks, max < BATCH_MAX ? max : BATCH_MAX, &lost);
    if (lost) {
        SPGI_COUNT(shard, steal_lost);
    }
    return put_in_own_queue(shard, tasks, n);
}

static unsigned try_victim(struct spgi_shard *shard, struct spgi_shard *victim, int64_t now)
{
    const spg_steal_options *knobs = &shard->rt->options.steal;
    SPGI_COUNT(shard, steal_scans);
    int64_t age = look(&shard->sights[victim->index], victim, now);
    uint64_t depth = spgi_stealq_size(&victim->stealable);
    unsigned taken = 0;
    if (depth >= knobs->margin) {
        taken = take_queued(shard, victim, knobs->batch);
        SPGI_COUNT_N(shard, stolen_by_depth, taken);
    } else if (age >= knobs->age_ns && age > 0) {
        taken = take_queued(shard, victim, 1);
        SPGI_COUNT_N(shard, stolen_by_age, taken);
    } else if (depth == 0) {
        SPGI_COUNT(shard, steal_empty);
    } else {
        SPGI_COUNT(shard, steal_young);
    }
    return taken;
}

static void note_vain(struct spgi_shard *shard)
{
    shard->searches++;
    if (shard->searches > load_relaxed(&shard->counters.steal_streak_max)) {
        store_relaxed(&shard->counters.steal_streak_max, (uint64_t)shard->searches);
    }
}

unsigned spgi_steal_search(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    const spg_steal_options *knobs = &rt->options.steal;
    if (shard->backoff > 0) {
        shard->backoff--;
        SPGI_COUNT(shard, steal_backoff);
        return 0;
    }
    SPGI_COUNT(shard, steal_searches);
    uint32_t others = rt->shard_count - 1;
    uint32_t looks = knobs->budget < others ? knobs->budget : others;
    uint32_t offset = others > 1 ? spgi_random_below(&shard->random, others) : 0;
    int64_t now = spgi_clock_now();
    for (uint32_t i = 0; i < looks; i++) {
        uint32_t step = 1 + (offset + i * knobs->victim_stride) % others;
        struct spgi_shard *victim = rt->shards[(shard->index + step) % rt->shard_count];
        unsigned taken = try_victim(shard, victim, now);
        if (taken > 0) {
            shard->backoff_step = 0;
            shard->searches = 0;
            return taken;
        }
    }
    note_vain(shard);
    uint32_t step = shard->backoff_step + knobs->fail_cost;
    step = step < knobs->backoff_min ? knobs->backoff_min : step;
    shard->backoff_step = step > knobs->backoff_max ? knobs->backoff_max : step;
    shard->backoff = shard->backoff_step;
    return 0;
}

// Looks at one peer's queue. Returns whether its head waits and should be looked at again soon; if
// that has been waiting for much longer than the shard's own, it is taken.
static bool relieve(struct spgi_shard *shard, uint32_t peer, int64_t now)
{
    struct spgi_shard *victim = shard->rt->shards[peer];
    struct spgi_sight *sight = &shard->sights[peer];
    int64_t own = shard->own_sight.head_since ? now - shard->own_sight.head_since : 0;
    if (look(sight, victim, now) >= own + 2 * shard->rt->options.steal.age_ns) {
        unsigned taken = take_queued(shard, victim, 1);
        SPGI_COUNT_N(shard, stolen_by_age, taken);
        return false;
    }
    return sight->head_since != 0;
}

void spgi_steal_balance(struct spgi_shard *shard, int64_t now)
{
    const struct spg_rt *rt = shard->rt;
    int64_t interval = rt->options.steal.age_ns / 2;
    if (rt->shard_count == 1 || rt->options.steal.disabled || now - shard->balanced < interval) {
        return;
    }
    shard->balanced = now;
    if (shard->suspect != shard->index) {
        int64_t since = shard->sights[shard->suspect].head_since;
        bool waits = relieve(shard, shard->suspect, now);
        if (waits && shard->sights[shard->suspect].head_since == since) {
            return; // the same head: the next look may be the one that takes it
        }
        shard->suspect = shard->index;
    }
    uint32_t others = rt->shard_count - 1;
    uint32_t looks = others < SPGI_BALANCE_LOOKS ? others : SPGI_BALANCE_LOOKS;
    for (uint32_t i = 0; i < looks; i++) {
        shard->balance_turn = (shard->balance_turn + 1) % others;
        uint32_t peer = (shard->index + 1 + shard->balance_turn) % rt->shard_count;
        if (relieve(shard, peer, now)) {
            shard->suspect = peer;
            return;
        }
    }
}

// ---- Waking searchers ------------------------------------------------------------------------

bool spgi_steal_any_work(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        if (spgi_stealq_size(&rt->shards[i]->stealable) >= rt->options.steal.margin) {
            return true;
        }
    }
    return false;
}

bool spgi_steal_peers_busy(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        // Sequentially consistent: a shard that wakes up is seen, or sees that we sleep.
        if (i != shard->index && load_seqcst(&rt->shards[i]->park.state) == SPGI_RUNNING) {
            return true;
        }
    }
    return false;
}

// The caller holds the searcher's token: hands it to a sleeper. False: there was none to ring.
static bool ring_sleeper(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    uint32_t start = spgi_random_below(&shard->random, rt->shard_count);
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        struct spgi_shard *sleeper = rt->shards[(start + i) % rt->shard_count];
        if (sleeper != shard && spgi_park_ring(&sleeper->park, SPGI_RUNG_TO_SEARCH)) {
            spgi_shard_ring_bell(shard, sleeper);
            return true;
        }
    }
    return false;
}

static bool anybody_parked(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        if (load_seqcst(&rt->shards[i]->park.state) == SPGI_PARKED) {
            return true;
        }
    }
    return false;
}

// Wakes a sleeper to search, unless somebody searches already.
static void wake_searcher(struct spgi_shard *shard)
{
    struct spgi_idle *idle = &shard->rt->idle;
    while (spgi_idle_claim(idle) && !ring_sleeper(shard)) {
        // Nobody could be rung: those asleep were all being woken. Somebody may have parked since,
        // trusting our token: look again after giving it back, as the last searcher does.
        if (!spgi_idle_leave(idle) || !anybody_parked(shard) || !spgi_steal_any_work(shard)) {
            break;
        }
    }
}

// Whether others have something to take, if only when it is old, and nobody watches for that though
// somebody could.
static bool is_unwatched(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    if (load_seqcst(&rt->idle.watcher) || load_seqcst(&rt->idle.sleepers) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        struct spgi_shard *other = rt->shards[i];
        if (i != shard->index && spgi_stealq_size(&other->stealable) > 0) {
            return true;
        }
    }
    return false;
}

void spgi_steal_offer(struct spgi_shard *shard, bool by_task)
{
    struct spg_rt *rt = shard->rt;
    if (rt->shard_count == 1 || rt->options.steal.disabled) {
        return;
    }
    // A lone task that the scheduler made ready is run at once, or passed over, which is seen then.
    uint64_t size = spgi_stealq_size(&shard->stealable);
    bool waits = by_task || size > 1;
    if (size >= rt->options.steal.margin || (waits && !load_seqcst(&rt->idle.watcher))) {
        wake_searcher(shard);
    }
}

void spgi_steal_passed_over(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    if (rt->shard_count > 1 && !rt->options.steal.disabled && !load_seqcst(&rt->idle.watcher)) {
        wake_searcher(shard);
    }
}

void spgi_steal_hand_on(struct spgi_shard *shard)
{
    if (spgi_idle_leave(&shard->rt->idle) && (spgi_steal_any_work(shard) || is_unwatched(shard))) {
        wake_searcher(shard);
    }
}

void spgi_steal_watch_left(struct spgi_shard *shard)
{
    if (is_unwatched(shard)) {
        wake_searcher(shard);
    }
}
