// SPDX-License-Identifier: MIT
// ending.h: shutting a runtime down.
//
//   1 stop admission: the phase becomes DRAIN, under the lock that foreign spawns take
//   2 drain: wait until all tasks have ended, or the deadline: of several shutdowns at the same
//     time, of which one goes through the steps after the other, the earliest deadline counts
//   3 cancel: the phase becomes CANCEL; all tasks are stopped, at once, since a shard may be stuck
//     in one
//   4 let threads go that wait in boundaries and for room in mailboxes
//   5 reap: stop all tasks again when all shards have acknowledged the phase with an errand, so
//     that no task passes the check of spawns afterwards; wait until all have ended, and with them
//     their ops, for reap_ns
//   6 report what is left, or else what was cancelled
// Whether all have ended is told by counters that only grow, the ended ones read before the spawned
// ones: if they are equal then, they were equal in between, and only a living task spawns.
#ifndef SPGI_CORE_ENDING_H
#define SPGI_CORE_ENDING_H

#include "core/types.h"

// A thread that is no shard. Fills the report. Returns 0 or -EBUSY.
int spgi_ending_shutdown(struct spg_rt *rt, spg_report *report, spg_time deadline);

// Stops the threads of the first n shards: after a shutdown that returned 0, or when not all of
// them could be started.
void spgi_ending_stop_threads(struct spg_rt *rt, uint32_t n);

#endif
