// SPDX-License-Identifier: MIT
// test_manners.c: contract C12 (a refusal says what is needed) and C13 (nothing happens behind the
// user's back: no signal handler, no output, no change of the process).
#include "refusal.h"
#include "streams.h"

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

// ---- C12 ----

static int returns(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

// Words of which a text for people must have one.
static bool has_any(const char *text, const char *const *words)
{
    while (*words != NULL && strstr(text, *words) == NULL) {
        words++;
    }
    return *words != NULL;
}

START_TEST(c12_a_denied_ring_is_explained)
{
    static const int codes[] = {EPERM, ENOSYS};
    static const char *const causes[2][4] = {{"seccomp", "io_uring_disabled", NULL},
                                             {"kernel", NULL}};
    if (!refuse_system_call(SYS_io_uring_setup, codes[_i])) {
        SKIP("no seccomp filters here");
    }
    char text[1024] = "";
    spg_options options = {.shards = 2, .error_text = text, .error_bytes = sizeof text};
    spg_rt *rt = NULL;
    REQUIRE_CODE(spg_create(&options, &rt), -codes[_i]);
    REQUIRE(rt == NULL);
    REQUIRE(strstr(text, "io_uring") != NULL);
    if (!has_any(text, causes[_i])) {
        ck_abort_msg("the text does not say what to do: \"%s\"", text);
    }
    memset(text, 0, sizeof text);
    REQUIRE_CODE(spg_run(&options, returns, NULL, NULL), -codes[_i]);
    REQUIRE(strstr(text, "io_uring") != NULL);
}
END_TEST

START_TEST(c12_want_of_memory_for_rings_is_explained)
{
    static const char *const limits[] = {"RLIMIT_MEMLOCK", "ulimit -l", "memlock", NULL};
    if (!refuse_system_call(SYS_io_uring_setup, ENOMEM)) {
        SKIP("no seccomp filters here");
    }
    char text[1024] = "";
    spg_options options = {.shards = 1, .error_text = text, .error_bytes = sizeof text};
    spg_rt *rt = NULL;
    REQUIRE_CODE(spg_create(&options, &rt), -ENOMEM);
    if (!has_any(text, limits)) {
        ck_abort_msg("the text does not name the limit: \"%s\"", text);
    }
}
END_TEST

// ---- C13 ----

typedef struct manners {
    struct sigaction actions[65];
    sigset_t mask;
    struct rlimit limits[RLIM_NLIMITS];
    mode_t umask;
    char folder[256];
    char locale[64];
    stack_t stack;
} manners;

static manners manners_now(void)
{
    manners now;
    memset(&now, 0, sizeof now);
    for (int number = 1; number <= 64; number++) {
        sigaction(number, NULL, &now.actions[number]);
    }
    REQUIRE_EQ(pthread_sigmask(SIG_SETMASK, NULL, &now.mask), 0);
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        REQUIRE_EQ(getrlimit((__rlimit_resource_t)i, &now.limits[i]), 0);
    }
    now.umask = umask(0);
    umask(now.umask);
    REQUIRE(getcwd(now.folder, sizeof now.folder) != NULL);
    snprintf(now.locale, sizeof now.locale, "%s", setlocale(LC_ALL, NULL));
    REQUIRE_EQ(sigaltstack(NULL, &now.stack), 0);
    return now;
}

// Set by the C library for all that it installs, the default action included.
#define RESTORER_FLAG 0x04000000

static bool same_action(const struct sigaction *one, const struct sigaction *other)
{
    return one->sa_handler == other->sa_handler &&
           (one->sa_flags | RESTORER_FLAG) == (other->sa_flags | RESTORER_FLAG) &&
           memcmp(&one->sa_mask, &other->sa_mask, 8) == 0;
}

// The handlers of the signals in spared may differ.
static void require_same(const manners *before, const manners *after, const int *spared)
{
    for (int number = 1; number <= 64; number++) {
        bool may_differ = false;
        for (const int *one = spared; *one != 0; one++) {
            may_differ = may_differ || *one == number;
        }
        if (!may_differ && !same_action(&before->actions[number], &after->actions[number])) {
            ck_abort_msg("what signal %d does has changed", number);
        }
    }
    REQUIRE(memcmp(&before->mask, &after->mask, 8) == 0);
    REQUIRE(memcmp(before->limits, after->limits, sizeof before->limits) == 0);
    REQUIRE_EQ(before->umask, after->umask);
    REQUIRE_EQ(strcmp(before->folder, after->folder), 0);
    REQUIRE_EQ(strcmp(before->locale, after->locale), 0);
    REQUIRE(before->stack.ss_sp == after->stack.ss_sp);
}

static int does_a_bit_of_all(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, soon()), -ETIME);
    REQUIRE_OK(spg_close(ends[1]));
    REQUIRE_CODE(spg_socket_send(ends[0], "x", 1, 0, patience()), -EPIPE);
    REQUIRE_OK(spg_close(ends[0]));
    REQUIRE_OK(spg_blocking(returns, NULL, NULL, SPG_NEVER));
    spg_task task = spawned(&(spg_attr){0}, returns, NULL);
    REQUIRE_OK(joined(task));
    return 0;
}

