// SPDX-License-Identifier: MIT
// search.h: showing a run so that it can be made again.
#ifndef SPGI_TESTS_EXPLORE_SEARCH_H
#define SPGI_TESTS_EXPLORE_SEARCH_H

// Prints the arguments that make the last run again.
void search_print_replay(void);

// memory.c: the shared objects of this search as text, and back. Returns what follows them.
void memory_print_shared(void);
const char *memory_read_shared(const char *text);

#endif
