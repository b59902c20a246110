// SPDX-License-Identifier: MIT
// hash.h: the hash of a byte string, for tables whose keys come from logs that strangers write to.

#ifndef LOGQ_QUERY_HASH_H
#define LOGQ_QUERY_HASH_H

#include "data/bytes.h"

#include <stdint.h>

static inline uint64_t hash_load8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint64_t hash_load4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

// Both halves of the product, so that every bit of both factors counts.
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// The seed is what keeps strangers from choosing keys that collide: it must not be known to them.
static inline uint64_t hash_bytes(struct bytes key, uint64_t seed)
{
    const uint64_t odd1 = UINT64_C(0x9E3779B97F4A7C15); // 2^64 / golden ratio
    const uint64_t odd2 = UINT64_C(0xD1B54A32D192ED03); // 2^64 / plastic number squared, made odd
    const char *at = key.ptr;
    size_t left = key.len;
    uint64_t state = hash_fold(seed ^ odd1, key.len ^ odd2);
    while (left > 16) {
        state = hash_fold(hash_load8(at) ^ state, hash_load8(at + 8) ^ seed);
        at += 16;
        left -= 16;
    }
    uint64_t a = 0;
    uint64_t b = 0;
    if (left >= 8) {
        a = hash_load8(at);
        b = hash_load8(at + left - 8);
    } else if (left >= 4) {
        a = hash_load4(at);
        b = hash_load4(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)(unsigned char)at[0] << 16 | (uint64_t)(unsigned char)at[left / 2] << 8 |
            (unsigned char)at[left - 1];
    }
    state = hash_fold(a ^ state, b ^ seed ^ odd2);
    return hash_fold(state ^ odd1, seed ^ odd2 ^ (state >> 32));
}

// A seed from things strangers do not know: where memory lies, and the time to the nanosecond.
static inline uint64_t hash_seed(const void *address, int64_t now_ns)
{
    return hash_fold((uint64_t)(uintptr_t)address ^ UINT64_C(0xA0761D6478BD642F),
                     (uint64_t)now_ns ^ UINT64_C(0xE7037ED1A0B428DB)) | 1;
}

#endif
