// SPDX-License-Identifier: MIT
// scan.h: looking at 16 bytes at once, on both kinds of machine.

#ifndef LOGQ_DATA_SCAN_H
#define LOGQ_DATA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "logq: scan.h knows the vector instructions of x86-64 and aarch64 only"
#endif

#define SCAN_BYTES 16

// Comparing two of them gives 0xff where they agree and 0 elsewhere.
typedef unsigned char scan_vector __attribute__((vector_size(SCAN_BYTES)));

static inline scan_vector scan_load(const char *place)
{
    scan_vector loaded;
    memcpy(&loaded, place, sizeof(loaded));
    return loaded;
}

static inline scan_vector scan_splat(unsigned char byte)
{
    return byte - (scan_vector){ 0 };
}

static inline scan_vector scan_equal(scan_vector v, unsigned char byte)
{
    return (scan_vector)(v == scan_splat(byte));
}

// The result of a comparison as one bit per byte, the first byte lowest.
static inline uint32_t scan_bits(scan_vector compared)
{
#if defined(__x86_64__)
    return (uint32_t)_mm_movemask_epi8((__m128i)compared);
#else
    const scan_vector weight = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    uint8x16_t sum = (uint8x16_t)(compared & weight);
    sum = vpaddq_u8(sum, sum);
    sum = vpaddq_u8(sum, sum);
    sum = vpaddq_u8(sum, sum);
    return vgetq_lane_u16(vreinterpretq_u16_u8(sum), 0);
#endif
}

// Whether a comparison holds anywhere.
static inline bool scan_any(scan_vector compared)
{
#if defined(__x86_64__)
    return _mm_movemask_epi8((__m128i)compared) != 0;
#else
    return vmaxvq_u8((uint8x16_t)compared) != 0;
#endif
}

// The bytes of 32 or 64 that equal `byte`, one bit each.
static inline uint32_t scan_find32(const char *place, unsigned char byte)
{
    return scan_bits(scan_equal(scan_load(place), byte)) |
           scan_bits(scan_equal(scan_load(place + SCAN_BYTES), byte)) << SCAN_BYTES;
}

#endif
