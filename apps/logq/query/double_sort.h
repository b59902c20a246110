// SPDX-License-Identifier: MIT
// double_sort.h: sorting many doubles in time proportional to their number.

#ifndef LOGQ_QUERY_DOUBLE_SORT_H
#define LOGQ_QUERY_DOUBLE_SORT_H

#include "query/memory.h"

// Ascending. There is no NaN and no -0 among the values. False when there is no memory for as many
// doubles again; the values are then as they were.
bool double_sort(double *values, size_t count, struct memory *memory);

#endif
