// SPDX-License-Identifier: MIT
// histogram.c: latencies, counted in buckets whose width grows with the value; mergeable.

#include "load/histogram.h"

#include <math.h>

static unsigned bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    unsigned bits = 64 - (unsigned)__builtin_clzll(value);
    unsigned shift = bits - HISTOGRAM_STEPS_LOG2 - 1;
    unsigned bucket = (shift << HISTOGRAM_STEPS_LOG2) + (unsigned)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bucket_end(unsigned bucket)
{
    if (bucket < HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = (bucket >> HISTOGRAM_STEPS_LOG2) - 1;
    uint64_t step = bucket - (shift << HISTOGRAM_STEPS_LOG2);
    return ((step + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    value = value < 0 ? 0 : value;
    histogram->counts[bucket_of((uint64_t)value)]++;
    histogram->total++;
    histogram->largest = value > histogram->largest ? value : histogram->largest;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->counts[i] += from->counts[i];
    }
    into->total += from->total;
    into->largest = from->largest > into->largest ? from->largest : into->largest;
}

int64_t histogram_quantile(const struct histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)ceil(part * (double)histogram->total);
    wanted = wanted == 0 ? 1 : wanted;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && histogram->total > 0; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted) {
            int64_t end = (int64_t)histogram_bucket_end(i);
            return end < histogram->largest ? end : histogram->largest;
        }
    }
    return histogram->largest;
}
