// SPDX-License-Identifier: MIT
// uring.c: how rings were set up, for users.
#include <spargio/uring.h>

#include "core/types.h"

#include <errno.h>
#include <string.h>

int spg_uring_info_get_sized(spg_rt *rt, uint32_t shard, spg_uring_info *out, size_t size)
{
    if (!rt || !out || shard >= rt->shard_count) {
        return -EINVAL;
    }
    struct spgi_ring_info info;
    spgi_ring_info(rt->shards[shard]->ring, &info);
    spg_uring_info full = {
        .sq_entries = info.sq_entries,
        .cq_entries = info.cq_entries,
        .setup_flags = info.setup_flags,
        .features = info.features,
        .rung = info.rung,
    };
    memcpy(out, &full, size < sizeof full ? size : sizeof full);
    return 0;
}
