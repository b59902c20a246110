// SPDX-License-Identifier: MIT
// ctx.c: building the first frame of a context, as the switch of this CPU expects it.
#include "sys/ctx.h"

#include <stdint.h>
#include <string.h>

void spgi_ctx_entry(void); // in ctx_<cpu>.S

// Words from the stack pointer upwards; the last two stay zero and end the chain of frames.
#if defined(__x86_64__)
enum { RESUME = 0, ENTRY = 1, VALUE = 2, WORDS = 5 };
#elif defined(__aarch64__)
enum { RESUME = 2, ENTRY = 4, VALUE = 5, WORDS = 8 };
#endif

void *spgi_ctx_make(void *top, void (*entry)(void *value), void *value)
{
    // On x86-64 three words are popped, so that the stack is aligned to 16 bytes at spgi_ctx_entry.
    uintptr_t *frame = (uintptr_t *)top - WORDS;
    memset(frame, 0, WORDS * sizeof *frame);
    frame[RESUME] = (uintptr_t)spgi_ctx_entry;
    frame[ENTRY] = (uintptr_t)entry;
    frame[VALUE] = (uintptr_t)value;
    return frame;
}
