// SPDX-License-Identifier: MIT
// buffers.c: memory to read pieces of files into, kept warm per shard.
//
// A stack per shard needs no lock: between asking for the shard and leaving its stack nothing
// suspends, so only this shard's thread is there.

#include "buffers.h"

#include <spargio.h>

#include <stdlib.h>
#include <string.h>

// The distance between what two shards write.
#define CACHE_LINE 128

// Buffers begin at a page, so that pages of a file are copied in one go each.
#define BUFFER_ALIGN 4096

struct buffer_stack {
    _Alignas(CACHE_LINE) char *kept[BUFFERS_KEPT];
    size_t count;
};

struct buffers {
    size_t bytes;
    uint32_t shards;
    struct buffer_stack *stacks;
};

struct buffers *buffers_new(uint32_t shards, size_t bytes)
{
    struct buffers *buffers = malloc(sizeof *buffers);
    if (buffers == NULL) {
        return NULL;
    }
    size_t rounded = (bytes + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
    *buffers = (struct buffers){.bytes = rounded, .shards = shards};
    buffers->stacks = aligned_alloc(CACHE_LINE, shards * sizeof *buffers->stacks);
    if (buffers->stacks == NULL) {
        free(buffers);
        return NULL;
    }
    memset(buffers->stacks, 0, shards * sizeof *buffers->stacks);
    return buffers;
}

void buffers_free(struct buffers *buffers)
{
    if (buffers == NULL) {
        return;
    }
    for (uint32_t shard = 0; shard < buffers->shards; shard++) {
        struct buffer_stack *stack = &buffers->stacks[shard];
        while (stack->count > 0) {
            free(stack->kept[--stack->count]);
        }
    }
    free(buffers->stacks);
    free(buffers);
}

size_t buffers_bytes(const struct buffers *buffers)
{
    return buffers->bytes;
}

static struct buffer_stack *stack_here(struct buffers *buffers)
{
    int shard = spg_shard();
    return shard >= 0 && (uint32_t)shard < buffers->shards ? &buffers->stacks[shard] : NULL;
}

char *buffers_take(struct buffers *buffers)
{
    struct buffer_stack *stack = stack_here(buffers);
    if (stack != NULL && stack->count > 0) {
        return stack->kept[--stack->count];
    }
    return aligned_alloc(BUFFER_ALIGN, buffers->bytes);
}

void buffers_give(struct buffers *buffers, char *buffer)
{
    struct buffer_stack *stack = buffer == NULL ? NULL : stack_here(buffers);
    if (stack != NULL && stack->count < BUFFERS_KEPT) {
        stack->kept[stack->count++] = buffer;
        return;
    }
    free(buffer);
}