START_TEST(c13_signals_and_the_process_are_left_alone)
{
    static const int documented[] = {SIGSEGV, SIGBUS, 0};
    static const int none[] = {0};
    for (int report = 0; report < 2; report++) {
        spg_options options = test_options(2);
        options.no_overflow_report = report == 0;
        manners before = manners_now();
        spg_rt *rt = start_runtime(&options);
        manners during = manners_now();
        require_same(&before, &during, report ? documented : none);
        spg_task task;
        int result = -1;
        REQUIRE_OK(spg_spawn_in(rt, NULL, does_a_bit_of_all, NULL, &task));
        REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
        REQUIRE_OK(result);
        during = manners_now();
        require_same(&before, &during, report ? documented : none);
        if (report) {
            REQUIRE(!same_action(&before.actions[SIGSEGV], &during.actions[SIGSEGV]));
            REQUIRE(!same_action(&before.actions[SIGBUS], &during.actions[SIGBUS]));
        }
        end_runtime(rt);
        manners after = manners_now();
        require_same(&before, &after, none);
    }
}
END_TEST

static int looks_at_signals(void *arg CK_ATTRIBUTE_UNUSED)
{
    static const int asynchronous[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,  SIGALRM,
                                       SIGTERM, SIGCHLD, SIGURG,  SIGIO,   SIGWINCH, SIGVTALRM};
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t mask;
    REQUIRE_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    for (size_t i = 0; i < sizeof asynchronous / sizeof asynchronous[0]; i++) {
        if (!sigismember(&mask, asynchronous[i])) {
            ck_abort_msg("signal %d is not blocked", asynchronous[i]);
        }
    }
    for (size_t i = 0; i < sizeof synchronous / sizeof synchronous[0]; i++) {
        if (sigismember(&mask, synchronous[i])) {
            ck_abort_msg("signal %d is blocked", synchronous[i]);
        }
    }
    return 0;
}

TASK_TEST(c13_shards_block_asynchronous_signals, 3)
{
    for (uint32_t shard = 0; shard < 3; shard++) {
        spg_attr attr = pinned_to(shard);
        REQUIRE_OK(joined(spawned(&attr, looks_at_signals, NULL)));
    }
    return 0;
}

static atomic_int signals_seen;
static pthread_t signal_thread;

static void notes_thread(int number CK_ATTRIBUTE_UNUSED)
{
    if (pthread_equal(pthread_self(), signal_thread)) {
        atomic_fetch_add(&signals_seen, 1);
    } else {
        abort(); // a shard got it
    }
}

START_TEST(c13_signals_of_the_process_go_to_other_threads)
{
    enum { SIGNALS = 20 };
    struct sigaction action = {.sa_handler = notes_thread};
    signal_thread = pthread_self();
    REQUIRE_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    spg_options options = test_options(3);
    spg_rt *rt = start_runtime(&options);
    for (int i = 0; i < SIGNALS; i++) {
        REQUIRE_EQ(kill(getpid(), SIGUSR1), 0);
        AWAIT_OUTSIDE(atomic_load(&signals_seen) == i + 1);
    }
    end_runtime(rt);
}
END_TEST

START_TEST(c13_nothing_is_written)
{
    char path[] = "/tmp/spargio-output-XXXXXX";
    int number = mkstemp(path);
    REQUIRE(number >= 0);
    unlink(path);
    int kept[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    REQUIRE_EQ(dup2(number, STDOUT_FILENO), STDOUT_FILENO);
    REQUIRE_EQ(dup2(number, STDERR_FILENO), STDERR_FILENO);
    spg_options options = test_options(2);
    run_root(&options, does_a_bit_of_all, NULL);
    char text[256];
    options = (spg_options){.shards = 1000, .error_text = text, .error_bytes = sizeof text};
    spg_rt *rt;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    options.error_text = NULL;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    fflush(NULL);
    dup2(kept[0], STDOUT_FILENO);
    dup2(kept[1], STDERR_FILENO);
    struct stat attributes;
    REQUIRE_EQ(fstat(number, &attributes), 0);
    REQUIRE_EQ(attributes.st_size, 0);
    close(number);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract C12-C13");
    TCase *tests = add_tests(suite, "manners", 60);
    tcase_add_loop_test(tests, c12_a_denied_ring_is_explained, 0, 2);
    tcase_add_test(tests, c12_want_of_memory_for_rings_is_explained);
    tcase_add_test(tests, c13_signals_and_the_process_are_left_alone);
    tcase_add_test(tests, c13_shards_block_asynchronous_signals);
    tcase_add_test(tests, c13_signals_of_the_process_go_to_other_threads);
    tcase_add_test(tests, c13_nothing_is_written);
    return run_suite("test_manners", suite);
}
