// SPDX-License-Identifier: MIT
// console.c: what the test machine says; see console.h.
#include "console.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX (256 << 10) // of one program, at once; the emulated serial line is slow
#define KERNEL_RECORD_BYTES 8192     // the kernel's own limit for one record of its log
#define LOG_LINES_MAX 100            // of one program
#define LOG_WARNING 4
#define CONSOLE_EMERGENCIES 1 // the console log level that lets only emergencies through
#define CONSOLE_LEVEL_SET 8   // klogctl's action

static int kernel_log = -1;

// The kernel leaves process 1 without descriptors when the initramfs holds no device nodes.
void console_open(void)
{
    int console = open("/dev/console", O_RDWR | O_NOCTTY);
    for (int fd = 0; console >= 0 && fd < 3; fd++) {
        dup2(console, fd);
    }
    if (console > 2) {
        close(console);
    }
    klogctl(CONSOLE_LEVEL_SET, NULL, CONSOLE_EMERGENCIES);
    kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (kernel_log >= 0) {
        lseek(kernel_log, 0, SEEK_END);
    }
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

void power_off(void)
{
    fflush(NULL);
    sync();
    reboot(RB_POWER_OFF);
    // Process 1 must not return. A time limit outside ends a machine without a power switch.
    for (;;) {
        pause();
    }
}

void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("KFATAL ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    power_off();
}

static void echo_byte(struct echo *echo, char byte)
{
    if (!echo->in_line) {
        fputs("| ", stdout);
    }
    putchar(byte);
    echo->in_line = byte != '\n';
}

void echo_text(struct echo *echo, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++, echo->bytes++) {
        if (echo->bytes < OUTPUT_BYTES_MAX) {
            echo_byte(echo, text[i]);
        } else {
            echo->last[echo->bytes % ECHO_LAST_BYTES] = text[i];
        }
    }
    fflush(stdout);
}

void echo_end(struct echo *echo)
{
    size_t held = echo->bytes > OUTPUT_BYTES_MAX ? echo->bytes - OUTPUT_BYTES_MAX : 0;
    if (held > ECHO_LAST_BYTES) {
        printf("\n| (%zu bytes are left out)\n", held - ECHO_LAST_BYTES);
        echo->in_line = false;
        held = ECHO_LAST_BYTES;
    }
    for (; held > 0; held--) {
        echo_byte(echo, echo->last[(echo->bytes - held) % ECHO_LAST_BYTES]);
    }
    if (echo->in_line) {
        putchar('\n');
    }
    *echo = (struct echo){0};
    fflush(stdout);
}

// One read gives one record: "priority,sequence,time,flags;text\n", perhaps with more lines.
void echo_kernel_log(void)
{
    char record[KERNEL_RECORD_BYTES];
    int lines = 0;
    while (kernel_log >= 0) {
        ssize_t length = read(kernel_log, record, sizeof record - 1);
        if (length < 0 && errno == EPIPE) {
            continue; // records were overwritten unread; the next read goes on after them
        }
        if (length <= 0) {
            return;
        }
        record[length] = '\0';
        char *text = strchr(record, ';');
        bool warning = (strtoul(record, NULL, 10) & 7) <= LOG_WARNING;
        if (text != NULL && warning && lines++ < LOG_LINES_MAX) {
            text[strcspn(text, "\n")] = '\0';
            say("KLOG %s\n", text + 1);
        }
    }
}

static void echo_file(long process, const char *thread, const char *file)
{
    char path[128];
    char line[256];
    snprintf(path, sizeof path, "/proc/%ld/task/%s/%s", process, thread, file);
    FILE *opened = fopen(path, "re");
    while (opened != NULL && fgets(line, sizeof line, opened) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf("|     %s: %s\n", file, line);
    }
    if (opened != NULL) {
        fclose(opened);
    }
}

static void echo_threads(long process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task", process);
    DIR *threads = opendir(path);
    struct dirent *thread;
    while (threads != NULL && (thread = readdir(threads)) != NULL) {
        if (thread->d_name[0] != '.') {
            printf("|   process %ld thread %s\n", process, thread->d_name);
            echo_file(process, thread->d_name, "comm");
            echo_file(process, thread->d_name, "wchan");
            echo_file(process, thread->d_name, "syscall");
            echo_file(process, thread->d_name, "stack");
        }
    }
    if (threads != NULL) {
        closedir(threads);
    }
}

// All processes but this one and the kernel's threads, which have no memory map.
void echo_processes(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *process;
    while (processes != NULL && (process = readdir(processes)) != NULL) {
        char path[64];
        char byte;
        long number = strtol(process->d_name, NULL, 10);
        snprintf(path, sizeof path, "/proc/%ld/maps", number);
        int maps = number > 1 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (maps >= 0 && read(maps, &byte, 1) == 1) {
            echo_threads(number);
        }
        if (maps >= 0) {
            close(maps);
        }
    }
    if (processes != NULL) {
        closedir(processes);
    }
    fflush(stdout);
}
