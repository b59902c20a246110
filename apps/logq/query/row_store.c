// SPDX-License-Identifier: MIT
// row_store.c: rows that are held back.

#include "query/row_store.h"

// A key that is a piece of the line need not be copied.
static bool is_in_line(struct bytes line, struct bytes text)
{
    uintptr_t begin = (uintptr_t)line.ptr;
    uintptr_t place = (uintptr_t)text.ptr;
    return text.len > 0 && place >= begin && place - begin <= line.len &&
           text.len <= line.len - (place - begin);
}

static bool key_is_copied(const struct stored_row *row, const struct row_shape *shape, unsigned i)
{
    return shape->keeps_line && !is_in_line(row->line, row->keys[i].text);
}

static size_t text_bytes(const struct stored_row *row, const struct row_shape *shape)
{
    size_t bytes = 0;
    if (shape->keeps_line) {
        bytes = row->line.len;
    } else {
        for (unsigned i = 0; i < shape->columns; i++) {
            bytes += row->columns[i].len;
        }
    }
    for (unsigned i = 0; i < shape->keys; i++) {
        bytes += key_is_copied(row, shape, i) ? row->keys[i].text.len : 0;
    }
    return bytes;
}

static struct bytes put_text(char **at, struct bytes text)
{
    struct bytes copy = { .ptr = *at, .len = text.len };
    if (text.len > 0) {
        memcpy(*at, text.ptr, text.len);
        *at += text.len;
    }
    return copy;
}

static void copy_keys(struct stored_row *copy, const struct stored_row *row,
                      const struct row_shape *shape, char **at)
{
    for (unsigned i = 0; i < shape->keys; i++) {
        struct bytes text = row->keys[i].text;
        copy->keys[i] = row->keys[i];
        if (!shape->keeps_line) {
            int column = shape->key_columns[i];
            copy->keys[i].text = column < 0 ? (struct bytes){ 0 } : copy->columns[column];
        } else if (key_is_copied(row, shape, i)) {
            copy->keys[i].text = put_text(at, text);
        } else {
            copy->keys[i].text.ptr = copy->line.ptr + (text.ptr - row->line.ptr);
        }
    }
}

struct stored_row *stored_row_copy(const struct stored_row *row, const struct row_shape *shape,
                                   struct memory *memory)
{
    unsigned columns = shape->keeps_line ? 0 : shape->columns;
    size_t head = sizeof(struct stored_row) + shape->keys * sizeof(struct order_key) +
                  columns * sizeof(struct bytes);
    size_t bytes = head + text_bytes(row, shape);
    struct stored_row *copy = memory_take(memory, bytes);
    if (copy == NULL) {
        return NULL;
    }
    *copy = (struct stored_row){ .origin = row->origin, .block_bytes = bytes };
    copy->keys = (struct order_key *)(copy + 1);
    copy->columns = (struct bytes *)(copy->keys + shape->keys);
    char *at = (char *)copy + head;
    if (shape->keeps_line) {
        copy->line = put_text(&at, row->line);
    }
    for (unsigned i = 0; i < columns; i++) {
        copy->columns[i] = put_text(&at, row->columns[i]);
    }
    copy_keys(copy, row, shape, &at);
    return copy;
}

void stored_row_free(struct stored_row *row, struct memory *memory)
{
    if (row != NULL) {
        memory_give(memory, row, row->block_bytes);
    }
}
