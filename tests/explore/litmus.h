// SPDX-License-Identifier: MIT
// litmus.h: tiny programs for the explorer, and what must come out of them.
#ifndef SPGI_TESTS_EXPLORE_LITMUS_H
#define SPGI_TESTS_EXPLORE_LITMUS_H

#include "explorer.h"

#include <check.h>
#include <string.h>

// What the programs work on, and setup for it.
extern spgi_a32 x, y, z;
extern uint32_t got[3];
extern int payload;
void clear(void);

// The model holds within the bounds, resp. fails with a text that has why in it, and does so again
// when that run is replayed.
void holds(const struct explore_model *model, unsigned preemptions, unsigned stale);
void fails(const struct explore_model *model, unsigned preemptions, unsigned stale,
           const char *why);

#define MODEL(var, text, first, second, verdict)                                                   \
    static const struct explore_model var = {                                                      \
        .name = text, .setup = clear, .threads = {first, second}, .check = verdict}

Suite *memory_suite(void);  // test_litmus.c
Suite *pruning_suite(void); // test_pruning.c

#endif
