// SPDX-License-Identifier: MIT
// overflow.h: telling a stack overflow from other faults, and whose it was.
//
// While at least one runtime wants it, SIGSEGV and SIGBUS go to a handler on an alternate stack of
// each shard's thread. If the address lies in the guard of the running task's stack, it names the
// task and aborts; every other fault goes to the handler that was there before.
#ifndef SPGI_SYS_OVERFLOW_H
#define SPGI_SYS_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>

// Says whose stack an address overflows; async-signal-safe. False: nobody's.
typedef bool spgi_overflow_describe(const void *address, char *out, size_t bytes);

void spgi_overflow_install(spgi_overflow_describe *describe);
void spgi_overflow_uninstall(void);

struct spgi_altstack;

// Gives the calling thread an alternate stack. Returns 0 or -ENOMEM.
int spgi_overflow_thread_begin(struct spgi_altstack **out);

// The same thread: takes it away again, and puts back what was there before. May be NULL.
void spgi_overflow_thread_end(struct spgi_altstack *stack);

#endif
