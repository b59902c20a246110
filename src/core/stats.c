// SPDX-License-Identifier: MIT
// stats.c: reading the counters of a shard.
#include "core/stats.h"

void spgi_stats_add(struct spgi_shard *shard, spg_stats *out)
{
#define SPGI_ADD(name, text) out->name += load_acquire(&shard->counters.name);
    SPG_COUNTERS(SPGI_ADD)
    SPG_MAXIMA(SPGI_ADD)
#undef SPGI_ADD
    out->spawned += load_acquire(&shard->spawned_outside);
    out->spawn_refused += load_relaxed(&shard->refused_outside);
    out->timers += load_relaxed(&shard->timers.armed);
    out->ops += load_relaxed(&shard->ops.in_flight);
    out->ready += spgi_stealq_size(&shard->stealable);
    out->stacks_cached += load_relaxed(&shard->stack_count);
}
