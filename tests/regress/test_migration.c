// SPDX-License-Identifier: MIT
// test_migration.c: nothing that belongs to a thread crosses a suspension. Built with -O3 -flto
// -fPIC, under which compilers keep addresses of thread-locals and of errno in registers for as
// long as a function lasts; run with every task moved to another thread at every suspension.
#include "streams.h"

#include <sys/stat.h>

enum { SHARDS = 4, TASKS = 16 };

// The threads of the shards, noted by a task pinned to each.
static pid_t thread_of_shard[SHARDS];

// A thread-local of the user's: the shard of the thread, where it is one.
static _Thread_local int number_of_thread = -1;

// The pattern for user code: the address of a thread-local lives in a function that does not
// suspend, and that is not merged into one that does.
static __attribute__((noinline)) int read_number_of_thread(void)
{
    __asm__ volatile(""); // has an effect: its calls are not merged either
    return number_of_thread;
}

static int introduces_thread(void *arg CK_ATTRIBUTE_UNUSED)
{
    int shard = spg_shard();
    thread_of_shard[shard] = (pid_t)syscall(SYS_gettid);
    number_of_thread = shard;
    return 0;
}

// The one who calls is on the thread that the library says.
static void require_own_place(spg_rt *rt, spg_task self)
{
    int shard = spg_shard();
    REQUIRE(shard >= 0 && shard < SHARDS);
    REQUIRE_EQ(syscall(SYS_gettid), thread_of_shard[shard]);
    REQUIRE_EQ(read_number_of_thread(), shard);
    REQUIRE(spg_runtime() == rt);
    REQUIRE_EQ(spg_self().v, self.v);
}

typedef struct walk {
    spg_fd mine;
    spg_fd other;
    atomic_long moves;
    atomic_long stale;
} walk;

// Every kind of suspension in one function, between looks at what is kept per thread: once the
// compiler has an address, it has every reason to use it again.
static int walks(void *arg)
{
    walk *own = arg;
    spg_rt *rt = spg_runtime();
    spg_task self = spg_self();
    size_t rounds = scaled(2000, 50);
    spg_timer timer = {0};
    for (size_t i = 0; i < rounds; i++) {
        int before = spg_shard();
        REQUIRE_OK(spg_yield());
        require_own_place(rt, self);
        own->moves += spg_shard() != before;
        if (i % 4 == 0) {
            REQUIRE_OK(spg_sleep(spg_after(SPG_US)));
            require_own_place(rt, self);
            REQUIRE_CODE(spg_timer_wait(&timer, spg_after(SPG_US)), -ETIME);
            require_own_place(rt, self);
        }
        char byte = (char)i;
        REQUIRE_CODE(spg_socket_send(own->mine, &byte, 1, 0, patience()), 1);
        require_own_place(rt, self);
        REQUIRE_CODE(spg_recv(own->mine, &byte, 1, 0, patience()), 1);
        require_own_place(rt, self);
        REQUIRE_EQ(byte, (char)i);
    }
    REQUIRE_OK(spg_socket_shutdown(own->mine, SHUT_WR));
    return 0;
}

static int echoes(void *arg)
{
    walk *own = arg;
    spg_rt *rt = spg_runtime();
    spg_task self = spg_self();
    char byte;
    while (spg_recv(own->other, &byte, 1, 0, patience()) == 1) {
        require_own_place(rt, self);
        REQUIRE_CODE(spg_socket_send(own->other, &byte, 1, 0, patience()), 1);
        require_own_place(rt, self);
    }
    return 0;
}

static void introduce_threads(void)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        spg_attr attr = pinned_to(shard);
        REQUIRE_OK(joined(spawned(&attr, introduces_thread, NULL)));
    }
}

