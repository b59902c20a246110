// SPDX-License-Identifier: MIT
// boundary.c: the object, its lock and its descriptors; the rules are in boundary.h.
#include "core/boundary.h"

#include "core/call.h"
#include "core/registry.h"
#include "sys/alarmfd.h"
#include "sys/forkword.h"

#include <errno.h>
#include <stdlib.h>

// ---- Memory ----------------------------------------------------------------------------------

static void destroy(spg_boundary *boundary)
{
    if (boundary->request_fd >= 0) {
        spgi_alarmfd_close(boundary->request_fd);
    }
    if (boundary->reply_fd >= 0) {
        spgi_alarmfd_close(boundary->reply_fd);
    }
    pthread_mutex_destroy(&boundary->lock);
    spgi_forkword_unmap(boundary->alive);
    free(boundary->payloads);
    free(boundary->calls);
    free(boundary);
}

void spgi_boundary_unref(spg_boundary *boundary)
{
    // Acquire and release: what the others did comes before the end.
    if (sub_acqrel(&boundary->refs, 1u) == 1) {
        destroy(boundary);
    }
}

static size_t aligned(size_t bytes)
{
    size_t unit = _Alignof(max_align_t);
    return (bytes + unit - 1) / unit * unit;
}

static spg_boundary *make(const spg_boundary_options *options)
{
    spg_boundary *boundary = calloc(1, sizeof *boundary);
    if (!boundary) {
        return NULL;
    }
    boundary->options = *options;
    boundary->request_stride = aligned(options->request_bytes);
    boundary->stride = boundary->request_stride + aligned(options->reply_bytes);
    boundary->calls = calloc(options->calls, sizeof *boundary->calls);
    boundary->payloads = calloc(options->calls, boundary->stride);
    boundary->alive = spgi_forkword_map();
    boundary->request_fd = -1;
    boundary->reply_fd = -1;
    boundary->request_shown = INT64_MAX;
    boundary->reply_shown = INT64_MAX;
    store_relaxed(&boundary->refs, 1u);
    pthread_mutex_init(&boundary->lock, NULL);
    spgi_ring_list_init(&boundary->free);
    spgi_ring_list_init(&boundary->queue);
    spgi_ring_list_init(&boundary->ended);
    spgi_ring_list_init(&boundary->room);
    spgi_ring_list_init(&boundary->servers);
    if (!boundary->calls || !boundary->payloads || !boundary->alive) {
        destroy(boundary);
        return NULL;
    }
    for (uint32_t i = 0; i < options->calls; i++) {
        struct spgi_call *call = &boundary->calls[i];
        store_relaxed(&call->word, UINT64_C(1) << SPGI_CALL_GEN_SHIFT);
        spgi_ring_list_init(&call->waiter);
        spgi_ring_list_append(&boundary->free, &call->node);
    }
    return boundary;
}

// ---- The list of the runtime -----------------------------------------------------------------

int spgi_boundary_open(struct spg_rt *rt, const spg_boundary_options *options, spg_boundary **out)
{
    spg_boundary *boundary = make(options);
    if (!boundary) {
        return -ENOMEM;
    }
    boundary->rt_slot = rt->slot;
    pthread_mutex_lock(&rt->boundaries_lock);
    bool shut = rt->boundaries_shut;
    if (!shut) {
        spgi_boundary_ref(boundary);
        boundary->listed = true;
        spgi_ring_list_append(&rt->boundaries, &boundary->all);
    }
    pthread_mutex_unlock(&rt->boundaries_lock);
    if (shut) {
        spgi_boundary_unref(boundary);
        return -ESHUTDOWN;
    }
    *out = boundary;
    return 0;
}

// The runtime may have ended, and its slot may be another's by now: `listed` then says no.
void spgi_boundary_give_up(spg_boundary *boundary)
{
    struct spg_rt *rt = spgi_registry_hold(boundary->rt_slot);
    if (rt) {
        pthread_mutex_lock(&rt->boundaries_lock);
        bool listed = boundary->listed;
        if (listed) {
            spgi_ring_list_remove(&boundary->all);
            boundary->listed = false;
        }
        pthread_mutex_unlock(&rt->boundaries_lock);
        spgi_registry_let_go(boundary->rt_slot);
        if (listed) {
            spgi_boundary_unref(boundary);
        }
    }
    spgi_boundary_unref(boundary);
}

void spgi_boundaries_shut(struct spg_rt *rt)
{
    pthread_mutex_lock(&rt->boundaries_lock);
    rt->boundaries_shut = true;
    for (struct spgi_node *node = rt->boundaries.next; node != &rt->boundaries; node = node->next) {
        spgi_calls_end(SPGI_CONTAINER(node, struct spg_boundary, all), SPG_CALL_SHUT_DOWN);
    }
    pthread_mutex_unlock(&rt->boundaries_lock);
}

void spgi_boundaries_fini(struct spg_rt *rt)
{
    while (!spgi_ring_list_empty(&rt->boundaries)) {
        spg_boundary *boundary = SPGI_CONTAINER(rt->boundaries.next, struct spg_boundary, all);
        spgi_ring_list_remove(&boundary->all);
        boundary->listed = false;
        spgi_boundary_unref(boundary);
    }
}

// ---- Descriptors -----------------------------------------------------------------------------

static void show(int fd, int64_t *shown, int64_t when)
{
    if (fd >= 0 && *shown != when) {
        spgi_alarmfd_set(fd, when);
        *shown = when;
    }
}

// Under the lock.
static void show_both(spg_boundary *boundary)
{
    bool over = boundary->over != SPG_CALL_PENDING;
    bool requests = over || !spgi_ring_list_empty(&boundary->queue);
    bool ends = over || !spgi_ring_list_empty(&boundary->ended);
    struct spgi_heap_node *first = spgi_heap_min(&boundary->expiries);
    show(boundary->request_fd, &boundary->request_shown, requests ? 0 : INT64_MAX);
    show(boundary->reply_fd, &boundary->reply_shown, ends ? 0 : first ? first->key : INT64_MAX);
}

void spgi_boundary_leave(spg_boundary *boundary)
{
    struct spgi_fifo chosen = boundary->chosen;
    boundary->chosen = (struct spgi_fifo){0};
    show_both(boundary);
    pthread_mutex_unlock(&boundary->lock);
    spgi_party_wake(&chosen);
}

static int make_fd(spg_boundary *boundary, int *fd)
{
    spgi_boundary_enter(boundary);
    int made = *fd < 0 ? spgi_alarmfd_open() : *fd;
    if (made >= 0) {
        *fd = made;
    }
    spgi_boundary_leave(boundary);
    return made;
}

int spgi_boundary_request_fd(spg_boundary *boundary)
{
    return make_fd(boundary, &boundary->request_fd);
}

int spgi_boundary_reply_fd(spg_boundary *boundary)
{
    return make_fd(boundary, &boundary->reply_fd);
}
