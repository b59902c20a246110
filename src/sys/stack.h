// SPDX-License-Identifier: MIT
// stack.h: mapped stacks with a guard page below each.
//
// Stacks are cut from slabs: one mapping for many, so that a million of them cost few mappings, and
// one guard each: a light one (MADV_GUARD_INSTALL, Linux 6.13) where the kernel has it, else a
// protected page, which splits the mapping and therefore caps the number of stacks. The header of a
// stack lies at its top, in the page that is touched anyway; tops are shifted against each other by
// multiples of a cache line, since equal offsets would compete for the same cache sets.
#ifndef SPGI_SYS_STACK_H
#define SPGI_SYS_STACK_H

#include "base/list.h"
#include "base/spinlock.h"

#include <stdint.h>

struct spgi_stack {
    struct spgi_link link; // in a cache or the depot
    char *base;            // lowest address: the guard page
    char *top;             // where execution starts; below this header
    void *tsan_fiber;      // ThreadSanitizer's state of whatever runs on this stack
};

struct spgi_slab;

// All stacks of a runtime.
struct spgi_stack_depot {
    struct spgi_spinlock lock;
    struct spgi_fifo free;   // [lock] stacks no shard keeps
    struct spgi_slab *slabs; // [lock] all mappings, for the end
    uint32_t mapped;         // [lock] stacks cut so far
    uint32_t max;            // [const] stacks that may be cut
    size_t bytes;            // [const] of one stack, with its guard
    size_t page;             // [const]
    bool light_guards;       // [const]
};

// max: stacks that may exist at once. Lowers it where guards are not light.
void spgi_stack_depot_init(struct spgi_stack_depot *depot, size_t bytes, uint32_t max);

// Unmaps everything: no stack may be in use.
void spgi_stack_depot_fini(struct spgi_stack_depot *depot);

// Takes up to n stacks, mapping a new slab when there are none; appends them to out. Returns how
// many: 0 when the limit is reached or the system refuses.
unsigned spgi_stack_depot_take(struct spgi_stack_depot *depot, struct spgi_fifo *out, unsigned n);

// Gives a stack back and its memory, but for the top page, to the system.
void spgi_stack_depot_give(struct spgi_stack_depot *depot, struct spgi_stack *stack);

// Whether an address lies in the guard page of the stack.
bool spgi_stack_guards(const struct spgi_stack_depot *depot, const struct spgi_stack *stack,
                       const void *address);

#endif
