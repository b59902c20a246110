// SPDX-License-Identifier: MIT
// slots.c: allocation of task slots; the design is in slots.h.
#include "core/slots.h"

#include "base/assert.h"
#include "core/registry.h"
#include "core/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_BYTES = SPGI_TASK_CHUNK * sizeof(struct spgi_task) };
enum { AHEAD = 8 };
enum { CHUNKS_PER_SLAB = SPGI_TASK_SLAB_BYTES / CHUNK_BYTES };

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static size_t depot_bytes(const struct spg_rt *rt)
{
    return (size_t)rt->chunk_room * SPGI_TASK_CHUNK * sizeof(struct spgi_task *);
}

int spgi_slots_init(struct spg_rt *rt, uint64_t first_generation)
{
    // Beside the tasks that may exist, shards keep free slots; together they bound the table.
    uint64_t slots =
        rt->options.max_tasks + (uint64_t)rt->shard_count * (SPGI_SLOT_CACHE + SPGI_LEASE);
    // index + 1 must fit as a joiner, below JOINER_THREAD.
    uint64_t limit = (UINT64_C(1) << SPGI_TASK_INDEX_BITS) - SPGI_TASK_CHUNK;
    slots = slots > limit ? limit : slots;
    rt->chunk_room = (uint32_t)((slots + SPGI_TASK_CHUNK - 1) / SPGI_TASK_CHUNK);
    rt->chunks = calloc(rt->chunk_room, sizeof *rt->chunks);
    rt->depot = map(depot_bytes(rt)); // not by calloc, which may have to clear used memory
    rt->first_generation = first_generation;
    rt->spawn_block = SPGI_SPAWN_BLOCK;
    return rt->chunks && rt->depot ? 0 : -ENOMEM; // what there is goes with spgi_slots_fini
}

// Generations wrap around: what counts is how far each slot has come.
static uint64_t farthest(const struct spg_rt *rt, struct spgi_task *chunk, uint64_t most)
{
    for (uint32_t i = 0; i < SPGI_TASK_CHUNK; i++) {
        uint64_t gen = spgi_life_gen(load_relaxed(&chunk[i].life));
        uint64_t used = (gen - rt->first_generation + 1) & SPGI_TASK_GEN_MASK;
        most = used > most ? used : most;
    }
    return most;
}

// Whether a chunk is part of a slab: not the first ones, nor the last ones that would not fill one.
static bool in_slab(const struct spg_rt *rt, uint32_t chunk)
{
    if (chunk < SPGI_TASK_SMALL_CHUNKS) {
        return false;
    }
    uint32_t slab = (chunk - SPGI_TASK_SMALL_CHUNKS) / CHUNKS_PER_SLAB;
    return (slab + 1) * CHUNKS_PER_SLAB <= rt->chunk_room - SPGI_TASK_SMALL_CHUNKS;
}

// Which of its slab's chunks a chunk is.
static uint32_t place_in_slab(uint32_t chunk)
{
    return (chunk - SPGI_TASK_SMALL_CHUNKS) % CHUNKS_PER_SLAB;
}

static void chunk_unmap(const struct spg_rt *rt, uint32_t i)
{
    struct spgi_task *chunk = load_relaxed(&rt->chunks[i]);
    if (!in_slab(rt, i)) {
        munmap(chunk, CHUNK_BYTES);
    } else if (place_in_slab(i) == 0) {
        munmap(chunk, SPGI_TASK_SLAB_BYTES);
    }
}

uint64_t spgi_slots_fini(struct spg_rt *rt)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < rt->chunk_count; i++) {
        used = farthest(rt, load_relaxed(&rt->chunks[i]), used);
    }
    for (uint32_t i = 0; i < rt->chunk_count; i++) {
        chunk_unmap(rt, i);
    }
    free((void *)rt->chunks);
    if (rt->depot) {
        munmap((void *)rt->depot, depot_bytes(rt));
    }
    return (rt->first_generation + used) & SPGI_TASK_GEN_MASK;
}

