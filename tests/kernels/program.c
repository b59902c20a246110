// SPDX-License-Identifier: MIT
// program.c: one test program; see program.h.
#include "program.h"

#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REAP_MS 10000
#define DRAIN_MS 1000
#define EXIT_SKIP 77
#define EXIT_NOT_RUN 127

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void mount_on(const char *folder, const char *type, const char *options)
{
    mkdir(folder, 0755);
    if (mount(type, folder, type, MS_NOSUID, options) != 0 && errno != EBUSY) {
        fatal("%s cannot be mounted on %s: %s", type, folder, strerror(errno));
    }
}

static _Noreturn void become(const struct program *program, int output)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setsid();
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
        chdir("/tmp") != 0) {
        dprintf(output, "descriptors or /tmp: %s\n", strerror(errno));
        _exit(EXIT_NOT_RUN);
    }
    execve(program->command[0], program->command, program->environment);
    dprintf(output, "%s cannot be run: %s\n", program->command[0], strerror(errno));
    _exit(EXIT_NOT_RUN);
}

// Passes output on until the program has ended. False when the time is over.
static bool follow(struct echo *echo, int output, int process, int64_t deadline)
{
    struct pollfd watched[2] = {
        {.fd = output, .events = POLLIN},
        {.fd = process, .events = POLLIN},
    };
    for (;;) {
        char text[4096];
        int64_t left = deadline - now_ms();
        if (left <= 0) {
            return false;
        }
        poll(watched, 2, left > 1000 ? 1000 : (int)left);
        if ((watched[0].revents & (POLLIN | POLLHUP)) != 0) {
            ssize_t length = read(output, text, sizeof text);
            echo_text(echo, text, length > 0 ? (size_t)length : 0);
            if (length == 0) {
                watched[0].fd = -1; // no writer is left; poll passes over it
            }
        } else if ((watched[1].revents & POLLIN) != 0) {
            return true;
        }
    }
}

// What is still in the pipe once all writers have been killed.
static void drain(struct echo *echo, int output)
{
    struct pollfd watched = {.fd = output, .events = POLLIN};
    char text[4096];
    while (poll(&watched, 1, DRAIN_MS) == 1) {
        ssize_t length = read(output, text, sizeof text);
        if (length <= 0) {
            return;
        }
        echo_text(echo, text, (size_t)length);
    }
}

// Kills all other processes: a program's forked tests have groups of their own, and may outlive it.
// False when one does not end, as one that hangs in the kernel. status is the child's.
static bool end_all(pid_t child, int *status)
{
    int64_t deadline = now_ms() + REAP_MS;
    bool reaped = false;
    kill(-1, SIGKILL);
    while (now_ms() < deadline) {
        int other = 0;
        pid_t ended = waitpid(-1, &other, WNOHANG);
        if (ended == child) {
            *status = other;
            reaped = true;
        }
        if (ended < 0) {
            return reaped;
        }
        if (ended == 0) {
            kill(-1, SIGKILL);
            usleep(1000);
        }
    }
    return false;
}

static void describe(char *text, size_t size, const struct program *program, bool in_time,
                     bool ended, int status)
{
    if (!ended) {
        snprintf(text, size, "a process could not be killed");
    } else if (!in_time) {
        snprintf(text, size, "not done within %lld s", (long long)(program->limit_ms / 1000));
    } else if (WIFSIGNALED(status)) {
        snprintf(text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    }
}

void program_run(const struct program *program)
{
    int ends[2];
    int status = -1;
    char how[128];
    struct echo echo = {0};
    umount2("/tmp", MNT_DETACH);
    mount_on("/tmp", "tmpfs", "mode=1777");
    say("KRUN %s\n", program->name);
    int64_t start = now_ms();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fatal("no pipe for %s: %s", program->name, strerror(errno));
    }
    pid_t child = fork();
    if (child == 0) {
        become(program, ends[1]);
    }
    int process = child > 0 ? (int)syscall(SYS_pidfd_open, child, 0) : -1;
    if (process < 0) {
        fatal("no process for %s: %s", program->name, strerror(errno));
    }
    close(ends[1]);
    bool in_time = follow(&echo, ends[0], process, start + program->limit_ms);
    int64_t took = now_ms() - start;
    if (!in_time) {
        echo_end(&echo);
        echo_processes();
    }
    // The program's end was seen, but its status is not taken yet: no other process has its number.
    bool ended = end_all(child, &status);
    drain(&echo, ends[0]);
    echo_end(&echo);
    echo_kernel_log();
    close(ends[0]);
    close(process);
    describe(how, sizeof how, program, in_time, ended, status);
    bool exited = ended && in_time && WIFEXITED(status);
    const char *verdict = exited && WEXITSTATUS(status) == 0           ? "PASS"
                          : exited && WEXITSTATUS(status) == EXIT_SKIP ? "SKIP"
                                                                       : "FAIL";
    say("KTEST %s %s %lld %s\n", program->name, verdict, (long long)took, how);
}
