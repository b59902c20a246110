// SPDX-License-Identifier: MIT
// test_mailbox.c: messages between shards: order, bounds, waits, closing, cost.
#include "mailboxes.h"

#include <pthread.h>

// ---- Sending and receiving ----

// A sender of numbers, from `first` on, to a mailbox.
typedef struct sender {
    spg_mailbox to;
    uint64_t first;
    size_t count;
    size_t batch; // 0: one by one
} sender;

static int sends(void *arg)
{
    const sender *self = arg;
    for (size_t i = 0; i < self->count;) {
        spg_msg messages[16] = {{0}};
        size_t n = self->batch > 0 ? self->batch : 1;
        n = n < self->count - i ? n : self->count - i;
        for (size_t k = 0; k < n; k++) {
            messages[k] = (spg_msg){.tag = (uint32_t)i, .value = self->first + i + k};
        }
        ssize_t sent = self->batch > 0
                           ? spg_send_n(self->to, messages, n, patience())
                           : spg_send(self->to, (uint32_t)i, self->first + i, patience()) + 1;
        REQUIRE(sent > 0);
        i += (size_t)sent;
    }
    return 0;
}

// The receiving half: `count` messages of each of two senders, each in order.
typedef struct receiver {
    spg_mailbox box;
    size_t count;
    uint64_t next[2];
} receiver;

#define SECOND_SENDER UINT64_C(1000000)

static int receives_two(void *arg)
{
    receiver *self = arg;
    for (size_t left = 2 * self->count; left > 0;) {
        spg_msg messages[8];
        ssize_t n = spg_receive(self->box, messages, left < 8 ? left : 8, patience());
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            uint32_t from = messages[i].from;
            REQUIRE(from < SHARDS);
            REQUIRE_EQ(messages[i].value, (from ? SECOND_SENDER : 0) + self->next[from]);
            self->next[from]++;
        }
        left -= (size_t)n;
    }
    return 0;
}

static void send_from_both(size_t capacity, size_t batch)
{
    size_t count = scaled(20000, 500);
    receiver at = {.box = opened(FAR, capacity), .count = count};
    sender near = {.to = at.box, .first = 0, .count = count, .batch = batch};
    sender far = {.to = at.box, .first = SECOND_SENDER, .count = count, .batch = batch};
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(FAR);
    spg_task receiving = spawned(&there, receives_two, &at);
    spg_task sending[] = {spawned(&here, sends, &near), spawned(&there, sends, &far)};
    REQUIRE_OK(joined(sending[0]));
    REQUIRE_OK(joined(sending[1]));
    REQUIRE_OK(joined(receiving));
    close_at(at.box, FAR);
}

TASK_TEST(messages_of_a_shard_keep_their_order, SHARDS)
{
    send_from_both(0, 0);
    return 0;
}

TASK_TEST(batches_of_a_shard_keep_their_order, SHARDS)
{
    send_from_both(64, 16);
    return 0;
}

TASK_TEST(a_lane_with_room_for_one_carries_all, SHARDS)
{
    send_from_both(1, 0);
    send_from_both(3, 16);
    return 0;
}

static int sends_to_itself(void *arg)
{
    (void)arg;
    spg_mailbox own = spg_shard_mailbox(spg_runtime(), (unsigned)spg_shard());
    REQUIRE_OK(spg_send(own, 7, 8, SPG_NOW));
    spg_msg message = received(own);
    REQUIRE_EQ(message.tag, 7);
    REQUIRE_EQ(message.value, 8);
    REQUIRE_EQ(message.from, spg_shard());
    REQUIRE(message.destroy == NULL);
    return 0;
}

TASK_TEST(a_shard_sends_to_itself, SHARDS)
{
    REQUIRE_OK(run_on(0, sends_to_itself, NULL));
    return run_on(FAR, sends_to_itself, NULL);
}

// ---- Threads ----

typedef struct outsider {
    sender plan;
    pthread_t thread;
} outsider;

static void *sends_from_outside(void *arg)
{
    sends(&((outsider *)arg)->plan);
    return NULL;
}

typedef struct audience {
    spg_mailbox box;
    size_t count;
    uint64_t sum;
} audience;

static int sums(void *arg)
{
    audience *self = arg;
    for (size_t left = self->count; left > 0;) {
        spg_msg messages[32];
        ssize_t n = spg_receive(self->box, messages, left < 32 ? left : 32, patience());
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            REQUIRE_EQ(messages[i].from, SPG_OUTSIDE);
            self->sum += messages[i].value;
        }
        left -= (size_t)n;
    }
    return 0;
}

