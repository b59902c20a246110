// SPDX-License-Identifier: MIT
// stack.h: mapped stacks with a guard page below each, and the depot of those that are free.
//
// Stacks are cut from slabs: one mapping for many, so that a million of them cost few mappings, and
// one guard each: a light one (MADV_GUARD_INSTALL, Linux 6.13) where the kernel has it, else a
// protected page, which splits the mapping and therefore caps the number of stacks. Tops are
// shifted against each other by multiples of a cache line, since equal offsets would compete for
// the same cache sets. The headers lie in the slab's own memory, not in the stacks, so that all
// memory of a free stack can be dropped.
//
// Free stacks come and go in batches, whole ones, so that a shard takes the lock once for many.
// They keep their memory until nobody has wanted them for SPGI_TRIM_NS; shards that fall asleep
// look after that (core/stacks.h).
#ifndef SPGI_SYS_STACK_H
#define SPGI_SYS_STACK_H

#include "base/limits.h"
#include "base/list.h"
#include "base/spinlock.h"

#include <stdint.h>

struct spgi_stack {
    _Alignas(SPGI_CACHE_LINE) struct spgi_link link; // in a batch
    char *base;                                      // lowest address: the guard page
    char *top;                                       // where execution starts
    void *tsan_fiber;      // ThreadSanitizer's state of whatever runs on this stack
    unsigned valgrind;     // valgrind's number of it
    uint32_t batch_count;  // first of a batch in the depot: how many there are [depot lock]
    struct spgi_node peer; // and its place among the batches                   [depot lock]
    int64_t given;         // and when it was given back                        [depot lock]
};

// Stacks linked by link, last in, first out.
struct spgi_stack_batch {
    struct spgi_link *head;
    uint32_t count;
};

static inline void spgi_stack_push(struct spgi_stack_batch *batch, struct spgi_stack *stack)
{
    stack->link.next = batch->head;
    batch->head = &stack->link;
    batch->count++;
}

// The batch is not empty.
static inline struct spgi_stack *spgi_stack_pop(struct spgi_stack_batch *batch)
{
    struct spgi_stack *stack = SPGI_CONTAINER(batch->head, struct spgi_stack, link);
    batch->head = stack->link.next;
    batch->count--;
    return stack;
}

// Asks for the memory where the next task will begin, and for the header of the stack after that.
static inline void spgi_stack_fetch(const struct spgi_stack_batch *batch)
{
    if (batch->head) {
        const struct spgi_stack *next = SPGI_CONTAINER(batch->head, struct spgi_stack, link);
        for (int line = 1; line <= SPGI_STACK_LINES; line++) {
            __builtin_prefetch(next->top - line * SPGI_CACHE_LINE, 1);
        }
        __builtin_prefetch(next->link.next, 1);
    }
}

struct spgi_slab;

// All stacks of a runtime.
struct spgi_stack_depot {
    struct spgi_spinlock lock;
    struct spgi_node warm;   // [lock] batches whose memory was not dropped, the newest first
    struct spgi_node cold;   // [lock] others
    struct spgi_slab *slabs; // [lock] all mappings, the newest first
    uint32_t mapped;         // [lock] stacks cut so far
    spgi_a64 oldest;         // when the oldest warm batch came; 0: none [any; written under lock]
    spgi_a64 deepest;        // bytes in use of the deepest stack whose memory was dropped   [any]
    int64_t trim_ns;         // [const] how long memory is kept; 0: for ever
    uint32_t max;            // [const] stacks that may be cut
    size_t bytes;            // [const] of one stack, with its guard
    size_t page;             // [const]
    bool light_guards;       // [const]
};

// max: stacks that may exist at once. Lowers it where guards are not light.
void spgi_stack_depot_init(struct spgi_stack_depot *depot, size_t bytes, uint32_t max);

// Unmaps everything: no stack may be in use.
void spgi_stack_depot_fini(struct spgi_stack_depot *depot);

// A batch, or one new stack. Its count is 0 when the limit is reached or the system refuses.
struct spgi_stack_batch spgi_stack_depot_take(struct spgi_stack_depot *depot);

// Gives a batch back; now: the time, 0 for one that was not used lately. It is not empty.
void spgi_stack_depot_give(struct spgi_stack_depot *depot, const struct spgi_stack_batch *batch,
                           int64_t now);

// Drops the memory of the oldest batch if it came before that time. Returns whether there was one.
bool spgi_stack_depot_trim(struct spgi_stack_depot *depot, int64_t before);

// How many bytes of a stack have been in use at most, to the page: looks at which pages of all
// stacks have memory. Any thread; not cheap.
size_t spgi_stack_depot_high_water(struct spgi_stack_depot *depot);

// Whether an address lies in the guard page of the stack.
bool spgi_stack_guards(const struct spgi_stack_depot *depot, const struct spgi_stack *stack,
                       const void *address);

#endif
