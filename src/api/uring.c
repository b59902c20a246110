// SPDX-License-Identifier: MIT
// uring.c: how rings were set up, and the kernel lane, for users.
#include <spargio/uring.h>

#include "api/named.h"
#include "base/sized.h"
#include "core/courier.h"

#include <errno.h>

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
    spgi_sized_out(out, size, &full, sizeof full);
    return 0;
}

int spg_uring_send(spg_mailbox handle, uint32_t tag, uint64_t value, spg_time deadline)
{
    struct spgi_named named;
    int error = spgi_named_find(handle, &named);
    if (error) {
        return error;
    }
    bool waits = named.shard || !named.other_task;
    error = spgi_courier_send(named.shard, named.mailbox, named.gen, tag, value,
                              waits ? deadline : SPG_NOW);
    spgi_named_let_go(&named);
    return error;
}
