// SPDX-License-Identifier: MIT
// test_lane.c: the kernel lane against rings that are gone, disabled or full: each is an error
// value, and costs no credit.
#include "refusal.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <spargio/uring.h>

enum { SHARDS = 2, FAR = 1, TRIES = 2 * SPG_URING_CREDITS };

// ---- Refused to a thread ---------------------------------------------------------------------

static const int codes[] = {EBADFD, EBADF, EOWNERDEAD, EOVERFLOW, ENOMEM};

START_TEST(what_the_kernel_says_is_told_to_a_thread)
{
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    spg_mailbox box = spg_shard_mailbox(rt, 0);
    if (!refuse_system_call(SYS_io_uring_register, codes[_i])) {
        SKIP("no seccomp filters here");
    }
    if (spg_uring_send(box, 0, 0, SPG_NOW) == 0) {
        SKIP("threads do not send to rings here");
    }
    for (int i = 0; i < TRIES; i++) {
        REQUIRE_CODE(spg_uring_send(box, 0, 0, SPG_NOW), -codes[_i]);
    }
    end_runtime(rt);
}
END_TEST

// ---- Refused to a task -----------------------------------------------------------------------

// How many completions the kernel has put into a ring; -1: it does not say.
static long completions_of(int fd)
{
    char path[64];
    char line[128];
    unsigned long tail = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        found = sscanf(line, "CqTail: %lu", &tail) == 1;
    }
    if (file) {
        fclose(file);
    }
    return found ? (long)tail : -1;
}

static int rings(int fds[SHARDS])
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    REQUIRE(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        char target[64];
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = '\0';
        if (strstr(target, "[io_uring]") && count < SHARDS) {
            fds[count++] = (int)strtol(entry->d_name, NULL, 10);
        }
    }
    closedir(folder);
    return count;
}

// The descriptor of the ring that is not the calling task's; -1: it cannot be told.
static int ring_of_the_other_shard(void)
{
    int fds[SHARDS];
    long before[SHARDS];
    int other = -1;
    if (rings(fds) != SHARDS) {
        return -1;
    }
    for (int i = 0; i < SHARDS; i++) {
        before[i] = completions_of(fds[i]);
    }
    spg_mailbox own = spg_shard_mailbox(spg_runtime(), 0);
    spg_msg message;
    for (int i = 0; i < 4; i++) { // by way of the own ring
        REQUIRE_OK(spg_uring_send(own, 0, 0, patience()));
        REQUIRE_CODE(spg_receive(own, &message, 1, patience()), 1);
    }
    for (int i = 0; i < SHARDS; i++) {
        long now = completions_of(fds[i]);
        if (now >= 0 && now == before[i]) {
            other = other < 0 ? fds[i] : -2;
        }
    }
    return other;
}

// A ring that is set up and not enabled.
static int disabled_ring(void)
{
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
    return (int)syscall(SYS_io_uring_setup, 4, &params);
}

// While the other shard sleeps in its ring, something else is where its descriptor was.
static void require_code_instead(int fd, int instead, int code)
{
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    spg_mailbox box = spg_shard_mailbox(spg_runtime(), FAR);
    REQUIRE(kept >= 0);
    if (instead >= 0) {
        REQUIRE_EQ(dup3(instead, fd, O_CLOEXEC), fd);
        close(instead);
    } else {
        close(fd);
    }
    for (int i = 0; i < TRIES; i++) {
        REQUIRE_CODE(spg_uring_send(box, 0, 0, SPG_NOW), code);
    }
    REQUIRE_EQ(dup3(kept, fd, O_CLOEXEC), fd);
    close(kept);
    REQUIRE_OK(spg_uring_send(box, 0, 0, patience()));
}

static int receives(void *arg)
{
    spg_msg message;
    int left = *(int *)arg;
    while (left > 0) {
        REQUIRE_CODE(spg_receive(spg_shard_mailbox(spg_runtime(), FAR), &message, 1, patience()),
                     1);
        left--;
    }
    return 0;
}

static int sends_to_rings_that_are_gone(void *arg)
{
    spg_attr there = pinned_to(FAR);
    int sent = 3;
    spg_task task = spawned(&there, receives, &sent);
    REQUIRE_OK(spg_sleep(spg_after(50 * SPG_MS))); // it waits, and its shard sleeps
    int fd = ring_of_the_other_shard();
    *(bool *)arg = fd >= 0;
    if (fd < 0) {
        REQUIRE_OK(spg_cancel(task));
        (void)joined(task);
        return 0;
    }
    int disabled = disabled_ring();
    require_code_instead(fd, disabled, disabled < 0 ? -EBADF : -EBADFD);
    REQUIRE_OK(spg_sleep(spg_after(50 * SPG_MS)));
    require_code_instead(fd, open("/dev/null", O_RDWR | O_CLOEXEC), -EBADFD);
    REQUIRE_OK(spg_sleep(spg_after(50 * SPG_MS)));
    require_code_instead(fd, -1, -EBADF);
    REQUIRE_OK(joined(task));
    return 0;
}

START_TEST(a_ring_that_is_gone_or_disabled_is_told_to_a_task)
{
    spg_options options = test_options(SHARDS);
    options.steal.watch_ns = SPG_MAX_STEAL_NS; // idle shards do not get up by themselves
    options.idle = SPG_IDLE_PARK;
    spg_rt *rt = start_runtime(&options);
    spg_attr here = pinned_to(0);
    bool told = false;
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &here, sends_to_rings_that_are_gone, &told, &task));
    REQUIRE_OK(joined(task));
    end_runtime(rt);
    if (!told) {
        SKIP("the kernel does not tell whose ring is whose");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lane");
    TCase *tests = add_tests(suite, "lane", 60);
    tcase_add_loop_test(tests, what_the_kernel_says_is_told_to_a_thread, 0,
                        sizeof codes / sizeof codes[0]);
    tcase_add_test(tests, a_ring_that_is_gone_or_disabled_is_told_to_a_task);
    return run_suite("test_lane", suite);
}
