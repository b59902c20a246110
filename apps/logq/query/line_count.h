// SPDX-License-Identifier: MIT
// line_count.h: how many lines a block has, without handing them out.

#ifndef LOGQ_QUERY_LINE_COUNT_H
#define LOGQ_QUERY_LINE_COUNT_H

#include "data/bytes.h"

#include <stdint.h>

struct line_count {
    uint64_t lines;
    uint64_t blank; // of these, with nothing in them, or only a `\r`
};

// The block begins where a line does. What follows the last `\n` is a line too, if it is anything.
struct line_count line_count(struct bytes block);

#endif
