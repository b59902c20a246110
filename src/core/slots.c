// SPDX-License-Identifier: MIT
// slots.c: allocation of task slots; the design is in slots.h.
#include "core/slots.h"

#include "base/assert.h"
#include "core/registry.h"
#include "core/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct spgi_task *task_of(struct spgi_link *link)
{
    return SPGI_CONTAINER(link, struct spgi_task, ready.link);
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
    rt->first_generation = first_generation;
    return rt->chunks ? 0 : -ENOMEM;
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

uint64_t spgi_slots_fini(struct spg_rt *rt)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < rt->chunk_count; i++) {
        struct spgi_task *chunk = load_relaxed(&rt->chunks[i]);
        used = farthest(rt, chunk, used);
        munmap(chunk, SPGI_TASK_CHUNK * sizeof(struct spgi_task));
    }
    free((void *)rt->chunks);
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

// Under slots_lock. Maps one more chunk of slots. False: the table is full, or the system refuses.
static bool chunk_add(struct spg_rt *rt)
{
    if (rt->chunk_count == rt->chunk_room) {
        return false;
    }
    // Populated: all of it is written now, and one call costs less than a fault per page.
    struct spgi_task *chunk = mmap(NULL, SPGI_TASK_CHUNK * sizeof *chunk, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (chunk == MAP_FAILED) {
        return false;
    }
    for (uint32_t i = SPGI_TASK_CHUNK; i-- > 0;) {
        struct spgi_task *task = &chunk[i];
        task->index = rt->chunk_count * SPGI_TASK_CHUNK + i;
        task->rt = rt;
        store_relaxed(&task->life, rt->first_generation << SPGI_LIFE_GEN_SHIFT | SPGI_LIFE_DONE);
        task->ready.link.next = rt->slots.head;
        rt->slots.head = &task->ready.link;
    }
    rt->slots.tail = NULL;                              // used as a stack only
    store_release(&rt->chunks[rt->chunk_count], chunk); // pairs with the acquire in spgi_slot_of
    rt->chunk_count++;
    return true;
}

// Under slots_lock.
static struct spgi_link *depot_pop(struct spg_rt *rt)
{
    if (!rt->slots.head && !chunk_add(rt)) {
        return NULL;
    }
    return spgi_fifo_pop(&rt->slots);
}

static void depot_push(struct spg_rt *rt, struct spgi_link *link)
{
    link->next = rt->slots.head;
    rt->slots.head = link;
}

// Under slots_lock. How many tasks could still be accepted.
static uint64_t available(struct spg_rt *rt)
{
    uint64_t freed = load_acquire(&rt->freed_outside);
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        freed += load_acquire(&rt->shards[i]->freed);
    }
    return rt->options.max_tasks - (rt->leased - freed);
}

// Makes the shard's lease at least n. False: max_tasks would be exceeded.
static bool lease_extend(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    uint64_t have = load_relaxed(&shard->lease);
    pthread_mutex_lock(&rt->slots_lock);
    uint64_t room = available(rt);
    bool granted = room >= n - have;
    if (granted) {
        uint64_t extra = (room - (n - have)) / (4 * rt->shard_count); // shrinks near the bound
        uint64_t grant = n - have + (extra < SPGI_LEASE ? extra : SPGI_LEASE);
        rt->leased += grant;
        store_relaxed(&shard->lease, have + grant);
    }
    pthread_mutex_unlock(&rt->slots_lock);
    return granted;
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

// Brings the shard's own free slots to n or more.
static bool cache_fill(struct spgi_shard *shard, uint64_t n)
{
    struct spg_rt *rt = shard->rt;
    uint64_t want = n + SPGI_SLOT_CACHE / 8;
    pthread_mutex_lock(&rt->slots_lock);
    while (shard->slot_count < want) {
        struct spgi_link *link = depot_pop(rt);
        if (!link) {
            break;
        }
        link->next = shard->slots.head;
        shard->slots.head = link;
        shard->slot_count++;
    }
    pthread_mutex_unlock(&rt->slots_lock);
    return shard->slot_count >= n;
}

int spgi_slots_take(struct spgi_shard *shard, uint64_t n, struct spgi_task **first)
{
    if (load_relaxed(&shard->lease) < n && !lease_extend(shard, n)) {
        return -EAGAIN;
    }
    if (shard->slot_count < n && !cache_fill(shard, n)) {
        return -ENOMEM; // the lease stays; it is given back when it is not used
    }
    struct spgi_link *head = shard->slots.head;
    struct spgi_link *last = head;
    for (uint64_t i = 1; i < n; i++) {
        last = last->next;
    }
    shard->slots.head = last->next;
    last->next = NULL;
    shard->slot_count -= (uint32_t)n;
    store_relaxed(&shard->lease, load_relaxed(&shard->lease) - n);
    shard->spawned_in_pass = true;
    *first = task_of(head);
    return 0;
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
    task->ready.link.next = shard->slots.head;
    shard->slots.head = &task->ready.link;
    shard->slot_count++;
    store_release(&shard->freed, load_relaxed(&shard->freed) + 1); // pairs with available
    if (shard->slot_count <= SPGI_SLOT_CACHE) {
        return;
    }
    struct spg_rt *rt = shard->rt;
    pthread_mutex_lock(&rt->slots_lock);
    while (shard->slot_count > SPGI_SLOT_CACHE / 2) {
        struct spgi_link *link = spgi_fifo_pop(&shard->slots);
        depot_push(rt, link);
        shard->slot_count--;
    }
    pthread_mutex_unlock(&rt->slots_lock);
}

int spgi_slot_take_outside(struct spg_rt *rt, struct spgi_task **out)
{
    int error = -EAGAIN;
    pthread_mutex_lock(&rt->slots_lock);
    if (available(rt) > 0) {
        struct spgi_link *link = depot_pop(rt);
        error = link ? 0 : -ENOMEM;
        if (link) {
            rt->leased++;
            *out = task_of(link);
        }
    }
    pthread_mutex_unlock(&rt->slots_lock);
    return error;
}

void spgi_slot_free_outside(struct spg_rt *rt, struct spgi_task *task)
{
    life_end(task);
    pthread_mutex_lock(&rt->slots_lock);
    depot_push(rt, &task->ready.link);
    pthread_mutex_unlock(&rt->slots_lock);
    add_acqrel(&rt->freed_outside, 1u);
}
