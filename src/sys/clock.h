// SPDX-License-Identifier: MIT
// clock.h: the one clock of the library.
#ifndef SPGI_SYS_CLOCK_H
#define SPGI_SYS_CLOCK_H

#include <stdint.h>
#include <time.h>

// Nanoseconds of CLOCK_MONOTONIC.
static inline int64_t spgi_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
