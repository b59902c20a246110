// SPDX-License-Identifier: MIT
// ctx.h: saving one execution context and entering another, on one thread.
//
// A context is its stack pointer. The switch is inline assembly that declares all registers as
// clobbered, so that the compiler saves just what is live at that place; it pushes the frame
// pointer and the address to resume at. Two things make it fast, beside that. It ends in an
// indirect jump: a return to an address that no call has pushed costs ten times as much. And there
// is no call around it: calls and returns stay paired, across contexts that suspend at the same
// depth, so that the CPU goes on predicting returns after the switch.
//
// Not saved: the floating-point control words (MXCSR, x87, FPCR); a task that changes them restores
// them before it suspends. Signal masks are the thread's.
#ifndef SPGI_SYS_CTX_H
#define SPGI_SYS_CTX_H

#if defined(__x86_64__)
#include "sys/ctx_x86_64.h"
#elif defined(__aarch64__)
#include "sys/ctx_aarch64.h"
#else
#error "spargio runs on x86-64 and aarch64"
#endif

// A context that will call entry(value) on the stack that ends at top (16-byte aligned). entry must
// not return. Backtraces end at it.
void *spgi_ctx_make(void *top, void (*entry)(void *value), void *value);

#endif
