// SPDX-License-Identifier: MIT
// cpus.h: what this process may use of the machine.
#ifndef SPGI_SYS_CPUS_H
#define SPGI_SYS_CPUS_H

#include <stdbool.h>
#include <stdint.h>

// CPUs: the affinity mask, cut by the cgroup's quota (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up.
// At least 1.
uint32_t spgi_cpus_usable(void);

// The same by the affinity mask alone, which costs one system call.
uint32_t spgi_cpus_allowed(void);

// Whether the calling thread may run on a CPU.
bool spgi_cpu_is_usable(uint32_t cpu);

struct spgi_memlock {
    uint64_t bytes;
};
struct spgi_memlock spgi_memlock_limit(void);

// The value of /proc/sys/kernel/io_uring_disabled; 0 if there is none.
int spgi_uring_disabled(void);

#endif
