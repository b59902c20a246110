// SPDX-License-Identifier: MIT
// driver.h: a runtime with one task that waits for orders: an iteration is one call to it, so that
// each one has a wake of the runtime and one of the calling thread in it, as with all peers.
#ifndef SPARGIO_BENCH_SUITE_SPARGIO_DRIVER_H
#define SPARGIO_BENCH_SUITE_SPARGIO_DRIVER_H

#include "suite/row.h"

#include <spargio.h>

struct driver {
    spg_rt *rt;
    spg_boundary *orders;
    spg_task task;
    // In the driver's task. first: before the first order; last: after the last one; may be NULL.
    void (*first)(struct driver *driver);
    uint64_t (*work)(struct driver *driver, bool warm_up);
    void (*last)(struct driver *driver);
    const struct row_settings *settings;
    uint32_t workers;
    uint32_t max_tasks; // 0: the library's own
};

// Starts it with first, work, last and max_tasks set, the driver's task pinned to shard 0 or
// stealable.
void driver_start(struct driver *driver, const struct row_settings *settings, uint32_t workers,
                  bool pinned);

// From outside: has one iteration done, and returns its checksum. As row.iterate.
uint64_t driver_iterate(void *driver, bool warm_up);

// Ends all of it.
void driver_stop(struct driver *driver);

#endif
