// SPDX-License-Identifier: MIT
// partial_state.h: what a partial state is made of.

#ifndef LOGQ_QUERY_PARTIAL_STATE_H
#define LOGQ_QUERY_PARTIAL_STATE_H

#include "data/lines.h"
#include "query/partial.h"
#include "query/stage.h"

struct partial {
    struct execution execution;
    struct budget own_budget; // unless the budget is shared
    struct stage_run first;   // when the query has stages
    struct scan_counts counts;
    struct lines lines;       // of the block being scanned
    unsigned unfiltered_left; // blocks to read line by line before the prefilter is tried again
};

#endif
