// SPDX-License-Identifier: MIT
// support.h: what the test programs share: sizes and seeds from the environment, checks that work
// in tasks, a runtime that is looked over when it ends, and what /proc says of the process.
//
// Environment:
//   SPARGIO_TEST_SCALE         factor for the sizes of all loads (1; 0.01 under a sanitizer)
//   SPARGIO_TEST_SEED          seed of all random choices (else drawn, and printed)
//   SPARGIO_TEST_SHUFFLE       options.shuffle_seed of all runtimes that do not set their own
//   SPARGIO_TEST_TIMEOUT_MULT  factor for all time limits, for slow machines (1; sanitizers: 5)
// A program whose tests were all skipped exits with 77. Each skip prints "SKIP: program: reason".
#ifndef SPARGIO_TESTS_SUPPORT_H
#define SPARGIO_TESTS_SUPPORT_H

#include <check.h>
#include <spargio.h>

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

// TSan keeps state per stack and dies at 8,128 of them; making one takes 180 us.
#define TSAN_STACKS 4000
// Below what a runtime takes by default where each stack needs mappings of its own.
#define MAPPED_STACKS 10000
// Frames of sanitized code are several times as large.
#define SANITIZED_STACK_BYTES 262144
#define EXIT_SKIP 77

// ---- Environment ----

static inline double test_number(const char *variable, double otherwise)
{
    const char *text = getenv(variable);
    double value = text != NULL ? strtod(text, NULL) : 0;
    return value > 0 ? value : otherwise;
}

static inline bool under_sanitizer(void)
{
    return UNDER_TSAN != 0 || UNDER_ASAN != 0;
}

// full, times the scale, but never less than least.
static inline size_t scaled(size_t full, size_t least)
{
    double scale = test_number("SPARGIO_TEST_SCALE", under_sanitizer() ? 0.01 : 1);
    size_t size = (size_t)((double)full * scale);
    return size < least ? least : size;
}

// Whether the kernel (6.13 or later) guards a stack without a mapping of its own.
static inline bool light_guards(void)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool light = page != MAP_FAILED && madvise(page, bytes, 102) == 0; // MADV_GUARD_INSTALL
    if (page != MAP_FAILED) {
        munmap(page, bytes);
    }
    return light;
}

// As scaled, for tasks that exist at the same time.
static inline size_t scaled_tasks(size_t full, size_t least)
{
    size_t tasks = scaled(full, least);
    size_t most = UNDER_TSAN ? TSAN_STACKS : light_guards() ? SIZE_MAX : MAPPED_STACKS;
    return tasks < most ? tasks : most;
}

static inline double time_factor(void)
{
    return test_number("SPARGIO_TEST_TIMEOUT_MULT", under_sanitizer() ? 5 : 1);
}

static uint64_t test_seed;    // fixed before the first test is forked
static const char *test_name; // of the program, for skips
static atomic_int *test_skips; // shared with the forked tests

// ---- Random numbers (splitmix64) ----

static inline uint64_t random_next(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(random_next(state) % limit);
}

// An independent stream of the run's seed.
static inline uint64_t random_stream(uint64_t number)
{
    uint64_t state = test_seed ^ (number * 0xD1342543DE82EF95u);
    return random_next(&state);
}

// ---- Checks: cheap while they hold, and usable in tasks and threads ----

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ck_abort_msg("%s", #condition);                                                        \
        }                                                                                          \
    } while (0)

#define REQUIRE_EQ(actual, expected)                                                               \
    do {                                                                                           \
        long long actual_ = (long long)(actual);                                                   \
        long long expected_ = (long long)(expected);                                               \
        if (actual_ != expected_) {                                                                \
            ck_abort_msg("%s is %lld, expected %lld", #actual, actual_, expected_);                \
        }                                                                                          \
    } while (0)

// For what calls return: a count, or a negative error code.
#define REQUIRE_CODE(actual, expected)                                                             \
    do {                                                                                           \
        long long actual_ = (long long)(actual);                                                   \
        long long expected_ = (long long)(expected);                                               \
        if (actual_ != expected_) {                                                                \
            ck_abort_msg("%s gives %lld (%s), expected %lld (%s)", #actual, actual_,               \
                         spg_strerror((int)actual_), expected_, spg_strerror((int)expected_));     \
        }                                                                                          \
    } while (0)

#define REQUIRE_OK(call) REQUIRE_CODE(call, 0)

#define SKIP(...)                                                                                  \
    do {                                                                                           \
        note_skip(__VA_ARGS__);                                                                    \
        return;                                                                                    \
    } while (0)

static inline __attribute__((format(printf, 1, 2))) void note_skip(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDOUT_FILENO, "SKIP: %s: %s\n", test_name, text);
    atomic_fetch_add(test_skips, 1);
}

