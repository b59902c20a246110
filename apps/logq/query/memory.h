// SPDX-License-Identifier: MIT
// memory.h: memory taken out of a budget.

#ifndef LOGQ_QUERY_MEMORY_H
#define LOGQ_QUERY_MEMORY_H

#include "query/budget.h"

#include <stdint.h>

// For one partial state, used by one thread at a time. Small requests would hammer the shared
// counter, so the budget is taken in advances.
struct memory {
    struct budget *budget;
    size_t advance; // taken out of the budget and not handed out
    bool exhausted; // a request was refused because of the budget
};

#define MEMORY_ADVANCE ((size_t)16 * 1024)

// What malloc adds to each block, about.
#define MEMORY_BLOCK_OVERHEAD ((size_t)16)

void memory_init(struct memory *memory, struct budget *budget);

// Gives the advance back; everything else must have been given back.
void memory_end(struct memory *memory);

// Not initialised; NULL when the budget or the machine's memory is used up. bytes > 0.
void *memory_take(struct memory *memory, size_t bytes);
void *memory_take_zeroed(struct memory *memory, size_t bytes);

// The same, zeroed, for what is read all over the place: in large pages where the machine has them,
// which saves it from looking up where each page is.
void *memory_take_pages(struct memory *memory, size_t bytes);

// Grows a block that memory_take() gave, or takes one when block is NULL; NULL leaves the block as
// it is.
void *memory_grow(struct memory *memory, void *block, size_t old_bytes, size_t new_bytes);

// The size must be that of the block. NULL is allowed, with any size.
void memory_give(struct memory *memory, void *block, size_t bytes);

// Counts memory that someone else allocates, or gives back. False when the budget is used up.
bool memory_charge(struct memory *memory, size_t bytes);
void memory_discharge(struct memory *memory, size_t bytes);

// The array, moved if need be, with room for at least `count` > 0 more elements behind the `used`
// ones; NULL as above, and the array stays where it is. Zeroed capacity and a NULL array to begin.
void *memory_reserve(struct memory *memory, void *array, size_t *capacity, size_t used,
                     size_t count, size_t element_bytes);

#endif
