// SPDX-License-Identifier: MIT
// stack.c: slabs of guarded stacks; the design is in stack.h.
#include "sys/stack.h"

#include "sys/sanitizer.h"
#include "sys/uapi.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// Stacks are cut from a slab one by one, as they are needed: guard and top page cost 3 us each.
struct spgi_slab {
    struct spgi_slab *next;
    char *memory;
    size_t bytes;
    uint32_t room;  // stacks that fit
    uint32_t cut;   // stacks cut so far: all, but of the newest slab [depot lock]
    uint32_t first; // number of its first stack in the depot, for colouring
    struct spgi_stack stacks[];
};

enum { COLOURS = 16, COLOUR_BYTES = 64, LOOK_PAGES = 1024 };

static bool probe_guards(size_t page)
{
    void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) {
        return false;
    }
    bool light = madvise(probe, page, SPGI_MADV_GUARD_INSTALL) == 0;
    munmap(probe, page);
    return light;
}

// The kernel does not change while a process lives: it is asked once.
static bool guards_are_light(size_t page)
{
    static spgi_a32 known; // 0: not yet
    enum { YES = 1, NO };
    uint32_t answer = load_relaxed(&known);
    if (answer == 0) {
        answer = probe_guards(page) ? YES : NO;
        store_relaxed(&known, answer);
    }
    return answer == YES;
}

void spgi_stack_depot_init(struct spgi_stack_depot *depot, size_t bytes, uint32_t max)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool light = guards_are_light(page);
    if (!light && max > SPGI_STACKS_WITHOUT_LIGHT_GUARDS) {
        max = SPGI_STACKS_WITHOUT_LIGHT_GUARDS;
    }
    *depot = (struct spgi_stack_depot){
        .max = max, .bytes = bytes, .page = page, .light_guards = light, .trim_ns = SPGI_TRIM_NS};
    spgi_ring_list_init(&depot->warm);
    spgi_ring_list_init(&depot->cold);
}

void spgi_stack_depot_fini(struct spgi_stack_depot *depot)
{
    while (depot->slabs) {
        struct spgi_slab *slab = depot->slabs;
        depot->slabs = slab->next;
        for (uint32_t i = 0; i < slab->cut; i++) {
            spgi_sanitizer_fiber_destroy(slab->stacks[i].tsan_fiber);
            spgi_valgrind_stack_gone(slab->stacks[i].valgrind);
        }
        spgi_sanitizer_stack_gone(slab->memory, slab->bytes);
        munmap(slab->memory, slab->bytes);
        free(slab);
    }
}

// ---- Cutting ---------------------------------------------------------------------------------

static bool guard_install(const struct spgi_stack_depot *depot, char *base)
{
    if (depot->light_guards) {
        return madvise(base, depot->page, SPGI_MADV_GUARD_INSTALL) == 0;
    }
    return mprotect(base, depot->page, PROT_NONE) == 0;
}

static bool slab_map(struct spgi_stack_depot *depot)
{
    uint32_t n = (uint32_t)(SPGI_STACK_SLAB_BYTES / depot->bytes);
    n = n < 1 ? 1 : n;
    if (n > depot->max - depot->mapped) {
        n = depot->max - depot->mapped;
    }
    struct spgi_slab *slab;
    if (posix_memalign((void **)&slab, SPGI_CACHE_LINE,
                       sizeof *slab + n * sizeof(struct spgi_stack)) != 0) {
        return false;
    }
    size_t bytes = n * depot->bytes;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        free(slab);
        return false;
    }
    madvise(memory, bytes, MADV_NOHUGEPAGE); // one touched page per stack, not 2 MiB
    *slab = (struct spgi_slab){depot->slabs, memory, bytes, n, 0, depot->mapped};
    depot->slabs = slab;
    return true;
}

// A stack that was never used before; NULL when the limit is reached or the system refuses.
static struct spgi_stack *stack_cut(struct spgi_stack_depot *depot)
{
    if (depot->mapped >= depot->max) {
        return NULL;
    }
    struct spgi_slab *slab = depot->slabs; // only the newest has room
    if (!slab || slab->cut == slab->room) {
        if (!slab_map(depot)) {
            return NULL;
        }
        slab = depot->slabs;
    }
    char *base = slab->memory + slab->cut * depot->bytes;
    if (!guard_install(depot, base)) {
        return NULL;
    }
    size_t shift = ((slab->first + slab->cut) % COLOURS) * COLOUR_BYTES;
    struct spgi_stack *stack = &slab->stacks[slab->cut];
    *stack = (struct spgi_stack){.base = base, .top = base + depot->bytes - shift};
    stack->valgrind = spgi_valgrind_stack(base + depot->page, stack->top);
    slab->cut++;
    depot->mapped++;
    return stack;
}

// ---- Giving and taking -----------------------------------------------------------------------

static struct spgi_stack *first_of(struct spgi_node *peer)
{
    return SPGI_CONTAINER(peer, struct spgi_stack, peer);
}

