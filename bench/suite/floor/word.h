// SPDX-License-Identifier: MIT
// word.h: a word that one side writes and the other waits for, asleep or looking.
#ifndef SPARGIO_BENCH_SUITE_FLOOR_WORD_H
#define SPARGIO_BENCH_SUITE_FLOOR_WORD_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct word {
    _Alignas(64) _Atomic uint32_t value;
    bool spins;
};

static inline void set_word(struct word *word, uint32_t value)
{
    atomic_store(&word->value, value);
    if (!word->spins) {
        syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

// Waits until it is no longer `old`. Returns what it is then.
static inline uint32_t await_change(struct word *word, uint32_t old)
{
    uint32_t seen;
    while ((seen = atomic_load(&word->value)) == old) {
        if (!word->spins) {
            syscall(SYS_futex, &word->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
        }
    }
    return seen;
}

static inline void await_word(struct word *word, uint32_t value)
{
    uint32_t seen = atomic_load(&word->value);
    while (seen != value) {
        seen = await_change(word, seen);
    }
}

#endif
