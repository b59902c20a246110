// SPDX-License-Identifier: MIT
// writer.c: text on its way out, and rows as JSON lines.

#include "query/writer.h"

#include "data/number.h"
#include "query/utf8.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_FIRST ((size_t)4096)

void writer_init(struct writer *writer, size_t limit_bytes, writer_flush_fn *flush, void *ctx)
{
    *writer = (struct writer){
        .limit = limit_bytes < WRITER_LIMIT_MIN ? WRITER_LIMIT_MIN : limit_bytes,
        .flush = flush,
        .ctx = ctx,
    };
}

void writer_free(struct writer *writer)
{
    free(writer->buffer);
    *writer = (struct writer){ 0 };
}

int writer_flush(struct writer *writer)
{
    if (writer->error == 0 && writer->length > 0) {
        struct bytes text = { .ptr = writer->buffer, .len = writer->length };
        writer->error = writer->flush(writer->ctx, text);
        writer->length = 0;
    }
    return writer->error;
}

static bool grow(struct writer *writer, size_t needed)
{
    size_t capacity = writer->capacity == 0 ? CAPACITY_FIRST : writer->capacity;
    while (capacity < needed && capacity < writer->limit) {
        capacity *= 2;
    }
    capacity = capacity > writer->limit ? writer->limit : capacity;
    if (capacity > writer->capacity) {
        char *buffer = realloc(writer->buffer, capacity);
        if (buffer == NULL) {
            return false;
        }
        writer->buffer = buffer;
        writer->capacity = capacity;
    }
    return true;
}

// Room for so many bytes, which are no more than WRITER_LIMIT_MIN; NULL after an error.
static char *take_room(struct writer *writer, size_t bytes)
{
    if (writer->error != 0) {
        return NULL;
    }
    if (bytes > writer->capacity - writer->length) {
        if (bytes > writer->limit - writer->length && writer_flush(writer) != 0) {
            return NULL;
        }
        if (!grow(writer, writer->length + bytes)) {
            writer->error = -ENOMEM;
            return NULL;
        }
    }
    return writer->buffer + writer->length;
}

int writer_put(struct writer *writer, struct bytes text)
{
    while (text.len > 0) {
        size_t free_bytes = writer->capacity - writer->length;
        if (text.len > free_bytes && writer->error == 0) {
            if (!grow(writer, writer->length + text.len)) {
                writer->error = -ENOMEM;
            }
            free_bytes = writer->capacity - writer->length;
        }
        if (writer->error != 0) {
            return writer->error;
        }
        size_t part = text.len < free_bytes ? text.len : free_bytes;
        if (part > 0) {
            memcpy(writer->buffer + writer->length, text.ptr, part);
            writer->length += part;
            text = bytes_from(text, part);
        }
        if (text.len > 0 && writer_flush(writer) != 0) {
            return writer->error;
        }
    }
    return writer->error;
}

int writer_put_number(struct writer *writer, uint64_t number)
{
    char text[48];
    size_t length = number_format_int128((__int128)number, text);
    return writer_put(writer, (struct bytes){ text, length });
}

// Bytes that JSON takes as they are, from the start on.
static size_t plain_prefix(struct bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80) {
            break;
        }
        at++;
    }
    return at;
}

static void put_escape(struct writer *writer, unsigned char c)
{
    static const char plain[] = "\b\f\n\r\t\"\\";
    static const char names[] = "bfnrt\"\\";
    static const char digits[] = "0123456789abcdef";
    char *out = take_room(writer, 6);
    if (out == NULL) {
        return;
    }
    const char *found = c == 0 ? NULL : strchr(plain, c);
    out[0] = '\\';
    if (found != NULL) {
        out[1] = names[found - plain];
        writer->length += 2;
        return;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    writer->length += 6;
}

// A character that is not plain; its width in the text.
static size_t put_special(struct writer *writer, struct bytes text)
{
    unsigned char first = (unsigned char)text.ptr[0];
    if (first < 0x80) {
        put_escape(writer, first);
        return 1;
    }
    uint32_t rune;
    size_t width = utf8_decode(text, &rune);
    if (width == 1) {
        writer_put(writer, bytes_of(UTF8_REPLACEMENT_TEXT));
    } else {
        writer_put(writer, (struct bytes){ text.ptr, width });
    }
    return width;
}

int writer_put_json(struct writer *writer, struct bytes text)
{
    const struct bytes quote = bytes_of("\"");
    writer_put(writer, quote);
    while (text.len > 0 && writer->error == 0) {
        size_t plain = plain_prefix(text);
        if (plain > 0) {
            writer_put(writer, (struct bytes){ text.ptr, plain });
        } else {
            plain = put_special(writer, text);
        }
        text = bytes_from(text, plain);
    }
    return writer_put(writer, quote);
}

int writer_json_line(struct writer *writer, const struct bytes *names,
                     const struct bytes *values, size_t count)
{
    writer->rows++;
    for (size_t i = 0; i < count; i++) {
        writer_put(writer, bytes_of(i == 0 ? "{" : ","));
        writer_put_json(writer, names[i]);
        writer_put(writer, bytes_of(":"));
        writer_put_json(writer, values[i]);
    }
    return writer_put(writer, bytes_of(count == 0 ? "{}\n" : "}\n"));
}

static int json_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    return writer_json_line(ctx, names, values, count);
}

struct row_sink writer_json_sink(struct writer *writer)
{
    return (struct row_sink){ .row = json_row, .ctx = writer };
}
