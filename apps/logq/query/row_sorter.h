// SPDX-License-Identifier: MIT
// row_sorter.h: rows that are held back, all of them or the first so many in some order.

#ifndef LOGQ_QUERY_ROW_SORTER_H
#define LOGQ_QUERY_ROW_SORTER_H

#include "query/row_store.h"

// Negative when a comes first. A total order: what compares equal is the same row.
typedef int row_compare(void *ctx, const struct stored_row *a, const struct stored_row *b);

struct row_sorter {
    struct row_shape shape;
    row_compare *compare; // NULL: the order in which they came
    void *ctx;
    uint64_t keep;
    struct stored_row **rows; // with `keep` of them and an order: a heap, the last row on top
    size_t count;
    size_t capacity;
    struct memory *memory;
};

void row_sorter_free(struct row_sorter *sorter);

// Whether another row cannot change anything.
static inline bool row_sorter_is_full(const struct row_sorter *sorter)
{
    return sorter->count >= sorter->keep && (sorter->compare == NULL || sorter->keep == 0);
}

// Copies the row if it is one of the first so far. False when memory is out.
bool row_sorter_offer(struct row_sorter *sorter, const struct stored_row *row);

// Brings rows[] into their order. Nothing may be offered afterwards.
void row_sorter_sort(struct row_sorter *sorter);

#endif
