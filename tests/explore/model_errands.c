// SPDX-License-Identifier: MIT
// model_errands.c: the errands of a shard: everything arrives once, in the order of its sender.
#include "base/mpsc.h"
#include "explorer.h"

enum { SENDERS = 3, EACH = 2, ITEMS = SENDERS * EACH };

struct item {
    struct spgi_link link;
    unsigned payload;
};

static struct spgi_mpsc errands;
static struct item items[ITEMS];
static unsigned received[ITEMS];
static int last[SENDERS];
static unsigned sent;
static spgi_a32 asleep;
static bool sender_saw, receiver_saw;

static void begin(void)
{
    errands = (struct spgi_mpsc){NULL};
    for (unsigned i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.payload = 0};
        received[i] = 0;
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        last[i] = -1;
    }
    sent = 0;
    atomic_init(&asleep, 0);
    sender_saw = receiver_saw = false;
    explore_label(&errands, sizeof errands, "errands");
}

static void send_one(unsigned i)
{
    explore_data_write(&items[i].payload);
    items[i].payload = i + 1;
    sent++;
    spgi_mpsc_push(&errands, &items[i].link);
}

static void send_each(void)
{
    for (unsigned i = 0; i < EACH; i++) {
        send_one(explore_self() * EACH + i);
    }
}

static void take(void)
{
    struct spgi_link *link = spgi_mpsc_take(&errands);
    while (link) {
        struct item *item = SPGI_CONTAINER(link, struct item, link);
        unsigned n = (unsigned)(item - items);
        link = link->next;
        explore_data_read(&item->payload);
        explore_assert(item->payload == n + 1, "an item before its payload");
        explore_data_write(&item->payload); // its memory may be the sender's again
        item->link.next = &item->link;
        explore_assert(++received[n] == 1, "received twice");
        explore_assert(last[n / EACH] < (int)n, "out of the order of its sender");
        last[n / EACH] = (int)n;
    }
}

static void take_thrice(void)
{
    take();
    take();
    take();
}

static void all_received(void)
{
    take();
    explore_assert(!spgi_mpsc_pending(&errands), "an empty queue has something");
    unsigned n = 0;
    for (unsigned i = 0; i < ITEMS; i++) {
        n += received[i];
    }
    explore_assert(n == sent, "an item is lost");
}

static const struct explore_model two_senders = {
    .name = "errands: 2 senders",
    .setup = begin,
    .threads = {send_each, send_each, take_thrice},
    .check = all_received,
    .full = {4, 1},
};

static const struct explore_model three_senders = {
    .name = "errands: 3 senders",
    .setup = begin,
    .threads = {send_each, send_each, send_each, take_thrice},
    .check = all_received,
    .full = {3, 0},
};

// A memory that is sent again as soon as it has been received: the swap of the top must not be
// taken in by an old address.
static void take_and_return(void)
{
    take();
    store_release(&asleep, received[0] ? 1u : 2u);
    take();
}

static void send_two(void)
{
    send_one(2);
    send_one(3);
}

static void send_again_if_received(void)
{
    send_one(0);
    while (load_acquire(&asleep) == 0) {
        cpu_relax();
    }
    if (load_acquire(&asleep) == 1) {
        received[0] = 0;
        sent--;
        last[0] = -1;
        send_one(0);
    }
}

static const struct explore_model reuse = {
    .name = "errands: memory sent again",
    .setup = begin,
    .threads = {send_again_if_received, send_two, take_and_return},
    .check = all_received,
};

// Several who take everything, newest first: slots that threads have freed (core/slots.c).
static void take_newest(void)
{
    struct spgi_link *link = spgi_mpsc_take_newest(&errands);
    while (link) {
        struct item *item = SPGI_CONTAINER(link, struct item, link);
        unsigned n = (unsigned)(item - items);
        link = link->next;
        explore_data_read(&item->payload);
        explore_assert(item->payload == n + 1, "an item before its payload");
        item->link.next = &item->link;
        explore_assert(++received[n] == 1, "received twice");
    }
}

static void take_newest_twice(void)
{
    take_newest();
    take_newest();
}

static const struct explore_model takers = {
    .name = "errands: 2 takers",
    .setup = begin,
    .threads = {send_each, take_newest_twice, take_newest_twice},
    .check = all_received,
    .full = {4, 1},
};

// The handshake before sleep, at its smallest.
static void sender(void)
{
    send_one(0);
    sender_saw = load_seqcst(&asleep) != 0;
}

static void sleeper(void)
{
    store_seqcst(&asleep, 1u);
    receiver_saw = spgi_mpsc_pending(&errands);
}

static void one_has_seen(void)
{
    explore_assert(sender_saw || receiver_saw, "sender and sleeper have missed each other");
}

static const struct explore_model handshake = {
    .name = "errands: handshake",
    .setup = begin,
    .threads = {sender, sleeper},
    .check = one_has_seen,
    .full = {6, 2},
    .quick = {2, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &two_senders, &three_senders, &reuse, &takers, &handshake, NULL,
    };
    return explore_main(argc, argv, models);
}
