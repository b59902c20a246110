// SPDX-License-Identifier: MIT
// test_tally.c: sums under a tag.
#include "mailboxes.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct counter {
    spg_mailbox box;
    uint64_t times;
    uint64_t taken;
} counter;

enum { HITS = 3, THRESHOLD = 10 };

static int adds(void *arg)
{
    const counter *self = arg;
    for (uint64_t i = 0; i < self->times; i++) {
        REQUIRE_OK(spg_tally_add(self->box, HITS, 1));
    }
    return 0;
}

static int takes_all(void *arg)
{
    counter *self = arg;
    while (self->taken < 2 * self->times + THRESHOLD) {
        uint64_t more = 0;
        REQUIRE_OK(spg_tally_take(self->box, HITS, &more, patience()));
        REQUIRE(more >= THRESHOLD);
        self->taken += more;
    }
    return 0;
}

TASK_TEST(tallies_merge_what_is_added, SHARDS)
{
    counter count = {.box = opened(FAR, 1), .times = THRESHOLD * (scaled(20000, 500) / THRESHOLD)};
    REQUIRE_OK(spg_send(count.box, 0, 0, SPG_NOW)); // a full lane does not matter
    REQUIRE_OK(spg_tally_open(count.box, HITS, THRESHOLD));
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(FAR);
    spg_task taking = spawned(&there, takes_all, &count);
    spg_task one = spawned(&here, adds, &count);
    spg_task two = spawned(&here, adds, &count);
    REQUIRE_OK(joined(one));
    REQUIRE_OK(joined(two));
    // However little the last portions have left: with this it is enough.
    REQUIRE_OK(spg_tally_add(count.box, HITS, THRESHOLD));
    REQUIRE_OK(joined(taking));
    REQUIRE_EQ(count.taken, 2 * count.times + THRESHOLD);
    close_at(count.box, FAR);
    return 0;
}

TASK_TEST(tallies_wait_for_their_threshold, 1)
{
    spg_mailbox box = opened(0, 0);
    uint64_t sum = 77;
    REQUIRE_CODE(spg_tally_add(box, HITS, 1), -ENOENT);
    REQUIRE_OK(spg_tally_open(box, HITS, THRESHOLD));
    REQUIRE_CODE(spg_tally_open(box, HITS, 1), -EEXIST);
    REQUIRE_OK(spg_tally_add(box, HITS, THRESHOLD - 1));
    REQUIRE_CODE(spg_tally_take(box, HITS, &sum, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_tally_take(box, HITS, &sum, soon()), -ETIME);
    REQUIRE_EQ(sum, 77);
    REQUIRE_OK(spg_tally_read(box, HITS, &sum));
    REQUIRE_EQ(sum, THRESHOLD - 1);
    REQUIRE_OK(spg_tally_add(box, HITS, 1));
    REQUIRE_OK(spg_tally_take(box, HITS, &sum, SPG_NOW));
    REQUIRE_EQ(sum, THRESHOLD);
    REQUIRE_OK(spg_tally_add(box, HITS, SPG_MAX_TALLY));
    REQUIRE_CODE(spg_tally_add(box, HITS, 1), -EOVERFLOW);
    for (uint32_t tag = 100; tag < 100 + SPG_MAX_TALLIES - 1; tag++) {
        REQUIRE_OK(spg_tally_open(box, tag, 0));
    }
    REQUIRE_CODE(spg_tally_open(box, 200, 0), -EAGAIN);
    REQUIRE_CODE(spg_tally_read(box, HITS, NULL), -EINVAL);
    REQUIRE_OK(spg_mailbox_close(box));
    REQUIRE_CODE(spg_tally_add(box, HITS, 1), -ESRCH);
    spg_mailbox again = opened(0, 0);
    REQUIRE_CODE(spg_tally_read(again, HITS, &sum), -ENOENT);
    return spg_mailbox_close(again);
}

// A thread adds to, and reads, what a task opens and closes all the time; for ThreadSanitizer.
typedef struct passing {
    _Atomic uint64_t box;
    _Atomic bool over;
} passing;

static void *adds_to_what_is_there(void *arg)
{
    passing *self = arg;
    for (uint32_t i = 0; !atomic_load(&self->over); i++) {
        spg_mailbox box = {atomic_load(&self->box)};
        uint64_t sum;
        int code = spg_tally_add(box, i % 4, 1);
        REQUIRE(code == 0 || code == -ENOENT || code == -ESRCH);
        code = spg_tally_read(box, i % 4, &sum);
        REQUIRE(code == 0 || code == -ENOENT || code == -ESRCH);
    }
    return NULL;
}

TASK_TEST(tallies_of_a_slot_that_is_used_again_are_told_apart, 1)
{
    passing slot = {0};
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, adds_to_what_is_there, &slot), 0);
    for (uint32_t i = 0; i < scaled(20000, 1000); i++) {
        spg_mailbox box = opened(0, 1);
        REQUIRE_OK(spg_tally_open(box, i % 4, 1 + i % 5));
        REQUIRE_OK(spg_tally_open(box, (i + 1) % 4, 1));
        atomic_store(&slot.box, box.v);
        REQUIRE_OK(spg_yield());
        REQUIRE_OK(spg_mailbox_close(box));
    }
    atomic_store(&slot.over, true);
    REQUIRE_EQ(pthread_join(thread, NULL), 0);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("tally");
    TCase *tests = add_tests(suite, "tally", 60);
    tcase_add_test(tests, tallies_merge_what_is_added);
    tcase_add_test(tests, tallies_wait_for_their_threshold);
    tcase_add_test(tests, tallies_of_a_slot_that_is_used_again_are_told_apart);
    return run_suite("test_tally", suite);
}