struct spgi_task *spgi_slot_hold_foreign(spg_task handle)
{
    uint32_t slot = spgi_handle_runtime(handle.v);
    struct spg_rt *rt = spgi_registry_hold(slot);
    struct spgi_task *task = rt ? spgi_slot_nth(rt, spgi_handle_index(handle.v)) : NULL;
    if (rt && !task) {
        spgi_registry_let_go(slot);
    }
    return task;
}

void spgi_slot_let_go_foreign(const struct spgi_task *task)
{
    spgi_registry_let_go(task->rt->slot);
}

// ---- The table and the depot -----------------------------------------------------------------

// A mapping that starts at a multiple of its size, for a huge page if the system has one to give.
static void *slab_map(void)
{
    size_t bytes = SPGI_TASK_SLAB_BYTES;
    char *memory = map(2 * bytes);
    if (!memory) {
        return NULL;
    }
    size_t before = -(uintptr_t)memory % bytes;
    if (before > 0) {
        munmap(memory, before);
    }
    munmap(memory + before + bytes, bytes - before);
    madvise(memory + before, bytes, MADV_HUGEPAGE);
    return memory + before;
}

static struct spgi_task *chunk_map(struct spg_rt *rt)
{
    uint32_t chunk = rt->chunk_count;
    if (!in_slab(rt, chunk)) {
        return map(CHUNK_BYTES);
    }
    if (place_in_slab(chunk) == 0) {
        return slab_map();
    }
    struct spgi_task *before = load_relaxed(&rt->chunks[chunk - 1]);
    return before + SPGI_TASK_CHUNK;
}

// Under slots_lock. Maps one more chunk of slots. False: the table is full, or the system refuses.
static bool chunk_add(struct spg_rt *rt)
{
    struct spgi_task *chunk = rt->chunk_count < rt->chunk_room ? chunk_map(rt) : NULL;
    if (!chunk) {
        return false;
    }
    for (uint32_t i = 0; i < SPGI_TASK_CHUNK; i++) {
        struct spgi_task *task = &chunk[i];
        task->index = rt->chunk_count * SPGI_TASK_CHUNK + i;
        task->rt = rt;
        store_relaxed(&task->life, rt->first_generation << SPGI_LIFE_GEN_SHIFT | SPGI_LIFE_DONE);
    }
    store_release(&rt->chunks[rt->chunk_count], chunk); // pairs with the acquire in spgi_slot_of
    rt->chunk_count++;
    return true;
}

// Under slots_lock. Slots that threads have freed go to the depot, with the rights that came with
// them.
static void collect(struct spg_rt *rt, struct spgi_link *link)
{
    while (link) {
        struct spgi_link *next = link->next;
        rt->depot[rt->depot_count++] = SPGI_CONTAINER(link, struct spgi_task, ready.link);
        rt->leased--;
        link = next;
    }
}

// Under slots_lock. Free slots that are not promised to a shard: given back, or never used.
static uint64_t depot_room(const struct spg_rt *rt)
{
    uint64_t never = (uint64_t)rt->chunk_count * SPGI_TASK_CHUNK - rt->first_unused;
    return rt->depot_count + never - rt->depot_promised;
}

// Under slots_lock. Makes the slots in the depot that are not promised at least n.
static bool depot_fill(struct spg_rt *rt, uint64_t n)
{
    if (depot_room(rt) < n) {
        collect(rt, spgi_mpsc_take_newest(&rt->returned));
    }
    while (depot_room(rt) < n) {
        if (!chunk_add(rt)) {
            return false;
        }
    }
    return true;
}

// Under slots_lock. There is one.
static struct spgi_task *depot_pop(struct spg_rt *rt)
{
    return rt->depot_count > 0 ? rt->depot[--rt->depot_count]
                               : spgi_slot_of(rt, rt->first_unused++);
}

