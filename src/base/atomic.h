// SPDX-License-Identifier: MIT
// atomic.h: the sole gate to atomic memory accesses.
//
// Every atomic access in the library names its ordering through one of the macros below. There are
// no bare fences: order lives on the accesses, so that ThreadSanitizer understands it. Compiled
// with SPGI_EXPLORE, every access becomes a scheduling point of the explorer (tests/explore), which
// runs the shipped sources through all interleavings up to a preemption bound, with store buffers.
#ifndef SPGI_BASE_ATOMIC_H
#define SPGI_BASE_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint32_t spgi_a32;
typedef _Atomic uint64_t spgi_a64;
typedef _Atomic(void *) spgi_aptr;

#ifdef SPGI_EXPLORE
#include "explore_gate.h" // tests/explore: same macros, as scheduling points
#else

#define load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define load_seqcst(p) atomic_load_explicit((p), memory_order_seq_cst)

#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define store_seqcst(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)

#define xchg_acqrel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define xchg_seqcst(p, v) atomic_exchange_explicit((p), (v), memory_order_seq_cst)

// cas_*: expected is a pointer, updated with the value seen when the swap fails.
#define cas_relaxed(p, expected, v)                                                                \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_relaxed,            \
                                            memory_order_relaxed)
#define cas_acquire(p, expected, v)                                                                \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acquire,            \
                                            memory_order_acquire)
#define cas_acqrel(p, expected, v)                                                                 \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel,            \
                                            memory_order_acquire)
#define cas_seqcst(p, expected, v)                                                                 \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst,            \
                                            memory_order_seq_cst)

#define add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define add_acqrel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define add_seqcst(p, v) atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define sub_acqrel(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define sub_seqcst(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)
#define or_acqrel(p, v) atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define or_seqcst(p, v) atomic_fetch_or_explicit((p), (v), memory_order_seq_cst)
#define and_acqrel(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)

// Tells the CPU that this is a spin loop.
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}
#endif // SPGI_EXPLORE

#endif
