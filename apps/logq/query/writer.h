// SPDX-License-Identifier: MIT
// writer.h: text on its way out, collected until it is worth passing on, and rows as JSON lines.

#ifndef LOGQ_QUERY_WRITER_H
#define LOGQ_QUERY_WRITER_H

#include "data/bytes.h"
#include "query/partial.h"

#include <stdint.h>

// Takes everything that is passed to it. 0, or a negative errno value that ends the query.
typedef int writer_flush_fn(void *ctx, struct bytes text);

// What is collected never exceeds the limit: when it is reached, or writer_flush() is called, it is
// passed on. After an error everything is dropped and the error stays.
struct writer {
    char *buffer;
    size_t length;
    size_t capacity;
    size_t limit;
    writer_flush_fn *flush;
    void *ctx;
    int error;
    uint64_t rows; // written by writer_json_line()
};

#define WRITER_LIMIT_DEFAULT ((size_t)256 * 1024)
#define WRITER_LIMIT_MIN ((size_t)64)

// Takes no memory yet. The limit is at least WRITER_LIMIT_MIN.
void writer_init(struct writer *writer, size_t limit_bytes, writer_flush_fn *flush, void *ctx);
void writer_free(struct writer *writer);

// All of these return 0, or the error that happened first.
int writer_put(struct writer *writer, struct bytes text);
int writer_put_number(struct writer *writer, uint64_t number);

// A string in quotes. Invalid UTF-8 becomes U+FFFD byte by byte, control characters are escaped.
int writer_put_json(struct writer *writer, struct bytes text);

// One object with all values as strings, and a newline.
int writer_json_line(struct writer *writer, const struct bytes *names,
                     const struct bytes *values, size_t count);

int writer_flush(struct writer *writer);

// A sink that writes JSON lines; the writer must outlive it.
struct row_sink writer_json_sink(struct writer *writer);

#endif
