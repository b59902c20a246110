// SPDX-License-Identifier: MIT
// test_ring.c: rings that the kernel refuses, at any shard, for any reason; and those that it gives
// in part: smaller ones, or without the newest flags.
#include "refusal.h"
#include "streams.h"

#include <linux/io_uring.h>
#include <spargio/uring.h>

// Newer than the oldest kernel headers that the library is built with.
#define SETUP_COOP_TASKRUN (1u << 8)
#define SETUP_SINGLE_ISSUER (1u << 12)
#define SETUP_DEFER_TASKRUN (1u << 13)

enum { SHARDS = 4 };

// Takes a bit of everything: it must work on whatever rings there are.
static int echoes(void *arg)
{
    spg_fd *ends = arg;
    char byte;
    for (int i = 0; i < 20; i++) {
        REQUIRE_CODE(spg_recv(ends[1], &byte, 1, 0, patience()), 1);
        REQUIRE_CODE(spg_socket_send(ends[1], &byte, 1, 0, patience()), 1);
    }
    return 0;
}

static int works(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_fd ends[2];
    char byte = 'w';
    open_socket_pair(ends, SOCK_STREAM);
    for (uint32_t shard = 0; shard < spg_shards(spg_runtime()); shard++) {
        spg_attr attr = pinned_to(shard);
        spg_task task = spawned(&attr, echoes, ends);
        for (int i = 0; i < 20; i++) {
            REQUIRE_CODE(spg_socket_send(ends[0], &byte, 1, 0, patience()), 1);
            REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
        }
        REQUIRE_OK(joined(task));
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_after(200 * SPG_US)), -ETIME);
    }
    close_pair(ends);
    return 0;
}

// A runtime that has been made in spite of refusals: it works, and ends.
static void require_work(spg_rt *rt)
{
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, works, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    end_runtime(rt);
}

// ---- Refused altogether ----

static const int refusal_codes[] = {EPERM, ENOSYS, ENOMEM, EMFILE};

static void require_refused(const spg_options *wanted, int code)
{
    size_t threads = count_threads();
    size_t fds = count_fds();
    char text[1024] = "";
    spg_options options = *wanted;
    options.error_text = text;
    options.error_bytes = sizeof text;
    spg_rt *rt = NULL;
    int result = 5;
    REQUIRE_CODE(spg_create(&options, &rt), -code);
    REQUIRE(rt == NULL);
    REQUIRE(strlen(text) > 10);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
    REQUIRE_CODE(spg_run(&options, works, NULL, &result), -code);
    REQUIRE_EQ(result, 5);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}

START_TEST(a_ring_that_is_refused_fails_create)
{
    if (!refuse_system_call(SYS_io_uring_setup, refusal_codes[_i])) {
        SKIP("no seccomp filters here");
    }
    spg_options options = test_options(SHARDS);
    require_refused(&options, refusal_codes[_i]);
}
END_TEST

// ---- Refused at one shard, after others have theirs ----

typedef struct threshold {
    atomic_uint allowed; // calls that succeed
    int code;            // for those after them
} threshold;

static int refuses_after(void *context, unsigned count, const __u64 *arguments CK_ATTRIBUTE_UNUSED)
{
    threshold *own = context;
    return count < atomic_load(&own->allowed) ? 0 : own->code;
}

