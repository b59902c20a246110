// SPDX-License-Identifier: MIT
// integer_sort.h: sorting many integers in time proportional to their number.

#ifndef LOGQ_QUERY_INTEGER_SORT_H
#define LOGQ_QUERY_INTEGER_SORT_H

#include "query/memory.h"

#include <stdint.h>

// Ascending. False when there is no memory for as many integers again; the values are then as they
// were.
bool integer_sort(int64_t *values, size_t count, struct memory *memory);

#endif
