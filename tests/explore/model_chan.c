// SPDX-License-Identifier: MIT
// model_chan.c: channels: nobody waits for what is there, each wait ends once, whoever serves,
// stops or closes it, and no item is lost or doubled.
#include "machine.h"

#include <errno.h>
#include <string.h>

enum { SOON = MACHINE_NOW + 1000, MOST = 8, NOTHING = 1 };

static spg_chan *chan;
static spg_task waiting;
static unsigned sent;       // items that were taken from senders
static unsigned received;   // items
static unsigned seen[MOST]; // how often each item came out
static int told[2];         // what the waits of two tasks gave
static uint32_t last_of[2]; // last item of each sender that came out

static const spg_time never = SPG_NEVER;
static const spg_time soon = SOON;

static void begin(unsigned shards, unsigned ends, size_t capacity)
{
    machine_begin(&(struct machine_options){.shards = shards, .ends = ends});
    explore_assert(spg_chan_open(sizeof(uint32_t), capacity, &chan) == 0, "no channel");
    explore_label(chan, 128, "channel");
    sent = received = 0;
    memset(seen, 0, sizeof seen);
    memset(last_of, 0, sizeof last_of);
    told[0] = told[1] = NOTHING;
}

// ---- What tasks do ---------------------------------------------------------------------------

static bool send_item(uint32_t item, spg_time deadline, int *code)
{
    *code = spg_chan_send(chan, &item, deadline);
    explore_assert(*code == 0 || *code == -ETIME || *code == -ECANCELED || *code == -EPIPE,
                   "a send with a strange result");
    sent += *code == 0;
    return *code == 0;
}

static void note(uint32_t item)
{
    explore_assert(item < MOST && ++seen[item] == 1, "an item came out twice, or never went in");
    uint32_t *last = &last_of[item >= MOST / 2];
    explore_assert(item >= *last, "the items of a sender are out of order");
    *last = item;
    received++;
}

static bool receive_item(spg_time deadline, int *code)
{
    uint32_t item = MOST;
    *code = spg_chan_receive(chan, &item, deadline);
    explore_assert(*code == 0 || *code == -ETIME || *code == -ECANCELED || *code == -EPIPE,
                   "a receive with a strange result");
    if (*code == 0) {
        note(item);
    }
    return *code == 0;
}

// A task that sends so many items from the first on, or receives so many.
struct part {
    uint32_t first;
    uint32_t count;
    const spg_time *deadline;
    unsigned number; // of told
};

static int send_some(void *arg)
{
    const struct part *part = arg;
    for (uint32_t i = 0; i < part->count; i++) {
        if (!send_item(part->first + i, *part->deadline, &told[part->number])) {
            break;
        }
    }
    machine_end();
    return 0;
}

static int send_batch(void *arg)
{
    const struct part *part = arg;
    uint32_t items[4];
    for (uint32_t i = 0; i < part->count; i++) {
        items[i] = part->first + i;
    }
    ssize_t n = spg_chan_send_n(chan, items, part->count, *part->deadline);
    sent += n > 0 ? (unsigned)n : 0;
    told[part->number] = n < 0 ? (int)n : 0;
    machine_end();
    return 0;
}

static int receive_some(void *arg)
{
    const struct part *part = arg;
    for (uint32_t i = 0; i < part->count; i++) {
        if (!receive_item(*part->deadline, &told[part->number])) {
            break;
        }
    }
    machine_end();
    return 0;
}

static int receive_batches(void *arg)
{
    const struct part *part = arg;
    for (uint32_t left = part->count; left > 0;) {
        uint32_t items[4];
        ssize_t n = spg_chan_receive_n(chan, items, left, *part->deadline);
        told[part->number] = n < 0 ? (int)n : 0;
        if (n < 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            note(items[i]);
        }
        left -= (uint32_t)n;
    }
    machine_end();
    return 0;
}

static void cancel(void)
{
    spg_cancel(waiting);
    spg_detach(waiting);
    machine_end();
}

static void cancel_then_close(void)
{
    spg_cancel(waiting);
    spg_detach(waiting);
    spg_chan_close(chan);
    machine_end();
}

static void close_channel(void)
{
    explore_assert(spg_chan_close(chan) == 0, "closing has failed");
    machine_end();
}

// ---- Checks ----------------------------------------------------------------------------------

static void balanced(void)
{
    machine_check();
    spg_chan_stats stats;
    explore_assert(spg_chan_stats_get(chan, &stats) == 0, "no numbers");
    explore_assert(stats.waiting_senders == 0 && stats.waiting_receivers == 0, "somebody waits");
    explore_assert(stats.sent == sent && stats.received == received, "an item is lost");
    explore_assert(stats.depth == sent - received, "the ring holds something else");
    explore_assert(spg_chan_free(chan) == 0, "a channel is busy");
}

