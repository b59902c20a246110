// SPDX-License-Identifier: MIT
// model_message.c: messages between shards: nobody who waits for one, for room, for a flush, for a
// tally, or for a credit of the kernel lane, is forgotten.
#include "machine.h"

#include <errno.h>
#include <spargio/uring.h>

static spg_mailbox box;
static spg_mailbox other;
static unsigned got;

static void begin(unsigned capacity, unsigned ends, unsigned shards)
{
    machine_begin(&(struct machine_options){.shards = shards, .ends = ends});
    box = machine_mailbox(0, capacity);
    got = 0;
}

static void require(int code, const char *what)
{
    explore_assert(code == 0, what);
}

// ---- What tasks do ---------------------------------------------------------------------------

static int receive_some(void *arg)
{
    unsigned wanted = *(const unsigned *)arg;
    while (got < wanted) {
        spg_msg message;
        ssize_t n = spg_receive(box, &message, 1, SPG_NEVER);
        explore_assert(n == 1, "a receive has failed");
        explore_assert(message.value == got + 1, "a message is not the next one");
        got++;
    }
    machine_end();
    return 0;
}

static int send_some(void *arg)
{
    unsigned count = *(const unsigned *)arg;
    for (unsigned i = 1; i <= count; i++) {
        require(spg_send(box, 0, i, SPG_NEVER), "a send has failed");
    }
    machine_end();
    return 0;
}

static void all_got(void)
{
    machine_check();
}

static unsigned one = 1;
static unsigned two = 2;
static unsigned three = 3;

// ---- A receiver that waits -------------------------------------------------------------------

static void begin_wake(void)
{
    begin(4, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &one);
    machine_start(1, MACHINE_PINNED, send_some, &one);
}

static const struct explore_model wake = {
    .name = "message: wake",
    .setup = begin_wake,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {3, 1},
};

// Both wait before a message has come, or not: the one that is called first calls the other.
static int receive_one(void *arg)
{
    (void)arg;
    spg_msg message;
    explore_assert(spg_receive(box, &message, 1, SPG_NEVER) == 1, "a receive has failed");
    explore_assert(message.value == ++got, "a message is not the next one");
    machine_end();
    return 0;
}

static void begin_two_receivers(void)
{
    begin(4, 3, 2);
    machine_start(0, MACHINE_PINNED, receive_one, NULL);
    machine_start(0, MACHINE_PINNED, receive_one, NULL);
    machine_start(1, MACHINE_PINNED, send_some, &two);
}

static const struct explore_model two_receivers = {
    .name = "message: two receivers",
    .setup = begin_two_receivers,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {1, 1},
};

static void send_from_outside(void)
{
    require(spg_send(box, 0, 1, SPG_NEVER), "a send has failed");
    require(spg_send(box, 0, 2, SPG_NEVER), "a send has failed");
    machine_end();
}

// ---- Room ------------------------------------------------------------------------------------

static void begin_room(void)
{
    begin(1, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &three);
    machine_start(1, MACHINE_PINNED, send_some, &three);
}

static const struct explore_model room = {
    .name = "message: room",
    .setup = begin_room,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {1, 0},
};

static void begin_outside(void)
{
    begin(1, 2, 1);
    machine_start(0, MACHINE_PINNED, receive_some, &two);
}

static const struct explore_model outside = {
    .name = "message: from outside, room",
    .setup = begin_outside,
    .threads = {machine_shard, send_from_outside, machine_stopper},
    .check = all_got,
    .full = {2, 1},
};

// ---- Flush -----------------------------------------------------------------------------------

static int send_and_flush(void *arg)
{
    unsigned count = *(const unsigned *)arg;
    for (unsigned i = 1; i <= count; i++) {
        require(spg_send(box, 0, i, SPG_NEVER), "a send has failed");
    }
    require(spg_flush(SPG_NEVER), "a flush has failed");
    struct spgi_lane *lane =
        load_relaxed(&((struct spgi_mailbox *)load_relaxed(&machine_rt()->mailboxes[0]))->lanes[1]);
    explore_assert(load_relaxed(&lane->queue.head) == count, "a flush has ended too soon");
    machine_end();
    return 0;
}

static void begin_flush(void)
{
    begin(4, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &one);
    machine_start(1, MACHINE_PINNED, send_and_flush, &one);
}

static const struct explore_model flush = {
    .name = "message: flush",
    .setup = begin_flush,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
};

static void begin_flush_two(void)
{
    begin(4, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &two);
    machine_start(1, MACHINE_PINNED, send_and_flush, &two);
}

