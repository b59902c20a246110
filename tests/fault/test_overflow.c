// SPDX-License-Identifier: MIT
// test_overflow.c: a task that runs off its stack is named before the process ends; other faults go
// to whoever handled them before.
#include "support.h"

#include <fcntl.h>
#include <signal.h>

enum { PREVIOUS_HANDLER_EXIT = 42 };

// Goes down further than any stack reaches.
static int goes_down(volatile char *above, unsigned levels)
{
    volatile char frame[512];
    frame[0] = (char)(above[0] + 1);
    frame[511] = frame[0];
    return levels > 0 ? goes_down(frame, levels - 1) + frame[511] : frame[0];
}

static int overflows(void *arg CK_ATTRIBUTE_UNUSED)
{
    volatile char start = 0;
    return goes_down(&start, 1000000);
}

static int *volatile nowhere;

static int touches_nothing(void *arg CK_ATTRIBUTE_UNUSED)
{
    *nowhere = 1;
    return 0;
}

// A process that runs fn in a task with a name, and its end.
typedef struct ending {
    int status;
    char errors[4096];
} ending;

typedef struct accident {
    spg_fn *fn;
    bool no_report;
    bool with_handler;
    bool second_runtime;
} accident;

static void previous_handler(int number CK_ATTRIBUTE_UNUSED)
{
    _exit(PREVIOUS_HANDLER_EXIT);
}

static void run_to_the_accident(const accident *what)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    alarm((unsigned)(30 * time_factor()));
    if (what->with_handler) {
        // On the alternate stack of the thread, where there is one.
        struct sigaction action = {.sa_handler = previous_handler, .sa_flags = SA_ONSTACK};
        sigaction(SIGSEGV, &action, NULL);
        sigaction(SIGBUS, &action, NULL);
    } else {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
    }
    spg_options options = {.shards = 2, .no_overflow_report = what->no_report};
    spg_rt *rt = NULL;
    spg_rt *other = NULL;
    if (what->second_runtime && spg_create(&options, &other) != 0) {
        _exit(1);
    }
    spg_attr attr = {.name = "deep diver", .place = SPG_PINNED, .shard = 1};
    spg_task task;
    if (spg_create(&options, &rt) != 0 || spg_destroy(other) != 0 ||
        spg_spawn_in(rt, &attr, what->fn, NULL, &task) != 0 ||
        spg_join(task, NULL, SPG_NEVER) != 0) {
        _exit(2);
    }
    _exit(3); // it came back
}

static ending end_of(const accident *what)
{
    int errors[2];
    ending end = {0};
    REQUIRE_EQ(pipe2(errors, O_CLOEXEC), 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(errors[1], STDERR_FILENO);
        run_to_the_accident(what);
    }
    close(errors[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(errors[0], end.errors + length,
                              sizeof end.errors - 1 - length)) > 0;) {
        length += (size_t)n;
    }
    close(errors[0]);
    REQUIRE_EQ(waitpid(child, &end.status, 0), child);
    return end;
}

START_TEST(an_overflow_names_the_task_and_ends_the_process)
{
    for (int second = 0; second < 2; second++) {
        accident what = {.fn = overflows, .second_runtime = second == 1};
        ending end = end_of(&what);
        if (strstr(end.errors, "deep diver") == NULL || strstr(end.errors, "stack") == NULL) {
            ck_abort_msg("no report of the task: \"%s\", status %#x", end.errors,
                         (unsigned)end.status);
        }
        REQUIRE(WIFSIGNALED(end.status));
        REQUIRE(WTERMSIG(end.status) == SIGABRT || WTERMSIG(end.status) == SIGSEGV ||
                WTERMSIG(end.status) == SIGBUS);
    }
}
END_TEST

START_TEST(an_overflow_is_chained_to_the_handler_before)
{
    accident what = {.fn = overflows, .with_handler = true};
    ending end = end_of(&what);
    REQUIRE(strstr(end.errors, "deep diver") != NULL);
    REQUIRE(WIFEXITED(end.status));
    REQUIRE_EQ(WEXITSTATUS(end.status), PREVIOUS_HANDLER_EXIT);
}
END_TEST

START_TEST(without_the_report_nothing_is_caught)
{
    accident what = {.fn = overflows, .no_report = true};
    ending end = end_of(&what);
    REQUIRE_EQ(strlen(end.errors), 0);
    REQUIRE(WIFSIGNALED(end.status));
    REQUIRE(WTERMSIG(end.status) == SIGSEGV || WTERMSIG(end.status) == SIGBUS);
}
END_TEST

START_TEST(other_faults_go_to_the_handler_before)
{
    accident what = {.fn = touches_nothing, .with_handler = true};
    ending end = end_of(&what);
    REQUIRE(strstr(end.errors, "deep diver") == NULL);
    REQUIRE(WIFEXITED(end.status));
    REQUIRE_EQ(WEXITSTATUS(end.status), PREVIOUS_HANDLER_EXIT);
    what.with_handler = false;
    end = end_of(&what);
    REQUIRE(strstr(end.errors, "deep diver") == NULL);
    REQUIRE(WIFSIGNALED(end.status));
    REQUIRE_EQ(WTERMSIG(end.status), SIGSEGV);
}
END_TEST

// The stack next to it is not touched: another task still finds what it left there.
static int keeps_its_stack(void *arg)
{
    atomic_int *state = arg;
    unsigned char mine[8192];
    memset(mine, 0xA5, sizeof mine);
    atomic_fetch_add(state, 1);
    spg_sleep(SPG_NEVER);
    for (size_t i = 0; i < sizeof mine; i++) {
        if (mine[i] != 0xA5) {
            _exit(9);
        }
    }
    return 0;
}

static int uses_most_of_its_stack(void *arg CK_ATTRIBUTE_UNUSED)
{
    // 64 KiB with the guard page: 40 KiB must be there for the user.
    volatile char frame[40 * 1024];
    for (size_t i = 0; i < sizeof frame; i += 256) {
        frame[i] = (char)i;
    }
    REQUIRE_OK(spg_yield());
    for (size_t i = 0; i < sizeof frame; i += 256) {
        REQUIRE_EQ(frame[i], (char)i);
    }
    return 0;
}

START_TEST(neighbours_do_not_touch_each_other)
{
    enum { NEIGHBOURS = 16 };
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    atomic_int state = 0;
    for (int i = 0; i < NEIGHBOURS; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, keeps_its_stack, &state, NULL));
        REQUIRE_OK(spg_spawn_in(rt, NULL, uses_most_of_its_stack, NULL, NULL));
    }
    AWAIT_OUTSIDE(atomic_load(&state) == NEIGHBOURS);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NOW));
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: overflow");
    TCase *tests = add_tests(suite, "overflow", 60);
    if (!under_sanitizer()) { // they have handlers of their own
        tcase_add_test(tests, an_overflow_names_the_task_and_ends_the_process);
        tcase_add_test(tests, an_overflow_is_chained_to_the_handler_before);
        tcase_add_test(tests, without_the_report_nothing_is_caught);
        tcase_add_test(tests, other_faults_go_to_the_handler_before);
    }
    tcase_add_test(tests, neighbours_do_not_touch_each_other);
    return run_suite("test_overflow", suite);
}
