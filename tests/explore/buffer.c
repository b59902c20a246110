// SPDX-License-Identifier: MIT
// buffer.c: the store buffers of the threads of a model.
#include "engine.h"

#include <stdbool.h>

struct buffer {
    struct pending stores[BUFFER_STORES]; // oldest first
    unsigned count;
};

static struct buffer buffers[EXPLORE_THREADS];

void buffer_run_begin(void)
{
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        buffers[i].count = 0;
    }
}

struct pending *buffer_newest(unsigned thread, const struct location *at)
{
    struct buffer *buffer = &buffers[thread];
    for (unsigned i = buffer->count; i-- > 0;) {
        if (buffer->stores[i].at == at) {
            return &buffer->stores[i];
        }
    }
    return NULL;
}

bool buffer_has(unsigned thread, const struct location *at)
{
    return buffer_newest(thread, at) != NULL;
}

uint64_t buffer_state(void)
{
    uint64_t state = 0;
    for (unsigned thread = 0; thread < execution.thread_count; thread++) {
        for (unsigned i = 0; i < buffers[thread].count; i++) {
            state += hash_mix(buffers[thread].stores[i].event, thread + 3);
        }
    }
    return state;
}

// Lets a store leave, and before it what must leave first: older ones to the same address, and for
// a release store all older ones.
static void leave(unsigned owner, unsigned index)
{
    struct buffer *buffer = &buffers[owner];
    bool leaves[BUFFER_STORES] = {false};
    leaves[index] = true;
    for (unsigned i = index + 1; i-- > 0;) {
        for (unsigned older = 0; leaves[i] && older < i; older++) {
            const struct pending *store = &buffer->stores[i];
            leaves[older] =
                leaves[older] || store->release || buffer->stores[older].at == store->at;
        }
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < buffer->count; i++) {
        struct pending store = buffer->stores[i];
        if (i <= index && leaves[i]) {
            memory_commit(owner, &store, "reaches memory");
        } else {
            buffer->stores[kept++] = store;
        }
    }
    buffer->count = kept;
}

void buffer_flush_from(unsigned owner, const struct location *at)
{
    struct buffer *buffer = &buffers[owner];
    for (unsigned i = 0; i < buffer->count; i++) {
        if (buffer->stores[i].at == at) {
            leave(owner, i);
            return;
        }
    }
}

void buffer_drain(unsigned thread)
{
    while (buffers[thread].count > 0) {
        leave(thread, 0);
    }
}

void buffer_add(unsigned thread, const struct pending *store)
{
    struct buffer *buffer = &buffers[thread];
    if (buffer->count == BUFFER_STORES) {
        execution_point(store->site); // others will see the oldest one from now on
        leave(thread, 0);
    }
    buffer->stores[buffer->count++] = *store;
}

void buffer_settle(unsigned thread, struct location *at)
{
    for (;;) {
        unsigned owners[EXPLORE_THREADS];
        unsigned n = 0;
        for (unsigned other = 0; other < execution.thread_count; other++) {
            if (other != thread && buffer_has(other, at)) {
                owners[n++] = other;
            }
        }
        unsigned taken = n == 0 ? 0 : search_choose(n + 1, CHOICE_FLUSH);
        if (taken == n) {
            return; // what is left stays where it is
        }
        // Another's store comes after the thread's own only if that has left before.
        while (thread != DRIVER && buffer_has(thread, at)) {
            buffer_flush_from(thread, at);
        }
        buffer_flush_from(owners[taken], at);
    }
}

// Finds stores that are the oldest of their thread to an address that others store to, too.
static unsigned find_rivals(unsigned owners[], unsigned indices[], unsigned room)
{
    unsigned n = 0;
    for (unsigned thread = 0; thread < execution.thread_count; thread++) {
        for (unsigned i = 0; i < buffers[thread].count && n < room; i++) {
            const struct location *at = buffers[thread].stores[i].at;
            bool oldest = true;
            bool rival = false;
            for (unsigned older = 0; older < i; older++) {
                oldest = oldest && buffers[thread].stores[older].at != at;
            }
            for (unsigned other = 0; other < execution.thread_count; other++) {
                rival = rival || (other != thread && buffer_has(other, at));
            }
            if (oldest && rival) {
                owners[n] = thread;
                indices[n++] = i;
            }
        }
    }
    return n;
}

void memory_drain_all(void)
{
    enum { ROOM = EXPLORE_THREADS * BUFFER_STORES };
    unsigned owners[ROOM];
    unsigned indices[ROOM];
    unsigned n;
    while ((n = find_rivals(owners, indices, ROOM)) > 0) {
        unsigned taken = search_choose(n, CHOICE_FLUSH);
        leave(owners[taken], indices[taken]);
    }
    for (unsigned thread = 0; thread < execution.thread_count; thread++) {
        buffer_drain(thread);
    }
}
