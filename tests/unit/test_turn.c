// SPDX-License-Identifier: MIT
// test_turn.c: whoever waits at a mailbox is not overtaken by those who come later.
#include "mailboxes.h"

#include <spargio/uring.h>

enum { ROUNDS = 200 };

typedef struct queueing {
    spg_mailbox box;
    int order[4]; // who was served
    int served;
    bool over;
} queueing;

typedef struct one {
    queueing *all;
    int number;
    bool begun; // it runs, and does not stop before it waits
} one;

static one *begins(void *arg)
{
    one *self = arg;
    self->begun = true;
    return self;
}

static void is_served(const one *self)
{
    self->all->order[self->all->served++] = self->number;
}

static void is_in_order(const queueing *all, int count)
{
    REQUIRE_EQ(all->served, count);
    for (int i = 0; i < count; i++) {
        REQUIRE_EQ(all->order[i], i + 1);
    }
}

// Starts a task of shard 0 that waits before this one goes on.
static spg_task waiting(spg_fn *fn, one *self)
{
    spg_attr here = pinned_to(0);
    spg_task task = spawned(&here, fn, self);
    while (!self->begun) {
        REQUIRE_OK(spg_yield());
    }
    return task;
}

// ---- Messages --------------------------------------------------------------------------------

static int receives(void *arg)
{
    const one *self = begins(arg);
    spg_msg message;
    int code = (int)spg_receive(self->all->box, &message, 1, patience());
    is_served(self);
    return code;
}