// ---- Times: deadlines that are meant to pass are short; others only stop a test that hangs ----

static inline spg_time soon(void)
{
    return spg_after(10 * SPG_MS);
}

// Far enough away for what has to be set up before it passes.
static inline spg_time later(void)
{
    return spg_after((int64_t)(200e6 * time_factor()));
}

static inline spg_time patience(void)
{
    return spg_after((int64_t)(60e9 * time_factor()));
}

// A thread that is no task waits a little.
static inline void nap(void)
{
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

// In a task: until condition holds. Yields, so that it works in a cancelled task, too.
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        spg_time limit_ = patience();                                                              \
        while (!(condition)) {                                                                     \
            if (spg_now() > limit_) {                                                              \
                ck_abort_msg("never came true: %s", #condition);                                   \
            }                                                                                      \
            spg_sleep(spg_after(SPG_MS / 4));                                                      \
            spg_yield();                                                                           \
        }                                                                                          \
    } while (0)

// The same in a thread that is no task.
#define AWAIT_OUTSIDE(condition)                                                                   \
    do {                                                                                           \
        spg_time limit_ = patience();                                                              \
        while (!(condition)) {                                                                     \
            if (spg_now() > limit_) {                                                              \
                ck_abort_msg("never came true: %s", #condition);                                   \
            }                                                                                      \
            nap();                                                                                 \
        }                                                                                          \
    } while (0)

// ---- Runtimes ----

static inline spg_options test_options(uint32_t shards)
{
    spg_options options = {.shards = shards};
    const char *shuffle = getenv("SPARGIO_TEST_SHUFFLE");
    if (shuffle != NULL) {
        options.shuffle_seed = strtoull(shuffle, NULL, 0);
    }
    if (under_sanitizer()) {
        options.stack_bytes = SANITIZED_STACK_BYTES;
    }
    return options;
}

// Options under which tasks run in the order of their queues, whatever the environment says.
static inline spg_options ordered_options(uint32_t shards)
{
    spg_options options = test_options(shards);
    options.shuffle_seed = 0;
    return options;
}

static inline spg_rt *start_runtime(const spg_options *wanted)
{
    char text[512] = "";
    spg_options options = *wanted;
    options.error_text = text;
    options.error_bytes = sizeof text;
    spg_rt *rt = NULL;
    int code = spg_create(&options, &rt);
    if (code != 0) {
        ck_abort_msg("spg_create gives %d (%s): %s", code, spg_strerror(code), text);
    }
    REQUIRE(rt != NULL);
    return rt;
}

// What holds for every runtime at rest.
static inline void require_at_rest(spg_rt *rt)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE_EQ(stats.affinity_violations, 0);
    REQUIRE_EQ(stats.completions_late, 0);
    REQUIRE_EQ(stats.spawned, stats.finished);
    REQUIRE_EQ(stats.tasks, 0);
    REQUIRE_EQ(stats.ops, 0);
    REQUIRE_EQ(stats.ready, 0);
    REQUIRE_EQ(stats.timers, 0);
}

static inline void end_runtime(spg_rt *rt)
{
    spg_report report;
    int code = spg_shutdown(rt, &report, patience());
    if (code != 0) {
        ck_abort_msg("spg_shutdown gives %d (%s): %llu tasks, %llu ops left, first '%s' in %s",
                     code, spg_strerror(code), (unsigned long long)report.tasks,
                     (unsigned long long)report.ops, report.left[0].task, report.left[0].wait);
    }
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}

// Runs fn(arg) as the first task of a runtime, and looks the runtime over when it has ended.
static inline void run_root(const spg_options *options, spg_fn *fn, void *arg)
{
    spg_rt *rt = start_runtime(options);
    spg_attr attr = {.name = "root"};
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, &attr, fn, arg, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_CODE(result, 0);
    end_runtime(rt);
}

// A test whose body is the root task of a runtime with so many shards. The body returns 0.
#define TASK_TEST(name, shard_count)                                                               \
    static int name##_root(void *arg);                                                             \
    START_TEST(name)                                                                               \
    {                                                                                              \
        spg_options options = test_options(shard_count);                                           \
        run_root(&options, name##_root, NULL);                                                     \
    }                                                                                              \
    END_TEST                                                                                       \
    static int name##_root(void *arg CK_ATTRIBUTE_UNUSED)

static inline spg_attr pinned_to(uint32_t shard)
{
    return (spg_attr){.place = SPG_PINNED, .shard = shard};
}

// In a task: waits for a task and gives its result.
static inline int joined(spg_task task)
{
    int result = INT32_MIN;
    REQUIRE_OK(spg_join(task, &result, patience()));
    return result;
}

static inline spg_task spawned(const spg_attr *attr, spg_fn *fn, void *arg)
{
    spg_task task = {0};
    REQUIRE_OK(spg_spawn_sized(attr, sizeof *attr, fn, arg, &task));
    REQUIRE(task.v != 0);
    return task;
}

// Requests in flight, of all shards.
static inline uint64_t ops_in_flight(spg_rt *rt)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    return stats.ops;
}

// ---- The process, from /proc ----

static inline size_t count_entries(const char *folder)
{
    DIR *entries = opendir(folder);
    REQUIRE(entries != NULL);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    return count;
}

static inline size_t count_threads(void)
{
    return count_entries("/proc/self/task");
}

// Without the one that counting takes.
static inline size_t count_fds(void)
{
    return count_entries("/proc/self/fd") - 1;
}

static inline size_t resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    REQUIRE(file != NULL);
    unsigned long total = 0;
    unsigned long resident = 0;
    REQUIRE_EQ(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

// A thread that was joined may be listed for a moment longer. TSan makes one of its own meanwhile.
#define REQUIRE_THREADS(count) AWAIT_OUTSIDE(count_threads() <= (size_t)(count) + UNDER_TSAN)

// ---- Programs ----

static inline TCase *add_tests(Suite *suite, const char *name, double seconds)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, seconds * time_factor());
    suite_add_tcase(suite, tests);
    return tests;
}

