// SPDX-License-Identifier: MIT
// test_chan.c: channels: order, bounds, waits, turns, closing, cost.
#include "channels.h"

#include <pthread.h>

// ---- Order -----------------------------------------------------------------------------------

static const size_t item_sizes[] = {1, 4, 8, 16, 24, SPG_MAX_CHAN_ITEM_BYTES};

// Bytes that tell which item it is.
static void fill(unsigned char *item, size_t bytes, size_t number)
{
    for (size_t i = 0; i < bytes; i++) {
        item[i] = (unsigned char)(number * 7 + i);
    }
}

static void pass_items(size_t bytes)
{
    enum { CAPACITY = 5, ROUNDS = 40 };
    static unsigned char in[CAPACITY * SPG_MAX_CHAN_ITEM_BYTES];
    static unsigned char out[sizeof in];
    spg_chan *chan;
    REQUIRE_OK(spg_chan_open(bytes, CAPACITY, &chan));
    size_t number = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = 1 + round % CAPACITY; // so that batches wrap around at every place
        for (size_t i = 0; i < n; i++) {
            fill(in + i * bytes, bytes, number++);
        }
        if (round % 2 == 0) {
            REQUIRE_EQ(spg_chan_send_n(chan, in, n, SPG_NOW), n);
            for (size_t i = 0; i < n; i++) {
                REQUIRE_OK(spg_chan_receive(chan, out + i * bytes, SPG_NOW));
            }
        } else {
            for (size_t i = 0; i < n; i++) {
                REQUIRE_OK(spg_chan_send(chan, in + i * bytes, SPG_NOW));
            }
            REQUIRE_EQ(spg_chan_receive_n(chan, out, CAPACITY, SPG_NOW), n);
        }
        REQUIRE(memcmp(in, out, n * bytes) == 0);
    }
    REQUIRE_OK(spg_chan_free(chan));
}

TASK_TEST(items_of_all_sizes_come_out_as_they_went_in, 1)
{
    for (size_t i = 0; i < sizeof item_sizes / sizeof item_sizes[0]; i++) {
        pass_items(item_sizes[i]);
    }
    return 0;
}

typedef struct stream {
    spg_chan *chan;
    size_t count;
    size_t batch; // 0: one by one
} stream;

static int sends_stream(void *arg)
{
    const stream *self = arg;
    for (uint64_t i = 0; i < self->count;) {
        uint64_t numbers[16];
        size_t n = self->batch > 0 ? self->batch : 1;
        n = n < self->count - i ? n : self->count - i;
        for (size_t k = 0; k < n; k++) {
            numbers[k] = i + k;
        }
        ssize_t sent = self->batch > 0 ? spg_chan_send_n(self->chan, numbers, n, patience())
                                       : send_number(self->chan, i, patience()) + 1;
        REQUIRE_EQ(sent, n);
        i += n;
    }
    return 0;
}

static void receive_stream(const stream *self)
{
    for (uint64_t next = 0; next < self->count;) {
        uint64_t numbers[16];
        ssize_t n = self->batch > 0
                        ? spg_chan_receive_n(self->chan, numbers, self->batch, patience())
                        : spg_chan_receive(self->chan, numbers, patience()) + 1;
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            REQUIRE_EQ(numbers[i], next++);
        }
    }
}

static void stream_through(size_t capacity, size_t batch, const spg_attr *attr)
{
    stream all = {.chan = opened(capacity), .count = scaled(20000, 500), .batch = batch};
    spg_task task = spawned(attr, sends_stream, &all);
    receive_stream(&all);
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(stats_of(all.chan).sent, all.count);
    REQUIRE_EQ(stats_of(all.chan).received, all.count);
    REQUIRE_OK(spg_chan_free(all.chan));
}

TASK_TEST(a_stream_keeps_its_order_wherever_the_ends_are, SHARDS)
{
    spg_attr free = {0};
    spg_attr there = pinned_to(1);
    const size_t capacities[] = {0, 1, 2, 64};
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        stream_through(capacities[i], 0, &free);
        stream_through(capacities[i], 0, &there);
        stream_through(capacities[i], 16, &free);
        stream_through(capacities[i], 16, &there);
    }
    return 0;
}

// ---- Bounds and deadlines --------------------------------------------------------------------

