// SPDX-License-Identifier: MIT
// alarmfd.c: timerfd system calls.
#include "sys/alarmfd.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

int spgi_alarmfd_open(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void spgi_alarmfd_set(int fd, int64_t when)
{
    struct itimerspec at = {0}; // unset: this also takes back that it was readable
    if (when != INT64_MAX) {
        at.it_value.tv_sec = when / 1000000000;
        at.it_value.tv_nsec = when > 0 ? when % 1000000000 : 1;
    }
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void spgi_alarmfd_close(int fd)
{
    close(fd);
}
