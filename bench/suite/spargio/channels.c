// SPDX-License-Identifier: MIT
// channels.c: producers and consumers at a bounded channel, all of which may run anywhere; and one
// of each at a mailbox, pinned to the first shard and the last.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE, BATCH = CHANNEL_CAPACITY, MOST = 16 };

struct shape {
    const char *row;
    uint32_t producers;
    uint32_t consumers;
    bool batches; // a call takes as many as there are, or sends as many as there is room for
};

struct channel {
    struct driver driver;
    struct shape shape;
    spg_chan *chan;
    spg_mailbox box;
};

struct end {
    const struct channel *channel;
    uint64_t first; // of a producer
    uint32_t count; // of items: a producer's, or a mailbox's consumer's
    uint64_t sum;   // of a consumer
};

// The next values of a producer. Returns how many.
static uint32_t next_batch(const struct end *producer, uint32_t done, uint64_t values[BATCH])
{
    uint32_t count = producer->count - done < BATCH ? producer->count - done : BATCH;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = producer->first + done + i;
    }
    return count;
}

// ---- Channels --------------------------------------------------------------------------------

static int produce(void *arg)
{
    const struct end *self = arg;
    spg_chan *chan = self->channel->chan;
    for (uint32_t i = 0; !self->channel->shape.batches && i < self->count; i++) {
        uint64_t value = self->first + i;
        row_must(spg_chan_send(chan, &value, SPG_NEVER), "spg_chan_send");
    }
    for (uint32_t i = 0; self->channel->shape.batches && i < self->count;) {
        uint64_t values[BATCH];
        uint32_t count = next_batch(self, i, values);
        row_must((int)spg_chan_send_n(chan, values, count, SPG_NEVER), "spg_chan_send_n");
        i += count;
    }
    return 0;
}

// Until there are no producers any more.
static int consume(void *arg)
{
    struct end *self = arg;
    spg_chan *chan = self->channel->chan;
    bool batches = self->channel->shape.batches;
    uint64_t values[BATCH];
    for (;;) {
        ssize_t n = batches ? spg_chan_receive_n(chan, values, BATCH, SPG_NEVER)
                            : spg_chan_receive(chan, values, SPG_NEVER) + 1;
        if (n <= 0) {
            return 0;
        }
        for (ssize_t i = 0; i < n; i++) {
            self->sum += values[i];
        }
    }
}

static uint64_t pass(struct driver *driver, bool warm_up)
{
    struct channel *channel = (struct channel *)driver;
    uint32_t items = warm_up ? CHANNEL_WARM_UP : CHANNEL_ITEMS;
    uint32_t each = items / channel->shape.producers;
    struct end consumers[MOST];
    struct end producers[MOST];
    spg_task consuming[MOST];
    spg_scope scope;
    row_must(spg_chan_open(sizeof(uint64_t), CHANNEL_CAPACITY, &channel->chan), "spg_chan_open");
    for (uint32_t i = 0; i < channel->shape.consumers; i++) {
        consumers[i] = (struct end){.channel = channel};
        row_must(spg_spawn(NULL, consume, &consumers[i], &consuming[i]), "spg_spawn");
    }
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    for (uint32_t i = 0; i < channel->shape.producers; i++) {
        producers[i] = (struct end){channel, (uint64_t)i * each, each, 0};
        row_must(spg_spawn(NULL, produce, &producers[i], NULL), "spg_spawn");
    }
    row_must(spg_scope_close(&scope), "spg_scope_close");
    row_must(spg_chan_close(channel->chan), "spg_chan_close");
    uint64_t sum = 0;
    for (uint32_t i = 0; i < channel->shape.consumers; i++) {
        row_must(spg_join(consuming[i], NULL, SPG_NEVER), "spg_join");
        sum += consumers[i].sum;
    }
    row_must(spg_chan_free(channel->chan), "spg_chan_free");
    return sum;
}

// ---- Mailboxes -------------------------------------------------------------------------------

static int post(void *arg)
{
    const struct end *self = arg;
    spg_mailbox box = self->channel->box;
    for (uint32_t i = 0; !self->channel->shape.batches && i < self->count; i++) {
        row_must(spg_send(box, VALUE, self->first + i, SPG_NEVER), "spg_send");
    }
    for (uint32_t i = 0; self->channel->shape.batches && i < self->count;) {
        uint64_t values[BATCH];
        spg_msg messages[BATCH];
        uint32_t count = next_batch(self, i, values);
        memset(messages, 0, sizeof messages);
        for (uint32_t k = 0; k < count; k++) {
            messages[k] = (spg_msg){.tag = VALUE, .value = values[k]};
        }
        row_must((int)spg_send_n(box, messages, count, SPG_NEVER), "spg_send_n");
        i += count;
    }
    return 0;
}

