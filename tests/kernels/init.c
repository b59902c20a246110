// SPDX-License-Identifier: MIT
// init.c: process 1 of the machines that scripts/test-kernels boots: runs the programs of /suite,
// one after the other, and powers the machine off.
//
// /suite, one line each, fields separated by tabs:
//   env   NAME=VALUE                                  in the environment of all programs
//   test  name  seconds  [NAME=VALUE...]  /program  [argument...]
#include "console.h"
#include "program.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SUITE_BYTES_MAX (1 << 20)
#define FIELDS_MAX 64

static char *variables[VARIABLES_MAX] = {
    "PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp", "LC_ALL=C", "TERM=dumb",
};
static size_t variable_count = 5;

static void bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0 || ioctl(any, SIOCGIFFLAGS, &request) != 0) {
        fatal("the loopback interface cannot be read: %s", strerror(errno));
    }
    request.ifr_flags |= IFF_UP;
    if (ioctl(any, SIOCSIFFLAGS, &request) != 0) {
        fatal("the loopback interface cannot be brought up: %s", strerror(errno));
    }
    close(any);
}

static void limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
    struct rlimit wanted = {.rlim_cur = soft, .rlim_max = hard};
    if (setrlimit(resource, &wanted) != 0) {
        fatal("resource limit %d cannot be set: %s", (int)resource, strerror(errno));
    }
}

// As a user's session on the same release has it, so that what fits there fits here.
static void set_limits(void)
{
    limit(RLIMIT_NOFILE, 1024, 524288);
    limit(RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
    limit(RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
    limit(RLIMIT_CORE, 0, RLIM_INFINITY);
}

static void set_up_machine(void)
{
    struct utsname name;
    mount_on("/dev", "devtmpfs", NULL);
    console_open();
    mount_on("/proc", "proc", NULL);
    mount_on("/sys", "sysfs", NULL);
    mount_on("/dev/shm", "tmpfs", NULL);
    mount_on("/dev/pts", "devpts", NULL);
    if (symlink("/proc/self/fd", "/dev/fd") != 0 && errno != EEXIST) {
        fatal("/dev/fd cannot be made: %s", strerror(errno));
    }
    bring_loopback_up();
    set_limits();
    uname(&name);
    say("\nKBOOT %lld %s %s\n", (long long)now_ms(), name.release, name.machine);
}

static char *read_suite(void)
{
    char *text = malloc(SUITE_BYTES_MAX + 1);
    FILE *file = fopen("/suite", "re");
    if (text == NULL || file == NULL) {
        fatal("/suite cannot be read: %s", strerror(errno));
    }
    size_t length = fread(text, 1, SUITE_BYTES_MAX, file);
    if (ferror(file) || length == SUITE_BYTES_MAX) {
        fatal("/suite is unreadable, or longer than %d bytes", SUITE_BYTES_MAX);
    }
    fclose(file);
    text[length] = '\0';
    return text;
}

static void run_line(char **fields, size_t count)
{
    struct program program = {
        .name = fields[1],
        .limit_ms = strtol(fields[2], NULL, 10) * INT64_C(1000),
    };
    size_t used = 0;
    size_t next = 3;
    for (; used < variable_count; used++) {
        program.environment[used] = variables[used];
    }
    for (; next < count && fields[next][0] != '/'; next++) {
        if (used == VARIABLES_MAX) {
            fatal("%s has more than %d variables", program.name, VARIABLES_MAX);
        }
        program.environment[used++] = fields[next];
    }
    if (next == count || program.limit_ms <= 0) {
        fatal("the line of %s in /suite lacks a program or a time limit", program.name);
    }
    program.command = fields + next;
    program_run(&program);
}

static void run_suite(char *text)
{
    unsigned count = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *fields[FIELDS_MAX + 1] = {0};
        size_t used = 0;
        for (char *field; used < FIELDS_MAX && (field = strsep(&line, "\t")) != NULL;) {
            fields[used++] = field;
        }
        if (line != NULL) {
            fatal("a line of /suite has more than %d fields", FIELDS_MAX);
        }
        if (used == 2 && strcmp(fields[0], "env") == 0 && variable_count < VARIABLES_MAX) {
            variables[variable_count++] = fields[1];
        } else if (used > 3 && strcmp(fields[0], "test") == 0) {
            run_line(fields, used);
            count++;
        } else if (fields[0][0] != '\0') {
            fatal("/suite has a line that starts with '%s'", fields[0]);
        }
    }
    say("KDONE %u\n", count);
}

int main(void)
{
    if (getpid() != 1) {
        fprintf(stderr, "init: powers the machine off; only for process 1 of a test machine\n");
        return EXIT_FAILURE;
    }
    set_up_machine();
    run_suite(read_suite());
    power_off();
}
