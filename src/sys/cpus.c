// SPDX-License-Identifier: MIT
// cpus.c: reading limits of the process from the system.
#include "sys/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MAX_CPUS = 8192, LINE_BYTES = 1024 };

static bool read_mask(cpu_set_t *mask, size_t bytes)
{
    return sched_getaffinity(0, bytes, mask) == 0;
}

static uint32_t cpus_in_mask(void)
{
    cpu_set_t *mask = CPU_ALLOC(MAX_CPUS);
    size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS);
    uint32_t count = 1;
    if (mask && read_mask(mask, bytes)) {
        count = (uint32_t)CPU_COUNT_S(bytes, mask);
    }
    CPU_FREE(mask);
    return count;
}

bool spgi_cpu_is_usable(uint32_t cpu)
{
    cpu_set_t *mask = CPU_ALLOC(MAX_CPUS);
    size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS);
    bool usable = cpu < MAX_CPUS && mask && read_mask(mask, bytes) && CPU_ISSET_S(cpu, bytes, mask);
    CPU_FREE(mask);
    return usable;
}

static bool read_text(const char *path, char *out, size_t bytes)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    size_t n = fread(out, 1, bytes - 1, file);
    fclose(file);
    out[n] = '\0';
    return n > 0;
}

// CPUs that "quota period" in microseconds allow; 0: no limit.
static uint32_t quota_cpus(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (uint32_t)((quota + period - 1) / period) : 0;
}

static uint32_t quota_v2(const char *folder)
{
    char path[LINE_BYTES + 64];
    char text[64];
    long long quota = 0;
    long long period = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder);
    bool limited =
        read_text(path, text, sizeof text) && sscanf(text, "%lld %lld", &quota, &period) == 2;
    return limited ? quota_cpus(quota, period) : 0;
}

static uint32_t quota_v1(const char *folder)
{
    char path[LINE_BYTES + 64];
    char quota[64];
    char period[64];
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", folder);
    if (!read_text(path, quota, sizeof quota)) {
        return 0;
    }
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", folder);
    return read_text(path, period, sizeof period)
               ? quota_cpus(strtoll(quota, NULL, 10), strtoll(period, NULL, 10))
               : 0;
}

static uint32_t smaller(uint32_t limit, uint32_t other)
{
    return other != 0 && (limit == 0 || other < limit) ? other : limit;
}

// A limit holds for all folders below the one that sets it: the smallest on the way up counts.
static uint32_t quota_of_path(char *folder, uint32_t (*quota)(const char *))
{
    uint32_t limit = 0;
    for (;;) {
        limit = smaller(limit, quota(strcmp(folder, "/") ? folder : ""));
        char *slash = strrchr(folder, '/');
        if (!slash || !folder[1]) {
            return limit;
        }
        slash[slash == folder ? 1 : 0] = '\0';
    }
}

// Lines of /proc/self/cgroup: "0::/path" (v2), "4:cpu,cpuacct:/path" (v1).
static uint32_t quota_of_line(char *line)
{
    char *controllers = strchr(line, ':');
    char *folder = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!folder) {
        return 0;
    }
    *folder++ = '\0';
    controllers++;
    folder[strcspn(folder, "\n")] = '\0';
    if (!*controllers) {
        return quota_of_path(folder, quota_v2);
    }
    bool cpu = false;
    char *rest = NULL; // strtok_r keeps its state here, not in a global
    for (char *name = strtok_r(controllers, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        cpu = cpu || strcmp(name, "cpu") == 0;
    }
    return cpu ? quota_of_path(folder, quota_v1) : 0;
}

static uint32_t cgroup_quota(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[LINE_BYTES];
    uint32_t limit = 0;
    while (file && fgets(line, sizeof line, file)) {
        limit = smaller(limit, quota_of_line(line));
    }
    if (file) {
        fclose(file);
    }
    return limit;
}

uint32_t spgi_cpus_allowed(void)
{
    return cpus_in_mask();
}

uint32_t spgi_cpus_usable(void)
{
    uint32_t cpus = smaller(cpus_in_mask(), cgroup_quota());
    return cpus > 0 ? cpus : 1;
}

struct spgi_memlock spgi_memlock_limit(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    return (struct spgi_memlock){limit.rlim_cur};
}

int spgi_uring_disabled(void)
{
    char text[16];
    return read_text("/proc/sys/kernel/io_uring_disabled", text, sizeof text)
               ? (int)strtol(text, NULL, 10)
               : 0;
}
