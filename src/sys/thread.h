// SPDX-License-Identifier: MIT
// thread.h: threads of the library: their signals, names and CPUs.
#ifndef SPGI_SYS_THREAD_H
#define SPGI_SYS_THREAD_H

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

// Starts a thread that blocks all signals but those that a fault raises. Returns 0 or a negative
// errno value.
int spgi_thread_start(pthread_t *out, void *(*run)(void *), void *arg);

// The calling thread, first and last thing: in between it must not end. Code of the program that
// calls pthread_exit there is told so, and the process ends: without the thread it would hang.
void spgi_thread_enter(void);
void spgi_thread_leave(void);

// Calls the calling thread PREFIX-NUMBER; what does not fit into 15 bytes is cut off the prefix. A
// thread names itself: naming another one goes by way of a file in /proc.
void spgi_thread_name(const char *prefix, uint32_t number);

// Keeps the calling thread on a CPU. Returns 0 or a negative errno value.
int spgi_thread_pin(uint32_t cpu);

// The number of the calling process: another one in the child of a fork.
int spgi_thread_process(void);

// The CPUs that a thread may run on: room for as many as Linux can be built for.
struct spgi_cpu_mask {
    cpu_set_t sets[8192 / CPU_SETSIZE];
};

// Those of the calling thread. Returns 0 or a negative errno value.
int spgi_thread_cpus(struct spgi_cpu_mask *out);

// Lets the calling thread run on these. What the system refuses by now (it may have taken CPUs away
// since) is left as it is.
void spgi_thread_roam(const struct spgi_cpu_mask *mask);

// The kernel's account of the calling thread: a descriptor to read it by, which only a thread of
// the process may; -1 where the kernel keeps none.
int spgi_thread_account_open(void);
void spgi_thread_account_close(int account);

// How long the thread has waited for a CPU though it could run, in nanoseconds since it began; 0
// without an account.
int64_t spgi_thread_waited(int account);

#endif
