// SPDX-License-Identifier: MIT
// stopfd.c: signalfd(2) and signal masks.
#include "sys/stopfd.h"

#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int numbers[] = {SIGTERM, SIGINT};

enum { COUNT = sizeof numbers / sizeof numbers[0] };
_Static_assert(SPGI_STOPFD_BOTH == (1u << COUNT) - 1, "a bit each");

static sigset_t set_of(unsigned which)
{
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < COUNT; i++) {
        if (which & 1u << i) {
            sigaddset(&set, numbers[i]);
        }
    }
    return set;
}

int spgi_stopfd_open(unsigned *unblocked)
{
    sigset_t both = set_of(SPGI_STOPFD_BOTH);
    sigset_t before;
    int fd = signalfd(-1, &both, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    pthread_sigmask(SIG_BLOCK, &both, &before);
    *unblocked = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        *unblocked |= sigismember(&before, numbers[i]) ? 0 : 1u << i;
    }
    return fd;
}

int spgi_stopfd_take(int fd)
{
    struct signalfd_siginfo info;
    ssize_t bytes = read(fd, &info, sizeof info);
    return bytes < 0 ? -errno : (int)info.ssi_signo;
}

int spgi_stopfd_sleep(int fd, int64_t until_ns)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    for (;;) {
        int64_t left = until_ns == INT64_MAX ? 0 : until_ns - spgi_clock_now();
        if (left < 0) {
            return -ETIME;
        }
        struct timespec timeout = {left / 1000000000, left % 1000000000};
        int ready = ppoll(&pollfd, 1, until_ns == INT64_MAX ? NULL : &timeout, NULL);
        if (ready > 0) {
            return pollfd.revents & POLLNVAL ? -EBADF : 0;
        }
        if (ready < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

void spgi_stopfd_unblock(unsigned which)
{
    sigset_t set = set_of(which);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int spgi_stopfd_close(int fd)
{
    return close(fd) < 0 ? -errno : 0;
}
