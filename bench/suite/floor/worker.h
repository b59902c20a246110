// SPDX-License-Identifier: MIT
// worker.h: a thread that works on the orders of the main thread, as the tasks of the runtimes do:
// one wake in each direction is part of each iteration.
#ifndef SPARGIO_BENCH_SUITE_FLOOR_WORKER_H
#define SPARGIO_BENCH_SUITE_FLOOR_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

// Starts a thread that calls work(state, warm_up) for each order.
struct worker *worker_start(void *state, uint64_t (*work)(void *state, bool warm_up));

// An order and its answer: the iterate function of a row whose state is a worker.
uint64_t worker_iterate(void *worker, bool warm_up);

// Ends the thread, and gives back the state that it was started with.
void *worker_stop(struct worker *worker);

#endif
