// SPDX-License-Identifier: MIT
// stall.h: the message of stall_echo. The server computes synthetic_work(seed, rounds) where it
// has read it, puts the result in, and sends all of it back.
#ifndef SPARGIO_BENCH_SUITE_STALL_H
#define SPARGIO_BENCH_SUITE_STALL_H

#include <stdint.h>

// As it is on the wire, in the byte order of the machine (little-endian on all that are served).
struct stall {
    uint64_t seed;
    uint64_t rounds;  // 0: an answer at once
    uint64_t result;  // of the answer
    uint64_t sent_ns; // the generator's own: when it was to be sent
};

#endif
