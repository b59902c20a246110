// SPDX-License-Identifier: MIT
// query_error.h: what is wrong with a query, for the person who wrote it.

#ifndef LOGQ_QUERY_QUERY_ERROR_H
#define LOGQ_QUERY_QUERY_ERROR_H

#include "data/bytes.h"

#define QUERY_ERROR_TEXT_LIMIT 256

struct query_error {
    size_t position; // byte of the query text where the trouble begins, from 0
    char text[QUERY_ERROR_TEXT_LIMIT]; // what was expected and what was found; "" for no error
};

// Keeps the first error: a later one is a consequence. Always returns false, for `return`.
__attribute__((format(printf, 3, 4))) bool
query_error_set(struct query_error *error, size_t position, const char *format, ...);

#define QUERY_EXCERPT_LIMIT 48

// A piece of the query as it may be shown in an error: cut short, and without control characters.
const char *query_excerpt(struct bytes text, char out[QUERY_EXCERPT_LIMIT]);

#endif
