// SPDX-License-Identifier: MIT
// stopfd.h: the signals that ask a process to end, as a descriptor.
#ifndef SPGI_SYS_STOPFD_H
#define SPGI_SYS_STOPFD_H

#include <stdint.h>

// Blocks SIGTERM and SIGINT in the calling thread. *unblocked: a bit for each that was not, for
// spgi_stopfd_unblock. Returns a descriptor, or a negative errno value, with nothing blocked.
int spgi_stopfd_open(unsigned *unblocked);

// Takes a signal that has come. Returns its number, or -EAGAIN, or -EBADF.
int spgi_stopfd_take(int fd);

// Blocks the thread until the descriptor is readable. Returns 0, -ETIME at the absolute
// CLOCK_MONOTONIC time until_ns (INT64_MAX: never), or another negative errno value.
int spgi_stopfd_sleep(int fd, int64_t until_ns);

// The calling thread.
void spgi_stopfd_unblock(unsigned which);

// Returns 0 or -EBADF.
int spgi_stopfd_close(int fd);

#define SPGI_STOPFD_BOTH 3u

#endif
