// SPDX-License-Identifier: MIT
// test_crash.c: what becomes of the process when a task fails, aborts, faults, or ends its thread;
// docs/shutdown.md has the table.
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

enum { EXIT_BY_TASK = 37, CAME_BACK = 38 };

typedef struct crash {
    spg_fn *fn;
    int signal;       // that ends the process; 0: it exits
    int exit_status;  // if so
    const char *text; // on standard error; NULL: nothing by the library
} crash;

// ---- What the tasks do ----

static int aborts(void *arg CK_ATTRIBUTE_UNUSED)
{
    abort();
}

// Not NULL: that the sanitizer would report before the fault.
static int *volatile nowhere = (int *)64;

static int writes_nowhere(void *arg CK_ATTRIBUTE_UNUSED)
{
    *nowhere = 1;
    return 0;
}

static int raises_fpe(void *arg CK_ATTRIBUTE_UNUSED)
{
    return raise(SIGFPE);
}

static int exits(void *arg CK_ATTRIBUTE_UNUSED)
{
    exit(EXIT_BY_TASK);
}

static int ends_its_thread(void *arg CK_ATTRIBUTE_UNUSED)
{
    pthread_exit(NULL);
}

static int ends_a_pool_thread(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_blocking(ends_its_thread, NULL, NULL, SPG_NEVER);
}

static int unpins_too_often(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_unpin();
    return 0;
}

static int leaves_a_scope_open(void *arg CK_ATTRIBUTE_UNUSED)
{
    static spg_scope scope;
    return spg_scope_open(&scope, SPG_NEVER);
}

static int fails(void *arg CK_ATTRIBUTE_UNUSED)
{
    return -EIO;
}

static const crash crashes[] = {
    {.fn = aborts, .signal = SIGABRT},
    {.fn = writes_nowhere, .signal = SIGSEGV},
    {.fn = raises_fpe, .signal = SIGFPE},
    {.fn = exits, .exit_status = EXIT_BY_TASK},
    {.fn = ends_its_thread, .signal = SIGABRT, .text = "pthread_exit"},
    {.fn = ends_a_pool_thread, .signal = SIGABRT, .text = "pthread_exit"},
    {.fn = unpins_too_often, .signal = SIGABRT, .text = "spg_unpin"},
    {.fn = leaves_a_scope_open, .signal = SIGABRT, .text = "scope"},
    {.fn = fails, .exit_status = CAME_BACK},
};

enum { CRASHES = sizeof crashes / sizeof crashes[0] };

// ---- In a process of its own ----

static void run_to_the_crash(const crash *what)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    alarm((unsigned)(30 * time_factor()));
    (void)signal(SIGSEGV, SIG_DFL); // a sanitizer's handler
    (void)signal(SIGFPE, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
    spg_options options = test_options(2);
    int result = 0;
    int code = spg_run(&options, what->fn, NULL, &result);
    _exit(code == 0 && result == -EIO ? CAME_BACK : 1);
}

static int end_of(const crash *what, char *errors, size_t room)
{
    int ends[2];
    int status = -1;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run_to_the_crash(what);
    }
    close(ends[1]);
    size_t bytes = 0;
    ssize_t more;
    while ((more = read(ends[0], errors + bytes, room - 1 - bytes)) > 0) {
        bytes += (size_t)more;
    }
    errors[bytes] = '\0';
    close(ends[0]);
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    return status;
}

START_TEST(a_crash_ends_the_process_as_it_would_anywhere)
{
    const crash *what = &crashes[_i];
    char errors[8192];
    if (under_sanitizer() && (what->fn == ends_its_thread || what->fn == ends_a_pool_thread)) {
        SKIP("the sanitizer unwinds a thread that ends by itself");
    }
    int status = end_of(what, errors, sizeof errors);
    bool as_told = what->signal ? WIFSIGNALED(status) && WTERMSIG(status) == what->signal
                                : WIFEXITED(status) && WEXITSTATUS(status) == what->exit_status;
    bool said = what->text ? strstr(errors, "spargio") && strstr(errors, what->text)
                           : strstr(errors, "spargio: ") == NULL;
    if (!as_told || !said) {
        ck_abort_msg("case %d: status %#x, on standard error: %s", _i, (unsigned)status, errors);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crash");
    TCase *tests = add_tests(suite, "crash", 60);
    tcase_add_loop_test(tests, a_crash_ends_the_process_as_it_would_anywhere, 0, CRASHES);
    return run_suite("test_crash", suite);
}
