// SPDX-License-Identifier: MIT
// stress_chan.c: many tasks send to and receive from one channel, with random deadlines, cancels
// and a close in between: no item is lost or doubled, and those of a producer keep their order.
#include "support.h"

enum { MOST_ENDS = 16, STORMS = 8 };

// ---- Through one channel ---------------------------------------------------------------------

typedef struct traffic {
    spg_chan *chan;
    uint32_t producers;
    uint32_t consumers;
    uint64_t each; // items of a producer at most
    bool stops;    // deadlines are short, and ends are cancelled
    // Of each consumer: sums of what it got, by producer. Both ends add up what was taken.
    _Atomic uint64_t sent[MOST_ENDS];
    _Atomic uint64_t received[MOST_ENDS];
    _Atomic uint64_t sent_sum;
    _Atomic uint64_t received_sum;
} traffic;

typedef struct party {
    traffic *all;
    uint32_t number;
    uint64_t seed;
    uint64_t next; // of a producer: its next item
    spg_task task;
} party;

static uint64_t word(uint32_t producer, uint64_t number)
{
    return (uint64_t)producer << 48 | number;
}

static spg_time random_deadline(const traffic *all, uint64_t *state)
{
    if (!all->stops) {
        return patience();
    }
    switch (random_below(state, 4)) {
    case 0:
        return SPG_NOW;
    case 1:
        return SPG_NEVER;
    default:
        return spg_after(random_below(state, 200) * SPG_US);
    }
}

// A call was stopped, or took nothing. True: the end is over.
static bool is_over(const traffic *all, ssize_t code)
{
    if (code == -EPIPE || code == -ECANCELED) {
        REQUIRE(all->stops || code == -EPIPE);
        return true;
    }
    REQUIRE_CODE(code, -ETIME);
    REQUIRE(all->stops);
    return false;
}

static int produces(void *arg)
{
    party *self = arg;
    traffic *all = self->all;
    uint64_t state = self->seed;
    uint64_t sum = 0;
    while (self->next < all->each) {
        uint64_t items[40];
        uint64_t n = random_below(&state, 4) > 0 ? 1 : 1 + random_below(&state, 40);
        n = n < all->each - self->next ? n : all->each - self->next;
        for (uint64_t i = 0; i < n; i++) {
            items[i] = word(self->number, self->next + i);
        }
        ssize_t taken = n == 1 ? spg_chan_send(all->chan, items, random_deadline(all, &state)) + 1
                               : spg_chan_send_n(all->chan, items, n, random_deadline(all, &state));
        if (taken <= 0) {
            if (is_over(all, n == 1 ? taken - 1 : taken)) {
                break;
            }
            continue;
        }
        for (ssize_t i = 0; i < taken; i++) {
            sum += items[i];
        }
        self->next += (uint64_t)taken;
        if (random_below(&state, 64) == 0) {
            (void)spg_yield();
        }
    }
    atomic_fetch_add(&all->sent[self->number], self->next);
    atomic_fetch_add(&all->sent_sum, sum);
    return 0;
}

static int consumes(void *arg)
{
    party *self = arg;
    traffic *all = self->all;
    uint64_t state = self->seed;
    uint64_t last[MOST_ENDS] = {0}; // item after the last one, of each producer
    uint64_t got[MOST_ENDS] = {0};
    uint64_t sum = 0;
    for (;;) {
        uint64_t items[40];
        uint64_t room = random_below(&state, 4) > 0 ? 1 : 1 + random_below(&state, 40);
        ssize_t n = room == 1
                        ? spg_chan_receive(all->chan, items, random_deadline(all, &state)) + 1
                        : spg_chan_receive_n(all->chan, items, room, random_deadline(all, &state));
        if (n <= 0) {
            if (is_over(all, room == 1 ? n - 1 : n)) {
                break;
            }
            continue;
        }
        REQUIRE((uint64_t)n <= room);
        for (ssize_t i = 0; i < n; i++) {
            uint32_t producer = (uint32_t)(items[i] >> 48);
            uint64_t number = items[i] & 0xFFFFFFFFFFFF;
            REQUIRE(producer < all->producers);
            REQUIRE(number >= last[producer]); // what others got lies in between
            last[producer] = number + 1;
            got[producer]++;
            sum += items[i];
        }
        if (random_below(&state, 64) == 0) {
            (void)spg_yield();
        }
    }
    for (uint32_t i = 0; i < all->producers; i++) {
        atomic_fetch_add(&all->received[i], got[i]);
    }
    atomic_fetch_add(&all->received_sum, sum);
    return 0;
}

// Where an end runs: anywhere as a rule.
static spg_attr random_place(uint32_t shards, uint64_t *state)
{
    spg_attr attr = {0};
    if (random_below(state, 4) == 0) {
        attr = pinned_to(random_below(state, shards));
    }
    return attr;
}

static void start_all(spg_rt *rt, spg_fn *fn, party *parties, uint32_t count, uint32_t shards,
                      traffic *all, uint64_t *state)
{
    for (uint32_t i = 0; i < count; i++) {
        spg_attr attr = random_place(shards, state);
        parties[i] = (party){.all = all, .number = i, .seed = random_next(state)};
        REQUIRE_OK(spg_spawn_in(rt, &attr, fn, &parties[i], &parties[i].task));
    }
}