static void all_passed(void)
{
    explore_assert(told[0] == 0 && told[1] == 0, "a wait was stopped");
    explore_assert(sent == received, "an item is left");
    balanced();
}

// ---- Sending and receiving against each other ------------------------------------------------

static const struct part three = {0, 3, &never, 0};
static const struct part two = {0, 2, &never, 0};
static const struct part take_three = {0, 3, &never, 1};
static const struct part take_two = {0, 2, &never, 1};
static const struct part take_one = {0, 1, &never, 1};

static void begin_room_for_one(void)
{
    begin(2, 2, 1);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&three);
    machine_start(1, MACHINE_PINNED, receive_some, (void *)&take_three);
}

static const struct explore_model room_for_one = {
    .name = "chan: room for one",
    .setup = begin_room_for_one,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_passed,
    .full = {2, 1},
};

static void begin_no_room(void)
{
    begin(2, 2, 0);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&two);
    machine_start(1, MACHINE_PINNED, receive_some, (void *)&take_two);
}

static const struct explore_model no_room = {
    .name = "chan: no room, from hand to hand",
    .setup = begin_no_room,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_passed,
    .full = {2, 1},
};

static void begin_batches(void)
{
    begin(2, 2, 2);
    machine_start(0, MACHINE_PINNED, send_batch, (void *)&three);
    machine_start(1, MACHINE_PINNED, receive_batches, (void *)&take_three);
}

static const struct explore_model batches = {
    .name = "chan: batches",
    .setup = begin_batches,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_passed,
    .full = {2, 1},
};

// One receive makes room for one: the sender that waits gets it then, and not when there is more.
static void begin_one_received(void)
{
    begin(2, 2, 2);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&three);
    machine_start(1, MACHINE_PINNED, receive_some, (void *)&take_one);
}

static void all_sent(void)
{
    explore_assert(sent == 3 && received == 1, "a sender was left behind");
    balanced();
}

static const struct explore_model one_received = {
    .name = "chan: room is handed over at once",
    .setup = begin_one_received,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_sent,
    .full = {2, 1},
};

// The ends go to another shard with each suspension.
static void begin_moving(void)
{
    begin(2, 2, 1);
    machine_rt()->options.shuffle_seed = 1;
    machine_start(0, MACHINE_STEALABLE, send_some, (void *)&two);
    machine_start(1, MACHINE_STEALABLE, receive_some, (void *)&take_two);
}

static const struct explore_model moving = {
    .name = "chan: moving ends",
    .setup = begin_moving,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_passed,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- Stopping --------------------------------------------------------------------------------

static const struct part take_one_soon = {0, 1, &soon, 1};
static const struct part one = {0, 1, &never, 0};

static void begin_deadline(void)
{
    begin(2, 2, 1);
    machine_start(0, MACHINE_STEALABLE, receive_some, (void *)&take_one_soon);
    machine_start(1, MACHINE_PINNED, send_some, (void *)&one);
}

static const struct explore_model deadline = {
    .name = "chan: send, deadline",
    .setup = begin_deadline,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = balanced,
    .full = {2, 1},
};

static void begin_cancel(void)
{
    begin(2, 3, 1);
    waiting = machine_spawn(0, MACHINE_PINNED, receive_some, (void *)&take_one);
    machine_start(1, MACHINE_PINNED, send_some, (void *)&one);
}

static const struct explore_model cancelled = {
    .name = "chan: send, cancel",
    .setup = begin_cancel,
    .threads = {machine_shard, machine_shard, cancel, machine_stopper},
    .check = balanced,
    .full = {2, 1},
    .quick = {1, 1},
};

static void begin_all(void)
{
    begin(2, 3, 1);
    waiting = machine_spawn(0, MACHINE_STEALABLE, receive_some, (void *)&take_one_soon);
    machine_start(1, MACHINE_PINNED, send_some, (void *)&one);
}

static const struct explore_model all = {
    .name = "chan: send, deadline, cancel",
    .setup = begin_all,
    .threads = {machine_shard, machine_shard, cancel, machine_stopper},
    .check = balanced,
    .full = {2, 0},
    .quick = {1, 0},
};

static void begin_close_all(void)
{
    begin(1, 3, 1);
    waiting = machine_spawn(0, MACHINE_PINNED, receive_some, (void *)&take_one_soon);
}

static const struct explore_model close_all = {
    .name = "chan: close, deadline, cancel",
    .setup = begin_close_all,
    .threads = {machine_shard, cancel, close_channel, machine_stopper},
    .check = balanced,
    .full = {2, 1},
    .quick = {2, 0},
};

// Of two senders that wait for room the first may be stopped while a receiver gives it room: then
// the second must get it.
static const struct part first_soon = {0, 2, &soon, 0};
static const struct part second = {MOST / 2, 2, &never, 1};

static int receive_second(void *arg)
{
    (void)arg;
    int code;
    while (!seen[MOST / 2 + 1] && receive_item(SPG_NEVER, &code)) {
    }
    machine_end();
    return 0;
}

static void begin_two_senders(void)
{
    begin(2, 3, 1);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&first_soon);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&second);
    machine_start(1, MACHINE_PINNED, receive_second, NULL);
}

