// SPDX-License-Identifier: MIT
// arrivals.c: when each request is to be sent, fixed before any is answered.

#include "load/arrivals.h"

#include <math.h>

#define GOLDEN_RATIO UINT64_C(0x9E3779B97F4A7C15)

// splitmix64: small, and good enough for arrivals.
static uint64_t draw(struct arrivals *arrivals)
{
    arrivals->state += GOLDEN_RATIO;
    uint64_t z = arrivals->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

// Above 0, at most 1.
static double draw_part(struct arrivals *arrivals)
{
    return ((double)(draw(arrivals) >> 11) + 1) * 0x1p-53;
}

void arrivals_init(struct arrivals *arrivals, enum arrivals_kind kind, double rate,
                   int64_t duration_ns, uint64_t count, uint64_t seed)
{
    *arrivals = (struct arrivals){
        .kind = kind,
        .gap_ns = 1e9 / rate,
        .end_ns = (double)duration_ns,
        .left = count,
        .state = seed,
    };
    pthread_mutex_init(&arrivals->lock, NULL);
}

void arrivals_destroy(struct arrivals *arrivals)
{
    pthread_mutex_destroy(&arrivals->lock);
}

bool arrivals_next(struct arrivals *arrivals, struct arrival *arrival)
{
    pthread_mutex_lock(&arrivals->lock);
    double gap = arrivals->gap_ns;
    if (arrivals->kind == ARRIVALS_POISSON) {
        gap *= -log(draw_part(arrivals));
    }
    arrivals->next_ns += gap;
    bool is_more = arrivals->left > 0 && arrivals->next_ns < arrivals->end_ns;
    if (is_more) {
        arrivals->left--;
        arrival->at_ns = (int64_t)arrivals->next_ns;
        arrival->random = draw(arrivals);
    }
    pthread_mutex_unlock(&arrivals->lock);
    return is_more;
}
