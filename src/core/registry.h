// SPDX-License-Identifier: MIT
// registry.h: which runtimes live in this process, so that a task handle finds its own.
//
// A handle may be older than the runtime in the slot that it names, and whoever asks about it
// cannot know: so a runtime is in the table only from when it is complete until before it is taken
// apart, and while a thread that is none of its shards looks at it, it is held there. And the next
// runtime in a slot goes on with the generations where the last one stopped: no handle fits twice.
#ifndef SPGI_CORE_REGISTRY_H
#define SPGI_CORE_REGISTRY_H

#include "core/types.h"

// What the handles of a runtime's tasks and descriptors start from: all that are older were given
// out by runtimes that are gone.
struct spgi_generations {
    uint64_t tasks;
    uint64_t mailboxes;
    uint32_t fds;
};

// Takes a slot for a runtime that is being made; nobody finds it there yet. Returns 0, or -EAGAIN
// when SPG_MAX_RUNTIMES live already: then rt->slot is 0, which the calls below let pass.
int spgi_registry_reserve(struct spg_rt *rt, struct spgi_generations *first);

// The runtime is complete: from here on others find it.
void spgi_registry_publish(struct spg_rt *rt);

// From here on nobody finds it. Waits until nobody holds it.
void spgi_registry_withdraw(struct spg_rt *rt);

// Gives the slot back, and with it the first generations that the runtime has not used.
void spgi_registry_release(struct spg_rt *rt, struct spgi_generations next);

// The runtime in a slot, which does not end before it is let go; NULL: none.
struct spg_rt *spgi_registry_hold(uint32_t slot);
void spgi_registry_let_go(uint32_t slot);

#endif
