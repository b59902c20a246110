// SPDX-License-Identifier: MIT
// test_uring.c: how the rings were set up.
#include "support.h"

#include <linux/io_uring.h>
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

int main(void)
{
    Suite *suite = suite_create("uring");
    TCase *tests = add_tests(suite, "uring", 10);
    tcase_add_test(tests, each_ring_tells_how_it_was_set_up);
    tcase_add_test(tests, wrong_arguments_are_refused);
    return run_suite("test_uring", suite);
}
