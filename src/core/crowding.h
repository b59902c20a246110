// SPDX-License-Identifier: MIT
// crowding.h: whether others want the CPU of a thread: then it should not spin.
#ifndef SPGI_CORE_CROWDING_H
#define SPGI_CORE_CROWDING_H

#include <stdbool.h>
#include <stdint.h>

// Of a thread, which alone uses it.
struct spgi_crowding {
    int account;       // the kernel's, of this thread; -1: none yet
    bool crowded;      // by the last look
    int64_t waited_ns; // how long it had waited for a CPU ...
    int64_t since;     // ... at this time
};

// When the thread begins. It is not crowded until a look says so.
void spgi_crowding_begin(struct spgi_crowding *crowding, int64_t now);
void spgi_crowding_end(struct spgi_crowding *crowding);

// Whether the thread has lately had to wait for its CPU, by the kernel's account. That is looked at
// once in a while, and not at all by threads that are gone before.
bool spgi_is_crowded(struct spgi_crowding *crowding, int64_t now);

#endif