static int many_walk(void *arg CK_ATTRIBUTE_UNUSED)
{
    static walk walks_of[TASKS];
    introduce_threads();
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int i = 0; i < TASKS; i++) {
        spg_fd ends[2];
        open_socket_pair(ends, SOCK_STREAM);
        walks_of[i].mine = ends[0];
        walks_of[i].other = ends[1];
        REQUIRE_OK(spg_spawn(NULL, walks, &walks_of[i], NULL));
        REQUIRE_OK(spg_spawn(NULL, echoes, &walks_of[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < TASKS; i++) {
        REQUIRE(atomic_load(&walks_of[i].moves) > 0); // else nothing was shown
        REQUIRE_OK(spg_close(walks_of[i].mine));
        REQUIRE_OK(spg_close(walks_of[i].other));
    }
    return 0;
}

static spg_options moving_options(uint64_t stream)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(stream) | 1;
    return options;
}

START_TEST(no_thread_local_address_crosses_a_suspension)
{
    spg_options options = moving_options(900);
    run_root(&options, many_walk, NULL);
}
END_TEST

// ---- Shown to bite: an address that is kept does name another thread's variable ----

static int keeps_an_address(void *arg)
{
    walk *own = arg;
    for (int i = 0; i < 200; i++) {
        const int *kept = &number_of_thread;
        __asm__ volatile("" : "+r"(kept)); // the address itself, not a way to find it again
        REQUIRE_OK(spg_yield());
        if (*kept != spg_shard()) {
            own->stale++;
        }
    }
    return 0;
}

static int many_keep_addresses(void *arg)
{
    introduce_threads();
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, keeps_an_address, arg, 0, TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(an_address_that_is_kept_is_stale)
{
    spg_options options = moving_options(901);
    walk all = {0};
    run_root(&options, many_keep_addresses, &all);
    REQUIRE(atomic_load(&all.stale) > 0);
}
END_TEST

// ---- errno ----

// The pattern for user code again: errno belongs to the thread, so it is named only in functions
// that do not suspend.
static __attribute__((noinline)) void make_noise(uint64_t *state)
{
    errno = (int)random_below(state, 130);
}

// What errno holds is noise, on every thread, at every moment; the results do not depend on it.
// Some calls try without the ring first, and take the code of a failure from errno: were its
// address kept from before a suspension, the noise of another thread would come out.
static int fails_while_errno_is_noise(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    spg_fd ends[2];
    spg_fd fd;
    struct statx attributes;
    size_t rounds = scaled(500, 20);
    open_socket_pair(ends, SOCK_STREAM);
    for (size_t i = 0; i < rounds; i++) {
        char byte = 0;
        make_noise(&state);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_after(SPG_US)), -ETIME);
        make_noise(&state);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, SPG_NOW), -ETIME);
        make_noise(&state);
        REQUIRE_CODE(spg_open("/no/such/file", 0, 0, &fd, patience()), -ENOENT);
        make_noise(&state);
        REQUIRE_OK(spg_yield());
        make_noise(&state);
        REQUIRE_CODE(spg_statx_path("/", 0, STATX_BASIC_STATS, &attributes, patience()), 0);
        make_noise(&state);
        REQUIRE_CODE(spg_socket_send(ends[1], "n", 1, 0, patience()), 1);
        make_noise(&state);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
        make_noise(&state);
        REQUIRE_CODE(spg_socket(9999, SOCK_STREAM, 0, &fd), -EAFNOSUPPORT);
        make_noise(&state);
        REQUIRE_CODE(spg_listen(ends[0], 1), -EINVAL);
        make_noise(&state);
        REQUIRE_CODE(spg_fsync(ends[0], patience()), -EINVAL);
    }
    close_pair(ends);
    return 0;
}

static int many_fail(void *arg CK_ATTRIBUTE_UNUSED)
{
    static uint64_t seeds[TASKS];
    for (size_t i = 0; i < TASKS; i++) {
        seeds[i] = random_stream(910 + i);
    }
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(
        spg_spawn_n(&scope, NULL, fails_while_errno_is_noise, seeds, sizeof seeds[0], TASKS));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(no_result_depends_on_errno)
{
    spg_options options = moving_options(902);
    run_root(&options, many_fail, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regress: migration");
    TCase *tests = add_tests(suite, "migration", 60);
    tcase_add_test(tests, no_thread_local_address_crosses_a_suspension);
    tcase_add_test(tests, an_address_that_is_kept_is_stale);
    tcase_add_test(tests, no_result_depends_on_errno);
    return run_suite("test_migration", suite);
}
