// SPDX-License-Identifier: MIT
// alarmfd.h: a descriptor that is readable from a given time on.
#ifndef SPGI_SYS_ALARMFD_H
#define SPGI_SYS_ALARMFD_H

#include <stdint.h>

// Not readable until it is set. Returns a descriptor, or a negative errno value.
int spgi_alarmfd_open(void);

// From the absolute CLOCK_MONOTONIC time `when` on it is readable: 0: now; INT64_MAX: never.
void spgi_alarmfd_set(int fd, int64_t when);

void spgi_alarmfd_close(int fd);

#endif
