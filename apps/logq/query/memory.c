// SPDX-License-Identifier: MIT
// memory.c: memory taken out of a budget.

#include "query/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// A large page of x86-64, and of aarch64 with small pages of 4 KiB.
#define LARGE_PAGE_BYTES ((size_t)2 * 1024 * 1024)

void memory_init(struct memory *memory, struct budget *budget)
{
    *memory = (struct memory){ .budget = budget };
}

void memory_end(struct memory *memory)
{
    if (memory->budget != NULL) {
        budget_give(memory->budget, memory->advance);
    }
    memory->advance = 0;
}

bool memory_charge(struct memory *memory, size_t bytes)
{
    if (bytes > memory->advance) {
        // Near the limit exactly what is needed may still fit.
        size_t missing = bytes - memory->advance;
        size_t ask = missing + MEMORY_ADVANCE;
        if (ask < missing || !budget_take(memory->budget, ask)) {
            ask = missing;
            if (!budget_take(memory->budget, ask)) {
                memory->exhausted = true;
                return false;
            }
        }
        memory->advance += ask;
    }
    memory->advance -= bytes;
    return true;
}

void memory_discharge(struct memory *memory, size_t bytes)
{
    memory->advance += bytes;
    if (memory->advance > 2 * MEMORY_ADVANCE) {
        budget_give(memory->budget, memory->advance - MEMORY_ADVANCE);
        memory->advance = MEMORY_ADVANCE;
    }
}

// What a block costs, or SIZE_MAX, which no budget grants.
static size_t block_cost(size_t bytes)
{
    return bytes > SIZE_MAX - MEMORY_BLOCK_OVERHEAD ? SIZE_MAX : bytes + MEMORY_BLOCK_OVERHEAD;
}

static void *charged(struct memory *memory, void *block, size_t bytes)
{
    if (block == NULL) {
        memory_discharge(memory, block_cost(bytes));
    }
    return block;
}

void *memory_take(struct memory *memory, size_t bytes)
{
    if (!memory_charge(memory, block_cost(bytes))) {
        return NULL;
    }
    return charged(memory, malloc(bytes), bytes);
}

void *memory_take_zeroed(struct memory *memory, size_t bytes)
{
    if (!memory_charge(memory, block_cost(bytes))) {
        return NULL;
    }
    return charged(memory, calloc(1, bytes), bytes);
}

void *memory_take_pages(struct memory *memory, size_t bytes)
{
    if (bytes % LARGE_PAGE_BYTES != 0) {
        return memory_take_zeroed(memory, bytes);
    }
    if (!memory_charge(memory, block_cost(bytes))) {
        return NULL;
    }
    void *block = charged(memory, aligned_alloc(LARGE_PAGE_BYTES, bytes), bytes);
    if (block != NULL) {
        // Only advice: without large pages everything works, and more slowly.
        (void)madvise(block, bytes, MADV_HUGEPAGE);
        memset(block, 0, bytes);
    }
    return block;
}

void *memory_grow(struct memory *memory, void *block, size_t old_bytes, size_t new_bytes)
{
    if (block == NULL) {
        return memory_take(memory, new_bytes);
    }
    // Both may exist for a moment, and then both are held.
    if (!memory_charge(memory, block_cost(new_bytes))) {
        return NULL;
    }
    void *grown = charged(memory, realloc(block, new_bytes), new_bytes);
    if (grown != NULL) {
        memory_discharge(memory, block_cost(old_bytes));
    }
    return grown;
}

void memory_give(struct memory *memory, void *block, size_t bytes)
{
    if (block != NULL) {
        free(block);
        memory_discharge(memory, block_cost(bytes));
    }
}

void *memory_reserve(struct memory *memory, void *array, size_t *capacity, size_t used,
                     size_t count, size_t element_bytes)
{
    if (count <= *capacity - used) {
        return array;
    }
    size_t needed;
    size_t bytes;
    if (__builtin_add_overflow(used, count, &needed) || needed > SIZE_MAX / 4) {
        memory->exhausted = true;
        return NULL;
    }
    size_t wanted = *capacity < 4 ? 8 : *capacity * 2;
    wanted = wanted < needed ? needed : wanted;
    if (__builtin_mul_overflow(wanted, element_bytes, &bytes)) {
        memory->exhausted = true;
        return NULL;
    }
    void *grown = memory_grow(memory, array, *capacity * element_bytes, bytes);
    if (grown != NULL) {
        *capacity = wanted;
    }
    return grown;
}
