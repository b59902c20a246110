// SPDX-License-Identifier: MIT
// model_msgq.c: the queue of a lane: every message arrives once, in order, whole, and no slot is
// filled again before it was copied.
#include "base/msgq.h"
#include "explorer.h"

#include <string.h>

enum { CAPACITY = 2, MESSAGES = 5 };

static struct spgi_msgq queue;
static struct spgi_msg_slot slots[CAPACITY];
static unsigned batch; // messages staged before each publication

static void begin(unsigned size)
{
    memset(&queue, 0, sizeof queue);
    memset(slots, 0, sizeof slots);
    queue.slots = slots;
    queue.mask = CAPACITY - 1;
    queue.capacity = CAPACITY;
    batch = size;
    explore_label(&queue, sizeof queue, "queue");
}

static void begin_single(void)
{
    begin(1);
}

static void begin_pairs(void)
{
    begin(2);
}

static bool has_room(void *arg)
{
    (void)arg;
    return queue.staged - load_seqcst(&queue.head) < CAPACITY;
}

static void send_all(void)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct spgi_msg_slot slot = {.value = i + 1, .order = i};
        while (!spgi_msgq_stage(&queue, &slot)) {
            spgi_msgq_publish(&queue);
            explore_block_until(has_room, NULL);
        }
        explore_data_write(&slots[i % CAPACITY]);
        if ((i + 1) % batch == 0) {
            spgi_msgq_publish(&queue);
        }
    }
    spgi_msgq_publish(&queue);
}

static bool has_messages(void *arg)
{
    (void)arg;
    return load_seqcst(&queue.tail) != load_relaxed(&queue.head);
}

static void receive_all(void)
{
    for (unsigned taken = 0; taken < MESSAGES;) {
        const struct spgi_msg_slot *slot;
        unsigned ahead = 0;
        while ((slot = spgi_msgq_peek(&queue, ahead)) != NULL) {
            explore_data_read(slot);
            explore_assert(slot->value == taken + ahead + 1, "a message is not the next one");
            ahead++;
        }
        if (ahead > 0) {
            spgi_msgq_credit(&queue, ahead);
            taken += ahead;
        } else {
            explore_block_until(has_messages, NULL);
        }
    }
}

static void all_taken(void)
{
    explore_assert(load_relaxed(&queue.head) == MESSAGES, "a message was not taken");
    explore_assert(load_relaxed(&queue.tail) == MESSAGES, "a message was not published");
}

static const struct explore_model single = {
    .name = "msgq: wrap-around",
    .setup = begin_single,
    .threads = {send_all, receive_all},
    .check = all_taken,
    .full = {5, 2},
    .quick = {3, 1},
};

static const struct explore_model pairs = {
    .name = "msgq: batches, wrap-around",
    .setup = begin_pairs,
    .threads = {send_all, receive_all},
    .check = all_taken,
    .full = {5, 2},
    .quick = {3, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&single, &pairs, NULL};
    return explore_main(argc, argv, models);
}
