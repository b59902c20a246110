// SPDX-License-Identifier: MIT
// slots.h: task slots: handles, allocation, and the bound on how many tasks may exist.
//
// Slots live in chunks that are never unmapped while the runtime lives. Each shard keeps free ones
// for itself and exchanges batches with the runtime's depot. The bound max_tasks is exact without a
// counter that all shards write: shards lease rights to spawn from the runtime in batches that get
// smaller as the bound comes near, and give back what they have not used when they have not spawned
// for a round.
//
// Lists of pointers, not of links: who takes many knows the addresses of all before it has waited
// for the memory of the first.
//
// Threads that are no shards have a list of their own, of slots with the rights to spawn into them.
// What they free they push onto a second list, without a lock; it is taken as a whole when the
// first one is empty. Before anybody is refused for want of rights or slots, both go back to the
// depot.
#ifndef SPGI_CORE_SLOTS_H
#define SPGI_CORE_SLOTS_H

#include "core/life.h"
#include "core/types.h"

// Handle: runtime 6 bits, slot 22, generation 36.
static inline uint32_t spgi_handle_index(uint64_t handle)
{
    return (uint32_t)(handle >> SPGI_TASK_GEN_BITS) & ((1u << SPGI_TASK_INDEX_BITS) - 1);
}

static inline uint64_t spgi_handle_gen(uint64_t handle)
{
    return handle & SPGI_TASK_GEN_MASK;
}

static inline uint32_t spgi_handle_runtime(uint64_t handle)
{
    return (uint32_t)(handle >> (SPGI_TASK_GEN_BITS + SPGI_TASK_INDEX_BITS));
}

static inline uint64_t spgi_handle_of(const struct spgi_task *task, uint64_t gen)
{
    uint64_t place = (uint64_t)task->rt->slot << SPGI_TASK_INDEX_BITS | task->index;
    return place << SPGI_TASK_GEN_BITS | gen;
}

// The slot of a valid index, or of one that was valid once.
static inline struct spgi_task *spgi_slot_of(struct spg_rt *rt, uint32_t index)
{
    struct spgi_task *chunk = load_acquire(&rt->chunks[index / SPGI_TASK_CHUNK]);
    return &chunk[index % SPGI_TASK_CHUNK];
}

// Task n of the table; NULL past the last one.
static inline struct spgi_task *spgi_slot_nth(struct spg_rt *rt, uint32_t n)
{
    uint32_t nth = n / SPGI_TASK_CHUNK;
    struct spgi_task *chunk = nth < rt->chunk_room ? load_acquire(&rt->chunks[nth]) : NULL;
    return chunk ? &chunk[n % SPGI_TASK_CHUNK] : NULL;
}

// For handles of another runtime than the caller's.
struct spgi_task *spgi_slot_hold_foreign(spg_task handle);
void spgi_slot_let_go_foreign(const struct spgi_task *task);

// The slot that a handle names; NULL when there cannot be such a task. Until it is let go, its
// runtime does not end. shard: the caller's, or NULL; for tasks of its own runtime, which outlives
// the call anyway, there is nothing to hold.
static inline struct spgi_task *spgi_slot_hold(struct spgi_shard *shard, spg_task handle)
{
    if (shard && shard->rt->slot == spgi_handle_runtime(handle.v)) {
        return spgi_slot_nth(shard->rt, spgi_handle_index(handle.v));
    }
    return spgi_slot_hold_foreign(handle);
}

static inline void spgi_slot_let_go(struct spgi_shard *shard, const struct spgi_task *task)
{
    if (!shard || shard->rt != task->rt) {
        spgi_slot_let_go_foreign(task);
    }
}

// Shard's own thread. Takes the right to spawn n tasks, and makes sure of slots for them. Returns
// 0, -EAGAIN (max_tasks) or -ENOMEM; then nothing was taken.
int spgi_slots_reserve(struct spgi_shard *shard, uint64_t n);

// Shard's own thread. Takes n of the slots that were reserved, at most rt->spawn_block, linked by
// ready.link. Never fails.
struct spgi_task *spgi_slots_draw(struct spgi_shard *shard, uint32_t n);

// Shard's own thread. Gives back n rights whose slots were not drawn: all that are left.
void spgi_slots_unreserve(struct spgi_shard *shard, uint64_t n);

// Shard's own thread. Frees the slot of a task that has ended: old handles are stale from here on.
void spgi_slot_free(struct spgi_shard *shard, struct spgi_task *task);

// The same for threads that are no shards. One slot, under entry_lock; freed without a lock.
int spgi_slot_take_outside(struct spg_rt *rt, struct spgi_task **out);
void spgi_slot_free_outside(struct spgi_task *task);

// Shard's own thread: gives back the rights it has not used.
void spgi_lease_return(struct spgi_shard *shard);

// Sets the table up, resp. frees it. All generations used are from first_generation on, and before
// the one that fini returns.
int spgi_slots_init(struct spg_rt *rt, uint64_t first_generation);
uint64_t spgi_slots_fini(struct spg_rt *rt);

#endif
