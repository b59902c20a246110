// SPDX-License-Identifier: MIT
// test_stop.c: waiting for SIGTERM and SIGINT, and what a second signal does.
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <spargio/stop.h>

// ---- The first signal ----

static int waits(void *arg)
{
    return spg_stop_wait(arg, patience());
}

static int waits_for_ever(void *arg)
{
    return spg_stop_wait(arg, SPG_NEVER);
}

// Opened before there is any other thread.
static spg_rt *open_and_start(spg_stop *stop)
{
    REQUIRE_OK(spg_stop_open(stop));
    spg_options options = test_options(1);
    return start_runtime(&options);
}

static void send_to_process(int number)
{
    REQUIRE_EQ(kill(getpid(), number), 0);
}

START_TEST(a_task_is_told)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    spg_stop stop;
    spg_rt *rt = open_and_start(&stop);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, waits, &stop, &task));
    nap(); // it waits by then, as a rule
    send_to_process(numbers[_i]);
    REQUIRE_EQ(joined(task), numbers[_i]);
    end_runtime(rt);
    REQUIRE_OK(spg_stop_close(&stop));
}
END_TEST

static void *sends_soon(void *arg)
{
    nap();
    send_to_process(*(int *)arg);
    return NULL;
}

START_TEST(a_thread_is_told)
{
    int number = SIGINT;
    spg_stop stop;
    pthread_t sender;
    REQUIRE_OK(spg_stop_open(&stop));
    REQUIRE_EQ(pthread_create(&sender, NULL, sends_soon, &number), 0);
    REQUIRE_EQ(spg_stop_wait(&stop, patience()), SIGINT);
    pthread_join(sender, NULL);
    REQUIRE_OK(spg_stop_close(&stop));
}
END_TEST

START_TEST(a_signal_that_came_before_is_kept)
{
    spg_stop stop;
    REQUIRE_OK(spg_stop_open(&stop));
    send_to_process(SIGTERM);
    REQUIRE_EQ(spg_stop_wait(&stop, SPG_NOW), SIGTERM);
    REQUIRE_OK(spg_stop_close(&stop));
}
END_TEST

// ---- No signal ----

static int tries(void *arg)
{
    REQUIRE_CODE(spg_stop_wait(arg, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_stop_wait(arg, soon()), -ETIME);
    spg_stop other;
    REQUIRE_CODE(spg_stop_open(&other), -EPERM);
    return 0;
}

START_TEST(waits_end)
{
    spg_stop stop;
    spg_rt *rt = open_and_start(&stop);
    REQUIRE_CODE(spg_stop_wait(&stop, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_stop_wait(&stop, soon()), -ETIME);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, tries, &stop, &task));
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_spawn_in(rt, NULL, waits_for_ever, &stop, &task));
    nap();
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), -ECANCELED);
    end_runtime(rt);
    REQUIRE_OK(spg_stop_close(&stop));
    REQUIRE_CODE(spg_stop_close(&stop), -EBADF);
    REQUIRE_CODE(spg_stop_wait(&stop, SPG_NOW), -EBADF);
    REQUIRE_CODE(spg_stop_open(NULL), -EINVAL);
    REQUIRE_CODE(spg_stop_wait(NULL, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_stop_close(NULL), -EINVAL);
}
END_TEST

// ---- The second signal, in a process that it may end ----

static spg_stop caught;

// Tells its parent how far it is.
static int progress[2];

static void tell(char what)
{
    (void)!write(progress[1], &what, 1);
}

static int never_yields(void *arg CK_ATTRIBUTE_UNUSED)
{
    static atomic_bool always = true;
    while (atomic_load_explicit(&always, memory_order_relaxed)) {
    }
    return 0;
}

static int waits_and_hangs(void *arg CK_ATTRIBUTE_UNUSED)
{
    tell(spg_stop_wait(&caught, SPG_NEVER) > 0 ? 's' : 'f');
    return never_yields(NULL);
}

// A task has its only shard for itself when the second signal comes.
static void child_with_a_task(void)
{
    if (spg_run(&(spg_options){.shards = 1}, waits_and_hangs, NULL, NULL) < 0) {
        tell('f');
    }
}

// The shard is busy already; a thread waits, and then hangs in a shutdown.
static void child_with_a_thread(void)
{
    spg_rt *rt;
    int error = spg_create(&(spg_options){.shards = 1, .reap_ns = 3600 * SPG_S}, &rt);
    error = error ? error : spg_spawn_in(rt, NULL, never_yields, NULL, NULL);
    tell(!error && spg_stop_wait(&caught, SPG_NEVER) > 0 ? 's' : 'f');
    (void)spg_shutdown(rt, NULL, SPG_NOW);
}

// The catching has ended.
static void child_that_closes(void)
{
    bool told = spg_stop_wait(&caught, SPG_NEVER) > 0;
    tell(told && spg_stop_close(&caught) == 0 ? 's' : 'f');
    for (;;) {
        pause();
    }
}

static char read_progress(void)
{
    char what = 0;
    return read(progress[0], &what, 1) == 1 ? what : 'e';
}

static void (*const children[])(void) = {child_with_a_task, child_with_a_thread, child_that_closes};

START_TEST(a_second_signal_ends_the_process_at_once)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    REQUIRE_EQ(pipe(progress), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGTERM, SIG_DFL); // Check has handlers of its own
        (void)signal(SIGINT, SIG_DFL);
        tell(spg_stop_open(&caught) == 0 ? 'o' : 'f');
        children[_i]();
        _exit(1);
    }
    REQUIRE_EQ(read_progress(), 'o');
    REQUIRE_EQ(kill(child, numbers[_i % 2]), 0);
    REQUIRE_EQ(read_progress(), 's');
    REQUIRE_EQ(kill(child, numbers[_i % 2]), 0);
    int status;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE_EQ(WTERMSIG(status), numbers[_i % 2]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stop");
    TCase *tests = add_tests(suite, "stop", 60);
    tcase_add_loop_test(tests, a_task_is_told, 0, 2);
    tcase_add_test(tests, a_thread_is_told);
    tcase_add_test(tests, a_signal_that_came_before_is_kept);
    tcase_add_test(tests, waits_end);
    tcase_add_loop_test(tests, a_second_signal_ends_the_process_at_once, 0, 3);
    return run_suite("test_stop", suite);
}
