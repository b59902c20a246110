// SPDX-License-Identifier: MIT
// channels.c: producers and one consumer at a bounded mailbox. A mailbox has one owner, so rows
// with several consumers are the peers' alone.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE, BATCH = CHANNEL_CAPACITY };

struct channel {
    struct driver driver;
    uint32_t producers;
    bool batches; // a call takes as many as there are, or sends as many as there is room for
};

struct producer {
    const struct channel *channel;
    spg_mailbox box;
    uint64_t first;
    uint32_t count;
};

static int produce(void *arg)
{
    const struct producer *producer = arg;
    for (uint32_t i = 0; !producer->channel->batches && i < producer->count; i++) {
        row_must(spg_send(producer->box, VALUE, producer->first + i, SPG_NEVER), "spg_send");
    }
    for (uint32_t i = 0; producer->channel->batches && i < producer->count;) {
        spg_msg messages[BATCH];
        uint32_t count = 0;
        memset(messages, 0, sizeof messages);
        while (count < BATCH && i < producer->count) {
            messages[count++] = (spg_msg){.tag = VALUE, .value = producer->first + i++};
        }
        row_must((int)spg_send_n(producer->box, messages, count, SPG_NEVER), "spg_send_n");
    }
    return 0;
}

struct consumer {
    spg_mailbox box;
    uint32_t count;
    bool batches;
    uint64_t sum;
};

static int consume(void *arg)
{
    struct consumer *consumer = arg;
    for (uint32_t left = consumer->count; left > 0;) {
        spg_msg messages[BATCH];
        ssize_t n = spg_receive(consumer->box, messages, consumer->batches ? BATCH : 1, SPG_NEVER);
        row_must((int)n, "spg_receive");
        for (ssize_t i = 0; i < n; i++) {
            consumer->sum += messages[i].value;
        }
        left -= (uint32_t)n;
    }
    return 0;
}

// The consumer on shard 0, producers on the last one.
static uint64_t pass(struct driver *driver, bool warm_up)
{
    const struct channel *channel = (const struct channel *)driver;
    uint32_t items = warm_up ? CHANNEL_WARM_UP : CHANNEL_ITEMS;
    struct producer producers[16];
    struct consumer consumer = {.count = items, .batches = channel->batches};
    spg_attr far = {.place = SPG_PINNED, .shard = driver->workers - 1};
    spg_attr here = {.place = SPG_PINNED, .shard = 0};
    spg_scope scope;
    row_must(spg_mailbox_open(0, CHANNEL_CAPACITY, &consumer.box), "spg_mailbox_open");
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn(&here, consume, &consumer, NULL), "spg_spawn");
    for (uint32_t i = 0; i < channel->producers; i++) {
        uint32_t count = items / channel->producers;
        producers[i] = (struct producer){channel, consumer.box, (uint64_t)i * count, count};
        row_must(spg_spawn(&far, produce, &producers[i], NULL), "spg_spawn");
    }
    row_must(spg_scope_close(&scope), "spg_scope_close");
    row_must(spg_mailbox_close(consumer.box), "spg_mailbox_close");
    return consumer.sum;
}

static void *begin_with(const struct row_settings *settings, uint32_t workers, uint32_t producers,
                        bool batches)
{
    struct channel *channel = calloc(1, sizeof *channel);
    row_must(channel ? 0 : -ENOMEM, "calloc");
    channel->driver.work = pass;
    channel->producers = producers;
    channel->batches = batches;
    driver_start(&channel->driver, settings, workers, true);
    return channel;
}

static void *begin_one(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, 1, false);
}

static void *begin_four(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, 4, false);
}

static void *begin_sixteen(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, 16, false);
}

static void *begin_one_batched(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, 1, true);
}

static void end(void *state)
{
    driver_stop(state);
    free(state);
}

const struct row channel_rows[CHANNEL_ROWS] = {
    {"chan_1x1", 2, begin_one, driver_iterate, end, false},
    {"chan_1x1_batched", 2, begin_one_batched, driver_iterate, end, false},
    {"chan_4x1", 2, begin_four, driver_iterate, end, false},
    {"chan_16x1", 2, begin_sixteen, driver_iterate, end, false},
    {"chan_1x1_one", 1, begin_one, driver_iterate, end, false},
    {"chan_4x1_one", 1, begin_four, driver_iterate, end, false},
    {"chan_16x1_one", 1, begin_sixteen, driver_iterate, end, false},
};
