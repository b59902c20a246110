// SPDX-License-Identifier: MIT
// rate_search.c: the highest rate at which p99 stays within a budget.

#include "load/rate_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// A search at work.
struct searching {
    const struct rate_search *search;
    const struct trial_plan *plan;
    struct trial_result *current;
    struct trial_result *best;
    int trials;
};

static bool is_within(const struct searching *searching)
{
    const struct trial_result *result = searching->current;
    return result->latency.total > 0 && trial_error_count(&result->errors) == 0 &&
           histogram_quantile(&result->latency, 0.99) <= searching->search->budget_ns;
}

// 1 the rate is good, 0 it is not, or an error.
static int try_rate(struct searching *searching, double rate)
{
    for (int miss = 0; miss < RATE_SEARCH_MISSES; miss++) {
        if (searching->trials++ >= RATE_SEARCH_TRIALS) {
            return 0;
        }
        int error = trial_run(searching->plan, rate, searching->current);
        if (error < 0) {
            return error;
        }
        bool is_good = is_within(searching);
        if (searching->search->trial != NULL) {
            searching->search->trial(searching->current, is_good);
        }
        if (is_good) {
            memcpy(searching->best, searching->current, sizeof *searching->best);
            return 1;
        }
    }
    return 0;
}

// Doubles the rate until one is bad, halves it until one is good, then closes in between.
static int search_rates(struct searching *searching)
{
    const struct rate_search *search = searching->search;
    double good = 0;
    double bad = 0;
    double rate = search->first;
    int result = 0;
    while (searching->trials < RATE_SEARCH_TRIALS) {
        result = try_rate(searching, rate);
        if (result < 0) {
            return result;
        }
        if (result > 0) {
            good = rate;
        } else {
            bad = rate;
        }
        if (bad == 0 && good >= search->most) {
            break;
        }
        if (good > 0 && bad > 0 && bad - good <= good * search->resolution) {
            break;
        }
        rate = bad == 0    ? good * 2
               : good == 0 ? bad / 2
                           : good + (bad - good) / 2;
        rate = rate > search->most ? search->most : rate;
        if (rate * (double)searching->plan->duration_ns < 1e9) {
            break; // less than one request in a trial
        }
    }
    return 0;
}

int rate_search_run(const struct rate_search *search, const struct trial_plan *plan,
                    struct trial_result *best)
{
    struct searching searching = {.search = search, .plan = plan, .best = best};
    memset(best, 0, sizeof *best);
    searching.current = calloc(1, sizeof *searching.current);
    if (searching.current == NULL) {
        return -ENOMEM;
    }
    int result = search_rates(&searching);
    free(searching.current);
    return result;
}
