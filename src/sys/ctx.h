// SPDX-License-Identifier: MIT
// ctx.h: saving one execution context and entering another, on one thread.
//
// A context is its stack pointer; the registers that a call must preserve lie on its stack. Saved
// are the callee-saved general registers (and d8-d15 on aarch64). Not saved: the floating-point
// control words (MXCSR, x87, FPCR); a task that changes them restores them before it suspends.
// Signal masks are the thread's. The switch ends in an indirect jump, because a return to an
// address that was not pushed by a call costs the CPU's return prediction ten times as much.
#ifndef SPGI_SYS_CTX_H
#define SPGI_SYS_CTX_H

#include <stddef.h>

// Saves the current context in *save, enters the context load, and hands value to it: it is what
// the spgi_ctx_switch that saved load returns, or the argument of a new context's entry.
void *spgi_ctx_switch(void **save, void *load, void *value);

// A context that will call entry(value) on the stack that ends at top (16-byte aligned). entry must
// not return. Backtraces end at it.
void *spgi_ctx_make(void *top, void (*entry)(void *value));

#endif
