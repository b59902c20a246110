// SPDX-License-Identifier: MIT
// test_uring.c: how the rings were set up, and messages by way of the kernel.
#include "support.h"

#include <linux/io_uring.h>
#include <pthread.h>
#include <spargio/uring.h>

// Newer than the oldest kernel headers that the library is built with.
#define SETUP_COOP_TASKRUN (1u << 8)
#define SETUP_SINGLE_ISSUER (1u << 12)
#define SETUP_DEFER_TASKRUN (1u << 13)

START_TEST(each_ring_tells_how_it_was_set_up)
{
    spg_options options = test_options(3);
    options.sq_entries = 64;
    options.cq_entries = 256;
    spg_rt *rt = start_runtime(&options);
    spg_options effective;
    REQUIRE_OK(spg_options_effective(rt, &effective));
    uint32_t least_sq = UINT32_MAX;
    uint32_t least_cq = UINT32_MAX;
    for (uint32_t shard = 0; shard < 3; shard++) {
        spg_uring_info info;
        REQUIRE_OK(spg_uring_info_get(rt, shard, &info));
        bool defer = strcmp(info.rung, "defer") == 0;
        bool coop = strcmp(info.rung, "coop") == 0;
        bool plain = strcmp(info.rung, "plain") == 0;
        REQUIRE(defer || coop || plain);
        uint32_t deferring = SETUP_DEFER_TASKRUN | SETUP_SINGLE_ISSUER;
        REQUIRE_EQ((info.setup_flags & deferring) == deferring, defer);
        REQUIRE_EQ((info.setup_flags & SETUP_COOP_TASKRUN) != 0, coop);
        REQUIRE((info.features & IORING_FEAT_NODROP) != 0);
        REQUIRE(info.sq_entries <= 64 && info.cq_entries <= 256);
        least_sq = info.sq_entries < least_sq ? info.sq_entries : least_sq;
        least_cq = info.cq_entries < least_cq ? info.cq_entries : least_cq;
    }
    REQUIRE_EQ(effective.sq_entries, least_sq);
    REQUIRE_EQ(effective.cq_entries, least_cq);
    end_runtime(rt);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_uring_info info;
    REQUIRE_CODE(spg_uring_info_get(rt, 2, &info), -EINVAL);
    REQUIRE_CODE(spg_uring_info_get(rt, UINT32_MAX, &info), -EINVAL);
    REQUIRE_CODE(spg_uring_info_get(NULL, 0, &info), -EINVAL);
    REQUIRE_CODE(spg_uring_info_get(rt, 0, NULL), -EINVAL);
    // A struct of an older header is not written beyond its end.
    memset(&info, 0xEE, sizeof info);
    REQUIRE_OK(spg_uring_info_get_sized(rt, 0, &info, offsetof(spg_uring_info, setup_flags)));
    REQUIRE(info.sq_entries != 0xEEEEEEEE && info.cq_entries != 0xEEEEEEEE);
    REQUIRE_EQ(info.setup_flags, 0xEEEEEEEE);
    end_runtime(rt);
}
END_TEST

// ---- The kernel lane ----

enum { SHARDS = 2, FAR = 1 };

typedef struct flow {
    spg_mailbox box;
    uint64_t count;
    uint64_t sum;
    uint32_t from;
} flow;

static int receives(void *arg)
{
    flow *self = arg;
    for (uint64_t left = self->count; left > 0;) {
        spg_msg messages[5];
        ssize_t n = spg_receive(self->box, messages, left < 5 ? left : 5, patience());
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            REQUIRE_EQ(messages[i].from, self->from);
            REQUIRE_EQ(messages[i].tag, 3);
            REQUIRE(messages[i].destroy == NULL);
            self->sum += messages[i].value;
        }
        left -= (uint64_t)n;
    }
    return 0;
}

static int sends(void *arg)
{
    const flow *self = arg;
    for (uint64_t i = 1; i <= self->count; i++) {
        REQUIRE_OK(spg_uring_send(self->box, 3, i, patience()));
    }
    return 0;
}

