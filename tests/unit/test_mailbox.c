// SPDX-License-Identifier: MIT
// test_mailbox.c: messages between shards, flush, tallies.
#include "support.h"

#include <pthread.h>

enum { SHARDS = 2, FAR = 1 };

static spg_mailbox opened(unsigned shard, size_t capacity)
{
    spg_mailbox box = {0};
    REQUIRE_OK(spg_mailbox_open(shard, capacity, &box));
    REQUIRE(box.v != 0);
    return box;
}

static spg_msg received(spg_mailbox box)
{
    spg_msg message;
    REQUIRE_CODE(spg_receive(box, &message, 1, patience()), 1);
    return message;
}

static int closes(void *arg)
{
    const spg_mailbox *box = arg;
    return spg_mailbox_close(*box);
}

// From the root task, wherever it runs.
static void close_at(spg_mailbox box, uint32_t shard)
{
    spg_attr there = pinned_to(shard);
    REQUIRE_OK(joined(spawned(&there, closes, &box)));
}

// Runs fn(arg) on a shard, and gives its result.
static int run_on(uint32_t shard, spg_fn *fn, void *arg)
{
    spg_attr there = pinned_to(shard);
    return joined(spawned(&there, fn, arg));
}

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

// ---- Flushing ----

typedef struct slow_reader {
    spg_mailbox box;
    _Atomic bool go;
} slow_reader;

static int reads_when_told(void *arg)
{
    slow_reader *self = arg;
    AWAIT(atomic_load(&self->go));
    REQUIRE_EQ(received(self->box).value, 1);
    return 0;
}

TASK_TEST(a_flush_waits_until_all_is_received, SHARDS)
{
    spg_pin();
    uint32_t other = 1 - (uint32_t)spg_shard();
    slow_reader reader = {.box = opened(other, 0)};
    spg_attr there = pinned_to(other);
    spg_task reading = spawned(&there, reads_when_told, &reader);
    REQUIRE_OK(spg_flush(SPG_NOW)); // nothing was sent
    REQUIRE_OK(spg_send(reader.box, 0, 1, SPG_NOW));
    spg_flush_ticket ticket;
    REQUIRE_OK(spg_flush_begin(&ticket));
    REQUIRE_OK(spg_send(reader.box, 0, 2, SPG_NOW)); // after the ticket: not waited for
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_flush_wait(ticket, soon()), -ETIME);
    atomic_store(&reader.go, true);
    REQUIRE_OK(spg_flush_wait(ticket, patience()));
    REQUIRE_OK(joined(reading));
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    close_at(reader.box, other);
    REQUIRE_OK(spg_flush(patience())); // what was destroyed counts, too
    ticket.shard = other;
    REQUIRE_CODE(spg_flush_wait(ticket, SPG_NOW), -EXDEV);
    ticket.shard = SHARDS;
    REQUIRE_CODE(spg_flush_wait(ticket, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_flush_begin(NULL), -EINVAL);
    spg_unpin();
    return 0;
}

// ---- Tallies ----

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
    while (self->taken < 2 * self->times) {
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
    REQUIRE_OK(joined(taking));
    REQUIRE_EQ(count.taken, 2 * count.times);
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
    tests = add_tests(suite, "flush", 60);
    tcase_add_test(tests, a_flush_waits_until_all_is_received);
    tests = add_tests(suite, "tallies", 60);
    tcase_add_test(tests, tallies_merge_what_is_added);
    tcase_add_test(tests, tallies_wait_for_their_threshold);
    return run_suite("test_mailbox", suite);
}
