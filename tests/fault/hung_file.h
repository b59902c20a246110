// SPDX-License-Identifier: MIT
// hung_file.h: a file whose reads do not end until they are told to: a FUSE server of one file.
//
// The server is a process of its own, which an alarm ends: the kernel then fails what it owes, so
// that no test can leave a process behind that cannot die. The mount belongs to the test alone.
#ifndef SPARGIO_TESTS_FAULT_HUNG_FILE_H
#define SPARGIO_TESTS_FAULT_HUNG_FILE_H

#include "support.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { HUNG_BYTES = 4096, HUNG_FILL = 'F', HUNG_NODE = 2 };

typedef struct hung_file {
    char folder[32];
    char path[40];
    int device;
    int orders;  // a byte to the server: answer the read
    int reports; // a byte from it: a read has come
    pid_t server;
} hung_file;

// ---- The server ----

static inline void fuse_reply(int device, uint64_t unique, int error, const void *body,
                              size_t bytes)
{
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof header + bytes),
        .error = error,
        .unique = unique,
    };
    struct iovec parts[] = {{&header, sizeof header}, {(void *)(uintptr_t)body, bytes}};
    (void)!writev(device, parts, 2);
}

static inline struct fuse_attr fuse_attr_of(uint64_t node)
{
    bool file = node == HUNG_NODE;
    return (struct fuse_attr){
        .ino = node,
        .size = file ? HUNG_BYTES : 0,
        .mode = file ? S_IFREG | 0444 : S_IFDIR | 0755,
        .nlink = 1,
        .blksize = HUNG_BYTES,
    };
}

// All requests but reads, of the few that opening, reading and closing one file make.
static inline void fuse_serve(int device, const struct fuse_in_header *request)
{
    struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = HUNG_BYTES};
    struct fuse_entry_out entry = {.nodeid = HUNG_NODE, .attr = fuse_attr_of(HUNG_NODE)};
    struct fuse_attr_out attr = {.attr = fuse_attr_of(request->nodeid)};
    struct fuse_open_out open = {.fh = 1, .open_flags = FOPEN_DIRECT_IO};
    switch (request->opcode) {
    case FUSE_INIT:
        fuse_reply(device, request->unique, 0, &init, sizeof init);
        break;
    case FUSE_LOOKUP:
        fuse_reply(device, request->unique, 0, &entry, sizeof entry);
        break;
    case FUSE_GETATTR:
        fuse_reply(device, request->unique, 0, &attr, sizeof attr);
        break;
    case FUSE_OPEN:
        fuse_reply(device, request->unique, 0, &open, sizeof open);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
        fuse_reply(device, request->unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: // what the kernel sends when an op is cancelled: deaf to it
        break;
    default:
        fuse_reply(device, request->unique, -ENOSYS, NULL, 0);
        break;
    }
}

static inline void fuse_run(int device, int orders, int reports)
{
    static char request[FUSE_MIN_READ_BUFFER + HUNG_BYTES];
    static char content[HUNG_BYTES];
    memset(content, HUNG_FILL, sizeof content);
    uint64_t held = 0;
    for (;;) {
        struct pollfd waiting[] = {{.fd = device, .events = POLLIN},
                                   {.fd = orders, .events = POLLIN}};
        char order;
        if (poll(waiting, 2, -1) < 0) {
            _exit(1);
        }
        if (waiting[1].revents) {
            if (read(orders, &order, 1) != 1) {
                _exit(0); // the test has ended
            }
            fuse_reply(device, held, 0, content, sizeof content);
        }
        if (!waiting[0].revents) {
            continue;
        }
        if (read(device, request, sizeof request) < (ssize_t)sizeof(struct fuse_in_header)) {
            _exit(0); // unmounted
        }
        const struct fuse_in_header *header = (const void *)request;
        if (header->opcode == FUSE_READ) {
            held = header->unique;
            (void)!write(reports, "r", 1);
        } else {
            fuse_serve(device, header);
        }
    }
}

// ---- The test's side ----

static inline pid_t fuse_start(hung_file *file)
{
    int orders[2];
    int reports[2];
    REQUIRE_EQ(pipe2(orders, O_CLOEXEC), 0);
    REQUIRE_EQ(pipe2(reports, O_CLOEXEC), 0);
    file->server = fork();
    if (file->server == 0) {
        close(orders[1]);
        alarm((unsigned)(40 * time_factor()));
        fuse_run(file->device, orders[0], reports[1]);
    }
    close(orders[0]);
    close(reports[1]);
    file->orders = orders[1];
    file->reports = reports[0];
    return file->server;
}

// Before any other thread of the process. NULL, or why there cannot be one here.
static inline const char *hung_file_make(hung_file *file)
{
    char options[80];
    *file = (hung_file){.folder = "/tmp/spargio-hung-XXXXXX"};
    file->device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (file->device < 0) {
        return "/dev/fuse cannot be opened";
    }
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return "no mounts of its own";
    }
    REQUIRE(mkdtemp(file->folder) != NULL);
    snprintf(file->path, sizeof file->path, "%s/hung", file->folder);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", file->device);
    if (mount("hung", file->folder, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        rmdir(file->folder);
        return "a FUSE file system cannot be mounted";
    }
    REQUIRE(fuse_start(file) > 0);
    close(file->device); // the server's alone: with it goes the file
    return NULL;
}

// Blocks until a read of the file hangs.
static inline void hung_file_await_read(const hung_file *file)
{
    char report;
    REQUIRE_EQ(read(file->reports, &report, 1), 1);
}

static inline void hung_file_answer(const hung_file *file)
{
    REQUIRE_EQ(write(file->orders, "a", 1), 1);
}

// The file is closed, or its server ends on its own.
static inline void hung_file_end(hung_file *file)
{
    close(file->orders);
    close(file->reports);
    waitpid(file->server, NULL, 0);
    umount2(file->folder, MNT_DETACH);
    rmdir(file->folder);
}

#endif