static void join_all(party *parties, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        REQUIRE_OK(joined(parties[i].task));
    }
}

// What is left when all ends have ended: received by a task.
static int drains(void *arg)
{
    traffic *all = arg;
    uint64_t item;
    int code;
    while ((code = spg_chan_receive(all->chan, &item, SPG_NOW)) == 0) {
        atomic_fetch_add(&all->received[item >> 48], 1);
        atomic_fetch_add(&all->received_sum, item);
    }
    REQUIRE_CODE(code, -EPIPE);
    return 0;
}

static void require_all_received(spg_rt *rt, traffic *all)
{
    spg_task task;
    spg_chan_stats stats;
    REQUIRE_OK(spg_spawn_in(rt, NULL, drains, all, &task));
    REQUIRE_OK(joined(task));
    uint64_t sent = 0;
    for (uint32_t i = 0; i < all->producers; i++) {
        REQUIRE_EQ(all->sent[i], all->received[i]);
        sent += all->sent[i];
    }
    REQUIRE_EQ(all->sent_sum, all->received_sum);
    REQUIRE_OK(spg_chan_stats_get(all->chan, &stats));
    REQUIRE_EQ(stats.sent, sent);
    REQUIRE_EQ(stats.received, sent);
    REQUIRE_EQ(stats.waiting_senders + stats.waiting_receivers, 0);
    REQUIRE_OK(spg_chan_free(all->chan));
}

static const uint32_t shard_counts[] = {2, 3, 16};
static const size_t capacities[] = {0, 1, 7, 64};

START_TEST(all_items_arrive_once_and_in_order)
{
    uint32_t shards = shard_counts[_i];
    uint64_t state = random_stream(100 + (uint64_t)_i);
    spg_options options = test_options(shards);
    spg_rt *rt = start_runtime(&options);
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        traffic all = {.producers = 1 + random_below(&state, MOST_ENDS),
                       .consumers = 1 + random_below(&state, MOST_ENDS)};
        party producers[MOST_ENDS];
        party consumers[MOST_ENDS];
        all.each = scaled(2000000, 20000) / all.producers;
        REQUIRE_OK(spg_chan_open(sizeof(uint64_t), capacities[i], &all.chan));
        start_all(rt, consumes, consumers, all.consumers, shards, &all, &state);
        start_all(rt, produces, producers, all.producers, shards, &all, &state);
        join_all(producers, all.producers);
        REQUIRE_OK(spg_chan_close(all.chan)); // a thread that is no task
        join_all(consumers, all.consumers);
        for (uint32_t k = 0; k < all.producers; k++) {
            REQUIRE_EQ(all.sent[k], all.each);
        }
        require_all_received(rt, &all);
    }
    end_runtime(rt);
}
END_TEST

// ---- Stopped at any moment -------------------------------------------------------------------

// Cancels ends one by one, then closes, while the others go on.
static void storm(spg_rt *rt, uint32_t shards, uint64_t *state)
{
    traffic all = {.producers = 1 + random_below(state, MOST_ENDS),
                   .consumers = 1 + random_below(state, MOST_ENDS),
                   .each = UINT64_C(1) << 40,
                   .stops = true};
    party producers[MOST_ENDS];
    party consumers[MOST_ENDS];
    REQUIRE_OK(spg_chan_open(sizeof(uint64_t), random_below(state, 5), &all.chan));
    start_all(rt, consumes, consumers, all.consumers, shards, &all, state);
    start_all(rt, produces, producers, all.producers, shards, &all, state);
    for (uint32_t i = random_below(state, MOST_ENDS); i > 0; i--) {
        struct timespec pause = {0, random_below(state, 300) * 1000};
        nanosleep(&pause, NULL);
        uint32_t number = random_below(state, MOST_ENDS);
        party *one = number % 2 == 0 ? &producers[number % all.producers]
                                     : &consumers[number % all.consumers];
        REQUIRE_OK(spg_cancel(one->task));
    }
    REQUIRE_OK(spg_chan_close(all.chan));
    join_all(producers, all.producers);
    join_all(consumers, all.consumers);
    require_all_received(rt, &all);
}

START_TEST(ends_are_stopped_at_any_moment)
{
    uint32_t shards = shard_counts[_i];
    uint64_t state = random_stream(200 + (uint64_t)_i);
    spg_options options = test_options(shards);
    spg_rt *rt = start_runtime(&options);
    for (size_t i = scaled(400, STORMS); i > 0; i--) {
        storm(rt, shards, &state);
    }
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chan");
    TCase *tests = add_tests(suite, "channels", 400);
    int counts = sizeof shard_counts / sizeof shard_counts[0];
    tcase_add_loop_test(tests, all_items_arrive_once_and_in_order, 0, counts);
    tcase_add_loop_test(tests, ends_are_stopped_at_any_moment, 0, counts);
    return run_suite("stress_chan", suite);
}
