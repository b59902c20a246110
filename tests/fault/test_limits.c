// SPDX-License-Identifier: MIT
// test_limits.c: what the limits of process and user do: descriptors, locked memory, threads,
// address space. Each is an error with a code, and work goes on when there is room again.
#include "streams.h"

#include <grp.h>
#include <spargio/uring.h>
#include <sys/prctl.h>

#define NOBODY 65534

static void set_limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit;
    REQUIRE_EQ(getrlimit(resource, &limit), 0);
    limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
    REQUIRE_EQ(setrlimit(resource, &limit), 0);
}

// From root to a user without privileges; false when this process is not root.
static bool become_nobody(void)
{
    if (geteuid() != 0 || setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        return false;
    }
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // else /proc/self belongs to root
    return true;
}

static int gives_three(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_yield();
    return 3;
}

static void require_work(spg_rt *rt)
{
    spg_task task;
    int result = 0;
    REQUIRE_OK(spg_spawn_in(rt, NULL, gives_three, NULL, &task));
    REQUIRE_OK(spg_join(task, &result, SPG_NEVER));
    REQUIRE_EQ(result, 3);
}

// ---- Descriptors ----

START_TEST(too_few_descriptors_fail_create_and_leave_nothing)
{
    spg_options options = test_options(4);
    size_t fds = count_fds();
    size_t threads = count_threads();
    int refused = 0;
    int created = 0;
    // From none to more than enough: at each number it is all or nothing.
    for (rlim_t room = 0; room < 24; room++) {
        char text[512] = "";
        options.error_text = text;
        options.error_bytes = sizeof text;
        struct rlimit limit;
        REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = fds + room;
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
        spg_rt *rt = NULL;
        int code = spg_create(&options, &rt);
        if (code == 0) {
            created++;
            require_work(rt);
            limit.rlim_cur = before;
            REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
            end_runtime(rt);
        } else {
            refused++;
            REQUIRE(code == -EMFILE || code == -EAGAIN);
            REQUIRE(rt == NULL && strlen(text) > 10);
            limit.rlim_cur = before;
            REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
        }
        REQUIRE_EQ(count_fds(), fds);
        REQUIRE_THREADS(threads);
    }
    REQUIRE(refused > 0 && created > 0);
}
END_TEST

NET_TEST(accept_and_open_report_that_descriptors_are_used_up, 2)
{
    struct sockaddr_in address;
    spg_fd listener = listening_socket(8, &address);
    spg_fd clients[3];
    for (int i = 0; i < 3; i++) {
        clients[i] = connected_to(&address);
    }
    // The lowest free number is the first that is out of bounds.
    int lowest = dup(0);
    REQUIRE(lowest >= 0);
    close(lowest);
    set_limit(RLIMIT_NOFILE, (rlim_t)lowest);
    spg_fd fd = {9};
    REQUIRE_CODE(spg_accept(listener, NULL, NULL, 0, &fd, patience()), -EMFILE);
    REQUIRE_CODE(spg_open("/", O_RDONLY | O_DIRECTORY, 0, &fd, patience()), -EMFILE);
    REQUIRE_CODE(spg_socket(AF_UNIX, SOCK_STREAM, 0, &fd), -EMFILE);
    REQUIRE_EQ(fd.v, 9);
    set_limit(RLIMIT_NOFILE, 4096);
    // With room again, the connections are still there.
    for (int i = 0; i < 3; i++) {
        REQUIRE_OK(spg_accept(listener, NULL, NULL, 0, &fd, patience()));
        REQUIRE_OK(spg_close(fd));
        REQUIRE_OK(spg_close(clients[i]));
    }
    REQUIRE_OK(spg_close(listener));
    return 0;
}

// ---- Locked memory, which rings count as for users without privileges ----

START_TEST(little_locked_memory_gives_small_rings)
{
    if (!become_nobody()) {
        SKIP("not root: cannot change the user");
    }
    set_limit(RLIMIT_MEMLOCK, 64 * 1024);
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_options effective;
    REQUIRE_OK(spg_options_effective(rt, &effective));
    REQUIRE(effective.sq_entries >= 8 && effective.sq_entries <= 256);
    require_work(rt);
    end_runtime(rt);
}
END_TEST