static const struct explore_model flush_two = {
    .name = "message: flush of 2 messages",
    .setup = begin_flush_two,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
};

// Two lanes are to be flushed, and each credit may be the last.
static int receive_other(void *arg)
{
    (void)arg;
    spg_msg message;
    explore_assert(spg_receive(other, &message, 1, SPG_NEVER) == 1, "a receive has failed");
    machine_end();
    return 0;
}

static int send_both_and_flush(void *arg)
{
    (void)arg;
    require(spg_send(box, 0, 1, SPG_NEVER), "a send has failed");
    require(spg_send(other, 0, 1, SPG_NEVER), "a send has failed");
    require(spg_flush(SPG_NEVER), "a flush has failed");
    machine_end();
    return 0;
}

static void begin_flush_both(void)
{
    begin(4, 3, 2);
    other = machine_mailbox(0, 4);
    machine_start(0, MACHINE_PINNED, receive_some, &one);
    machine_start(0, MACHINE_PINNED, receive_other, NULL);
    machine_start(1, MACHINE_PINNED, send_both_and_flush, NULL);
}

static const struct explore_model flush_both = {
    .name = "message: flush of 2 lanes",
    .setup = begin_flush_both,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
};

// ---- Tallies ---------------------------------------------------------------------------------

static int add_one(void *arg)
{
    (void)arg;
    require(spg_tally_add(box, 7, 1), "an addition has failed");
    machine_end();
    return 0;
}

static int take_two(void *arg)
{
    (void)arg;
    uint64_t sum = 0;
    require(spg_tally_take(box, 7, &sum, SPG_NEVER), "a tally cannot be taken");
    explore_assert(sum == 2, "a tally is not the sum");
    machine_end();
    return 0;
}

static void add_from_outside(void)
{
    add_one(NULL);
}

static void begin_tally(void)
{
    begin(1, 3, 2);
    require(spg_tally_open(box, 7, 2), "a tally cannot be opened");
    machine_start(0, MACHINE_PINNED, take_two, NULL);
    machine_start(1, MACHINE_PINNED, add_one, NULL);
}

