// SPDX-License-Identifier: MIT
// row_sorter.c: rows that are held back.

#include "query/row_sorter.h"

#include <stdlib.h>

void row_sorter_free(struct row_sorter *sorter)
{
    for (size_t i = 0; i < sorter->count; i++) {
        stored_row_free(sorter->rows[i], sorter->memory);
    }
    if (sorter->memory != NULL) {
        memory_give(sorter->memory, sorter->rows, sorter->capacity * sizeof(*sorter->rows));
    }
    sorter->rows = NULL;
    sorter->count = 0;
    sorter->capacity = 0;
}

static bool is_heap(const struct row_sorter *sorter)
{
    return sorter->compare != NULL && sorter->count == sorter->keep;
}

// Lets the row at `at` sink to where no row below it comes later.
static void sink(struct row_sorter *sorter, size_t at)
{
    struct stored_row *row = sorter->rows[at];
    for (;;) {
        size_t below = 2 * at + 1;
        if (below >= sorter->count) {
            break;
        }
        if (below + 1 < sorter->count &&
            sorter->compare(sorter->ctx, sorter->rows[below + 1], sorter->rows[below]) > 0) {
            below++;
        }
        if (sorter->compare(sorter->ctx, sorter->rows[below], row) <= 0) {
            break;
        }
        sorter->rows[at] = sorter->rows[below];
        at = below;
    }
    sorter->rows[at] = row;
}

static bool add(struct row_sorter *sorter, const struct stored_row *row)
{
    struct stored_row **rows = memory_reserve(sorter->memory, sorter->rows, &sorter->capacity,
                                              sorter->count, 1, sizeof(*sorter->rows));
    if (rows == NULL) {
        return false;
    }
    sorter->rows = rows;
    struct stored_row *copy = stored_row_copy(row, &sorter->shape, sorter->memory);
    if (copy == NULL) {
        return false;
    }
    sorter->rows[sorter->count++] = copy;
    if (is_heap(sorter)) {
        for (size_t i = sorter->count / 2; i > 0; i--) {
            sink(sorter, i - 1);
        }
    }
    return true;
}

bool row_sorter_offer(struct row_sorter *sorter, const struct stored_row *row)
{
    if (sorter->count < sorter->keep) {
        return add(sorter, row);
    }
    if (row_sorter_is_full(sorter) ||
        sorter->compare(sorter->ctx, row, sorter->rows[0]) >= 0) {
        return true;
    }
    struct stored_row *copy = stored_row_copy(row, &sorter->shape, sorter->memory);
    if (copy == NULL) {
        return false;
    }
    stored_row_free(sorter->rows[0], sorter->memory);
    sorter->rows[0] = copy;
    sink(sorter, 0);
    return true;
}

static int compare_pointers(const void *a, const void *b, void *ctx)
{
    const struct row_sorter *sorter = ctx;
    return sorter->compare(sorter->ctx, *(struct stored_row *const *)a,
                           *(struct stored_row *const *)b);
}

void row_sorter_sort(struct row_sorter *sorter)
{
    if (sorter->compare != NULL && sorter->count > 1) {
        qsort_r(sorter->rows, sorter->count, sizeof(*sorter->rows), compare_pointers, sorter);
    }
}