// Whether the kernel lets this process have a ring at all.
static inline bool ring_allowed(int *why)
{
    char parameters[256] = {0};
    long ring = syscall(SYS_io_uring_setup, 2, parameters);
    *why = errno;
    if (ring >= 0) {
        close((int)ring);
    }
    return ring >= 0 || (*why != EPERM && *why != ENOSYS);
}

static inline int run_suite(const char *name, Suite *suite)
{
    int why = 0;
    test_name = name;
    if (!ring_allowed(&why)) {
        printf("SKIP: %s: io_uring is denied on this machine (%s)\n", name, strerror(why));
        return EXIT_SKIP;
    }
    const char *seed = getenv("SPARGIO_TEST_SEED");
    if (seed != NULL) {
        test_seed = strtoull(seed, NULL, 0);
    } else if (getrandom(&test_seed, sizeof test_seed, 0) != (ssize_t)sizeof test_seed) {
        test_seed = (uint64_t)time(NULL);
    }
    test_skips = mmap(NULL, sizeof *test_skips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0);
    if (test_skips == MAP_FAILED) {
        perror("mmap");
        return EXIT_FAILURE;
    }
    printf("%s: SPARGIO_TEST_SEED=%llu\n", name, (unsigned long long)test_seed);
    fflush(stdout);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    bool all_skipped = srunner_ntests_run(runner) == atomic_load(test_skips);
    srunner_free(runner);
    if (failed != 0) {
        return EXIT_FAILURE;
    }
    return all_skipped ? EXIT_SKIP : EXIT_SUCCESS;
}

#endif
