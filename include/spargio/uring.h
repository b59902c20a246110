// SPDX-License-Identifier: MIT
// uring.h: what is particular to io_uring. The only public header that names it.
#ifndef SPARGIO_URING_H
#define SPARGIO_URING_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

// How a shard's ring was set up.
typedef struct spg_uring_info {
    uint32_t sq_entries;  // granted by the kernel
    uint32_t cq_entries;
    uint32_t setup_flags; // IORING_SETUP_... of the rung of the ladder that the kernel took
    uint32_t features;    // IORING_FEAT_... of the kernel
    const char *rung;     // "defer", "coop" or "plain"; static text
} spg_uring_info;

// How the ring of a shard was set up: rungs are tried in the order DEFER_TASKRUN with
// SINGLE_ISSUER, COOP_TASKRUN, plain.
// Any thread. Does not suspend. Returns 0; -EINVAL rt or out is NULL, or no such shard.
SPG_API int spg_uring_info_get_sized(spg_rt *rt, uint32_t shard, spg_uring_info *out, size_t size);
static inline int spg_uring_info_get(spg_rt *rt, uint32_t shard, spg_uring_info *out)
{
    return spg_uring_info_get_sized(rt, shard, out, sizeof *out);
}

SPG_END_DECLS

#endif
