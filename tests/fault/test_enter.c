// SPDX-License-Identifier: MIT
// test_enter.c: io_uring_enter that fails for a while, as it may: interrupted, or out of resources.
// Nothing of it reaches the user.
#include "refusal.h"
#include "streams.h"

#include <sys/stat.h>

static const int codes[] = {EINTR, EAGAIN, EBUSY};

typedef struct moods {
    uint64_t state;
    int code;
    unsigned one_in;
} moods;

static int refuses_now_and_then(void *context, unsigned count CK_ATTRIBUTE_UNUSED,
                                const __u64 *arguments CK_ATTRIBUTE_UNUSED)
{
    moods *own = context;
    return random_below(&own->state, own->one_in) == 0 ? own->code : 0;
}

static int echoes(void *arg)
{
    spg_fd fd = *(spg_fd *)arg;
    char bytes[16];
    for (;;) {
        ssize_t n = spg_recv(fd, bytes, sizeof bytes, 0, patience());
        REQUIRE(n >= 0);
        if (n == 0) {
            return 0;
        }
        REQUIRE_CODE(spg_send_all(fd, bytes, (size_t)n, 0, patience()), n);
    }
}

static int talks(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    open_socket_pair(ends, SOCK_STREAM);
    spg_task task = spawned(&(spg_attr){0}, echoes, &ends[1]);
    size_t rounds = scaled(200, 20);
    for (size_t i = 0; i < rounds; i++) {
        char out = (char)i;
        char in = 0;
        REQUIRE_CODE(spg_socket_send(ends[0], &out, 1, 0, patience()), 1);
        REQUIRE_CODE(spg_recv(ends[0], &in, 1, 0, patience()), 1);
        REQUIRE_EQ(in, out);
        if (i % 8 == 0) {
            REQUIRE_CODE(spg_recv(ends[0], &in, 1, 0, spg_after(100 * SPG_US)), -ETIME);
            REQUIRE_OK(spg_sleep(spg_after(100 * SPG_US)));
            struct statx attributes;
            REQUIRE_OK(spg_statx_path("/", 0, STATX_BASIC_STATS, &attributes, patience()));
        }
    }
    REQUIRE_OK(spg_socket_shutdown(ends[0], SHUT_WR));
    REQUIRE_OK(joined(task));
    close_pair(ends);
    return 0;
}

static int many_talk(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, &(spg_attr){.place = SPG_ROUND_ROBIN}, talks, NULL, 0, 6));
    REQUIRE_OK(spg_scope_close(&scope));
    return 0;
}

START_TEST(failures_that_pass_are_not_seen)
{
    refusal kernel;
    moods own = {.state = random_stream(800), .code = codes[_i], .one_in = 3};
    if (!refuse_by_choice(&kernel, SYS_io_uring_enter, refuses_now_and_then, &own)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(3);
    run_root(&options, many_talk, NULL);
    REQUIRE(atomic_load(&kernel.count) > 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: enter");
    TCase *tests = add_tests(suite, "enter", 60);
    tcase_add_loop_test(tests, failures_that_pass_are_not_seen, 0, 3);
    return run_suite("test_enter", suite);
}
