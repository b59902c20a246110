// SPDX-License-Identifier: MIT
// registry.h: which runtimes live in this process, so that a task handle finds its own.
#ifndef SPGI_CORE_REGISTRY_H
#define SPGI_CORE_REGISTRY_H

#include "core/types.h"

// Gives the runtime a slot and a number that no earlier runtime had. Returns 0; -EAGAIN when
// SPGI_RUNTIMES - 1 live already.
int spgi_registry_add(struct spg_rt *rt, uint32_t *epoch);
void spgi_registry_remove(struct spg_rt *rt);

// The runtime in a slot; NULL: none.
struct spg_rt *spgi_registry_find(uint32_t slot);

#endif
