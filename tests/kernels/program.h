// SPDX-License-Identifier: MIT
// program.h: one test program: its time limit, its end, and what is left of it.
#ifndef SPARGIO_TESTS_KERNELS_PROGRAM_H
#define SPARGIO_TESTS_KERNELS_PROGRAM_H

#include <stdint.h>

#define VARIABLES_MAX 64

struct program {
    const char *name;
    int64_t limit_ms;
    char *environment[VARIABLES_MAX + 1]; // ends with NULL
    char **command;                       // ends with NULL; the first is the path
};

// Milliseconds since the kernel's start.
int64_t now_ms(void);
// Mounts a new file system of the type; powers the machine off when that fails.
void mount_on(const char *folder, const char *type, const char *options);
// Runs the program in an empty /tmp, tells the console how it ended, and leaves no process behind.
void program_run(const struct program *program);

#endif
