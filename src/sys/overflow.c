// SPDX-License-Identifier: MIT
// overflow.c: the handler for faults; see overflow.h.
#include "sys/overflow.h"

#include "base/limits.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { SIGNALS = 2, REPORT_BYTES = 256 };
static const int signals[SIGNALS] = {SIGSEGV, SIGBUS};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;                    // [lock] runtimes that want the report
static struct sigaction before[SIGNALS];  // [lock to write] handlers that were there
static spgi_overflow_describe *describer; // [lock to write]

// Calls the handler that was there before. False: there was none.
static bool pass_on(int signal, siginfo_t *info, void *context, const struct sigaction *to)
{
    if (to->sa_flags & SA_SIGINFO) {
        to->sa_sigaction(signal, info, context);
    } else if (to->sa_handler != SIG_DFL && to->sa_handler != SIG_IGN) {
        to->sa_handler(signal);
    } else {
        return false;
    }
    return true;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    char text[REPORT_BYTES];
    const struct sigaction *to = &before[signal == SIGBUS];
    if (info->si_code > 0 && describer(info->si_addr, text, sizeof text)) {
        ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
        (void)ignored;
        pass_on(signal, info, context, to);
        // Whatever that did: the stack is used up, and the task cannot go on.
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(SIGABRT, &standard, NULL);
        raise(SIGABRT);
    }
    if (!pass_on(signal, info, context, to)) {
        sigaction(signal, to, NULL); // the faulting instruction runs again and meets the default
    }
}

void spgi_overflow_install(spgi_overflow_describe *describe)
{
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        describer = describe;
        struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        for (int i = 0; i < SIGNALS; i++) {
            sigaction(signals[i], &action, &before[i]);
        }
    }
    pthread_mutex_unlock(&lock);
}

void spgi_overflow_uninstall(void)
{
    pthread_mutex_lock(&lock);
    if (--users == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            struct sigaction now;
            sigaction(signals[i], NULL, &now);
            if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault) {
                sigaction(signals[i], &before[i], NULL); // nobody has put another one on top
            }
        }
    }
    pthread_mutex_unlock(&lock);
}

// A signal frame holds all vector registers: the kernel tells how large it gets on this CPU.
static size_t altstack_bytes(void)
{
    size_t frame = (size_t)getauxval(AT_MINSIGSTKSZ);
    return (frame ? frame : (size_t)MINSIGSTKSZ) + SPGI_ALTSTACK_EXTRA;
}

struct spgi_altstack {
    stack_t before; // a sanitizer's, for one
    max_align_t bytes[];
};

int spgi_overflow_thread_begin(struct spgi_altstack **out)
{
    size_t bytes = altstack_bytes();
    struct spgi_altstack *own = malloc(sizeof *own + bytes);
    if (!own) {
        return -ENOMEM;
    }
    stack_t stack = {.ss_sp = own->bytes, .ss_size = bytes};
    sigaltstack(&stack, &own->before);
    *out = own;
    return 0;
}

void spgi_overflow_thread_end(struct spgi_altstack *stack)
{
    if (stack) {
        sigaltstack(&stack->before, NULL);
        free(stack);
    }
}
