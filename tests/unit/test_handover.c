// SPDX-License-Identifier: MIT
// test_handover.c: where tasks go on that a channel wakes, what that costs, and channels between
// runtimes.
#include "channels.h"

// A receiver that tells where it has gone on.
typedef struct walker {
    receiver receiver;
    int before;
    int after;
    bool pins;
} walker;

static int walks(void *arg)
{
    walker *self = arg;
    if (self->pins) {
        spg_pin();
    }
    self->before = spg_shard();
    int code = receives(&self->receiver);
    self->after = spg_shard();
    if (self->pins) {
        spg_unpin();
    }
    return code;
}

// From shard 1, to a receiver that waits.
static int sends_far(void *arg)
{
    const walker *to = arg;
    AWAIT_WAITING(to->receiver.chan, 0, 1);
    return send_number(to->receiver.chan, 5, SPG_NOW);
}

// One that waits on shard 0, and is sent to from shard 1, with stealing off.
static int walked_to(const spg_attr *attr, bool pins)
{
    walker one = {.receiver = {opened(1), 0, patience()}, .pins = pins};
    spg_attr there = pinned_to(1);
    spg_task receiving = spawned(attr, walks, &one);
    spg_task sending = spawned(&there, sends_far, &one);
    REQUIRE_OK(joined(receiving));
    REQUIRE_OK(joined(sending));
    REQUIRE_EQ(one.receiver.number, 5);
    REQUIRE_EQ(one.before, 0);
    REQUIRE_OK(spg_chan_free(one.receiver.chan));
    return one.after;
}

static int wakes_them_all(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_attr anywhere = {.place = SPG_STEALABLE_ON, .shard = 0};
    spg_attr here = pinned_to(0);
    REQUIRE_EQ(walked_to(&anywhere, false), 1); // to whoever has woken it
    REQUIRE_EQ(walked_to(&anywhere, true), 0);
    REQUIRE_EQ(walked_to(&here, false), 0);
    return 0;
}

START_TEST(who_may_move_goes_on_where_it_was_woken)
{
    spg_options options = ordered_options(SHARDS);
    options.steal.disabled = true;
    run_root(&options, wakes_them_all, NULL);
}
END_TEST

// ---- Cost ------------------------------------------------------------------------------------

enum { CAPACITY = 64, FILLS = 100 };

static int fills(void *arg)
{
    for (uint64_t i = 0; i < CAPACITY * FILLS; i++) {
        REQUIRE_OK(send_number(arg, i, SPG_NEVER));
    }
    return 0;
}

// A channel's promise: two ends on one shard take a switch each for a channel full of items.
static int counts_switches(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_chan *chan = opened(CAPACITY);
    spg_attr attr = {0};
    spg_stats before;
    spg_stats after;
    REQUIRE_OK(spg_stats_get(spg_runtime(), &before));
    spg_task task = spawned(&attr, fills, chan);
    for (uint64_t i = 0; i < CAPACITY * FILLS; i++) {
        REQUIRE_EQ(received(chan), i);
    }
    REQUIRE_OK(joined(task));
    REQUIRE_OK(spg_stats_get(spg_runtime(), &after));
    REQUIRE(after.switches - before.switches <= 2 * FILLS + 10);
    return spg_chan_free(chan);
}

START_TEST(a_full_channel_costs_two_switches)
{
    spg_options options = ordered_options(1);
    run_root(&options, counts_switches, NULL);
}
END_TEST

// ---- Two runtimes ----------------------------------------------------------------------------

typedef struct echo {
    spg_chan *in;
    spg_chan *out;
    uint64_t count;
} echo;

static int echoes(void *arg)
{
    const echo *self = arg;
    for (uint64_t i = 0; i < self->count; i++) {
        REQUIRE_OK(send_number(self->out, received(self->in), patience()));
    }
    return 0;
}

static int asks(void *arg)
{
    const echo *self = arg;
    for (uint64_t i = 0; i < self->count; i++) {
        REQUIRE_OK(send_number(self->in, i, patience()));
        REQUIRE_EQ(received(self->out), i);
    }
    return 0;
}

START_TEST(tasks_of_two_runtimes_talk)
{
    spg_options options = test_options(SHARDS);
    spg_rt *one = start_runtime(&options);
    spg_rt *other = start_runtime(&options);
    echo both = {opened(1), opened(0), scaled(2000, 50)};
    spg_task asking;
    spg_task echoing;
    REQUIRE_OK(spg_spawn_in(one, NULL, echoes, &both, &echoing));
    REQUIRE_OK(spg_spawn_in(other, NULL, asks, &both, &asking));
    REQUIRE_OK(joined(asking));
    REQUIRE_OK(joined(echoing));
    end_runtime(one);
    end_runtime(other);
    REQUIRE_OK(spg_chan_free(both.in)); // they belong to neither
    REQUIRE_OK(spg_chan_free(both.out));
}
END_TEST

// A runtime may end while those who have woken its last task are still on their way.
static int waits_and_ends(void *arg)
{
    uint64_t number;
    return spg_chan_receive(arg, &number, patience());
}

START_TEST(a_runtime_ends_right_after_its_last_wait)
{
    spg_options options = test_options(1);
    spg_rt *waker = start_runtime(&options);
    for (size_t i = scaled(200, 20); i > 0; i--) {
        spg_rt *rt = start_runtime(&options);
        spg_chan *chan = opened(1);
        sender send = {chan, 1, patience()};
        spg_task waiting;
        spg_task sending;
        REQUIRE_OK(spg_spawn_in(rt, NULL, waits_and_ends, chan, &waiting));
        AWAIT_OUTSIDE(stats_of(chan).waiting_receivers == 1);
        REQUIRE_OK(spg_spawn_in(waker, NULL, sends, &send, &sending));
        REQUIRE_OK(joined(waiting));
        end_runtime(rt);
        REQUIRE_OK(joined(sending));
        REQUIRE_OK(spg_chan_free(chan));
    }
    end_runtime(waker);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handover");
    TCase *tests = add_tests(suite, "handover", 60);
    tcase_add_test(tests, who_may_move_goes_on_where_it_was_woken);
    tcase_add_test(tests, a_full_channel_costs_two_switches);
    tcase_add_test(tests, tasks_of_two_runtimes_talk);
    tcase_add_test(tests, a_runtime_ends_right_after_its_last_wait);
    return run_suite("test_handover", suite);
}
