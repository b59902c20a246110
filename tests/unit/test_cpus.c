// SPDX-License-Identifier: MIT
// test_cpus.c: how many CPUs a process may use, and the shards that follow from it: affinity mask
// and CPU quota of the control group.
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

START_TEST(shards_follow_the_affinity_mask)
{
    cpu_set_t all;
    REQUIRE_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    REQUIRE(spg_cpus_usable() >= 1);
    REQUIRE(spg_cpus_usable() <= (uint32_t)CPU_COUNT(&all));
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &one);
        }
    }
    REQUIRE_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    REQUIRE_EQ(spg_cpus_usable(), 1);
    spg_rt *rt = start_runtime(&(spg_options){0});
    REQUIRE_EQ(spg_shards(rt), 1);
    end_runtime(rt);
}
END_TEST

// ---- Quota ----

// A control group of the test's own, of either version.
typedef struct group {
    const char *root;
    const char *quota_file;
    const char *quotas[2];
    char path[128];
} group;

static const group versions[] = {
    {.root = "/sys/fs/cgroup",
     .quota_file = "cpu.max",
     .quotas = {"50000 100000", "150000 100000"}},
    {.root = "/sys/fs/cgroup/cpu",
     .quota_file = "cpu.cfs_quota_us",
     .quotas = {"50000", "150000"}},
};

static bool write_word(const group *in, const char *file, const char *word)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", in->path, file);
    int number = open(path, O_WRONLY | O_CLOEXEC);
    bool written = number >= 0 && write(number, word, strlen(word)) == (ssize_t)strlen(word);
    if (number >= 0) {
        close(number);
    }
    return written;
}

// CPUs that a process in the group counts; 0 when it could not get in.
static int cpus_in(const group *in)
{
    int status = 0;
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        char self[16];
        snprintf(self, sizeof self, "%d", (int)getpid());
        _exit(write_word(in, "cgroup.procs", self) ? (int)spg_cpus_usable() : 0);
    }
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(the_quota_counts)
{
    group own = versions[_i];
    int counts[2] = {0, 0};
    snprintf(own.path, sizeof own.path, "%s/spargio-test-%d", own.root, (int)getpid());
    if (mkdir(own.path, 0700) != 0) {
        SKIP("no control groups can be made in %s", own.root);
    }
    bool limited = true;
    for (int i = 0; i < 2 && limited; i++) {
        limited = write_word(&own, own.quota_file, own.quotas[i]);
        counts[i] = limited ? cpus_in(&own) : 0;
    }
    rmdir(own.path);
    if (!limited || counts[0] == 0) {
        SKIP("no CPU quota can be set in %s", own.root);
    }
    int all = (int)spg_cpus_usable();
    REQUIRE_EQ(counts[0], 1);
    REQUIRE_EQ(counts[1], all < 2 ? all : 2); // one and a half, rounded up
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpus");
    TCase *tests = add_tests(suite, "cpus", 20);
    tcase_add_test(tests, shards_follow_the_affinity_mask);
    tcase_add_loop_test(tests, the_quota_counts, 0, 2);
    return run_suite("test_cpus", suite);
}