TASK_TEST(messages_go_by_way_of_the_kernel, SHARDS)
{
    enum { SENDERS = 3 };
    uint64_t count = scaled(20000, 500);
    spg_mailbox box = spg_shard_mailbox(spg_runtime(), FAR);
    flow all = {.box = box, .count = SENDERS * count, .from = 0};
    flow each = {.box = box, .count = count};
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(FAR);
    spg_task receiving = spawned(&there, receives, &all);
    spg_task sending[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        sending[i] = spawned(&here, sends, &each);
    }
    for (int i = 0; i < SENDERS; i++) {
        REQUIRE_OK(joined(sending[i]));
    }
    REQUIRE_OK(joined(receiving));
    REQUIRE_EQ(all.sum, SENDERS * (count * (count + 1) / 2));
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    REQUIRE_EQ(stats.parcels_received, SENDERS * count);
    REQUIRE_EQ(stats.cq_overflow, 0);
    return 0;
}

// Nobody receives: the credits bound what the kernel is given.
static int fills(void *arg)
{
    const flow *self = arg;
    uint32_t sent = 0;
    int code;
    while ((code = spg_uring_send(self->box, 3, 1, SPG_NOW)) == 0) {
        sent++;
        REQUIRE(sent <= SPG_URING_CREDITS);
    }
    REQUIRE_CODE(code, -EAGAIN);
    REQUIRE_CODE(spg_uring_send(self->box, 3, 1, soon()), -ETIME);
    return (int)sent;
}

static int closes(void *arg)
{
    return spg_mailbox_close(((const flow *)arg)->box);
}

TASK_TEST(credits_bound_what_is_on_its_way, SHARDS)
{
    flow at = {.from = 0};
    REQUIRE_OK(spg_mailbox_open(FAR, 0, &at.box));
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(FAR);
    at.count = (uint64_t)joined(spawned(&here, fills, &at));
    REQUIRE(at.count > 0);
    REQUIRE_OK(joined(spawned(&there, receives, &at)));
    REQUIRE_EQ(at.sum, at.count);
    // What was not received gives its credits back when the mailbox is closed.
    REQUIRE_EQ(joined(spawned(&here, fills, &at)), at.count);
    REQUIRE_OK(joined(spawned(&there, closes, &at)));
    REQUIRE_CODE(spg_uring_send(at.box, 3, 1, SPG_NOW), -ESRCH);
    REQUIRE_OK(spg_mailbox_open(FAR, 0, &at.box));
    REQUIRE_EQ(joined(spawned(&here, fills, &at)), at.count);
    return joined(spawned(&there, closes, &at));
}

START_TEST(threads_send_by_way_of_the_kernel)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    flow all = {.box = spg_shard_mailbox(rt, FAR), .count = scaled(5000, 200), .from = SPG_OUTSIDE};
    REQUIRE_OK(spg_uring_send(all.box, 3, 0, SPG_NOW));
    spg_attr there = pinned_to(FAR);
    spg_task task;
    all.count++;
    REQUIRE_OK(spg_spawn_in(rt, &there, receives, &all, &task));
    for (uint64_t i = 1; i < all.count; i++) {
        REQUIRE_OK(spg_uring_send(all.box, 3, i, patience()));
    }
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(all.sum, all.count * (all.count - 1) / 2);
    end_runtime(rt);
}
END_TEST

static void *sends_until_the_end(void *arg)
{
    const spg_mailbox *box = arg;
    int code = 0;
    while (code == 0) {
        code = spg_uring_send(*box, 3, 1, SPG_NEVER);
    }
    return (void *)(intptr_t)code;
}

START_TEST(threads_that_wait_for_a_credit_are_told_of_the_end)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_mailbox box = spg_shard_mailbox(rt, FAR);
    pthread_t thread;
    void *code;
    REQUIRE_EQ(pthread_create(&thread, NULL, sends_until_the_end, &box), 0);
    usleep(20000);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    pthread_join(thread, &code);
    REQUIRE_CODE((int)(intptr_t)code, -ESHUTDOWN);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uring");
    TCase *tests = add_tests(suite, "uring", 10);
    tcase_add_test(tests, each_ring_tells_how_it_was_set_up);
    tcase_add_test(tests, wrong_arguments_are_refused);
    tcase_add_test(tests, messages_go_by_way_of_the_kernel);
    tcase_add_test(tests, credits_bound_what_is_on_its_way);
    tcase_add_test(tests, threads_send_by_way_of_the_kernel);
    tcase_add_test(tests, threads_that_wait_for_a_credit_are_told_of_the_end);
    return run_suite("test_uring", suite);
}
