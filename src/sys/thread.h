// SPDX-License-Identifier: MIT
// thread.h: threads of the library: named, with asynchronous signals blocked.
#ifndef SPGI_SYS_THREAD_H
#define SPGI_SYS_THREAD_H

#include <pthread.h>
#include <stdint.h>

// Starts a thread called PREFIX-NUMBER (cut to 15 bytes) that blocks all signals but those that a
// fault raises. Returns 0 or a negative errno value.
int spgi_thread_start(pthread_t *out, void *(*run)(void *), void *arg, const char *prefix,
                      uint32_t number);

// Keeps the calling thread on a CPU. Returns 0 or a negative errno value.
int spgi_thread_pin(uint32_t cpu);

#endif
