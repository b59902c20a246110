// SPDX-License-Identifier: MIT
// histogram.h: latencies, counted in buckets whose width grows with the value; mergeable.

#ifndef LOGQ_LOAD_HISTOGRAM_H
#define LOGQ_LOAD_HISTOGRAM_H

#include <stdint.h>

// Each power of two is cut into so many buckets: a value is known to one part in 128.
#define HISTOGRAM_STEPS_LOG2 7
#define HISTOGRAM_STEPS (1u << HISTOGRAM_STEPS_LOG2)

// Values are nanoseconds below 2^43, more than two hours; larger ones count in the last bucket.
#define HISTOGRAM_VALUE_BITS 43
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_STEPS_LOG2 + 1) * HISTOGRAM_STEPS)

// Zeroed is empty. One writer at a time.
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    int64_t largest; // exact
};

// A negative value counts as 0.
void histogram_add(struct histogram *histogram, int64_t value);

void histogram_merge(struct histogram *into, const struct histogram *from);

// The largest value that counts in a bucket.
uint64_t histogram_bucket_end(unsigned bucket);

// The smallest value that at least `part` (0 to 1) of all values do not exceed, rounded up to the
// end of its bucket; 0 when it is empty.
int64_t histogram_quantile(const struct histogram *histogram, double part);

#endif
