// SPDX-License-Identifier: MIT
// row_store.h: rows that are held back: the line of a record, or columns.

#ifndef LOGQ_QUERY_ROW_STORE_H
#define LOGQ_QUERY_ROW_STORE_H

#include "query/memory.h"
#include "query/order.h"
#include "query/row.h"

// What the rows of one stage are made of.
struct row_shape {
    bool keeps_line;        // else columns
    unsigned columns;
    unsigned keys;
    const int *key_columns; // which column each key is; not with keeps_line
};

// A copy is one block of memory and owns everything but the source. One that was put together to
// be looked at owns nothing.
struct stored_row {
    struct row_origin origin;
    struct bytes line;
    struct bytes *columns;
    struct order_key *keys;
    size_t block_bytes;
};

// NULL when memory is out.
struct stored_row *stored_row_copy(const struct stored_row *row, const struct row_shape *shape,
                                   struct memory *memory);

void stored_row_free(struct stored_row *row, struct memory *memory);

#endif