TASK_TEST(receivers_get_messages_in_the_order_in_which_they_came, 1)
{
    queueing all = {.box = opened(0, 8)};
    one ones[3] = {
        {.all = &all, .number = 1}, {.all = &all, .number = 2}, {.all = &all, .number = 3}};
    spg_task first = waiting(receives, &ones[0]);
    spg_task second = waiting(receives, &ones[1]);
    spg_flush_ticket unused;
    for (uint64_t i = 0; i < 3; i++) {
        REQUIRE_OK(spg_send(all.box, 0, i, SPG_NOW));
    }
    REQUIRE_OK(spg_flush_begin(&unused)); // the first is called, and has not run
    spg_msg message;
    REQUIRE_CODE(spg_receive(all.box, &message, 1, SPG_NOW), -ETIME);
    REQUIRE_CODE(receives(&ones[2]), 1);
    REQUIRE_CODE(joined(first), 1);
    REQUIRE_CODE(joined(second), 1);
    is_in_order(&all, 3);
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

static int receives_once(void *arg)
{
    const one *self = arg;
    int code = receives(arg);
    self->all->over = true;
    return code;
}

TASK_TEST(a_receiver_is_not_starved_by_one_that_polls, 1)
{
    queueing all = {.box = opened(0, 8)};
    one self = {.all = &all, .number = 1};
    spg_task receiver = waiting(receives_once, &self);
    spg_flush_ticket unused;
    spg_msg message;
    int polled = 0;
    for (int i = 0; i < ROUNDS && !all.over; i++) {
        REQUIRE_OK(spg_send(all.box, 0, 0, SPG_NOW));
        REQUIRE_OK(spg_flush_begin(&unused));
        polled += spg_receive(all.box, &message, 1, SPG_NOW) == 1;
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_EQ(polled, 0);
    REQUIRE_CODE(joined(receiver), 1);
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

// ---- Room ------------------------------------------------------------------------------------

static int sends(void *arg)
{
    const one *self = begins(arg);
    int code = spg_send(self->all->box, 0, (uint64_t)self->number, patience());
    is_served(self);
    self->all->over = true;
    return code;
}

TASK_TEST(a_sender_is_not_starved_by_one_that_tries, 1)
{
    queueing all = {.box = opened(0, 1)};
    one self = {.all = &all, .number = 1};
    REQUIRE_OK(spg_send(all.box, 0, 0, SPG_NOW));
    spg_task sender = waiting(sends, &self);
    spg_msg message;
    for (int i = 0; i < ROUNDS && !all.over; i++) {
        if (spg_receive(all.box, &message, 1, SPG_NOW) == 1) {
            REQUIRE_CODE(spg_send(all.box, 0, 0, SPG_NOW), -EAGAIN);
        }
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_OK(joined(sender));
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

TASK_TEST(senders_get_room_in_the_order_in_which_they_came, 1)
{
    queueing all = {.box = opened(0, 1)};
    one ones[3] = {
        {.all = &all, .number = 1}, {.all = &all, .number = 2}, {.all = &all, .number = 3}};
    REQUIRE_OK(spg_send(all.box, 0, 0, SPG_NOW));
    spg_task first = waiting(sends, &ones[0]);
    spg_task second = waiting(sends, &ones[1]);
    REQUIRE_EQ(received(all.box).value, 0); // the first is called, and has not run
    spg_task third = waiting(sends, &ones[2]);
    for (uint64_t i = 1; i <= 3; i++) {
        REQUIRE_EQ(received(all.box).value, i);
    }
    REQUIRE_OK(joined(first));
    REQUIRE_OK(joined(second));
    REQUIRE_OK(joined(third));
    is_in_order(&all, 3);
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

static int sends_two(void *arg)
{
    const one *self = begins(arg);
    const spg_msg two[2] = {{.value = 1}, {.value = 2}};
    ssize_t sent = spg_send_n(self->all->box, two, 2, patience());
    is_served(self);
    return (int)sent;
}

TASK_TEST(a_batch_that_waits_for_room_is_not_parted, 1)
{
    queueing all = {.box = opened(0, 1)};
    one ones[2] = {{.all = &all, .number = 1}, {.all = &all, .number = 2}};
    REQUIRE_OK(spg_send(all.box, 0, 0, SPG_NOW));
    spg_task batch = waiting(sends_two, &ones[0]);
    spg_task single = waiting(sends, &ones[1]);
    for (uint64_t i = 0; i <= 2; i++) {
        REQUIRE_EQ(received(all.box).value, i);
    }
    REQUIRE_EQ(received(all.box).value, 2); // the single one, whose number it is
    REQUIRE_CODE(joined(batch), 2);
    REQUIRE_OK(joined(single));
    is_in_order(&all, 2);
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

// Called and then cancelled: what it finds beats that, and whoever comes next is not forgotten.
TASK_TEST(one_that_is_cancelled_when_called_hands_nothing_on, 1)
{
    queueing all = {.box = opened(0, 8)};
    one ones[2] = {{.all = &all, .number = 1}, {.all = &all, .number = 2}};
    spg_task first = waiting(receives, &ones[0]);
    spg_task second = waiting(receives, &ones[1]);
    spg_flush_ticket unused;
    REQUIRE_OK(spg_send(all.box, 0, 0, SPG_NOW));
    REQUIRE_OK(spg_send(all.box, 0, 1, SPG_NOW));
    REQUIRE_OK(spg_flush_begin(&unused));
    REQUIRE_OK(spg_cancel(first));
    REQUIRE_CODE(joined(first), 1);
    REQUIRE_CODE(joined(second), 1);
    is_in_order(&all, 2);
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

// ---- Credits of the kernel lane --------------------------------------------------------------

static int sends_by_the_kernel(void *arg)
{
    const one *self = begins(arg);
    int code = spg_uring_send(self->all->box, 0, (uint64_t)self->number, patience());
    is_served(self);
    return code;
}

TASK_TEST(credits_of_the_kernel_lane_go_to_those_who_wait, 1)
{
    queueing all = {.box = opened(0, 1)};
    one ones[2] = {{.all = &all, .number = 1}, {.all = &all, .number = 2}};
    unsigned filled = 0;
    while (spg_uring_send(all.box, 0, 0, SPG_NOW) == 0) {
        filled++;
    }
    REQUIRE(filled > 0);
    spg_task first = waiting(sends_by_the_kernel, &ones[0]);
    spg_task second = waiting(sends_by_the_kernel, &ones[1]);
    REQUIRE_EQ(received(all.box).value, 0); // a credit comes back
    REQUIRE_CODE(spg_uring_send(all.box, 0, 0, SPG_NOW), -EAGAIN);
    for (unsigned i = 1; i < filled; i++) {
        REQUIRE_EQ(received(all.box).value, 0);
    }
    REQUIRE_EQ(received(all.box).value, 1);
    REQUIRE_EQ(received(all.box).value, 2);
    REQUIRE_OK(joined(first));
    REQUIRE_OK(joined(second));
    REQUIRE_EQ(all.served, 2); // in the order in which the messages have come
    REQUIRE_OK(spg_mailbox_close(all.box));
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("turn");
    TCase *tests = add_tests(suite, "turn", 60);
    tcase_add_test(tests, receivers_get_messages_in_the_order_in_which_they_came);
    tcase_add_test(tests, a_receiver_is_not_starved_by_one_that_polls);
    tcase_add_test(tests, a_sender_is_not_starved_by_one_that_tries);
    tcase_add_test(tests, senders_get_room_in_the_order_in_which_they_came);
    tcase_add_test(tests, a_batch_that_waits_for_room_is_not_parted);
    tcase_add_test(tests, one_that_is_cancelled_when_called_hands_nothing_on);
    tcase_add_test(tests, credits_of_the_kernel_lane_go_to_those_who_wait);
    return run_suite("test_turn", suite);
}
