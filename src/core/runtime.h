// SPDX-License-Identifier: MIT
// runtime.h: starting and stopping a runtime's shards.
#ifndef SPGI_CORE_RUNTIME_H
#define SPGI_CORE_RUNTIME_H

#include "core/types.h"

// Shard's thread: its ring is set up, or could not be.
void spgi_runtime_started(struct spg_rt *rt, int error);

// Makes a runtime from resolved options and starts its shards. Returns 0; on failure nothing is
// left, and error_text says why.
int spgi_runtime_make(const spg_options *options, struct spg_rt **out);

// Ends a runtime in which no task lives, and frees everything.
void spgi_runtime_end(struct spg_rt *rt);

#endif
