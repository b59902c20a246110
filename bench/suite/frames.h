// SPDX-License-Identifier: MIT
// frames.h: what the rows on sockets send, so that all runtimes send the same.
#ifndef SPARGIO_BENCH_SUITE_FRAMES_H
#define SPARGIO_BENCH_SUITE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

enum { FRAME = 4096, WINDOW = 32, STREAMS = 8, STEPS = 64 };
enum { ECHO_BYTES = 256, ECHO_ROUNDS = 512, ECHO_WARM_UP = 32 };
enum { STREAM_FRAMES = 2048, STREAM_WARM_UP = 128 };
enum { HOT_FRAMES = 2048, LIGHT_FRAMES = 128, HOT_WARM_UP = 256, LIGHT_WARM_UP = 32 };
enum { PIPELINE_FRAMES = 1024, PIPELINE_WARM_UP = 128, HOTSPOT_FRAMES = 64 };
enum { MESSAGES_PER_FRAME = 16, OWNERS = 2 };

// A frame tells its number by its first byte; the rest is zero.
static inline uint8_t frame_byte(uint32_t frame)
{
    return (uint8_t)frame;
}

static inline uint32_t imbalanced_frames(uint32_t stream, bool warm_up)
{
    if (warm_up) {
        return stream == 0 ? HOT_WARM_UP : LIGHT_WARM_UP;
    }
    return stream == 0 ? HOT_FRAMES : LIGHT_FRAMES;
}

// Frames of a stream in a step; the hot spot moves on with each.
static inline uint32_t rotation_frames(uint32_t stream, uint32_t step, bool warm_up)
{
    bool hot = stream == step % STREAMS;
    return warm_up ? (hot ? 8 : 2) : (hot ? 32 : 2);
}

static inline uint32_t rotation_steps(bool warm_up)
{
    return warm_up ? 8 : STEPS;
}

static inline uint32_t pipeline_rounds(uint32_t stream, uint32_t frame, bool warm_up)
{
    bool hot = stream == frame / HOTSPOT_FRAMES % STREAMS;
    if (warm_up) {
        return hot ? 1000 : 75;
    }
    return hot ? 4000 : 150;
}

#endif
