// SPDX-License-Identifier: MIT
// sanitizer.h: what AddressSanitizer, ThreadSanitizer and valgrind must be told about our stacks.
//
// All of it vanishes in other builds. The calls around a switch belong to core/fiber.c alone.
#ifndef SPGI_SYS_SANITIZER_H
#define SPGI_SYS_SANITIZER_H

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
#endif

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
