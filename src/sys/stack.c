// SPDX-License-Identifier: MIT
// stack.c: slabs of guarded stacks; the design is in stack.h.
#include "sys/stack.h"

#include "base/assert.h"
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
    uint32_t cut;   // stacks cut so far
    uint32_t first; // number of its first stack in the depot, for colouring
};

enum { COLOURS = 16, COLOUR_BYTES = 64 };

static bool guards_are_light(size_t page)
{
    void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) {
        return false;
    }
    bool light = madvise(probe, page, SPGI_MADV_GUARD_INSTALL) == 0;
    munmap(probe, page);
    return light;
}

void spgi_stack_depot_init(struct spgi_stack_depot *depot, size_t bytes, uint32_t max)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool light = guards_are_light(page);
    if (!light && max > SPGI_STACKS_WITHOUT_LIGHT_GUARDS) {
        max = SPGI_STACKS_WITHOUT_LIGHT_GUARDS;
    }
    *depot =
        (struct spgi_stack_depot){.max = max, .bytes = bytes, .page = page, .light_guards = light};
}

static struct spgi_stack *stack_header(const struct spgi_stack_depot *depot,
                                       const struct spgi_slab *slab, uint32_t i)
{
    size_t shift = ((slab->first + i) % COLOURS) * COLOUR_BYTES;
    char *end = slab->memory + (i + 1) * depot->bytes - shift;
    return (struct spgi_stack *)(void *)(end - sizeof(struct spgi_stack));
}

void spgi_stack_depot_fini(struct spgi_stack_depot *depot)
{
    while (depot->slabs) {
        struct spgi_slab *slab = depot->slabs;
        depot->slabs = slab->next;
        for (uint32_t i = 0; i < slab->cut; i++) {
            spgi_sanitizer_fiber_destroy(stack_header(depot, slab, i)->tsan_fiber);
        }
        spgi_sanitizer_stack_gone(slab->memory, slab->bytes);
        munmap(slab->memory, slab->bytes);
        free(slab);
    }
}

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
    struct spgi_slab *slab = malloc(sizeof *slab);
    if (!slab) {
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
    struct spgi_stack *stack = stack_header(depot, slab, slab->cut);
    uintptr_t top = (uintptr_t)stack & ~(uintptr_t)15;
    *stack = (struct spgi_stack){.base = base, .top = (char *)top};
    slab->cut++;
    depot->mapped++;
    return stack;
}

unsigned spgi_stack_depot_take(struct spgi_stack_depot *depot, struct spgi_fifo *out, unsigned n)
{
    unsigned taken = 0;
    spgi_spinlock_lock(&depot->lock);
    for (; taken < n; taken++) {
        struct spgi_link *link = spgi_fifo_pop(&depot->free);
        if (!link) {
            break;
        }
        spgi_fifo_push(out, link);
    }
    if (taken == 0) {
        struct spgi_stack *stack = stack_cut(depot); // one: its memory is touched by its first task
        if (stack) {
            spgi_fifo_push(out, &stack->link);
            taken = 1;
        }
    }
    spgi_spinlock_unlock(&depot->lock);
    return taken;
}

void spgi_stack_depot_give(struct spgi_stack_depot *depot, struct spgi_stack *stack)
{
    char *above_guard = stack->base + depot->page;
    uintptr_t top_page = (uintptr_t)stack->top & ~(uintptr_t)(depot->page - 1);
    if ((uintptr_t)above_guard < top_page) {
        madvise(above_guard, top_page - (uintptr_t)above_guard, MADV_DONTNEED);
    }
    spgi_spinlock_lock(&depot->lock);
    spgi_fifo_push(&depot->free, &stack->link);
    spgi_spinlock_unlock(&depot->lock);
}

bool spgi_stack_guards(const struct spgi_stack_depot *depot, const struct spgi_stack *stack,
                       const void *address)
{
    const char *at = address;
    return at >= stack->base && at < stack->base + depot->page;
}
