// SPDX-License-Identifier: MIT
// admission.h: how many queries run at once, and how many may wait for their turn.

#ifndef LOGQ_SERVE_ADMISSION_H
#define LOGQ_SERVE_ADMISSION_H

#include <spargio.h>

#include <pthread.h>

struct admission_waiter;

struct admission {
    pthread_mutex_t lock; // never held across a suspension
    uint32_t places;
    uint32_t seats;
    uint32_t running;
    uint32_t waiting;
    struct admission_waiter *first; // longest waiting
    struct admission_waiter *last;
};

void admission_init(struct admission *admission, uint32_t places, uint32_t seats);
void admission_destroy(struct admission *admission);

// Takes a place, in the order of the calls; waits for one when all are taken and a seat is free.
// Suspends.
// Returns 0, and then the place must be given back; -EAGAIN no seat is free; -ETIME, -ECANCELED.
int admission_enter(struct admission *admission, spg_time deadline);

// Gives a place back, to whoever has waited longest.
void admission_leave(struct admission *admission);

// For those who look on.
void admission_count(struct admission *admission, uint32_t *running, uint32_t *waiting);

#endif
