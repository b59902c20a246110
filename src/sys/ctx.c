// SPDX-License-Identifier: MIT
// ctx.c: building the first frame of a context, as the switch of this CPU expects it.
#include "sys/ctx.h"

#include <stdint.h>
#include <string.h>

void spgi_ctx_entry(void); // in ctx_<cpu>.S

#if defined(__x86_64__)
enum { FRAME_WORDS = 7, ENTRY_WORD = 3, RESUME_WORD = 6 }; // r12, resume address
#elif defined(__aarch64__)
enum { FRAME_WORDS = 20, ENTRY_WORD = 0, RESUME_WORD = 11 }; // x19, x30
#else
#error "spargio runs on x86-64 and aarch64"
#endif

void *spgi_ctx_make(void *top, void (*entry)(void *value))
{
    // Above the frame, 16 bytes of zeros end the chain of frame pointers and keep the alignment.
    uintptr_t *frame = (uintptr_t *)top - 2 - FRAME_WORDS;
    memset(frame, 0, (FRAME_WORDS + 2) * sizeof *frame);
    frame[ENTRY_WORD] = (uintptr_t)entry;
    frame[RESUME_WORD] = (uintptr_t)spgi_ctx_entry;
    return frame;
}