START_TEST(no_locked_memory_is_explained)
{
    static const char *const words[] = {"RLIMIT_MEMLOCK", "ulimit -l", "memlock"};
    if (!become_nobody()) {
        SKIP("not root: cannot change the user");
    }
    set_limit(RLIMIT_MEMLOCK, 0);
    size_t fds = count_fds();
    size_t threads = count_threads();
    char text[512] = "";
    spg_options options = test_options(2);
    options.error_text = text;
    options.error_bytes = sizeof text;
    spg_rt *rt = NULL;
    int code = spg_create(&options, &rt);
    if (code == 0) {
        require_work(rt); // a kernel that does not count rings
        end_runtime(rt);
        SKIP("this kernel does not count rings as locked memory");
    }
    REQUIRE_CODE(code, -ENOMEM);
    bool named = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        named = named || strstr(text, words[i]) != NULL;
    }
    if (!named) {
        ck_abort_msg("the text does not name the limit: \"%s\"", text);
    }
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

// ---- Threads ----

START_TEST(too_few_threads_fail_create_and_leave_nothing)
{
    if (UNDER_TSAN) {
        SKIP("the sanitizer needs threads of its own");
    }
    if (!become_nobody()) {
        SKIP("not root: cannot change the user");
    }
    size_t fds = count_fds();
    spg_options options = test_options(6);
    for (rlim_t most = 1; most <= 5; most++) {
        char text[512] = "";
        options.error_text = text;
        options.error_bytes = sizeof text;
        set_limit(RLIMIT_NPROC, most);
        spg_rt *rt = NULL;
        int code = spg_create(&options, &rt);
        REQUIRE_CODE(code, -EAGAIN); // six shards need six threads
        REQUIRE(rt == NULL && strlen(text) > 10);
        REQUIRE_EQ(count_fds(), fds);
        REQUIRE_THREADS(1);
    }
    set_limit(RLIMIT_NPROC, 4096);
    spg_rt *rt = start_runtime(&options);
    require_work(rt);
    end_runtime(rt);
}
END_TEST

static int blocks(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 4;
}

static int finds_no_thread(void *arg CK_ATTRIBUTE_UNUSED)
{
    int result = 0;
    set_limit(RLIMIT_NPROC, 1);
    REQUIRE_CODE(spg_blocking(blocks, NULL, &result, patience()), -EAGAIN);
    REQUIRE_EQ(result, 0);
    set_limit(RLIMIT_NPROC, 4096);
    REQUIRE_OK(spg_blocking(blocks, NULL, &result, patience()));
    REQUIRE_EQ(result, 4);
    return 0;
}

START_TEST(a_pool_that_can_make_no_thread_says_so)
{
    if (UNDER_TSAN) {
        SKIP("the sanitizer needs threads of its own");
    }
    if (!become_nobody()) {
        SKIP("not root: cannot change the user");
    }
    spg_options options = test_options(2);
    run_root(&options, finds_no_thread, NULL);
}
END_TEST

// ---- Address space ----

typedef struct squeeze {
    atomic_ulong ran;
    atomic_ulong refused;
} squeeze;

static int touches_its_stack(void *arg)
{
    squeeze *all = arg;
    volatile char frame[2048];
    for (size_t i = 0; i < sizeof frame; i += 512) {
        frame[i] = (char)i;
    }
    int code = spg_sleep(SPG_NEVER);
    REQUIRE_CODE(code, -ECANCELED);
    REQUIRE_EQ(frame[1024], (char)1024);
    atomic_fetch_add(&all->ran, 1);
    return 0;
}