// Under the lock.
static void note_oldest(struct spgi_stack_depot *depot)
{
    bool none = spgi_ring_list_empty(&depot->warm);
    // 1: given back without a time, so older than any that has one.
    int64_t given = none ? 0 : first_of(depot->warm.prev)->given;
    store_relaxed(&depot->oldest, none ? 0u : given > 0 ? (uint64_t)given : 1u);
}

struct spgi_stack_batch spgi_stack_depot_take(struct spgi_stack_depot *depot)
{
    struct spgi_stack_batch batch = {0};
    spgi_spinlock_lock(&depot->lock);
    struct spgi_node *list = spgi_ring_list_empty(&depot->warm) ? &depot->cold : &depot->warm;
    if (!spgi_ring_list_empty(list)) {
        struct spgi_stack *first = first_of(list->next); // the newest, and warmest
        spgi_ring_list_remove(&first->peer);
        batch = (struct spgi_stack_batch){&first->link, first->batch_count};
        note_oldest(depot);
    } else {
        struct spgi_stack *stack = stack_cut(depot);
        if (stack) {
            spgi_stack_push(&batch, stack);
        }
    }
    spgi_spinlock_unlock(&depot->lock);
    return batch;
}

void spgi_stack_depot_give(struct spgi_stack_depot *depot, const struct spgi_stack_batch *batch,
                           int64_t now)
{
    struct spgi_stack *first = SPGI_CONTAINER(batch->head, struct spgi_stack, link);
    spgi_spinlock_lock(&depot->lock);
    first->batch_count = batch->count;
    first->given = now;
    // The newest go to the front; one that was not used lately is as old as they come.
    spgi_ring_list_append(now > 0 ? depot->warm.next : &depot->warm, &first->peer);
    note_oldest(depot);
    spgi_spinlock_unlock(&depot->lock);
}

// ---- Memory ----------------------------------------------------------------------------------

// The bytes in use of a range that starts at a stack, as pages that have memory tell; of the
// deepest stack in it. Guard pages do not count.
static size_t depth_of(const struct spgi_stack_depot *depot, char *memory, size_t bytes)
{
    unsigned char resident[LOOK_PAGES];
    size_t pages_per_stack = depot->bytes / depot->page;
    size_t pages = bytes / depot->page;
    size_t deepest = 0;
    for (size_t at = 0; at < pages; at += LOOK_PAGES) {
        size_t n = pages - at < LOOK_PAGES ? pages - at : LOOK_PAGES;
        if (mincore(memory + at * depot->page, n * depot->page, resident) != 0) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            size_t page = (at + i) % pages_per_stack;
            size_t depth = pages_per_stack - page;
            if ((resident[i] & 1) && page > 0 && depth > deepest) {
                deepest = depth;
            }
        }
    }
    return deepest * depot->page;
}

static void note_depth(struct spgi_stack_depot *depot, size_t depth)
{
    uint64_t deepest = load_relaxed(&depot->deepest);
    while (depth > deepest && !cas_relaxed(&depot->deepest, &deepest, depth)) {
    }
}

bool spgi_stack_depot_trim(struct spgi_stack_depot *depot, int64_t before)
{
    struct spgi_stack *first = NULL;
    spgi_spinlock_lock(&depot->lock);
    if (!spgi_ring_list_empty(&depot->warm) && first_of(depot->warm.prev)->given <= before) {
        first = first_of(depot->warm.prev);
        spgi_ring_list_remove(&first->peer);
        note_oldest(depot);
    }
    spgi_spinlock_unlock(&depot->lock);
    if (!first) {
        return false;
    }
    struct spgi_link *link = &first->link;
    for (uint32_t i = 0; i < first->batch_count; i++, link = link->next) {
        char *base = SPGI_CONTAINER(link, struct spgi_stack, link)->base;
        note_depth(depot, depth_of(depot, base, depot->bytes));
        madvise(base + depot->page, depot->bytes - depot->page, MADV_DONTNEED);
    }
    spgi_spinlock_lock(&depot->lock);
    spgi_ring_list_append(&depot->cold, &first->peer);
    spgi_spinlock_unlock(&depot->lock);
    return true;
}

size_t spgi_stack_depot_high_water(struct spgi_stack_depot *depot)
{
    spgi_spinlock_lock(&depot->lock);
    struct spgi_slab *slab = depot->slabs;
    uint32_t cut = slab ? slab->cut : 0;
    spgi_spinlock_unlock(&depot->lock);
    // Slabs are only ever added, in front, and when the one behind is full.
    for (; slab; slab = slab->next, cut = slab ? slab->room : 0) {
        note_depth(depot, depth_of(depot, slab->memory, cut * depot->bytes));
    }
    return load_relaxed(&depot->deepest);
}

bool spgi_stack_guards(const struct spgi_stack_depot *depot, const struct spgi_stack *stack,
                       const void *address)
{
    const char *at = address;
    return at >= stack->base && at < stack->base + depot->page;
}
