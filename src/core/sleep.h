// SPDX-License-Identifier: MIT
// sleep.h: what a shard does that has nothing to do: search, spin, watch, park.
#ifndef SPGI_CORE_SLEEP_H
#define SPGI_CORE_SLEEP_H

#include "core/types.h"

// Returns when there may be work: after searching other shards, spinning as long as that pays, and
// parking in the kernel.
void spgi_sleep_until_work(struct spgi_shard *shard);

#endif
