// SPDX-License-Identifier: MIT
// console.h: what the test machine says on its serial line: the first word tells whose line it is.
//
//   KBOOT milliseconds release machine     process 1 runs, so long after the kernel's start
//   KRUN name                              followed by the program's output, each line after "| "
//   KLOG text                              a warning or worse from the kernel's log
//   KTEST name PASS|FAIL|SKIP milliseconds how it ended
//   KDONE count                            all programs have had their turn
//   KFATAL text                            process 1 cannot go on
#ifndef SPARGIO_TESTS_KERNELS_CONSOLE_H
#define SPARGIO_TESTS_KERNELS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

// The output of one program. Where it is long, the beginning and the end are passed on.
#define ECHO_LAST_BYTES 8192

struct echo {
    size_t bytes;
    bool in_line;
    char last[ECHO_LAST_BYTES]; // a ring
};

void console_open(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Says why, and powers the machine off.
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void power_off(void) __attribute__((noreturn));

// Passes a program's text on, each line after a mark: it cannot say what only process 1 may.
void echo_text(struct echo *echo, const char *text, size_t length);
void echo_end(struct echo *echo);
// What the kernel has logged since the last call, warnings and worse.
void echo_kernel_log(void);
// Where each thread of each process is: what a hang looked like cannot be asked later.
void echo_processes(void);

#endif
