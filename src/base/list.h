// SPDX-License-Identifier: MIT
// list.h: intrusive lists: a singly linked FIFO, and a doubly linked ring for removal in place.
//
// One thread at a time, or under the lock that the owner names.
#ifndef SPGI_BASE_LIST_H
#define SPGI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define SPGI_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct spgi_link {
    struct spgi_link *next;
};

struct spgi_fifo {
    struct spgi_link *head;
    struct spgi_link *tail; // meaningless while head is NULL
};

static inline bool spgi_fifo_empty(const struct spgi_fifo *fifo)
{
    return !fifo->head;
}

static inline void spgi_fifo_push(struct spgi_fifo *fifo, struct spgi_link *link)
{
    link->next = NULL;
    if (fifo->head) {
        fifo->tail->next = link;
    } else {
        fifo->head = link;
    }
    fifo->tail = link;
}

static inline struct spgi_link *spgi_fifo_pop(struct spgi_fifo *fifo)
{
    struct spgi_link *link = fifo->head;
    if (link) {
        fifo->head = link->next;
    }
    return link;
}

// A doubly linked ring; a head is a node that links to itself when the ring is empty.
struct spgi_node {
    struct spgi_node *prev;
    struct spgi_node *next;
};

static inline void spgi_ring_list_init(struct spgi_node *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool spgi_ring_list_empty(const struct spgi_node *head)
{
    return head->next == head;
}

static inline void spgi_ring_list_append(struct spgi_node *head, struct spgi_node *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void spgi_ring_list_remove(struct spgi_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

#endif