static const struct explore_model tally = {
    .name = "message: tally merged",
    .setup = begin_tally,
    .threads = {machine_shard, machine_shard, add_from_outside, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {1, 1},
};

// ---- Closing ---------------------------------------------------------------------------------

static int close_box(void *arg)
{
    (void)arg;
    require(spg_mailbox_close(box), "a mailbox cannot be closed");
    machine_end();
    return 0;
}

static int send_until_closed(void *arg)
{
    (void)arg;
    int code = 0;
    for (unsigned i = 0; i < 2 && code == 0; i++) {
        code = spg_send(box, 0, 1, SPG_NEVER);
    }
    explore_assert(code == 0 || code == -ESRCH, "a send has failed");
    require(spg_flush(SPG_NEVER), "a flush has failed");
    machine_end();
    return 0;
}

static void begin_close(void)
{
    // The shards' own mailboxes come first, and cannot be closed.
    begin(1, 2, 2);
    machine_mailbox(1, 1);
    box = machine_mailbox(0, 1);
    machine_start(0, MACHINE_PINNED, close_box, NULL);
    machine_start(1, MACHINE_PINNED, send_until_closed, NULL);
}

static const struct explore_model closing = {
    .name = "message: closed under its sender",
    .setup = begin_close,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
};

// A slot goes to another shard, while one who has the old handle sends: the ring for what is sent
// to the new mailbox may still go by way of the old shard.
enum { NOBODY, OPENED, PASSED };
static spgi_a32 slot;

static int take_over(void *arg)
{
    (void)arg;
    if (spg_mailbox_open(1, 1, &other) == 0) {
        spg_msg message;
        if (xchg_seqcst(&slot, (uint32_t)OPENED) == PASSED) { // else the thread sends one
            require(spg_send(other, 0, 1, SPG_NOW), "a send has failed");
        }
        explore_assert(spg_receive(other, &message, 1, SPG_NEVER) == 1, "a receive has failed");
    }
    machine_end();
    return 0;
}

static void send_to_whoever_has_it(void)
{
    int code = spg_send(box, 0, 1, SPG_NOW);
    explore_assert(code == 0 || code == -ESRCH, "a send has failed");
    if (xchg_seqcst(&slot, (uint32_t)PASSED) == OPENED) {
        require(spg_send(other, 0, 1, SPG_NEVER), "a send has failed");
    }
    machine_end();
}

static void begin_moving(void)
{
    begin(1, 3, 2);
    machine_mailbox(1, 1);
    box = machine_mailbox(0, 1);
    machine_rt()->mailbox_count = SPG_MAX_MAILBOXES; // so that a slot must be taken over
    store_relaxed(&slot, (uint32_t)NOBODY);
    machine_start(0, MACHINE_PINNED, close_box, NULL);
    machine_start(1, MACHINE_PINNED, take_over, NULL);
}

static const struct explore_model moving = {
    .name = "message: a slot moves",
    .setup = begin_moving,
    .threads = {machine_shard, machine_shard, send_to_whoever_has_it, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {2, 0},
};

// A slot is used again, with other room, while what was sent to the one before is in the lane: that
// is destroyed first.
static unsigned destroyed;
static bool accepted;

static void count_destroyed(void *pointer)
{
    (void)pointer;
    destroyed++;
}

static int reopen(void *arg)
{
    (void)arg;
    spg_msg message;
    require(spg_mailbox_close(box), "a mailbox cannot be closed");
    require(spg_mailbox_open(0, 2, &other), "a mailbox cannot be opened");
    if (xchg_seqcst(&slot, (uint32_t)OPENED) == PASSED) { // else the other shard sends one
        require(spg_send(other, 0, 1, SPG_NOW), "a send has failed");
    }
    explore_assert(spg_receive(other, &message, 1, SPG_NEVER) == 1, "a receive has failed");
    explore_assert(message.value == 1, "a message is another one");
    if (message.from == 1) {
        explore_assert(destroyed == accepted, "what came before was not destroyed once");
    }
    machine_end();
    return 0;
}

static int send_to_both(void *arg)
{
    (void)arg;
    int code = spg_send_owned(box, 0, &destroyed, count_destroyed, SPG_NEVER);
    explore_assert(code == 0 || code == -ESRCH, "a send has failed");
    accepted = code == 0;
    if (xchg_seqcst(&slot, (uint32_t)PASSED) == OPENED) {
        require(spg_send(other, 0, 1, SPG_NEVER), "a send has failed");
    }
    machine_end();
    return 0;
}

static void begin_reopened(void)
{
    begin(1, 2, 2);
    machine_mailbox(1, 1);
    box = machine_mailbox(0, 1);
    store_relaxed(&slot, (uint32_t)NOBODY);
    destroyed = 0;
    accepted = false;
    machine_start(0, MACHINE_PINNED, reopen, NULL);
    machine_start(1, MACHINE_PINNED, send_to_both, NULL);
}

static const struct explore_model reopened = {
    .name = "message: a slot used again",
    .setup = begin_reopened,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {2, 0},
};

// ---- The kernel lane -------------------------------------------------------------------------

static int send_parcels(void *arg)
{
    (void)arg;
    require(spg_uring_send(box, 0, 1, SPG_NEVER), "a parcel cannot be sent");
    require(spg_uring_send(box, 0, 2, SPG_NEVER), "a parcel cannot be sent");
    machine_end();
    return 0;
}

static void begin_parcels(void)
{
    begin(1, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &two);
    machine_start(1, MACHINE_PINNED, send_parcels, NULL);
}

static const struct explore_model parcels = {
    .name = "message: credits of the kernel lane",
    .setup = begin_parcels,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {1, 0},
};

static int send_parcels_and_flush(void *arg)
{
    (void)arg;
    require(spg_uring_send(box, 0, 1, SPG_NEVER), "a parcel cannot be sent");
    require(spg_uring_send(box, 0, 2, SPG_NEVER), "a parcel cannot be sent");
    require(spg_flush(SPG_NEVER), "a flush has failed");
    explore_assert(got >= 1, "a flush has ended too soon"); // the last one may not be counted yet
    machine_end();
    return 0;
}

static void begin_flush_parcels(void)
{
    begin(1, 2, 2);
    machine_start(0, MACHINE_PINNED, receive_some, &two);
    machine_start(1, MACHINE_PINNED, send_parcels_and_flush, NULL);
}

static const struct explore_model flush_parcels = {
    .name = "message: flush of the kernel lane",
    .setup = begin_flush_parcels,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = all_got,
    .full = {2, 1},
    .quick = {1, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &wake,  &two_receivers, &room,   &outside,  &flush,   &flush_two,     &flush_both,
        &tally, &closing,       &moving, &reopened, &parcels, &flush_parcels, NULL};
    return explore_main(argc, argv, models);
}
