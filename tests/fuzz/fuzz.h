// SPDX-License-Identifier: MIT
// fuzz.h: what a fuzzed program consists of: libFuzzer's entry point, and inputs to begin with for
// the driver that does without libFuzzer.

#ifndef SPARGIO_TESTS_FUZZ_H
#define SPARGIO_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Texts that make sense, and pieces to build others from; both end with NULL.
extern const char *const fuzz_seeds[];
extern const char *const fuzz_words[];

// Ends the program, which is what both drivers look for.
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