START_TEST(threads_send_and_wait_for_room)
{
    enum { THREADS = 3 };
    spg_options options = test_options(SHARDS);
    options.mailbox_capacity = 4;
    spg_rt *rt = start_runtime(&options);
    size_t count = scaled(5000, 100);
    audience all = {.box = spg_shard_mailbox(rt, FAR), .count = THREADS * count};
    outsider threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        threads[i].plan =
            (sender){.to = all.box, .first = 1, .count = count, .batch = 5 * (i == 1)};
        REQUIRE_EQ(pthread_create(&threads[i].thread, NULL, sends_from_outside, &threads[i]), 0);
    }
    spg_attr there = pinned_to(FAR);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &there, sums, &all, &task));
    REQUIRE_OK(joined(task));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    REQUIRE_EQ(all.sum, THREADS * (count * (count + 1) / 2));
    end_runtime(rt);
}
END_TEST

START_TEST(a_full_lane_is_told_to_threads)
{
    spg_options options = test_options(1);
    options.mailbox_capacity = 2;
    spg_rt *rt = start_runtime(&options);
    spg_mailbox box = spg_shard_mailbox(rt, 0);
    spg_msg messages[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    int why = 0;
    REQUIRE_EQ(spg_send_some(box, messages, 3, &why, SPG_NOW), 2);
    REQUIRE_CODE(why, -EAGAIN);
    REQUIRE_CODE(spg_send(box, 0, 3, SPG_NOW), -EAGAIN);
    REQUIRE_CODE(spg_send(box, 0, 3, soon()), -ETIME);
    end_runtime(rt);
}
END_TEST

// Sends for ever, to a mailbox of which nobody receives.
static void *sends_until_the_end(void *arg)
{
    const spg_mailbox *box = arg;
    int code = 0;
    for (uint64_t i = 0; code == 0; i++) {
        code = spg_send(*box, 0, i, SPG_NEVER);
    }
    return (void *)(intptr_t)code;
}

START_TEST(threads_that_wait_for_room_are_told_of_the_end)
{
    enum { THREADS = 3 };
    spg_options options = test_options(SHARDS);
    options.mailbox_capacity = 2;
    spg_rt *rt = start_runtime(&options);
    spg_mailbox box = spg_shard_mailbox(rt, FAR);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(pthread_create(&threads[i], NULL, sends_until_the_end, &box), 0);
    }
    // Asleep by then as a rule; who is not is told when it comes to that.
    usleep(20000);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    for (int i = 0; i < THREADS; i++) {
        void *code;
        pthread_join(threads[i], &code);
        REQUIRE_CODE((int)(intptr_t)code, -ESHUTDOWN);
    }
    REQUIRE_CODE(spg_send(box, 0, 1, SPG_NOW), -ESHUTDOWN);
    end_runtime(rt);
    REQUIRE_CODE(spg_send(box, 0, 1, SPG_NOW), -ESRCH);
}
END_TEST

// ---- Bounds, deadlines, cancellation ----

TASK_TEST(a_full_lane_is_told, 1)
{
    spg_mailbox box = opened(0, 3);
    spg_msg messages[5] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}, {.value = 5}};
    int why = 0;
    REQUIRE_EQ(spg_send_some(box, messages, 5, &why, SPG_NOW), 3);
    REQUIRE_CODE(why, -EAGAIN);
    REQUIRE_CODE(spg_send_n(box, messages, 1, SPG_NOW), -EAGAIN);
    REQUIRE_CODE(spg_send_n(box, messages, 1, soon()), -ETIME);
    REQUIRE_EQ(spg_send_n(box, messages, 0, SPG_NOW), 0);
    REQUIRE_EQ(received(box).value, 1);
    REQUIRE_EQ(spg_send_some(box, messages, 5, &why, soon()), 1);
    REQUIRE_CODE(why, -ETIME);
    REQUIRE_EQ(received(box).value, 2);
    return spg_mailbox_close(box);
}

TASK_TEST(receives_end_at_their_deadline, 1)
{
    spg_mailbox box = opened(SPG_HERE, 0);
    spg_msg message;
    REQUIRE_CODE(spg_receive(box, &message, 1, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_receive(box, &message, 1, soon()), -ETIME);
    REQUIRE_CODE(spg_receive(box, &message, 0, SPG_NOW), -EINVAL);
    REQUIRE_OK(spg_send(box, 1, 2, SPG_NOW));
    REQUIRE_EQ(received(box).value, 2);
    return spg_mailbox_close(box);
}

static int waits_to_receive(void *arg)
{
    spg_msg message;
    return (int)spg_receive(*(spg_mailbox *)arg, &message, 1, SPG_NEVER);
}

static int waits_to_send(void *arg)
{
    return spg_send(*(spg_mailbox *)arg, 0, 0, SPG_NEVER);
}

static uint64_t suspended(void)
{
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &stats));
    return stats.suspends;
}

