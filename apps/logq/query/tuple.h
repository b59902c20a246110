// SPDX-License-Identifier: MIT
// tuple.h: several byte strings written as one, so that different ones stay different.

#ifndef LOGQ_QUERY_TUPLE_H
#define LOGQ_QUERY_TUPLE_H

#include "data/bytes.h"
#include "query/memory.h"

// A tuple as it is put together. Zeroed is empty.
struct tuple_buffer {
    char *text;
    size_t length;
    size_t capacity;
};

static inline void tuple_free(struct tuple_buffer *buffer, struct memory *memory)
{
    memory_give(memory, buffer->text, buffer->capacity);
    *buffer = (struct tuple_buffer){ 0 };
}

static inline struct bytes tuple_bytes(const struct tuple_buffer *buffer)
{
    return (struct bytes){ .ptr = buffer->text, .len = buffer->length };
}

// The length takes seven bits a byte, the lowest first.
#define TUPLE_LENGTH_MAX 10

// False when memory is out.
static inline bool tuple_add(struct tuple_buffer *buffer, struct bytes part,
                             struct memory *memory)
{
    char *text = memory_reserve(memory, buffer->text, &buffer->capacity, buffer->length,
                                part.len + TUPLE_LENGTH_MAX, 1);
    if (text == NULL) {
        return false;
    }
    buffer->text = text;
    size_t rest = part.len;
    while (rest >= 0x80) {
        text[buffer->length++] = (char)(rest | 0x80);
        rest >>= 7;
    }
    text[buffer->length++] = (char)rest;
    if (part.len > 0) {
        memcpy(text + buffer->length, part.ptr, part.len);
        buffer->length += part.len;
    }
    return true;
}

// Takes the first part off a tuple that tuple_add() made.
static inline struct bytes tuple_take(struct bytes *tuple)
{
    size_t length = 0;
    unsigned shift = 0;
    unsigned char byte;
    do {
        byte = (unsigned char)tuple->ptr[0];
        length |= (size_t)(byte & 0x7F) << shift;
        shift += 7;
        *tuple = bytes_from(*tuple, 1);
    } while (byte >= 0x80);
    struct bytes part = { .ptr = tuple->ptr, .len = length };
    *tuple = bytes_from(*tuple, length);
    return part;
}

#endif
