// SPDX-License-Identifier: MIT
// rate_search.h: the highest rate at which p99 stays within a budget.

#ifndef LOGQ_LOAD_RATE_SEARCH_H
#define LOGQ_LOAD_RATE_SEARCH_H

#include "load/trial.h"

// Trials of one search at most.
#define RATE_SEARCH_TRIALS 40

// Trials differ: a rate is given up when so many of them in a row miss the budget.
#define RATE_SEARCH_MISSES 2

struct rate_search {
    double first;      // the rate to begin with
    double most;       // the rate to end at
    double resolution; // how far apart a good and a bad rate may be in the end, as a part
    int64_t budget_ns;
    // Told after each trial; may be NULL.
    void (*trial)(const struct trial_result *result, bool is_good);
};

// The best good trial in *best; its rate is 0 when there is none. Tasks only; suspends. As
// trial_run().
int rate_search_run(const struct rate_search *search, const struct trial_plan *plan,
                    struct trial_result *best);

#endif
