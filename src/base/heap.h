// SPDX-License-Identifier: MIT
// heap.h: an intrusive pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986), smallest key first.
//
// Chosen for timers: inserting is one comparison, removing a node without children is a few
// stores, and nothing is ever allocated, so that arming a deadline cannot fail. Most deadlines are
// removed before they fire. One thread at a time, or under the lock that the owner names.
#ifndef SPGI_BASE_HEAP_H
#define SPGI_BASE_HEAP_H

#include <stdint.h>

struct spgi_heap_node {
    int64_t key;
    struct spgi_heap_node *child; // first child
    struct spgi_heap_node *next;  // next sibling
    struct spgi_heap_node *prev; // previous sibling, or the parent of a first child; NULL: the root
};

struct spgi_heap {
    struct spgi_heap_node *root;
};

void spgi_heap_insert(struct spgi_heap *heap, struct spgi_heap_node *node, int64_t key);

// The node must be in the heap.
void spgi_heap_remove(struct spgi_heap *heap, struct spgi_heap_node *node);

// The node with the smallest key stays in the heap; NULL when it is empty.
static inline struct spgi_heap_node *spgi_heap_min(const struct spgi_heap *heap)
{
    return heap->root;
}

#endif
