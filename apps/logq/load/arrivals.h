// SPDX-License-Identifier: MIT
// arrivals.h: when each request is to be sent, fixed before any is answered.

#ifndef LOGQ_LOAD_ARRIVALS_H
#define LOGQ_LOAD_ARRIVALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum arrivals_kind {
    ARRIVALS_POISSON, // independent of each other, as from many clients
    ARRIVALS_FIXED,   // at equal distances
};

// Shared by all who send.
struct arrivals {
    pthread_mutex_t lock; // never held across a suspension
    enum arrivals_kind kind;
    double gap_ns;  // on average
    double next_ns; // from the beginning
    double end_ns;
    uint64_t left; // at most so many more
    uint64_t state;
};

struct arrival {
    int64_t at_ns;   // from the beginning
    uint64_t random; // for choices that belong to this request
};

// rate: per second, above 0. The same seed gives the same arrivals.
void arrivals_init(struct arrivals *arrivals, enum arrivals_kind kind, double rate,
                   int64_t duration_ns, uint64_t count, uint64_t seed);
void arrivals_destroy(struct arrivals *arrivals);

// The next one, in the order of time; false when there are no more.
bool arrivals_next(struct arrivals *arrivals, struct arrival *arrival);

#endif
