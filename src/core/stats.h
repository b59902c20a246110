// SPDX-License-Identifier: MIT
// stats.h: counting. A counter has one writer, its shard; readers may see it a moment late.
#ifndef SPGI_CORE_STATS_H
#define SPGI_CORE_STATS_H

#include "core/types.h"

// The shard's own thread only: a load and a store, no locked instruction.
#define SPGI_COUNT_N(shard, name, n)                                                               \
    store_relaxed(&(shard)->counters.name, load_relaxed(&(shard)->counters.name) + (n))
#define SPGI_COUNT(shard, name) SPGI_COUNT_N(shard, name, 1)

// Adds the shard's counters and gauges to out.
void spgi_stats_add(struct spgi_shard *shard, spg_stats *out);

#endif
