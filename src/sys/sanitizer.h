// SPDX-License-Identifier: MIT
// sanitizer.h: what AddressSanitizer, ThreadSanitizer and valgrind must be told about our stacks.
//
// All of it vanishes in other builds, but for what is said to valgrind when its header was there: a
// few instructions per stack that do nothing elsewhere. The calls around a switch belong to
// core/fiber.h alone.
#ifndef SPGI_SYS_SANITIZER_H
#define SPGI_SYS_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SPGI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPGI_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SPGI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SPGI_TSAN 1
#endif
#endif

#ifdef SPGI_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SPGI_TSAN
#include <sanitizer/tsan_interface.h>
// What the compiler calls where a function returns; in no header.
void __tsan_func_exit(void);
#endif

#ifdef __has_include
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define SPGI_VALGRIND 1
#endif
#endif

// Valgrind takes a switch to memory that it does not know as a stack for a huge frame.
static inline unsigned spgi_valgrind_stack(void *low, void *high)
{
#ifdef SPGI_VALGRIND
    return VALGRIND_STACK_REGISTER(low, high);
#else
    (void)low;
    (void)high;
    return 0;
#endif
}

static inline void spgi_valgrind_stack_gone(unsigned stack)
{
#ifdef SPGI_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack);
#else
    (void)stack;
#endif
}

// A stack's mapping goes away: forget what was poisoned in it.
static inline void spgi_sanitizer_stack_gone(void *memory, size_t bytes)
{
#ifdef SPGI_ASAN
    __asan_unpoison_memory_region(memory, bytes);
#else
    (void)memory;
    (void)bytes;
#endif
}

// A stack is about to be used by a new task: frames of the last one left no valid poison.
static inline void spgi_sanitizer_stack_fresh(void *memory, size_t bytes)
{
    spgi_sanitizer_stack_gone(memory, bytes);
}

// ThreadSanitizer's state of a stack; NULL was never made, and elsewhere.
static inline void spgi_sanitizer_fiber_destroy(void *fiber)
{
#ifdef SPGI_TSAN
    if (fiber) {
        __tsan_destroy_fiber(fiber);
    }
#else
    (void)fiber;
#endif
}

// The calling function is about to leave its stack and will never return. ThreadSanitizer keeps a
// shadow call stack per fiber, and the fiber serves the next task on this stack, too: without this
// each task would leave an entry there, until it is full after 65,536 of them.
static inline __attribute__((always_inline)) void spgi_sanitizer_frame_left(void)
{
#ifdef SPGI_TSAN
    __tsan_func_exit();
#endif
}

// Whether a descriptor must be closed by the system call: ThreadSanitizer learns from nothing else
// that a number is free again, and takes the next task that is given it for one that races.
static inline bool spgi_sanitizer_tracks_close(void)
{
#ifdef SPGI_TSAN
    return true;
#else
    return false;
#endif
}

// The kernel has handed us something that another thread gave it: order that TSan cannot see.
static inline void spgi_sanitizer_release(void *address)
{
#ifdef SPGI_TSAN
    __tsan_release(address);
#else
    (void)address;
#endif
}

static inline void spgi_sanitizer_acquire(void *address)
{
#ifdef SPGI_TSAN
    __tsan_acquire(address);
#else
    (void)address;
#endif
}

#endif
