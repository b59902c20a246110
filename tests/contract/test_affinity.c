// SPDX-License-Identifier: MIT
// test_affinity.c: contract C2: an op that completes on another ring than its task waits on is
// counted, and ends a debug build at once. No program can bring that about, so this test spoils a
// waiting task's own record: it is linked with the library's inside.
#include "streams.h"

#include "core/slots.h"
#include "core/wait.h"

#include <signal.h>

static int reads_byte(void *arg)
{
    char byte;
    return spg_recv(*(spg_fd *)arg, &byte, 1, 0, patience()) == 1 ? 0 : -EIO;
}

// The reader waits on shard 0; its record says shard 1 when the op completes.
static int spoils(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    spg_attr here = pinned_to(0);
    spg_task reader = spawned(&here, reads_byte, &ends[0]);
    AWAIT(ops_in_flight(spg_runtime()) == 1);
    struct spgi_task *task = spgi_slot_of(spg_runtime(), spgi_handle_index(reader.v));
    uint64_t word = load_relaxed(&task->wait.word);
    REQUIRE_EQ(spgi_wait_kind_of(word), SPGI_WAIT_OP);
    REQUIRE_EQ(spgi_wait_home_of(word), 0);
    store_relaxed(&task->wait.word, word ^ 1u << 8);
    REQUIRE_CODE(spg_socket_send(ends[1], "x", 1, 0, patience()), 1);
    REQUIRE_OK(joined(reader));
    close_pair(ends);
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    return (int)stats.affinity_violations;
}

static void run_spoiled(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    alarm((unsigned)(60 * time_factor()));
    (void)signal(SIGABRT, SIG_DFL);
    spg_options options = ordered_options(2);
    int violations = -1;
    spg_rt *rt = start_runtime(&options);
    spg_attr here = pinned_to(0);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &here, spoils, NULL, &task));
    REQUIRE_OK(spg_join(task, &violations, SPG_NEVER));
    _exit(violations);
}

START_TEST(c2_a_violation_is_counted_and_ends_a_debug_build)
{
    int ends[2];
    int status = -1;
    char errors[4096];
    size_t bytes = 0;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run_spoiled();
    }
    close(ends[1]);
    for (ssize_t more; (more = read(ends[0], errors + bytes, sizeof errors - 1 - bytes)) > 0;) {
        bytes += (size_t)more;
    }
    errors[bytes] = '\0';
    close(ends[0]);
    REQUIRE_EQ(waitpid(child, &status, 0), child);
#ifdef NDEBUG
    bool as_told = WIFEXITED(status) && WEXITSTATUS(status) == 1;
#else
    bool as_told = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(errors, "at_home");
#endif
    if (!as_told) {
        ck_abort_msg("status %#x, on standard error: %s", (unsigned)status, errors);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C2");
    TCase *tests = add_tests(suite, "affinity", 90);
    tcase_add_test(tests, c2_a_violation_is_counted_and_ends_a_debug_build);
    return run_suite("test_affinity", suite);
}