TASK_TEST(waits_are_cancelled, 1)
{
    spg_mailbox empty = opened(0, 1);
    spg_mailbox full = opened(0, 1);
    REQUIRE_OK(spg_send(full, 0, 0, SPG_NOW));
    spg_attr here = pinned_to(0);
    uint64_t before = suspended();
    spg_task receiving = spawned(&here, waits_to_receive, &empty);
    spg_task sending = spawned(&here, waits_to_send, &full);
    while (suspended() < before + 2) {
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_OK(spg_cancel(receiving));
    REQUIRE_OK(spg_cancel(sending));
    REQUIRE_CODE(joined(receiving), -ECANCELED);
    REQUIRE_CODE(joined(sending), -ECANCELED);
    // Neither took anything with it.
    REQUIRE_OK(spg_send(empty, 0, 9, SPG_NOW));
    REQUIRE_EQ(received(empty).value, 9);
    REQUIRE_EQ(received(full).value, 0);
    REQUIRE_OK(spg_send(full, 0, 1, SPG_NOW));
    REQUIRE_OK(spg_mailbox_close(empty));
    return spg_mailbox_close(full);
}

TASK_TEST(several_tasks_receive_in_turn, 1)
{
    enum { TASKS = 4 };
    spg_mailbox box = opened(0, 0);
    spg_attr here = pinned_to(0);
    spg_task tasks[TASKS];
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = spawned(&here, waits_to_receive, &box);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        REQUIRE_OK(spg_send(box, 0, i, SPG_NOW));
    }
    for (int i = 0; i < TASKS; i++) {
        REQUIRE_EQ(joined(tasks[i]), 1);
    }
    return spg_mailbox_close(box);
}

// ---- Closing ----

static int freed;

static void frees(void *pointer)
{
    freed++;
    free(pointer);
}

static void send_owned(spg_mailbox to)
{
    int *number = malloc(sizeof *number);
    REQUIRE(number != NULL);
    *number = 5;
    REQUIRE_OK(spg_send_owned(to, 1, number, frees, SPG_NOW));
}

TASK_TEST(owned_messages_are_freed_once, 1)
{
    spg_mailbox box = opened(0, 8);
    freed = 0;
    send_owned(box);
    send_owned(box);
    spg_msg message = received(box);
    REQUIRE_EQ(freed, 0);
    message.destroy((void *)(uintptr_t)message.value);
    REQUIRE_OK(spg_mailbox_close(box));
    REQUIRE_EQ(freed, 2);
    REQUIRE_CODE(spg_send_owned(box, 1, &freed, NULL, SPG_NOW), -EINVAL);
    send_owned(spg_shard_mailbox(spg_runtime(), 0)); // freed with the runtime
    return 0;
}

TASK_TEST(a_closed_mailbox_ends_waits_and_stays_closed, SHARDS)
{
    spg_mailbox box = opened(0, 1);
    spg_mailbox full = opened(0, 1);
    spg_attr here = pinned_to(0);
    spg_attr there = pinned_to(FAR);
    spg_task receiving = spawned(&here, waits_to_receive, &box);
    spg_task filling = spawned(&there, waits_to_send, &full);
    REQUIRE_OK(joined(filling));
    spg_task sending = spawned(&there, waits_to_send, &full);
    REQUIRE_OK(spg_sleep(soon()));
    close_at(box, 0);
    close_at(full, 0);
    REQUIRE_CODE(joined(receiving), -ESRCH);
    REQUIRE_CODE(joined(sending), -ESRCH);
    // The slots are used again; old handles do not fit.
    spg_mailbox again = opened(0, 4);
    REQUIRE_CODE(spg_send(box, 0, 0, SPG_NOW), -ESRCH);
    REQUIRE_CODE(spg_send(full, 0, 0, SPG_NOW), -ESRCH);
    REQUIRE_CODE(spg_tally_open(box, 0, 1), -ESRCH);
    for (uint32_t i = 0; i < 4; i++) {
        REQUIRE_OK(spg_send(again, 0, i, SPG_NOW));
    }
    REQUIRE_CODE(spg_send(again, 0, 4, SPG_NOW), -EAGAIN);
    REQUIRE_OK(spg_flush(SPG_NOW) == -ETIME ? 0 : -1);
    close_at(again, 0);
    REQUIRE_OK(spg_flush(patience()));
    return 0;
}