static void second_passed(void)
{
    explore_assert(told[1] == 0, "a sender with room was left behind");
    balanced();
}

static const struct explore_model two_senders = {
    .name = "chan: two senders, one is stopped",
    .setup = begin_two_senders,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = second_passed,
    .full = {2, 0},
    .quick = {1, 0},
};

// A batch of which a part is taken when it is stopped.
static const struct part batch_of_two = {0, 2, &never, 0};

static void begin_part(void)
{
    begin(2, 3, 1);
    waiting = machine_spawn(0, MACHINE_PINNED, send_batch, (void *)&batch_of_two);
    machine_start(1, MACHINE_PINNED, receive_some, (void *)&take_one);
}

static const struct explore_model in_part = {
    .name = "chan: a batch is cancelled in part",
    .setup = begin_part,
    .threads = {machine_shard, machine_shard, cancel_then_close, machine_stopper},
    .check = balanced,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- Closing ---------------------------------------------------------------------------------

static void begin_close_receiver(void)
{
    begin(1, 2, 1);
    machine_start(0, MACHINE_PINNED, receive_some, (void *)&take_one);
}

static void told_closed(void)
{
    explore_assert(told[1] == -EPIPE, "a receiver was not told");
    balanced();
}

static const struct explore_model close_receiver = {
    .name = "chan: receive, close",
    .setup = begin_close_receiver,
    .threads = {machine_shard, close_channel, machine_stopper},
    .check = told_closed,
    .full = {3, 1},
};

static const struct part until_closed = {0, MOST, &never, 1};

static void begin_close_both(void)
{
    begin(2, 3, 1);
    machine_start(0, MACHINE_PINNED, send_some, (void *)&two);
    machine_start(1, MACHINE_PINNED, receive_some, (void *)&until_closed);
}

static void all_received(void)
{
    explore_assert(told[1] == -EPIPE && sent == received, "an item was left in a closed channel");
    balanced();
}

static const struct explore_model close_both = {
    .name = "chan: send, receive, close",
    .setup = begin_close_both,
    .threads = {machine_shard, machine_shard, close_channel, machine_stopper},
    .check = all_received,
    .full = {2, 0},
    .quick = {1, 0},
};

// ---- A kick that was meant for the wait before -----------------------------------------------

static spg_scope scope;

// Its kick goes to the home shard of the first wait, which its item ends here.
static int cancel_scope_and_send(void *arg)
{
    int code;
    (void)arg;
    explore_assert(spg_scope_cancel(&scope) == 0, "a scope cannot be cancelled");
    explore_assert(send_item(0, SPG_NEVER, &code), "a send was stopped");
    machine_end();
    return 0;
}

static int receive_in_scope_and_outside(void *arg)
{
    (void)arg;
    int code;
    spg_scope around;
    explore_assert(spg_scope_open(&around, SPG_NEVER) == 0, "no scope");
    explore_assert(spg_scope_open(&scope, SPG_NEVER) == 0, "no scope");
    spg_attr there = {.scope = &around, .place = SPG_PINNED, .shard = 1};
    spg_task task;
    explore_assert(spg_spawn(&there, cancel_scope_and_send, NULL, &task) == 0, "spawn refused");
    spg_detach(task);
    bool got = receive_item(SPG_NEVER, &code);
    explore_assert(got || code == -ECANCELED, "a receive with a strange result");
    explore_assert(spg_scope_close(&scope) == 0, "a scope with an error");
    explore_assert(!got || !receive_item(SOON, &code), "an item came out of nowhere");
    explore_assert(!got || code == -ETIME, "a receive was ended by a late kick");
    explore_assert(spg_scope_close(&around) == 0, "a scope with an error");
    machine_end();
    return 0;
}

static void begin_late(void)
{
    begin(2, 2, 1);
    memset(&scope, 0, sizeof scope);
    explore_label(&scope, sizeof scope, "scope");
    machine_start(0, MACHINE_STEALABLE, receive_in_scope_and_outside, NULL);
}

static const struct explore_model late_kick = {
    .name = "chan: kick of the wait before",
    .setup = begin_late,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = balanced,
    .full = {2, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &room_for_one, &one_received,   &no_room,    &batches,   &moving,
        &deadline,     &cancelled,      &all,        &close_all, &two_senders,
        &in_part,      &close_receiver, &close_both, &late_kick, NULL,
    };
    return explore_main(argc, argv, models);
}
