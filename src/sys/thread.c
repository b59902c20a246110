// SPDX-License-Identifier: MIT
// thread.c: starting threads; their names and CPUs.
#include "sys/thread.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// All signals that are sent to the process go to the program's own threads.
static void block_signals(sigset_t *before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked;
    sigfillset(&blocked);
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        sigdelset(&blocked, faults[i]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

int spgi_thread_start(pthread_t *out, void *(*run)(void *), void *arg)
{
    sigset_t before;
    block_signals(&before); // inherited: the new thread never runs without it
    int error = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

static pthread_key_t inside; // has a value in threads that must not end
static pthread_once_t inside_once = PTHREAD_ONCE_INIT;
static bool inside_made;

static void thread_has_ended(void *value)
{
    (void)value;
    SPGI_MISUSE("a task, or a function run by spg_blocking, has called pthread_exit: it must "
                "return instead");
}

static void make_inside(void)
{
    inside_made = pthread_key_create(&inside, thread_has_ended) == 0;
}

void spgi_thread_enter(void)
{
    pthread_once(&inside_once, make_inside);
    if (inside_made) { // else keys are used up, and such a bug goes unnoticed
        pthread_setspecific(inside, &inside);
    }
}

void spgi_thread_leave(void)
{
    if (inside_made) {
        pthread_setspecific(inside, NULL);
    }
}

void spgi_thread_name(const char *prefix, uint32_t number)
{
    char suffix[12];
    char name[16];
    int digits = snprintf(suffix, sizeof suffix, "-%u", number);
    snprintf(name, sizeof name, "%.*s%s", (int)sizeof name - 1 - digits, prefix, suffix);
    pthread_setname_np(pthread_self(), name);
}

int spgi_thread_process(void)
{
    return getpid();
}

int spgi_thread_pin(uint32_t cpu)
{
    cpu_set_t *mask = CPU_ALLOC(cpu + 1);
    size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
    if (!mask) {
        return -ENOMEM;
    }
    CPU_ZERO_S(bytes, mask);
    CPU_SET_S(cpu, bytes, mask);
    int error = sched_setaffinity(0, bytes, mask) < 0 ? -errno : 0;
    CPU_FREE(mask);
    return error;
}

int spgi_thread_cpus(struct spgi_cpu_mask *out)
{
    *out = (struct spgi_cpu_mask){0};
    return sched_getaffinity(0, sizeof out->sets, out->sets) < 0 ? -errno : 0;
}

int spgi_thread_account_open(void)
{
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

void spgi_thread_account_close(int account)
{
    if (account >= 0) {
        close(account);
    }
}

int64_t spgi_thread_waited(int account)
{
    char text[80]; // time on a CPU, time waiting for one, how often: three numbers
    ssize_t n = account >= 0 ? pread(account, text, sizeof text - 1, 0) : -1;
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    char *waited = NULL;
    strtoll(text, &waited, 10);
    return strtoll(waited, NULL, 10);
}

void spgi_thread_roam(const struct spgi_cpu_mask *mask)
{
    (void)sched_setaffinity(0, sizeof mask->sets, mask->sets);
}
