// SPDX-License-Identifier: MIT
// sized.h: structs that grow at their end, between a library and a program of different ages.
#ifndef SPGI_BASE_SIZED_H
#define SPGI_BASE_SIZED_H

#include <stddef.h>
#include <string.h>

// Gives as much as the program's struct has room for, and zeroes what only the program knows.
static inline void spgi_sized_out(void *out, size_t room, const void *from, size_t size)
{
    memcpy(out, from, room < size ? room : size);
    if (room > size) {
        memset((char *)out + size, 0, room - size);
    }
}

#endif
