// SPDX-License-Identifier: MIT
// machine_locks.c: what the machine has instead of the C library: mutexes, conditions, the heap.
#include "machine.h"

#include "base/assert.h"

// ---- Locks -----------------------------------------------------------------------------------

// The first word of a mutex: 1 while it is held. The first word of a condition: how many signals.
static spgi_a32 *word_of(void *object)
{
    return object;
}

static bool is_free(void *word)
{
    return load_acquire((spgi_a32 *)word) == 0;
}

int machine_mutex_lock(pthread_mutex_t *mutex)
{
    uint32_t unheld = 0;
    while (!cas_acquire(word_of(mutex), &unheld, 1u)) {
        explore_block_until(is_free, word_of(mutex));
        unheld = 0;
    }
    return 0;
}

int machine_mutex_unlock(pthread_mutex_t *mutex)
{
    store_release(word_of(mutex), 0u);
    return 0;
}

struct cond_sleep {
    spgi_a32 *signals;
    uint32_t seen;
};

static bool signalled(void *arg)
{
    struct cond_sleep *sleep = arg;
    return load_acquire(sleep->signals) != sleep->seen;
}

int machine_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    struct cond_sleep sleep = {word_of(cond), load_relaxed(word_of(cond))};
    machine_mutex_unlock(mutex);
    explore_block_until(signalled, &sleep);
    return machine_mutex_lock(mutex);
}

int machine_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    (void)cond;
    machine_mutex_unlock(mutex);
    explore_yield_point();
    if (explore_choice(2) == 1) {
        machine_clock_set(until->tv_sec * SPG_S + until->tv_nsec);
    }
    return machine_mutex_lock(mutex);
}

int machine_cond_signal(pthread_cond_t *cond)
{
    add_acqrel(word_of(cond), 1u);
    return 0;
}

// ---- Memory ----------------------------------------------------------------------------------

void *machine_calloc(size_t n, size_t bytes)
{
    return explore_alloc(n * bytes);
}

void *machine_realloc(void *old, size_t bytes)
{
    SPGI_CHECK(!old); // tables of the machine never grow twice
    return explore_alloc(bytes);
}

void *machine_map(size_t bytes)
{
    return explore_alloc(bytes);
}

int machine_memalign(void **out, size_t bytes)
{
    *out = explore_alloc(bytes);
    return 0;
}
