// SPDX-License-Identifier: MIT
// futex.h: blocking a thread that has no shard until a word changes.
#ifndef SPGI_SYS_FUTEX_H
#define SPGI_SYS_FUTEX_H

#include <stdint.h>

// Sleeps while *word == expected, until the absolute CLOCK_MONOTONIC time until_ns (INT64_MAX:
// without limit). May return early.
void spgi_futex_wait(void *word, uint32_t expected, int64_t until_ns);

// Wakes all that sleep on the word. The memory need not exist any more.
void spgi_futex_wake(void *word);

#endif