TASK_TEST(a_full_channel_is_told, 1)
{
    spg_chan *chan = opened(2);
    uint64_t numbers[] = {1, 2, 3};
    REQUIRE_EQ(spg_chan_send_n(chan, numbers, 3, SPG_NOW), 2);
    REQUIRE_CODE(spg_chan_send_n(chan, numbers, 1, SPG_NOW), -ETIME);
    REQUIRE_CODE(send_number(chan, 3, SPG_NOW), -ETIME);
    REQUIRE_CODE(send_number(chan, 3, soon()), -ETIME);
    REQUIRE_CODE(send_number(chan, 3, spg_now() - 1), -ETIME);
    REQUIRE_EQ(spg_chan_send_n(chan, numbers, 0, SPG_NOW), 0);
    REQUIRE_EQ(spg_chan_send_n(chan, NULL, 0, SPG_NOW), 0);
    REQUIRE_EQ(received(chan), 1);
    REQUIRE_EQ(spg_chan_send_n(chan, numbers, 3, soon()), 1); // what was taken; then why
    REQUIRE_CODE(spg_chan_send_n(chan, numbers, 3, soon()), -ETIME);
    REQUIRE_EQ(received(chan), 2);
    REQUIRE_OK(send_number(chan, 4, spg_now() - 1)); // a result beats a deadline
    REQUIRE_EQ(received(chan), 1);
    REQUIRE_EQ(received(chan), 4);
    return spg_chan_free(chan);
}