// Under slots_lock. How many tasks could still be accepted.
static uint64_t available(struct spg_rt *rt)
{
    uint64_t freed = 0;
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        freed += load_acquire(&rt->shards[i]->freed);
    }
    return rt->options.max_tasks - (rt->leased - freed);
}

// Under slots_lock. Gives out the right to spawn n tasks, and some more, fewer as the bound comes
// near. Returns how many rights; 0: max_tasks would be exceeded.
static uint64_t grant(struct spg_rt *rt, uint64_t n, uint64_t more)
{
    if (available(rt) < n + 4 * rt->shard_count * more) {
        collect(rt, spgi_mpsc_take_newest(&rt->returned));
    }
    uint64_t room = available(rt);
    if (room < n) {
        return 0;
    }
    uint64_t extra = (room - n) / (4 * rt->shard_count);
    uint64_t granted = n + (extra < more ? extra : more);
    rt->leased += granted;
    return granted;
}

// Takes back what is kept for threads: slots, and the rights to spawn into them.
static void take_from_entry(struct spg_rt *rt)
{
    pthread_mutex_lock(&rt->entry_lock);
    pthread_mutex_lock(&rt->slots_lock);
    collect(rt, rt->entry_slots);
    rt->entry_slots = NULL;
    collect(rt, spgi_mpsc_take_newest(&rt->returned));
    pthread_mutex_unlock(&rt->slots_lock);
    pthread_mutex_unlock(&rt->entry_lock);
}

// ---- Shards ----------------------------------------------------------------------------------

// Makes the shard's lease at least n. False: max_tasks would be exceeded.
static bool lease_extend(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    uint64_t have = load_relaxed(&shard->lease);
    pthread_mutex_lock(&rt->slots_lock);
    uint64_t granted = grant(rt, n - have, SPGI_LEASE);
    pthread_mutex_unlock(&rt->slots_lock);
    store_relaxed(&shard->lease, have + granted);
    return granted > 0;
}

void spgi_lease_return(struct spgi_shard *shard)
{
    struct spg_rt *rt = shard->rt;
    uint64_t unused = load_relaxed(&shard->lease);
    if (unused > 0) {
        pthread_mutex_lock(&rt->slots_lock);
        rt->leased -= unused;
        store_relaxed(&shard->lease, 0u);
        pthread_mutex_unlock(&rt->slots_lock);
    }
}

// Under slots_lock.
static void take_from_depot(struct spgi_shard *shard, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        shard->slots[shard->slot_count++] = depot_pop(shard->rt);
    }
}

// Sees to it that the shard can draw n slots: from its own ones, or what the depot promises it.
static bool provide(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    uint64_t missing = n - shard->slot_count;
    pthread_mutex_lock(&rt->slots_lock);
    bool there = depot_fill(rt, missing);
    if (there && n > rt->spawn_block) {
        rt->depot_promised += missing;
        shard->promised = missing;
    } else if (there) {
        uint64_t free = depot_room(rt);
        uint64_t want = missing + SPGI_SLOT_CACHE / 8; // the next spawns will want some, too
        take_from_depot(shard, want < free ? want : free);
    }
    pthread_mutex_unlock(&rt->slots_lock);
    return there;
}

int spgi_slots_reserve(struct spgi_shard *shard, uint64_t n)
{
    if (load_relaxed(&shard->lease) < n && !lease_extend(shard, n)) {
        take_from_entry(shard->rt);
        if (!lease_extend(shard, n)) {
            return -EAGAIN;
        }
    }
    if (shard->slot_count < n && !provide(shard, n)) {
        take_from_entry(shard->rt);
        if (!provide(shard, n)) {
            return -ENOMEM; // the lease stays; it is given back when it is not used
        }
    }
    store_relaxed(&shard->lease, load_relaxed(&shard->lease) - n);
    shard->spawned_in_pass = true;
    return 0;
}

