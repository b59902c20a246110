// SPDX-License-Identifier: MIT
// registry.c: the table of runtimes: the only state of the library outside a runtime.
#include "core/registry.h"

#include "sys/futex.h"

#include <errno.h>

struct entry {
    spgi_a32 taken;
    spgi_a32 holds;                // threads that look at the runtime, or are about to
    spgi_aptr rt;                  // NULL: being made or unmade, or none
    struct spgi_generations first; // of the next runtime here      [owner: who has it taken]
};

// What a handle has room for.
_Static_assert(SPG_MAX_RUNTIMES + 1 == SPGI_RUNTIMES, "slot 0 is none");
_Static_assert(SPGI_RUNTIMES == 1u << (64 - SPGI_TASK_GEN_BITS - SPGI_TASK_INDEX_BITS), "6 bits");

static struct entry entries[SPGI_RUNTIMES]; // slot 0 stays empty

int spgi_registry_reserve(struct spg_rt *rt, struct spgi_generations *first)
{
    for (uint32_t slot = 1; slot < SPGI_RUNTIMES; slot++) {
        uint32_t no = 0;
        // Acquire: what the runtime before has left, from its release.
        if (cas_acqrel(&entries[slot].taken, &no, 1u)) {
            rt->slot = slot;
            *first = entries[slot].first;
            return 0;
        }
    }
    return -EAGAIN;
}

void spgi_registry_publish(struct spg_rt *rt)
{
    store_seqcst(&entries[rt->slot].rt, rt);
}

// Withdrawing takes the runtime out, then looks for holds; holding counts first, then looks for the
// runtime. Sequentially consistent on both sides: one of them sees the other.
void spgi_registry_withdraw(struct spg_rt *rt)
{
    struct entry *entry = &entries[rt->slot];
    store_seqcst(&entry->rt, NULL);
    uint32_t holds;
    while ((holds = load_seqcst(&entry->holds)) != 0) {
        spgi_futex_wait(&entry->holds, holds, SPG_NEVER);
    }
}

void spgi_registry_release(struct spg_rt *rt, struct spgi_generations next)
{
    if (rt->slot != 0) {
        entries[rt->slot].first = next;
        store_release(&entries[rt->slot].taken, 0u);
    }
}

struct spg_rt *spgi_registry_hold(uint32_t slot)
{
    struct entry *entry = &entries[slot % SPGI_RUNTIMES];
    if (!load_acquire(&entry->rt)) {
        return NULL; // so that threads that ask in vain never delay a withdrawal
    }
    add_seqcst(&entry->holds, 1u);
    struct spg_rt *rt = load_seqcst(&entry->rt);
    if (!rt) {
        spgi_registry_let_go(slot);
    }
    return rt;
}

void spgi_registry_let_go(uint32_t slot)
{
    struct entry *entry = &entries[slot % SPGI_RUNTIMES];
    if (sub_seqcst(&entry->holds, 1u) == 1 && !load_seqcst(&entry->rt)) {
        spgi_futex_wake(&entry->holds); // a withdrawal may wait for this
    }
}
