// SPDX-License-Identifier: MIT
// blocks.h: what the rows on files read, so that all runtimes read the same.
#ifndef SPARGIO_BENCH_SUITE_BLOCKS_H
#define SPARGIO_BENCH_SUITE_BLOCKS_H

#include <stdint.h>

enum { BLOCK = 4096, BLOCKS = 4096, BLOCK_FILL = 0xA5 };
enum { READS = 256, READS_WARM_UP = 32, DEEP_READS = 4096, DEEP_READS_WARM_UP = 256, DEPTH = 32 };

static inline uint64_t block_result(uint32_t number, unsigned char first)
{
    return number ^ first;
}

#endif