START_TEST(a_failure_at_any_shard_leaves_nothing_behind)
{
    refusal kernel;
    threshold own = {.allowed = UINT32_MAX, .code = refusal_codes[_i]};
    if (!refuse_by_choice(&kernel, SYS_io_uring_setup, refuses_after, &own)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    for (unsigned failing = 0; failing < SHARDS; failing++) {
        // Calls before this point have all succeeded: one for each shard.
        atomic_store(&own.allowed, atomic_load(&kernel.count) + failing);
        size_t threads = count_threads();
        size_t fds = count_fds();
        spg_rt *rt = NULL;
        REQUIRE_CODE(spg_create(&options, &rt), -own.code);
        REQUIRE(rt == NULL);
        REQUIRE_EQ(count_fds(), fds);
        REQUIRE_THREADS(threads);
    }
    // Allowed again, it works.
    atomic_store(&own.allowed, UINT32_MAX);
    require_work(start_runtime(&options));
}
END_TEST

// ---- Refused for their size ----

static int refuses_large(void *context, unsigned count CK_ATTRIBUTE_UNUSED, const __u64 *arguments)
{
    atomic_uint *most = context;
    return arguments[0] > atomic_load(most) ? ENOMEM : 0;
}

START_TEST(rings_are_halved_until_they_fit)
{
    refusal kernel;
    atomic_uint most = 16;
    if (!refuse_by_choice(&kernel, SYS_io_uring_setup, refuses_large, &most)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_options effective;
    spg_uring_info info;
    REQUIRE_OK(spg_options_effective(rt, &effective));
    REQUIRE_EQ(effective.sq_entries, 16);
    REQUIRE_EQ(effective.cq_entries, 64);
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        REQUIRE_OK(spg_uring_info_get(rt, shard, &info));
        REQUIRE_EQ(info.sq_entries, 16);
        REQUIRE_EQ(info.cq_entries, 64);
    }
    require_work(rt);
    atomic_store(&most, 8);
    rt = start_runtime(&options);
    REQUIRE_OK(spg_options_effective(rt, &effective));
    REQUIRE_EQ(effective.sq_entries, 8);
    require_work(rt);
    // Below the floor there is no ring.
    atomic_store(&most, 7);
    require_refused(&options, ENOMEM);
}
END_TEST

static int refuses_second_large(void *context, unsigned count, const __u64 *arguments)
{
    atomic_uint *begin = context;
    return count >= atomic_load(begin) + 1 && arguments[0] > 32 ? ENOMEM : 0;
}

START_TEST(the_effective_size_is_the_smallest_of_all_shards)
{
    refusal kernel;
    atomic_uint begin = 0;
    if (!refuse_by_choice(&kernel, SYS_io_uring_setup, refuses_second_large, &begin)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    options.sq_entries = 128;
    spg_rt *rt = start_runtime(&options);
    spg_options effective;
    REQUIRE_OK(spg_options_effective(rt, &effective));
    REQUIRE_EQ(effective.sq_entries, 32);
    REQUIRE_EQ(effective.cq_entries, 128);
    require_work(rt);
}
END_TEST

// The memory of rings that were just closed comes back late.
static int refuses_at_first(void *context, unsigned count,
                            const __u64 *arguments CK_ATTRIBUTE_UNUSED)
{
    return count < *(unsigned *)context ? ENOMEM : 0;
}

START_TEST(want_of_memory_may_pass)
{
    refusal kernel;
    unsigned first = 3;
    if (!refuse_by_choice(&kernel, SYS_io_uring_setup, refuses_at_first, &first)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(2);
    require_work(start_runtime(&options));
}
END_TEST

// ---- Refused for their flags ----

// The supervisor reads the memory of the thread whose system call it holds: ordered by the kernel.
__attribute__((no_sanitize("thread"))) static int
refuses_flags(void *context, unsigned count CK_ATTRIBUTE_UNUSED, const __u64 *arguments)
{
    const struct io_uring_params *wanted = (const void *)(uintptr_t)arguments[1];
    return (wanted->flags & *(unsigned *)context) != 0 ? EINVAL : 0;
}

typedef struct rung {
    unsigned missing; // flags that the kernel does not know
    const char *name;
} rung;

static const rung rungs[] = {
    {SETUP_DEFER_TASKRUN, "coop"},
    {SETUP_DEFER_TASKRUN | SETUP_SINGLE_ISSUER, "coop"},
    {SETUP_DEFER_TASKRUN | SETUP_SINGLE_ISSUER | SETUP_COOP_TASKRUN, "plain"},
};

START_TEST(older_kernels_get_a_lower_rung)
{
    refusal kernel;
    unsigned missing = rungs[_i].missing;
    if (!refuse_by_choice(&kernel, SYS_io_uring_setup, refuses_flags, &missing)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        spg_uring_info info;
        REQUIRE_OK(spg_uring_info_get(rt, shard, &info));
        if (strcmp(info.rung, rungs[_i].name) != 0) {
            ck_abort_msg("the rung is \"%s\", expected \"%s\"", info.rung, rungs[_i].name);
        }
        REQUIRE_EQ(info.setup_flags & missing, 0);
    }
    require_work(rt);
}
END_TEST

// ---- A kernel before 6.13: threads cannot send to a ring ----

#define REGISTER_SEND_MSG_RING 31

static int refuses_sends(void *context, unsigned count CK_ATTRIBUTE_UNUSED, const __u64 *arguments)
{
    atomic_uint *sends = context;
    bool is_send = arguments[1] == REGISTER_SEND_MSG_RING;
    atomic_fetch_add(sends, is_send);
    return is_send ? EINVAL : 0;
}

typedef struct inbox {
    spg_mailbox box;
    uint64_t count;
    uint64_t sum;
} inbox;

static int receives(void *arg)
{
    inbox *self = arg;
    for (uint64_t i = 0; i < self->count; i++) {
        spg_msg message;
        REQUIRE_CODE(spg_receive(self->box, &message, 1, patience()), 1);
        REQUIRE_EQ(message.from, SPG_OUTSIDE);
        self->sum += message.value;
    }
    return 0;
}

START_TEST(without_sends_from_threads_an_eventfd_wakes_shards)
{
    refusal kernel;
    atomic_uint sends = 0;
    if (!refuse_by_choice(&kernel, SYS_io_uring_register, refuses_sends, &sends)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    inbox all = {.box = spg_shard_mailbox(rt, 1), .count = 2 * scaled(2000, 100)};
    spg_attr there = pinned_to(1);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &there, receives, &all, &task));
    for (uint64_t i = 0; i < all.count; i += 2) {
        REQUIRE_OK(spg_uring_send(all.box, 0, i, patience()));
        REQUIRE_OK(spg_send(all.box, 0, i + 1, patience()));
    }
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(all.sum, all.count * (all.count - 1) / 2);
    REQUIRE(atomic_load(&sends) <= SHARDS); // each shard has asked at most once, and then no more
    require_work(rt);
}
END_TEST

// ---- A kernel that can, but refuses now and then, or to this thread ----

static int refuses_later_sends(void *context, unsigned count CK_ATTRIBUTE_UNUSED,
                               const __u64 *arguments)
{
    atomic_uint *refused = context;
    if (arguments[1] != REGISTER_SEND_MSG_RING) {
        return 0;
    }
    return atomic_fetch_add(refused, 1) == 0 ? 0 : ENOMEM; // the first one asks whether it can
}

START_TEST(a_bell_that_is_refused_is_rung_another_way)
{
    refusal kernel;
    atomic_uint sends = 0;
    if (!refuse_by_choice(&kernel, SYS_io_uring_register, refuses_later_sends, &sends)) {
        SKIP("no seccomp notifications here");
    }
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    inbox all = {.box = spg_shard_mailbox(rt, 1), .count = scaled(200, 20)};
    spg_attr there = pinned_to(1);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &there, receives, &all, &task));
    for (uint64_t i = 0; i < all.count; i++) {
        usleep(200); // the shard sleeps by then, mostly
        REQUIRE_OK(spg_send(all.box, 0, i, patience()));
    }
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(all.sum, all.count * (all.count - 1) / 2);
    require_work(rt);
}
END_TEST

int main(void)
{
    int codes = (int)(sizeof refusal_codes / sizeof refusal_codes[0]);
    int rung_count = (int)(sizeof rungs / sizeof rungs[0]);
    Suite *suite = suite_create("fault: ring");
    TCase *tests = add_tests(suite, "ring", 60);
    tcase_add_loop_test(tests, a_ring_that_is_refused_fails_create, 0, codes);
    tcase_add_loop_test(tests, a_failure_at_any_shard_leaves_nothing_behind, 0, codes);
    tcase_add_test(tests, rings_are_halved_until_they_fit);
    tcase_add_test(tests, the_effective_size_is_the_smallest_of_all_shards);
    tcase_add_test(tests, want_of_memory_may_pass);
    tcase_add_loop_test(tests, older_kernels_get_a_lower_rung, 0, rung_count);
    tcase_add_test(tests, without_sends_from_threads_an_eventfd_wakes_shards);
    tcase_add_test(tests, a_bell_that_is_refused_is_rung_another_way);
    return run_suite("test_ring", suite);
}
