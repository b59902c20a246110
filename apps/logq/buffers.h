// SPDX-License-Identifier: MIT
// buffers.h: memory to read pieces of files into, kept warm per shard.

#ifndef LOGQ_BUFFERS_H
#define LOGQ_BUFFERS_H

#include <stddef.h>
#include <stdint.h>

// Buffers kept for later per shard; more are freed.
#define BUFFERS_KEPT 8

struct buffers;

// bytes: of a buffer. NULL when memory is out.
struct buffers *buffers_new(uint32_t shards, size_t bytes);
void buffers_free(struct buffers *buffers);

// The size of each.
size_t buffers_bytes(const struct buffers *buffers);

// The buffer that this shard gave back last, so that it is still in the cache. NULL when memory is
// out. From tasks only. It may be given back on another shard.
char *buffers_take(struct buffers *buffers);
void buffers_give(struct buffers *buffers, char *buffer);

#endif
