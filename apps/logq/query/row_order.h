// SPDX-License-Identifier: MIT
// row_order.h: which of two rows comes first.

#ifndef LOGQ_QUERY_ROW_ORDER_H
#define LOGQ_QUERY_ROW_ORDER_H

#include "query/plan.h"
#include "query/row_store.h"

// All fields of a record, by name, to compare it with another one.
struct row_expansion {
    struct record record; // of no field in particular
    struct bytes *names;
    struct bytes *values;
    size_t count;
    size_t name_capacity;
    size_t value_capacity;
    // What it is the expansion of, if it is set. The line is a copy: rows come and go.
    bool is_set;
    bool is_cut;
    const struct source_info *source;
    char *line;
    size_t line_length;
    size_t line_capacity;
};

// The order of a `sort`: its keys, then the other columns by name, then the bytes of all of them.
struct row_order {
    const struct sort_stage *sort;
    bool is_open;
    unsigned columns;
    struct memory *memory;
    struct field_set no_fields;
    struct row_expansion *left; // made when two records have to be told apart by all their fields
    struct row_expansion *right;
    size_t line_limit;
    const char *failure; // NULL, or why an answer was a guess
};

// False when memory is out.
bool row_order_init(struct row_order *order, const struct stage *stage, size_t line_limit,
                    struct memory *memory);
void row_order_free(struct row_order *order);

// For row_sorter; the context is a row_order.
int row_order_compare(void *ctx, const struct stored_row *a, const struct stored_row *b);

// The newest first; without a context.
int row_newest_compare(void *ctx, const struct stored_row *a, const struct stored_row *b);

#endif
