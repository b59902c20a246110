// SPDX-License-Identifier: MIT
// arena.h: memory handed out by moving a pointer, bounded, and given back all at once.

#ifndef LOGQ_DATA_ARENA_H
#define LOGQ_DATA_ARENA_H

#include "bytes.h"

struct arena_chunk;

// Not for use by two threads at once. The chunks come from malloc; addresses stay valid until
// reset or free.
struct arena {
    char *next; // the free part of the current chunk
    char *end;
    struct arena_chunk *current;
    struct arena_chunk *first; // kept over a reset
    size_t limit;              // bytes of chunks this arena may hold at once
    size_t held;               // bytes of chunks it holds
    size_t used;               // bytes handed out since the last reset, padding included
};

// Chunks grow from ARENA_CHUNK_MIN to ARENA_CHUNK_MAX; a larger request gets a chunk of its own.
#define ARENA_CHUNK_MIN ((size_t)4096)
#define ARENA_CHUNK_MAX ((size_t)1024 * 1024)

// Takes no memory yet. The limit counts whole chunks, so the promise is about memory held, not
// about memory asked for.
void arena_init(struct arena *arena, size_t limit_bytes);

// NULL when the limit is hit or memory is out; what was handed out before stays valid. align is a
// power of two. Zero bytes give a valid address.
void *arena_alloc(struct arena *arena, size_t bytes, size_t align);

// A copy that lives as long as the arena; ptr is NULL on failure (only then: a copy of an empty
// string has an address).
struct bytes arena_copy(struct arena *arena, struct bytes source);

// Takes back everything handed out, and keeps the first chunk.
void arena_reset(struct arena *arena);

// Takes back everything and frees every chunk. The arena may be used again.
void arena_free(struct arena *arena);

// Bytes handed out since the last reset, with their padding.
size_t arena_used(const struct arena *arena);

#endif
