// SPDX-License-Identifier: MIT
// bellfd.c: eventfd system calls.
#include "sys/bellfd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int spgi_bellfd_open(void)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void spgi_bellfd_ring(int fd)
{
    // Blocks only at a count of 2^64 - 2, which nobody reaches: the shard reads it back to 0.
    while (eventfd_write(fd, 1) < 0 && errno == EINTR) {
    }
}

void spgi_bellfd_close(int fd)
{
    close(fd);
}