TASK_TEST(handles_are_checked, SHARDS)
{
    spg_mailbox box;
    spg_msg message;
    REQUIRE_CODE(spg_mailbox_open(SHARDS, 0, &box), -EINVAL);
    REQUIRE_CODE(spg_mailbox_open(0, SPG_MAX_MAILBOX_CAPACITY + 1, &box), -EINVAL);
    REQUIRE_CODE(spg_mailbox_open(0, 0, NULL), -EINVAL);
    REQUIRE_CODE(spg_send((spg_mailbox){0}, 0, 0, SPG_NOW), -ESRCH);
    REQUIRE_CODE(spg_receive((spg_mailbox){0}, &message, 1, SPG_NOW), -ESRCH);
    REQUIRE_EQ(spg_shard_mailbox(spg_runtime(), SHARDS).v, 0);
    REQUIRE_EQ(spg_shard_mailbox(NULL, 0).v, 0);
    spg_pin();
    uint32_t other = 1 - (uint32_t)spg_shard();
    box = opened(other, 0);
    REQUIRE_CODE(spg_receive(box, &message, 1, SPG_NOW), -EXDEV);
    REQUIRE_CODE(spg_mailbox_close(box), -EXDEV);
    REQUIRE_CODE(spg_mailbox_close(spg_shard_mailbox(spg_runtime(), (unsigned)spg_shard())),
                 -EBUSY);
    spg_unpin();
    close_at(box, other);
    return 0;
}

START_TEST(receives_want_a_task)
{
    spg_options options = test_options(1);
    spg_rt *rt = start_runtime(&options);
    spg_msg message;
    spg_mailbox box;
    REQUIRE_CODE(spg_receive(spg_shard_mailbox(rt, 0), &message, 1, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_mailbox_open(0, 0, &box), -EPERM);
    REQUIRE_CODE(spg_flush(SPG_NOW), -EPERM);
    REQUIRE_OK(spg_send(spg_shard_mailbox(rt, 0), 0, 0, SPG_NOW));
    spg_mailbox old = spg_shard_mailbox(rt, 0);
    end_runtime(rt);
    REQUIRE_CODE(spg_send(old, 0, 0, SPG_NOW), -ESRCH);
    rt = start_runtime(&options);
    REQUIRE_CODE(spg_send(old, 0, 0, SPG_NOW), -ESRCH); // also if it has the same slot
    end_runtime(rt);
}
END_TEST

TASK_TEST(mailboxes_are_bounded, 1)
{
    size_t count = SPG_MAX_MAILBOXES - 1;
    spg_mailbox *boxes = calloc(count, sizeof *boxes);
    REQUIRE(boxes != NULL);
    for (size_t i = 0; i < count; i++) {
        boxes[i] = opened(0, 1);
    }
    spg_mailbox more;
    REQUIRE_CODE(spg_mailbox_open(0, 1, &more), -EAGAIN);
    for (size_t i = 0; i < count; i++) {
        REQUIRE_OK(spg_mailbox_close(boxes[i]));
    }
    more = opened(0, 1);
    free(boxes);
    return spg_mailbox_close(more);
}

// ---- Cost ----

// The lane's promise: one publication per batch, and no doorbell while the receiver is awake.
TASK_TEST(a_batch_is_published_once, SHARDS)
{
    spg_pin();
    spg_mailbox box = opened(1 - (uint32_t)spg_shard(), 0);
    spg_msg messages[SPG_MSG_BATCH] = {{0}};
    spg_stats before;
    spg_stats after;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &before));
    for (int i = 0; i < 4; i++) {
        REQUIRE_EQ(spg_send_n(box, messages, SPG_MSG_BATCH, SPG_NOW), SPG_MSG_BATCH);
    }
    REQUIRE_OK(spg_stats_get(spg_runtime(), &after));
    REQUIRE_EQ(after.messages_sent - before.messages_sent, 4 * SPG_MSG_BATCH);
    REQUIRE_EQ(after.message_batches - before.message_batches, 4);
    REQUIRE_EQ(after.doorbells_sent, before.doorbells_sent); // nobody waits for them
    spg_unpin();
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = add_tests(suite, "messages", 60);
    tcase_add_test(tests, messages_of_a_shard_keep_their_order);
    tcase_add_test(tests, batches_of_a_shard_keep_their_order);
    tcase_add_test(tests, a_lane_with_room_for_one_carries_all);
    tcase_add_test(tests, a_shard_sends_to_itself);
    tcase_add_test(tests, threads_send_and_wait_for_room);
    tcase_add_test(tests, a_full_lane_is_told_to_threads);
    tcase_add_test(tests, threads_that_wait_for_room_are_told_of_the_end);
    tcase_add_test(tests, a_full_lane_is_told);
    tcase_add_test(tests, receives_end_at_their_deadline);
    tcase_add_test(tests, waits_are_cancelled);
    tcase_add_test(tests, several_tasks_receive_in_turn);
    tcase_add_test(tests, a_batch_is_published_once);
    tests = add_tests(suite, "closing", 60);
    tcase_add_test(tests, owned_messages_are_freed_once);
    tcase_add_test(tests, a_closed_mailbox_ends_waits_and_stays_closed);
    tcase_add_test(tests, handles_are_checked);
    tcase_add_test(tests, receives_want_a_task);
    tcase_add_test(tests, mailboxes_are_bounded);
    return run_suite("test_mailbox", suite);
}
