// SPDX-License-Identifier: MIT
// machine_gate.h: what the core asks of the system, handed to the machine of the models instead.
//
// Included ahead of every source that runs on the machine: locks, clock and memory of the system
// would block, change by themselves, or have other addresses in every run.
#ifndef SPGI_TESTS_EXPLORE_MACHINE_GATE_H
#define SPGI_TESTS_EXPLORE_MACHINE_GATE_H
#ifndef __ASSEMBLER__

#include "sys/ctx.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

int machine_clock_gettime(clockid_t clock, struct timespec *out);
int machine_mutex_lock(pthread_mutex_t *mutex);
int machine_mutex_unlock(pthread_mutex_t *mutex);
int machine_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int machine_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until);
int machine_cond_signal(pthread_cond_t *cond);
void *machine_calloc(size_t n, size_t bytes);
int machine_memalign(void **out, size_t bytes);
void *machine_realloc(void *old, size_t bytes);
void *machine_map(size_t bytes);

#define clock_gettime(clock, out) machine_clock_gettime((clock), (out))
#define pthread_mutex_lock(mutex) machine_mutex_lock(mutex)
#define pthread_mutex_unlock(mutex) machine_mutex_unlock(mutex)
#define pthread_cond_wait(cond, mutex) machine_cond_wait((cond), (mutex))
#define pthread_cond_timedwait(cond, mutex, until) machine_cond_timedwait((cond), (mutex), (until))
#define pthread_cond_signal(cond) machine_cond_signal(cond)
#define pthread_mutex_init(mutex, attributes) ((void)(mutex))
#define pthread_mutex_destroy(mutex) ((void)(mutex))
#define pthread_join(thread, result) ((void)(thread))
#define calloc(n, bytes) machine_calloc((n), (bytes))
#define posix_memalign(out, alignment, bytes) machine_memalign((out), (bytes))
#define realloc(old, bytes) machine_realloc((old), (bytes))
#define free(memory) ((void)(memory)) // it goes with the run
#undef mmap                           // a name for mmap64 where files are large
#define mmap(address, bytes, ...) machine_map(bytes)
#define munmap(memory, bytes) ((void)(memory))

// Every switch of the core goes through a check: machine_kernel.c.
void machine_ctx_switch(void **save, void *load);
#define spgi_ctx_switch(save, load) machine_ctx_switch((save), (load))

#endif
#endif
