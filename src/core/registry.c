// SPDX-License-Identifier: MIT
// registry.c: the table of runtimes: the only state of the library outside a runtime.
#include "core/registry.h"

#include <errno.h>

static spgi_aptr runtimes[SPGI_RUNTIMES]; // slot 0 stays empty
static spgi_a32 epochs;

int spgi_registry_add(struct spg_rt *rt, uint32_t *epoch)
{
    *epoch = add_relaxed(&epochs, 1u) + 1;
    for (uint32_t slot = 1; slot < SPGI_RUNTIMES; slot++) {
        void *none = NULL;
        rt->slot = slot; // before others can find it there
        if (!load_relaxed(&runtimes[slot]) && cas_acqrel(&runtimes[slot], &none, rt)) {
            return 0;
        }
    }
    rt->slot = 0; // in none: removing it must not touch another one's
    return -EAGAIN;
}

void spgi_registry_remove(struct spg_rt *rt)
{
    if (rt->slot != 0) {
        store_release(&runtimes[rt->slot], NULL);
    }
}

struct spg_rt *spgi_registry_find(uint32_t slot)
{
    return load_acquire(&runtimes[slot % SPGI_RUNTIMES]);
}
