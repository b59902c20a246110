// SPDX-License-Identifier: MIT
// explore_gate.h: the macros of base/atomic.h as calls into the explorer.
//
// Included by base/atomic.h when SPGI_EXPLORE is defined. Every access names its place and the
// expression it was written with, so that an interleaving reads like the source.
#ifndef SPGI_TESTS_EXPLORE_GATE_H
#define SPGI_TESTS_EXPLORE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum explore_order {
    EXPLORE_RELAXED,
    EXPLORE_ACQUIRE,
    EXPLORE_RELEASE,
    EXPLORE_ACQREL,
    EXPLORE_SEQCST,
};

enum explore_change { EXPLORE_XCHG, EXPLORE_ADD, EXPLORE_SUB, EXPLORE_OR, EXPLORE_AND };

// Where an access stands in the source.
struct explore_site {
    const char *file;
    int line;
    const char *text;     // the address, as written
    const char *function; // the macro
};

uint64_t explore_load(const struct explore_site *site, const volatile void *address, unsigned size,
                      enum explore_order order);
void explore_store(const struct explore_site *site, volatile void *address, unsigned size,
                   uint64_t value, enum explore_order order);
// Returns the value before.
uint64_t explore_rmw(const struct explore_site *site, volatile void *address, unsigned size,
                     enum explore_change change, uint64_t operand, enum explore_order order);
// expected has the size of the object.
bool explore_cas(const struct explore_site *site, volatile void *address, unsigned size,
                 void *expected, uint64_t value, enum explore_order order);
void explore_relax(const struct explore_site *site);

// The value type of an atomic object: without its qualifiers.
#define EXPLORE_TYPE(p) __typeof__(atomic_load_explicit((p), memory_order_relaxed))

#define EXPLORE_SITE(p, name)                                                                      \
    ({                                                                                             \
        static const struct explore_site explore_here = {__FILE__, __LINE__, (p), (name)};         \
        &explore_here;                                                                             \
    })

// As statements in brackets, so that a result may be left alone.
#define EXPLORE_LOAD(p, order, name)                                                               \
    ({ (EXPLORE_TYPE(p)) explore_load(EXPLORE_SITE(#p, name), (p), sizeof *(p), (order)); })
#define EXPLORE_STORE(p, v, order, name)                                                           \
    explore_store(EXPLORE_SITE(#p, name), (p), sizeof *(p), (uint64_t)(v), (order))
#define EXPLORE_RMW(p, change, v, order, name)                                                     \
    ({                                                                                             \
        (EXPLORE_TYPE(p)) explore_rmw(EXPLORE_SITE(#p, name), (p), sizeof *(p), (change),          \
                                      (uint64_t)(v), (order));                                     \
    })
#define EXPLORE_CAS(p, expected, v, order, name)                                                   \
    explore_cas(EXPLORE_SITE(#p, name), (p), sizeof *(p), (void *)(expected), (uint64_t)(v),       \
                (order))

#define load_relaxed(p) EXPLORE_LOAD(p, EXPLORE_RELAXED, "load_relaxed")
#define load_acquire(p) EXPLORE_LOAD(p, EXPLORE_ACQUIRE, "load_acquire")
#define load_seqcst(p) EXPLORE_LOAD(p, EXPLORE_SEQCST, "load_seqcst")

#define store_relaxed(p, v) EXPLORE_STORE(p, v, EXPLORE_RELAXED, "store_relaxed")
#define store_release(p, v) EXPLORE_STORE(p, v, EXPLORE_RELEASE, "store_release")
#define store_seqcst(p, v) EXPLORE_STORE(p, v, EXPLORE_SEQCST, "store_seqcst")

#define xchg_acqrel(p, v) EXPLORE_RMW(p, EXPLORE_XCHG, v, EXPLORE_ACQREL, "xchg_acqrel")
#define xchg_seqcst(p, v) EXPLORE_RMW(p, EXPLORE_XCHG, v, EXPLORE_SEQCST, "xchg_seqcst")

#define cas_relaxed(p, expected, v) EXPLORE_CAS(p, expected, v, EXPLORE_RELAXED, "cas_relaxed")
#define cas_acquire(p, expected, v) EXPLORE_CAS(p, expected, v, EXPLORE_ACQUIRE, "cas_acquire")
#define cas_acqrel(p, expected, v) EXPLORE_CAS(p, expected, v, EXPLORE_ACQREL, "cas_acqrel")
#define cas_seqcst(p, expected, v) EXPLORE_CAS(p, expected, v, EXPLORE_SEQCST, "cas_seqcst")

#define add_relaxed(p, v) EXPLORE_RMW(p, EXPLORE_ADD, v, EXPLORE_RELAXED, "add_relaxed")
#define add_acqrel(p, v) EXPLORE_RMW(p, EXPLORE_ADD, v, EXPLORE_ACQREL, "add_acqrel")
#define add_seqcst(p, v) EXPLORE_RMW(p, EXPLORE_ADD, v, EXPLORE_SEQCST, "add_seqcst")
#define sub_acqrel(p, v) EXPLORE_RMW(p, EXPLORE_SUB, v, EXPLORE_ACQREL, "sub_acqrel")
#define sub_seqcst(p, v) EXPLORE_RMW(p, EXPLORE_SUB, v, EXPLORE_SEQCST, "sub_seqcst")
#define or_acqrel(p, v) EXPLORE_RMW(p, EXPLORE_OR, v, EXPLORE_ACQREL, "or_acqrel")
#define or_seqcst(p, v) EXPLORE_RMW(p, EXPLORE_OR, v, EXPLORE_SEQCST, "or_seqcst")
#define and_acqrel(p, v) EXPLORE_RMW(p, EXPLORE_AND, v, EXPLORE_ACQREL, "and_acqrel")

#define cpu_relax() explore_relax(EXPLORE_SITE("", "cpu_relax"))

#endif
