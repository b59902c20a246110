// SPDX-License-Identifier: MIT
// heap.c: the pairing heap of heap.h.
#include "base/heap.h"

#include <stddef.h>

// Makes the one with the larger key the first child of the other; both are roots.
static struct spgi_heap_node *meld(struct spgi_heap_node *a, struct spgi_heap_node *b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    if (b->key < a->key) {
        struct spgi_heap_node *swap = a;
        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child) {
        a->child->prev = b;
    }
    a->child = b;
    a->next = NULL;
    a->prev = NULL;
    return a;
}

// Melds siblings in pairs from left to right, then the pairs from right to left: the two passes
// that give the amortised bound. Iterative, because a list of siblings may be as long as the heap.
static struct spgi_heap_node *meld_siblings(struct spgi_heap_node *first)
{
    struct spgi_heap_node *pairs = NULL; // linked by next, rightmost first
    while (first) {
        struct spgi_heap_node *a = first;
        struct spgi_heap_node *b = a->next;
        first = b ? b->next : NULL;
        a->next = NULL;
        a->prev = NULL;
        if (b) {
            b->next = NULL;
            b->prev = NULL;
        }
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    struct spgi_heap_node *root = NULL;
    while (pairs) {
        struct spgi_heap_node *next = pairs->next;
        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

void spgi_heap_insert(struct spgi_heap *heap, struct spgi_heap_node *node, int64_t key)
{
    *node = (struct spgi_heap_node){.key = key};
    heap->root = meld(heap->root, node);
}

void spgi_heap_remove(struct spgi_heap *heap, struct spgi_heap_node *node)
{
    struct spgi_heap_node *below = meld_siblings(node->child);
    node->child = NULL;
    if (heap->root == node) {
        heap->root = below;
        return;
    }
    if (node->prev->child == node) {
        node->prev->child = node->next;
    } else {
        node->prev->next = node->next;
    }
    if (node->next) {
        node->next->prev = node->prev;
    }
    heap->root = meld(heap->root, below);
}
