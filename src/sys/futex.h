// SPDX-License-Identifier: MIT
// futex.h: blocking a thread that has no shard until a word changes.
#ifndef SPGI_SYS_FUTEX_H
#define SPGI_SYS_FUTEX_H

#include "base/atomic.h"

#include <stdint.h>

// The low half of a word: what a thread can sleep on.
static inline void *spgi_futex_low(spgi_a64 *word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word;
#else
    return (char *)word + 4;
#endif
}

// Sleeps while *word == expected, until the absolute CLOCK_MONOTONIC time until_ns (INT64_MAX:
// without limit). May return early.
void spgi_futex_wait(void *word, uint32_t expected, int64_t until_ns);

// Wakes all that sleep on the word. The memory need not exist any more.
void spgi_futex_wake(void *word);

#endif
