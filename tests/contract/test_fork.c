// SPDX-License-Identifier: MIT
// test_fork.c: contract C10: after fork, the child is refused and touches nothing of the parent's.
#include "streams.h"

#include <fcntl.h>
#include <signal.h>
#include <spargio/stop.h>
#include <spargio/uring.h>

static int counts(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

// In a forked child: 0, or the number of the call that gave something else. No Check here: the
// child would tell its failure to the wrong place.
static int calls_after_fork(spg_rt *rt)
{
    spg_report report;
    atomic_int calls = 0;
    if (spg_spawn_in(rt, NULL, counts, &calls, NULL) != -EOWNERDEAD) {
        return 1;
    }
    if (spg_shutdown(rt, &report, SPG_NOW) != -EOWNERDEAD) {
        return 2;
    }
    if (spg_destroy(rt) != -EOWNERDEAD) {
        return 3;
    }
    return atomic_load(&calls) == 0 ? 0 : 4;
}

// Handles that the parent still needs: as they are, the child could not even lock what guards them.
static int asks_after_fork(spg_task running, spg_task done)
{
    char name[8];
    spg_task tasks[] = {running, done};
    for (int i = 0; i < 2; i++) {
        if (spg_join(tasks[i], NULL, SPG_NOW) != -EOWNERDEAD) {
            return 10;
        }
        if (spg_cancel(tasks[i]) != -EOWNERDEAD) {
            return 11;
        }
        if (spg_done(tasks[i]) != -EOWNERDEAD) {
            return 12;
        }
        if (spg_name(tasks[i], name, sizeof name) != -EOWNERDEAD) {
            return 13;
        }
        if (spg_detach(tasks[i]) != -EOWNERDEAD) {
            return 14;
        }
    }
    return 0;
}

static int messages_after_fork(spg_mailbox box)
{
    spg_msg message = {.value = 1};
    uint64_t sum;
    spg_mailbox other;
    spg_flush_ticket ticket = {0};
    if (spg_send(box, 0, 1, SPG_NEVER) != -EOWNERDEAD ||
        spg_send_n(box, &message, 1, SPG_NEVER) != -EOWNERDEAD ||
        spg_uring_send(box, 0, 1, SPG_NEVER) != -EOWNERDEAD) {
        return 20;
    }
    if (spg_receive(box, &message, 1, SPG_NEVER) != -EOWNERDEAD ||
        spg_mailbox_open(SPG_HERE, 0, &other) != -EOWNERDEAD ||
        spg_mailbox_close(box) != -EOWNERDEAD) {
        return 21;
    }
    if (spg_flush(SPG_NEVER) != -EOWNERDEAD || spg_flush_begin(&ticket) != -EOWNERDEAD ||
        spg_flush_wait(ticket, SPG_NEVER) != -EOWNERDEAD) {
        return 22;
    }
    if (spg_tally_add(box, 9, 1) != -EOWNERDEAD || spg_tally_read(box, 9, &sum) != -EOWNERDEAD ||
        spg_tally_take(box, 9, &sum, SPG_NEVER) != -EOWNERDEAD) {
        return 23;
    }
    return 0;
}

static int channels_after_fork(spg_chan *chan)
{
    char item;
    spg_chan_stats stats;
    if (spg_chan_send(chan, "x", SPG_NOW) != -EOWNERDEAD ||
        spg_chan_send_n(chan, "x", 1, SPG_NOW) != -EOWNERDEAD ||
        spg_chan_receive(chan, &item, SPG_NOW) != -EOWNERDEAD ||
        spg_chan_receive_n(chan, &item, 1, SPG_NOW) != -EOWNERDEAD) {
        return 24;
    }
    if (spg_chan_close(chan) != -EOWNERDEAD || spg_chan_free(chan) != -EOWNERDEAD ||
        spg_chan_stats_get(chan, &stats) != -EOWNERDEAD) {
        return 25;
    }
    return 0;
}

static int waits_after_fork(spg_rt *rt)
{
    spg_task task;
    spg_fd fd;
    atomic_int calls = 0;
    if (spg_sleep(soon()) != -EOWNERDEAD) {
        return 5;
    }
    if (spg_open("/", 0, 0, &fd, SPG_NEVER) != -EOWNERDEAD) {
        return 6;
    }
    if (spg_spawn(NULL, counts, &calls, &task) != -EOWNERDEAD) {
        return 7;
    }
    if (spg_runtime() != NULL || spg_shard() != -EOWNERDEAD || spg_self().v != 0) {
        return 8;
    }
    return calls_after_fork(rt);
}

static void require_child_ends_with_zero(pid_t child)
{
    int status = -1;
    REQUIRE(child > 0);
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        ck_abort_msg("the child ended with status %#x", (unsigned)status);
    }
}

START_TEST(c10_after_fork_the_child_is_refused)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps, NULL, &task));
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(calls_after_fork(rt));
    }
    require_child_ends_with_zero(child);
    // The parent's runtime has not noticed.
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
    end_runtime(rt);
}
END_TEST

