// SPDX-License-Identifier: MIT
// arena.c: memory handed out by moving a pointer, bounded, and given back all at once.

#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *previous;
    size_t size; // with this header
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){ .limit = limit_bytes };
}

static void arena_enter(struct arena *arena, struct arena_chunk *chunk)
{
    arena->current = chunk;
    arena->next = (char *)chunk + sizeof(*chunk);
    arena->end = (char *)chunk + chunk->size;
}

// Makes a chunk current that has room for `needed` bytes after its header, and takes the usual size
// only where the limit leaves room for it.
static bool arena_grow(struct arena *arena, size_t needed)
{
    size_t smallest;
    size_t room = arena->limit - arena->held;
    if (__builtin_add_overflow(needed, sizeof(struct arena_chunk), &smallest) ||
        smallest > PTRDIFF_MAX || smallest > room) {
        return false;
    }
    size_t size = arena->held < ARENA_CHUNK_MIN ? ARENA_CHUNK_MIN : arena->held;
    size = size > ARENA_CHUNK_MAX ? ARENA_CHUNK_MAX : size;
    size = size > room ? room : size;
    size = size < smallest ? smallest : size;
    struct arena_chunk *chunk = malloc(size);
    if (chunk == NULL) {
        return false;
    }
    chunk->previous = arena->current;
    chunk->size = size;
    if (arena->first == NULL) {
        arena->first = chunk;
    }
    arena->held += size;
    arena_enter(arena, chunk);
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes, size_t align)
{
    size_t padding = (size_t)(-(uintptr_t)arena->next) & (align - 1);
    size_t left = (size_t)(arena->end - arena->next);
    if (arena->next == NULL || left < padding || left - padding < bytes) {
        size_t needed;
        if (__builtin_add_overflow(bytes, align, &needed) || !arena_grow(arena, needed)) {
            return NULL;
        }
        padding = (size_t)(-(uintptr_t)arena->next) & (align - 1);
    }
    char *result = arena->next + padding;
    arena->next = result + bytes;
    arena->used += padding + bytes;
    return result;
}

struct bytes arena_copy(struct arena *arena, struct bytes source)
{
    char *copy = arena_alloc(arena, source.len, 1);
    if (copy == NULL) {
        return (struct bytes){ 0 };
    }
    if (source.len != 0) {
        memcpy(copy, source.ptr, source.len);
    }
    return (struct bytes){ .ptr = copy, .len = source.len };
}

// Frees the chunks after `last`, which may be NULL for all.
static void arena_free_after(struct arena *arena, const struct arena_chunk *last)
{
    struct arena_chunk *chunk = arena->current;
    while (chunk != last) {
        struct arena_chunk *previous = chunk->previous;
        arena->held -= chunk->size;
        free(chunk);
        chunk = previous;
    }
    arena->used = 0;
}

void arena_reset(struct arena *arena)
{
    if (arena->first != NULL) {
        arena_free_after(arena, arena->first);
        arena_enter(arena, arena->first);
    }
}

void arena_free(struct arena *arena)
{
    arena_free_after(arena, NULL);
    arena_init(arena, arena->limit);
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