static void keep_promise(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    pthread_mutex_lock(&rt->slots_lock);
    take_from_depot(shard, n);
    rt->depot_promised -= n;
    shard->promised -= n;
    pthread_mutex_unlock(&rt->slots_lock);
}

struct spgi_task *spgi_slots_draw(struct spgi_shard *shard, uint32_t n)
{
    if (shard->slot_count < n) {
        keep_promise(shard, n - shard->slot_count);
    }
    struct spgi_task **drawn = &shard->slots[shard->slot_count - n];
    struct spgi_link *link = NULL;
    for (uint32_t i = 0; i < n; i++) {
        struct spgi_task *task = drawn[i];
        if (i + AHEAD < n) {
            spgi_task_fetch(drawn[i + AHEAD]);
        }
        task->ready.link.next = link;
        link = &task->ready.link;
    }
    shard->slot_count -= n;
    return SPGI_CONTAINER(link, struct spgi_task, ready.link);
}

void spgi_slots_unreserve(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    store_relaxed(&shard->lease, load_relaxed(&shard->lease) + n);
    if (shard->promised > 0) {
        pthread_mutex_lock(&rt->slots_lock);
        rt->depot_promised -= shard->promised;
        shard->promised = 0;
        pthread_mutex_unlock(&rt->slots_lock);
    }
}

// Moves the generation on: from here on, handles of the task that was here are stale.
static void life_end(struct spgi_task *task)
{
    uint64_t gen = spgi_life_gen(load_relaxed(&task->life)) + 1;
    store_release(&task->life, gen << SPGI_LIFE_GEN_SHIFT | SPGI_LIFE_DONE);
}

void spgi_slot_free(struct spgi_shard *shard, struct spgi_task *task)
{
    life_end(task);
    shard->slots[shard->slot_count++] = task;
    store_release(&shard->freed, load_relaxed(&shard->freed) + 1); // pairs with available
    if (shard->slot_count < SPGI_SLOT_CACHE) {
        return;
    }
    struct spg_rt *rt = shard->rt;
    uint32_t n = SPGI_SLOT_CACHE / 2;
    pthread_mutex_lock(&rt->slots_lock);
    shard->slot_count -= n;
    memcpy((void *)&rt->depot[rt->depot_count], (void *)&shard->slots[shard->slot_count],
           n * sizeof rt->depot[0]);
    rt->depot_count += n;
    pthread_mutex_unlock(&rt->slots_lock);
}

// ---- Threads ---------------------------------------------------------------------------------

// A few slots from the depot, with the rights to spawn into them.
static int entry_fill(struct spg_rt *rt)
{
    int error = -EAGAIN;
    pthread_mutex_lock(&rt->slots_lock);
    uint64_t granted = grant(rt, 1, SPGI_ENTRY_LEASE);
    if (granted > 0) {
        depot_fill(rt, granted);
        uint64_t there = depot_room(rt);
        uint64_t n = granted < there ? granted : there;
        rt->leased -= granted - n;
        for (uint64_t i = 0; i < n; i++) {
            struct spgi_link *link = &depot_pop(rt)->ready.link;
            link->next = rt->entry_slots;
            rt->entry_slots = link;
        }
        error = n > 0 ? 0 : -ENOMEM;
    }
    pthread_mutex_unlock(&rt->slots_lock);
    return error;
}

int spgi_slot_take_outside(struct spg_rt *rt, struct spgi_task **out)
{
    if (!rt->entry_slots) {
        rt->entry_slots = spgi_mpsc_take_newest(&rt->returned);
    }
    int error = rt->entry_slots ? 0 : entry_fill(rt);
    if (!error) {
        struct spgi_link *link = rt->entry_slots;
        rt->entry_slots = link->next;
        *out = SPGI_CONTAINER(link, struct spgi_task, ready.link);
    }
    return error;
}

void spgi_slot_free_outside(struct spgi_task *task)
{
    life_end(task);
    spgi_mpsc_push(&task->rt->returned, &task->ready.link); // with the right to spawn into it
}