static int runs_out_of_address_space(void *arg)
{
    squeeze *all = arg;
    struct rlimit limit;
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    REQUIRE(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    REQUIRE_EQ(getrlimit(RLIMIT_AS, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (32u << 20);
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    size_t accepted = 0;
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    // Far more stacks than fit. What is accepted will run, if only one after the other.
    for (int i = 0; i < 4000; i++) {
        spg_attr attr = {.place = SPG_ROUND_ROBIN};
        int code = spg_spawn(&attr, touches_its_stack, all, NULL);
        REQUIRE(code == 0 || code == -ENOMEM);
        accepted += code == 0;
        if (i % 64 == 0) {
            REQUIRE_OK(spg_yield());
        }
    }
    REQUIRE_OK(spg_sleep(soon()));
    limit.rlim_cur = before;
    REQUIRE_OK(spg_scope_cancel(&scope));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    REQUIRE_EQ(atomic_load(&all->ran), accepted);
    return 0;
}

START_TEST(accepted_tasks_run_even_where_stacks_do_not_fit)
{
    if (under_sanitizer()) {
        SKIP("sanitizers need all of the address space");
    }
    squeeze all = {0};
    spg_options options = test_options(2);
    run_root(&options, runs_out_of_address_space, &all);
}
END_TEST

// Lets the process map so many more bytes; gives the limit to go back to.
static rlim_t leave_address_space(rlim_t bytes)
{
    struct rlimit limit;
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    REQUIRE(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    REQUIRE_EQ(getrlimit(RLIMIT_AS, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

enum { STARVED = 10, LARGE_STACK = 8 << 20 };

static int sleeps_for_ever(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

// No stack fits: each task in turn runs on the one that the shard has in reserve.
START_TEST(without_any_stack_tasks_run_cancelled)
{
    if (under_sanitizer()) {
        SKIP("sanitizers need all of the address space");
    }
    spg_options options = test_options(1);
    options.stack_bytes = LARGE_STACK;
    spg_rt *rt = start_runtime(&options);
    rlim_t before = leave_address_space(1 << 20);
    spg_stats first;
    REQUIRE_OK(spg_stats_get(rt, &first));
    spg_task tasks[STARVED];
    for (int i = 0; i < STARVED; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, sleeps_for_ever, NULL, &tasks[i]));
    }
    for (int i = 0; i < STARVED; i++) {
        int result = 0;
        REQUIRE_OK(spg_join(tasks[i], &result, patience()));
        REQUIRE_CODE(result, -ECANCELED);
    }
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE(stats.stacks_refused >= STARVED);
    // Waiting for a stack is no work: a shard that has nothing else sleeps between its tries.
    REQUIRE(stats.passes - first.passes <= 8 * (stats.parks - first.parks) + 100);
    set_limit(RLIMIT_AS, before);
    require_work(rt);
    end_runtime(rt);
}
END_TEST

static int gives_seven(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 7;
}

// 7, or the reason why it could not wait for it.
static int joins_a_child(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_task child;
    int result = 0;
    REQUIRE_OK(spg_spawn(NULL, gives_seven, NULL, &child));
    int code = spg_join(child, &result, SPG_NEVER);
    if (code != 0) {
        REQUIRE_OK(spg_detach(child));
    }
    return code != 0 ? code : result;
}

// All stacks that fit belong to tasks that wait for tasks that have none.
START_TEST(tasks_that_have_all_the_stacks_do_not_wait_for_ever)
{
    if (under_sanitizer()) {
        SKIP("sanitizers need all of the address space");
    }
    spg_options options = ordered_options(1);
    options.stack_bytes = LARGE_STACK;
    spg_rt *rt = start_runtime(&options);
    rlim_t before = leave_address_space(40 << 20);
    spg_task tasks[STARVED];
    for (int i = 0; i < STARVED; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, joins_a_child, NULL, &tasks[i]));
    }
    int joined_children = 0;
    for (int i = 0; i < STARVED; i++) {
        int result = 0;
        REQUIRE_OK(spg_join(tasks[i], &result, patience()));
        REQUIRE(result == 7 || result == -ECANCELED);
        joined_children += result == 7;
    }
    REQUIRE(joined_children > 0);
    set_limit(RLIMIT_AS, before);
    require_work(rt);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: limits");
    TCase *tests = add_tests(suite, "limits", 60);
    tcase_add_test(tests, too_few_descriptors_fail_create_and_leave_nothing);
    tcase_add_test(tests, accept_and_open_report_that_descriptors_are_used_up);
    tcase_add_test(tests, little_locked_memory_gives_small_rings);
    tcase_add_test(tests, no_locked_memory_is_explained);
    tcase_add_test(tests, too_few_threads_fail_create_and_leave_nothing);
    tcase_add_test(tests, a_pool_that_can_make_no_thread_says_so);
    tcase_add_test(tests, accepted_tasks_run_even_where_stacks_do_not_fit);
    tcase_add_test(tests, without_any_stack_tasks_run_cancelled);
    tcase_add_test(tests, tasks_that_have_all_the_stacks_do_not_wait_for_ever);
    return run_suite("test_limits", suite);
}
