// SPDX-License-Identifier: MIT
// bucket.h: in which step a time or a number lies. Steps are counted from the epoch, and from 0.

#ifndef LOGQ_QUERY_BUCKET_H
#define LOGQ_QUERY_BUCKET_H

#include "data/bytes.h"
#include "data/number.h"

#include <stdint.h>

// The step that was found last: neighbouring lines mostly lie in one. Zeroed is empty.
struct time_bucket_cache {
    int64_t start;
    int64_t last; // included
    bool is_set;
};

int64_t time_bucket_find(struct time_bucket_cache *cache, int64_t ns, int64_t step_ns);

// Where the step of a time begins. step_ns > 0.
static inline int64_t time_bucket(struct time_bucket_cache *cache, int64_t ns, int64_t step_ns)
{
    if (cache->is_set && ns >= cache->start && ns <= cache->last) {
        return cache->start;
    }
    return time_bucket_find(cache, ns, step_ns);
}

#define NUMBER_BUCKET_TEXT_LIMIT 96

// The lower end of the step in which a number lies, in `out`. Values that are no numbers, or that
// need more than 38 digits, are steps of their own: they are returned as they are.
struct bytes number_bucket(struct bytes value, const struct number *step,
                           char out[NUMBER_BUCKET_TEXT_LIMIT]);

#endif