TASK_TEST(an_empty_channel_is_told, 1)
{
    spg_chan *chan = opened(2);
    uint64_t numbers[4];
    REQUIRE_CODE(spg_chan_receive(chan, numbers, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_chan_receive(chan, numbers, soon()), -ETIME);
    REQUIRE_CODE(spg_chan_receive_n(chan, numbers, 4, soon()), -ETIME);
    REQUIRE_OK(send_number(chan, 1, SPG_NOW));
    REQUIRE_OK(send_number(chan, 2, SPG_NOW));
    REQUIRE_EQ(spg_chan_receive_n(chan, numbers, 4, SPG_NEVER), 2);
    REQUIRE_EQ(numbers[1], 2);
    return spg_chan_free(chan);
}

// More than one turn under the lock copies.
TASK_TEST(a_long_batch_is_sent_in_turns, SHARDS)
{
    enum { COUNT = 50000 };
    uint64_t *numbers = calloc(COUNT, sizeof *numbers);
    REQUIRE(numbers != NULL);
    for (uint64_t i = 0; i < COUNT; i++) {
        numbers[i] = i;
    }
    spg_chan *chan = opened(COUNT);
    REQUIRE_EQ(spg_chan_send_n(chan, numbers, COUNT, SPG_NOW), COUNT);
    memset(numbers, 0, COUNT * sizeof *numbers);
    size_t got = 0;
    while (got < COUNT) {
        ssize_t n = spg_chan_receive_n(chan, numbers + got, COUNT - got, SPG_NOW);
        REQUIRE(n > 0 && (size_t)n * sizeof *numbers <= 65536);
        got += (size_t)n;
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        REQUIRE_EQ(numbers[i], i);
    }
    free(numbers);
    return spg_chan_free(chan);
}

TASK_TEST(arguments_are_checked, 1)
{
    spg_chan *chan = NULL;
    uint64_t number = 0;
    spg_chan_stats stats;
    REQUIRE_CODE(spg_chan_open(0, 1, &chan), -EINVAL);
    REQUIRE_CODE(spg_chan_open(SPG_MAX_CHAN_ITEM_BYTES + 1, 1, &chan), -EINVAL);
    REQUIRE_CODE(spg_chan_open(8, SPG_MAX_CHAN_BYTES / 8 + 1, &chan), -EINVAL);
    REQUIRE_CODE(spg_chan_open(8, SIZE_MAX, &chan), -EINVAL);
    REQUIRE_CODE(spg_chan_open(8, 1, NULL), -EINVAL);
    REQUIRE(chan == NULL);
    REQUIRE_OK(spg_chan_open(8, SPG_MAX_CHAN_BYTES / 8, &chan));
    REQUIRE_CODE(spg_chan_send(NULL, &number, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_send(chan, NULL, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_send_n(NULL, &number, 1, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_send_n(chan, NULL, 1, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_receive(NULL, &number, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_receive(chan, NULL, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_receive_n(NULL, &number, 1, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_receive_n(chan, NULL, 1, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_receive_n(chan, &number, 0, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_chan_close(NULL), -EINVAL);
    REQUIRE_CODE(spg_chan_stats_get(NULL, &stats), -EINVAL);
    REQUIRE_CODE(spg_chan_stats_get(chan, NULL), -EINVAL);
    REQUIRE_OK(spg_chan_free(NULL));
    return spg_chan_free(chan);
}

START_TEST(items_want_a_task)
{
    spg_chan *chan = opened(4);
    uint64_t number = 0;
    REQUIRE_CODE(send_number(chan, 1, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_chan_send_n(chan, &number, 1, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_chan_receive(chan, &number, SPG_NOW), -EPERM);
    REQUIRE_CODE(spg_chan_receive_n(chan, &number, 1, SPG_NOW), -EPERM);
    REQUIRE_OK(spg_chan_close(chan));
    REQUIRE_EQ(stats_of(chan).closed, 1);
    REQUIRE_OK(spg_chan_free(chan));
}
END_TEST

// ---- Turns -----------------------------------------------------------------------------------

enum { TURNS = 4 };

// Who waits is served in the order in which it came, and nobody overtakes.
TASK_TEST(senders_get_room_in_turn, SHARDS)
{
    spg_chan *chan = opened(1);
    sender senders[TURNS];
    spg_task tasks[TURNS];
    spg_attr attr = {0};
    REQUIRE_OK(send_number(chan, 0, SPG_NOW));
    for (uint64_t i = 0; i < TURNS; i++) {
        senders[i] = (sender){chan, i + 1, patience()};
        tasks[i] = spawned(&attr, sends, &senders[i]);
        AWAIT_WAITING(chan, i + 1, 0);
    }
    for (uint64_t i = 0; i <= TURNS; i++) {
        REQUIRE_CODE(send_number(chan, 99, SPG_NOW), -ETIME);
        REQUIRE_EQ(received(chan), i);
        REQUIRE_EQ(stats_of(chan).waiting_senders, i < TURNS ? TURNS - i - 1 : 0);
    }
    for (uint64_t i = 0; i < TURNS; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    return spg_chan_free(chan);
}

TASK_TEST(receivers_get_items_in_turn, SHARDS)
{
    spg_chan *chan = opened(1);
    receiver receivers[TURNS];
    spg_task tasks[TURNS];
    spg_attr attr = {0};
    for (uint64_t i = 0; i < TURNS; i++) {
        receivers[i] = (receiver){chan, UINT64_MAX, patience()};
        tasks[i] = spawned(&attr, receives, &receivers[i]);
        AWAIT_WAITING(chan, 0, i + 1);
    }
    uint64_t numbers[TURNS + 1] = {0, 1, 2, 3, 4};
    REQUIRE_EQ(spg_chan_send_n(chan, numbers, TURNS + 1, SPG_NOW), TURNS + 1); // the last is stored
    for (uint64_t i = 0; i < TURNS; i++) {
        REQUIRE_OK(joined(tasks[i]));
        REQUIRE_EQ(receivers[i].number, i);
    }
    REQUIRE_EQ(received(chan), TURNS);
    return spg_chan_free(chan);
}

// A batch that waits is taken in parts, in its turn, and none of it comes between others.
static int sends_three(void *arg)
{
    const uint64_t numbers[] = {10, 11, 12};
    return (int)spg_chan_send_n(arg, numbers, 3, patience());
}

TASK_TEST(a_batch_that_waits_keeps_its_turn, 1)
{
    spg_chan *chan = opened(1);
    spg_attr attr = {0};
    sender last = {chan, 20, patience()};
    REQUIRE_OK(send_number(chan, 0, SPG_NOW));
    spg_task batch = spawned(&attr, sends_three, chan);
    AWAIT_WAITING(chan, 1, 0);
    spg_task single = spawned(&attr, sends, &last);
    AWAIT_WAITING(chan, 2, 0);
    REQUIRE_EQ(received(chan), 0);
    REQUIRE_EQ(received(chan), 10);
    REQUIRE_EQ(stats_of(chan).waiting_senders, 2);
    uint64_t rest[4];
    REQUIRE_EQ(spg_chan_receive_n(chan, rest, 4, SPG_NOW), 3); // past the ring, from who waits
    REQUIRE_EQ(rest[0], 11);
    REQUIRE_EQ(rest[1], 12);
    REQUIRE_EQ(rest[2], 20);
    REQUIRE_EQ(joined(batch), 3);
    REQUIRE_OK(joined(single));
    return spg_chan_free(chan);
}

// One that is stopped leaves its place; what it has sent before stays sent.
static int sends_three_shortly(void *arg)
{
    const uint64_t numbers[] = {10, 11, 12};
    return (int)spg_chan_send_n(arg, numbers, 3, later());
}

TASK_TEST(a_batch_that_is_stopped_tells_how_far_it_came, SHARDS)
{
    spg_chan *chan = opened(1);
    spg_attr attr = {0};
    REQUIRE_OK(send_number(chan, 0, SPG_NOW));
    spg_task batch = spawned(&attr, sends_three_shortly, chan);
    AWAIT_WAITING(chan, 1, 0);
    REQUIRE_EQ(received(chan), 0);
    REQUIRE_EQ(joined(batch), 1);
    REQUIRE_EQ(received(chan), 10);
    REQUIRE_EQ(stats_of(chan).depth, 0);
    return spg_chan_free(chan);
}

// ---- Closing ---------------------------------------------------------------------------------

static void *closes_outside(void *arg)
{
    REQUIRE_OK(spg_chan_close(arg));
    return NULL;
}

// From a thread that is no task: by then all wait.
static void close_outside(spg_chan *chan)
{
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, closes_outside, chan), 0);
    pthread_join(thread, NULL);
}

TASK_TEST(closing_ends_receives_that_wait, SHARDS)
{
    spg_chan *chan = opened(4);
    receiver waiting[] = {{chan, 0, SPG_NEVER}, {chan, 0, later()}, {chan, 0, SPG_NEVER}};
    spg_attr attrs[] = {{0}, pinned_to(0), pinned_to(1)};
    spg_task tasks[3];
    for (int i = 0; i < 3; i++) {
        tasks[i] = spawned(&attrs[i], receives, &waiting[i]);
    }
    AWAIT_WAITING(chan, 0, 3);
    REQUIRE_CODE(spg_chan_free(chan), -EBUSY);
    close_outside(chan);
    for (int i = 0; i < 3; i++) {
        REQUIRE_CODE(joined(tasks[i]), -EPIPE);
    }
    REQUIRE_OK(spg_chan_close(chan));
    REQUIRE_CODE(spg_chan_receive(chan, &waiting[0].number, SPG_NEVER), -EPIPE);
    return spg_chan_free(chan);
}

TASK_TEST(closing_ends_sends_that_wait_and_keeps_what_is_in_it, SHARDS)
{
    spg_chan *chan = opened(2);
    spg_attr attr = {0};
    sender single = {chan, 20, SPG_NEVER};
    REQUIRE_OK(send_number(chan, 0, SPG_NOW));
    spg_task batch = spawned(&attr, sends_three, chan); // one goes in
    AWAIT_WAITING(chan, 1, 0);
    spg_task waiting = spawned(&attr, sends, &single);
    AWAIT_WAITING(chan, 2, 0);
    REQUIRE_CODE(spg_chan_free(chan), -EBUSY);
    REQUIRE_OK(spg_chan_close(chan));
    REQUIRE_EQ(joined(batch), 1);
    REQUIRE_CODE(joined(waiting), -EPIPE);
    REQUIRE_CODE(send_number(chan, 1, SPG_NEVER), -EPIPE);
    REQUIRE_CODE(spg_chan_send_n(chan, &single.number, 1, SPG_NOW), -EPIPE);
    REQUIRE_EQ(received(chan), 0);
    uint64_t rest[4];
    REQUIRE_EQ(spg_chan_receive_n(chan, rest, 4, SPG_NEVER), 1);
    REQUIRE_EQ(rest[0], 10);
    REQUIRE_CODE(spg_chan_receive_n(chan, rest, 4, SPG_NEVER), -EPIPE);
    return spg_chan_free(chan);
}

// ---- Cancellation ----------------------------------------------------------------------------

TASK_TEST(waits_are_cancelled, SHARDS)
{
    spg_chan *full = opened(1);
    spg_chan *empty = opened(1);
    REQUIRE_OK(send_number(full, 1, SPG_NOW));
    sender send = {full, 2, SPG_NEVER};
    receiver receive = {empty, 0, SPG_NEVER};
    spg_attr attr = {0};
    spg_task tasks[] = {spawned(&attr, sends, &send), spawned(&attr, receives, &receive)};
    AWAIT_WAITING(full, 1, 0);
    AWAIT_WAITING(empty, 0, 1);
    REQUIRE_OK(spg_cancel(tasks[0]));
    REQUIRE_OK(spg_cancel(tasks[1]));
    REQUIRE_CODE(joined(tasks[0]), -ECANCELED);
    REQUIRE_CODE(joined(tasks[1]), -ECANCELED);
    AWAIT_WAITING(full, 0, 0);
    REQUIRE_EQ(received(full), 1); // neither took anything with it
    REQUIRE_EQ(stats_of(full).depth, 0);
    REQUIRE_OK(send_number(empty, 3, SPG_NOW));
    REQUIRE_EQ(received(empty), 3);
    REQUIRE_OK(spg_chan_free(full));
    return spg_chan_free(empty);
}

static int tries_both(void *arg)
{
    spg_chan *chan = arg;
    uint64_t number;
    while (!spg_cancelled()) {
        REQUIRE_OK(spg_yield());
    }
    REQUIRE_CODE(send_number(chan, 2, SPG_NOW), -ECANCELED);
    REQUIRE_CODE(spg_chan_receive(chan, &number, SPG_NOW), -ECANCELED);
    REQUIRE_OK(spg_chan_close(chan));
    return 0;
}

TASK_TEST(a_cancelled_task_is_refused_what_is_there, 1)
{
    spg_chan *chan = opened(2);
    spg_attr attr = {0};
    REQUIRE_OK(send_number(chan, 1, SPG_NOW));
    spg_task task = spawned(&attr, tries_both, chan);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_OK(joined(task));
    REQUIRE_EQ(stats_of(chan).depth, 1);
    return spg_chan_free(chan);
}

TASK_TEST(a_scope_ends_the_waits_in_it, SHARDS)
{
    spg_chan *chan = opened(1);
    receiver waiting = {chan, 0, SPG_NEVER};
    spg_scope scope;
    spg_attr attr = {.scope = &scope};
    REQUIRE_OK(spg_scope_open(&scope, soon()));
    spg_task task = spawned(&attr, receives, &waiting);
    REQUIRE_CODE(receives(&waiting), -ETIME);
    REQUIRE_CODE(spg_scope_close(&scope), -ETIME);
    (void)task;
    return spg_chan_free(chan);
}

int main(void)
{
    Suite *suite = suite_create("chan");
    TCase *tests = add_tests(suite, "items", 60);
    tcase_add_test(tests, items_of_all_sizes_come_out_as_they_went_in);
    tcase_add_test(tests, a_stream_keeps_its_order_wherever_the_ends_are);
    tcase_add_test(tests, a_full_channel_is_told);
    tcase_add_test(tests, an_empty_channel_is_told);
    tcase_add_test(tests, a_long_batch_is_sent_in_turns);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, items_want_a_task);
    tests = add_tests(suite, "turns", 60);
    tcase_add_test(tests, senders_get_room_in_turn);
    tcase_add_test(tests, receivers_get_items_in_turn);
    tcase_add_test(tests, a_batch_that_waits_keeps_its_turn);
    tcase_add_test(tests, a_batch_that_is_stopped_tells_how_far_it_came);
    tests = add_tests(suite, "endings", 60);
    tcase_add_test(tests, closing_ends_receives_that_wait);
    tcase_add_test(tests, closing_ends_sends_that_wait_and_keeps_what_is_in_it);
    tcase_add_test(tests, waits_are_cancelled);
    tcase_add_test(tests, a_cancelled_task_is_refused_what_is_there);
    tcase_add_test(tests, a_scope_ends_the_waits_in_it);
    return run_suite("test_chan", suite);
}
