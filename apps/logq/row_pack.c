// SPDX-License-Identifier: MIT
// row_pack.c: rows as bytes, to hand them from the task that found them to the one that prints.
//
// A row is the count of its columns, then for each the lengths of name and value, then for each the
// bytes of both. All numbers are size_t in the order of this machine: a packed row never leaves it.

#include "row_pack.h"

#include <errno.h>
#include <stdlib.h>

static void put_number(struct writer *writer, size_t number)
{
    (void)writer_put(writer, (struct bytes){(const char *)&number, sizeof number});
}

static int pack_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    struct writer *writer = ctx;
    put_number(writer, count);
    for (size_t i = 0; i < count; i++) {
        put_number(writer, names[i].len);
        put_number(writer, values[i].len);
    }
    for (size_t i = 0; i < count; i++) {
        (void)writer_put(writer, names[i]);
        (void)writer_put(writer, values[i]);
    }
    return writer->error;
}

struct row_sink row_pack_sink(struct writer *writer)
{
    return (struct row_sink){.row = pack_row, .ctx = writer};
}

static size_t take_number(struct bytes *packed)
{
    size_t number;
    memcpy(&number, packed->ptr, sizeof number);
    *packed = bytes_from(*packed, sizeof number);
    return number;
}

static struct bytes take_bytes(struct bytes *packed, size_t length)
{
    struct bytes taken = {.ptr = packed->ptr, .len = length};
    *packed = bytes_from(*packed, length);
    return taken;
}

// Names are set in columns[0..count-1], values behind them.
static void unpack_row(struct bytes *packed, struct bytes *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        columns[i].len = take_number(packed);
        columns[count + i].len = take_number(packed);
    }
    for (size_t i = 0; i < count; i++) {
        columns[i] = take_bytes(packed, columns[i].len);
        columns[count + i] = take_bytes(packed, columns[count + i].len);
    }
}

int row_unpack(struct bytes packed, const struct row_sink *sink)
{
    struct bytes *columns = NULL;
    size_t capacity = 0;
    int result = 0;
    while (result == 0 && packed.len > 0) {
        size_t count = take_number(&packed);
        if (count > capacity) {
            struct bytes *grown = realloc(columns, 2 * count * sizeof *columns);
            if (grown == NULL) {
                result = -ENOMEM;
                break;
            }
            columns = grown;
            capacity = count;
        }
        unpack_row(&packed, columns, count);
        result = sink->row(sink->ctx, columns, columns == NULL ? NULL : columns + count, count);
    }
    free(columns);
    return result;
}
