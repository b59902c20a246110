// SPDX-License-Identifier: MIT
// named.c: finding the mailbox that a handle names.
#include "api/named.h"

#include "core/mailbox.h"
#include "core/registry.h"
#include "core/shard.h"

#include <errno.h>

void spgi_named_let_go(const struct spgi_named *named)
{
    if (named->held) {
        spgi_registry_let_go(named->mailbox->rt->slot);
    }
}

int spgi_named_find(spg_mailbox handle, struct spgi_named *named)
{
    struct spgi_shard *shard = spgi_shard_self();
    uint32_t slot = spgi_mailbox_handle_runtime(handle);
    bool own = shard && shard->rt->slot == slot;
    struct spg_rt *rt = own ? shard->rt : spgi_registry_hold(slot);
    if (!rt) {
        return -ESRCH;
    }
    *named = (struct spgi_named){
        .mailbox = spgi_mailbox_of(rt, handle),
        .gen = spgi_mailbox_handle_gen(handle),
        .shard = own && shard->running ? shard : NULL,
        .held = !own,
        .other_task = shard != NULL,
    };
    int error = -ESRCH;
    if (!load_relaxed(rt->alive)) {
        error = -EOWNERDEAD;
    } else if (named->mailbox && spgi_mailbox_is(named->mailbox, named->gen)) {
        return 0;
    }
    if (!own) {
        spgi_registry_let_go(slot);
    }
    return error;
}