static int forks(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_rt *rt = spg_runtime();
    spg_task running;
    spg_task done;
    atomic_int calls = 0;
    REQUIRE_OK(spg_spawn(NULL, sleeps, NULL, &running));
    REQUIRE_OK(spg_spawn(NULL, counts, &calls, &done));
    AWAIT(spg_done(done) == 1);
    spg_mailbox box = spg_shard_mailbox(rt, 1);
    REQUIRE_OK(spg_tally_open(box, 9, 1));
    REQUIRE_OK(spg_send(box, 0, 1, SPG_NOW)); // the lane is there, and has a message in it
    spg_chan *chan;
    REQUIRE_OK(spg_chan_open(1, 1, &chan));
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        int wrong = asks_after_fork(running, done);
        wrong = wrong ? wrong : messages_after_fork(box);
        wrong = wrong ? wrong : channels_after_fork(chan);
        _exit(wrong ? wrong : waits_after_fork(rt));
    }
    require_child_ends_with_zero(child);
    REQUIRE_OK(spg_chan_free(chan));
    REQUIRE_OK(joined(done));
    REQUIRE_OK(spg_cancel(running));
    REQUIRE_OK(spg_join(running, NULL, patience()));
    return 0;
}

START_TEST(c10_after_fork_in_a_task_the_child_is_refused)
{
    spg_options options = test_options(2);
    run_root(&options, forks, NULL);
}
END_TEST

// What the child of a fork writes, on standard error and by tasks that run in it.
typedef struct child_words {
    int ends[2];
    pid_t parent;
    pid_t child;
    bool in_pool;
} child_words;

static int tells_when_run_in_the_child(void *arg)
{
    child_words *words = arg;
    if (getpid() != words->parent) {
        dprintf(words->ends[1], "a task of the parent runs");
    }
    return 0;
}

static int returns_in_the_child(void *arg)
{
    child_words *words = arg;
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(words->ends[1], STDERR_FILENO);
        return 0;
    }
    words->child = child;
    return 0;
}

static int forks_before_others_run(void *arg)
{
    child_words *words = arg;
    REQUIRE_OK(spg_spawn_n(NULL, NULL, tells_when_run_in_the_child, words, 0, 10));
    if (words->in_pool) {
        return spg_blocking(returns_in_the_child, words, NULL, SPG_NEVER);
    }
    return returns_in_the_child(words);
}

// A child that comes back from the function that forked must not go on as the parent's shard.
START_TEST(c10_a_child_that_returns_is_ended)
{
    spg_options options = test_options(1);
    child_words words = {.parent = getpid(), .in_pool = _i == 1};
    char text[512] = "";
    int status = -1;
    REQUIRE_OK(pipe(words.ends));
    run_root(&options, forks_before_others_run, &words);
    REQUIRE_EQ(waitpid(words.child, &status, 0), words.child);
    close(words.ends[1]);
    REQUIRE(read(words.ends[0], text, sizeof text - 1) > 0);
    close(words.ends[0]);
    REQUIRE(strstr(text, "a task of the parent runs") == NULL);
    REQUIRE(strstr(text, "_exit") != NULL);
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

// ---- What a program that is started by exec inherits ----

typedef struct inherited {
    char text[1024];
} inherited;

#define LIST "--list-descriptors"

// This program, started with LIST: writes the numbers of its descriptors, but of the one for that.
static int write_own_descriptors(void)
{
    DIR *entries = opendir("/proc/self/fd");
    if (!entries) {
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != dirfd(entries)) {
            printf("%s\n", entry->d_name);
        }
    }
    closedir(entries);
    return 0;
}

// The descriptors of a program that this process starts, as one text.
static int lists_descriptors(void *arg)
{
    inherited *out = arg;
    int ends[2];
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/proc/self/exe", "test_fork", LIST, (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    size_t bytes = 0;
    ssize_t more;
    while ((more = read(ends[0], out->text + bytes, sizeof out->text - 1 - bytes)) > 0) {
        bytes += (size_t)more;
    }
    out->text[bytes] = '\0';
    close(ends[0]);
    require_child_ends_with_zero(child);
    return 0;
}

// With one of each thing that the library has descriptors for.
static int starts_programs(void *arg)
{
    const inherited *before = arg;
    inherited now;
    spg_boundary *boundary;
    spg_fd file;
    REQUIRE_OK(spg_boundary_open(spg_runtime(), NULL, &boundary));
    REQUIRE(spg_boundary_request_fd(boundary) >= 0);
    REQUIRE(spg_boundary_reply_fd(boundary) >= 0);
    REQUIRE_OK(spg_open("/proc/self/stat", O_RDONLY, 0, &file, patience()));
    lists_descriptors(&now);
    REQUIRE_EQ(strcmp(now.text, before->text), 0);
    REQUIRE_OK(spg_blocking(lists_descriptors, &now, NULL, patience()));
    REQUIRE_EQ(strcmp(now.text, before->text), 0);
    REQUIRE_OK(spg_close(file));
    spg_boundary_free(boundary);
    return 0;
}

START_TEST(c10_nothing_is_inherited_by_exec)
{
    inherited before;
    spg_stop stop;
    lists_descriptors(&before);
    REQUIRE(strstr(before.text, "2\n") != NULL);
    REQUIRE_OK(spg_stop_open(&stop));
    spg_options options = test_options(2);
    run_root(&options, starts_programs, &before);
    REQUIRE_OK(spg_stop_close(&stop));
}
END_TEST

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], LIST) == 0) {
        return write_own_descriptors();
    }
    Suite *suite = suite_create("contract C10: fork");
    TCase *tests = add_tests(suite, "fork", 60);
    tcase_add_test(tests, c10_after_fork_the_child_is_refused);
    tcase_add_test(tests, c10_after_fork_in_a_task_the_child_is_refused);
    tcase_add_test(tests, c10_nothing_is_inherited_by_exec);
    tcase_add_loop_test(tests, c10_a_child_that_returns_is_ended, 0, 2);
    return run_suite("test_fork", suite);
}