static int collect(void *arg)
{
    struct end *self = arg;
    bool batches = self->channel->shape.batches;
    for (uint32_t left = self->count; left > 0;) {
        spg_msg messages[BATCH];
        ssize_t n = spg_receive(self->channel->box, messages, batches ? BATCH : 1, SPG_NEVER);
        row_must((int)n, "spg_receive");
        for (ssize_t i = 0; i < n; i++) {
            self->sum += messages[i].value;
        }
        left -= (uint32_t)n;
    }
    return 0;
}

static uint64_t pass_by_mailbox(struct driver *driver, bool warm_up)
{
    struct channel *channel = (struct channel *)driver;
    uint32_t items = warm_up ? CHANNEL_WARM_UP : CHANNEL_ITEMS;
    struct end ends[2] = {{channel, 0, items, 0}, {channel, 0, items, 0}};
    spg_attr here = {.place = SPG_PINNED, .shard = 0};
    spg_attr far = {.place = SPG_PINNED, .shard = driver->workers - 1};
    spg_scope scope;
    row_must(spg_mailbox_open(0, CHANNEL_CAPACITY, &channel->box), "spg_mailbox_open");
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    row_must(spg_spawn(&here, collect, &ends[0], NULL), "spg_spawn");
    row_must(spg_spawn(&far, post, &ends[1], NULL), "spg_spawn");
    row_must(spg_scope_close(&scope), "spg_scope_close");
    row_must(spg_mailbox_close(channel->box), "spg_mailbox_close");
    return ends[0].sum;
}

// ---- Rows ------------------------------------------------------------------------------------

static const struct shape shapes[] = {
    {"chan_1x1", 1, 1, false},
    {"chan_1x1_one", 1, 1, false},
    {"chan_4x1", 4, 1, false},
    {"chan_4x1_one", 4, 1, false},
    {"chan_16x1", 16, 1, false},
    {"chan_16x1_one", 16, 1, false},
    {"chan_4x4", 4, 4, false},
    {"chan_4x4_one", 4, 4, false},
    {"chan_16x16", 16, 16, false},
    {"chan_16x16_one", 16, 16, false},
    {"chan_1x1_batched", 1, 1, true},
    {"chan_4x1_batched", 4, 1, true},
    {"chan_16x1_batched", 16, 1, true},
    {"chan_4x4_batched", 4, 4, true},
    {"chan_16x16_batched", 16, 16, true},
    {"chan_1x1_mailbox", 1, 1, false},
    {"chan_1x1_mailbox_batched", 1, 1, true},
};

static void *begin_with(const struct row_settings *settings, uint32_t workers, bool by_mailbox)
{
    struct channel *channel = calloc(1, sizeof *channel);
    row_must(channel ? 0 : -ENOMEM, "calloc");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].row, settings->row) == 0) {
            channel->shape = shapes[i];
        }
    }
    channel->driver.work = by_mailbox ? pass_by_mailbox : pass;
    driver_start(&channel->driver, settings, workers, by_mailbox);
    return channel;
}

static void *begin(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, false);
}

static void *begin_by_mailbox(const struct row_settings *settings, uint32_t workers)
{
    return begin_with(settings, workers, true);
}

static void end(void *state)
{
    driver_stop(state);
    free(state);
}

const struct row channel_rows[CHANNEL_ROWS] = {
    {"chan_1x1", 2, begin, driver_iterate, end, false},
    {"chan_1x1_batched", 2, begin, driver_iterate, end, false},
    {"chan_1x1_mailbox", 2, begin_by_mailbox, driver_iterate, end, false},
    {"chan_1x1_mailbox_batched", 2, begin_by_mailbox, driver_iterate, end, false},
    {"chan_4x1", 2, begin, driver_iterate, end, false},
    {"chan_4x1_batched", 2, begin, driver_iterate, end, false},
    {"chan_16x1", 2, begin, driver_iterate, end, false},
    {"chan_16x1_batched", 2, begin, driver_iterate, end, false},
    {"chan_4x4", 2, begin, driver_iterate, end, false},
    {"chan_4x4_batched", 2, begin, driver_iterate, end, false},
    {"chan_16x16", 2, begin, driver_iterate, end, false},
    {"chan_16x16_batched", 2, begin, driver_iterate, end, false},
    {"chan_1x1_one", 1, begin, driver_iterate, end, false},
    {"chan_4x1_one", 1, begin, driver_iterate, end, false},
    {"chan_16x1_one", 1, begin, driver_iterate, end, false},
    {"chan_4x4_one", 1, begin, driver_iterate, end, false},
    {"chan_16x16_one", 1, begin, driver_iterate, end, false},
};
