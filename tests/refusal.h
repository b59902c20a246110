// SPDX-License-Identifier: MIT
// refusal.h: system calls that are refused, by seccomp filters written by hand: all calls of one
// number, or chosen ones, decided by a thread that counts them. Filters cannot be taken off again:
// each test that uses one runs in a process of its own (Check forks).
#ifndef SPARGIO_TESTS_REFUSAL_H
#define SPARGIO_TESTS_REFUSAL_H

#include "support.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define REFUSAL_ARCH AUDIT_ARCH_X86_64
#else
#define REFUSAL_ARCH AUDIT_ARCH_AARCH64
#endif

// Lets the action decide on one system call, from now on, in this thread and all it makes.
// Returns what seccomp(2) does, or -1.
static inline long install_filter(long number, uint32_t action, unsigned flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSAL_ARCH, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// From now on the call fails with the code. Returns whether filters work here.
static inline bool refuse_system_call(long number, int code)
{
    return install_filter(number, SECCOMP_RET_ERRNO | (uint32_t)code, 0) == 0;
}

// Decides on call number count (from 0), by its arguments: 0 lets it happen, a code makes it fail.
// Pointers among the arguments are of this process.
typedef int refusal_choice(void *context, unsigned count, const __u64 *arguments);

typedef struct refusal {
    refusal_choice *choice;
    void *context;
    int listener;
    atomic_uint count;
    pthread_t thread;
} refusal;

static inline void *refusal_loop(void *arg)
{
    refusal *own = arg;
    for (;;) {
        struct seccomp_notif request;
        memset(&request, 0, sizeof request); // the kernel insists
        if (ioctl(own->listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
            if (errno == EINTR || errno == ENOENT) {
                continue;
            }
            return NULL;
        }
        unsigned count = atomic_fetch_add(&own->count, 1);
        int code = own->choice(own->context, count, request.data.args);
        struct seccomp_notif_resp response = {
            .id = request.id,
            .error = -code,
            .flags = code == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
        };
        ioctl(own->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
}

// Lets the choice decide on each such call from now on, in this thread and all it makes. The
// deciding thread and its descriptor stay until the process ends. Returns whether it works here.
static inline bool refuse_by_choice(refusal *own, long number, refusal_choice *choice,
                                    void *context)
{
    *own = (refusal){.choice = choice, .context = context};
    long listener =
        install_filter(number, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener < 0) {
        return false;
    }
    own->listener = (int)listener;
    return pthread_create(&own->thread, NULL, refusal_loop, own) == 0;
}

#endif
