// SPDX-License-Identifier: MIT
// spinlock.h: a lock for critical sections of a few dozen instructions that never suspend.
//
// Never held across a suspension or a system call other than the yield of a waiter. A waiter that
// has spun for a while gives up its CPU, since the holder may have lost its own.
#ifndef SPGI_BASE_SPINLOCK_H
#define SPGI_BASE_SPINLOCK_H

#include "base/atomic.h"
#include "base/limits.h"
#ifndef SPGI_EXPLORE
#include <sched.h>
#endif

struct spgi_spinlock {
    spgi_a32 held;
};

static inline bool spgi_spinlock_try(struct spgi_spinlock *lock)
{
    uint32_t free = 0;
    return cas_acquire(&lock->held, &free, 1u); // pairs with the release in spgi_spinlock_unlock
}

static inline void spgi_spinlock_lock(struct spgi_spinlock *lock)
{
    while (!spgi_spinlock_try(lock)) {
        for (unsigned spins = 0; load_relaxed(&lock->held); spins++) {
            cpu_relax();
#ifndef SPGI_EXPLORE
            if (spins % SPGI_LOCK_SPINS == SPGI_LOCK_SPINS - 1) {
                sched_yield();
            }
#endif
        }
    }
}

static inline void spgi_spinlock_unlock(struct spgi_spinlock *lock)
{
    store_release(&lock->held, 0u); // pairs with the acquire in spgi_spinlock_try
}

#endif
