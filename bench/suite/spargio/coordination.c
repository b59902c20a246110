// SPDX-License-Identifier: MIT
// coordination.c: rows in which two tasks talk: ping-pong, one way, and both with a cold start.
#include "suite/spargio/rows.h"

#include "suite/spargio/driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PING_ROUNDS = 256, PING_WARM_UP = 16, COLD_ROUNDS = 64, BATCH = 64 };
enum { ONE_WAY = 2048, ONE_WAY_WARM_UP = 64 };
enum tag { PING, ACK, VALUE, SUM, END };

struct pair {
    struct driver driver; // the client: shard 0
    spg_mailbox client;
    spg_mailbox server;
    spg_task responder; // shard 1
    spg_chan *out;      // between tasks that may run anywhere
    spg_chan *back;
    bool batches;
};

static spg_msg receive_one(spg_mailbox box)
{
    spg_msg message;
    row_must((int)spg_receive(box, &message, 1, SPG_NEVER), "spg_receive");
    return message;
}

// ---- Pinned apart ----------------------------------------------------------------------------

// Acks each ping; sums values up, and tells the sum when it is asked.
static int respond(void *arg)
{
    struct pair *pair = arg;
    spg_msg messages[BATCH];
    uint64_t sum = 0;
    for (;;) {
        ssize_t n = spg_receive(pair->server, messages, BATCH, SPG_NEVER);
        row_must((int)n, "spg_receive");
        for (ssize_t i = 0; i < n; i++) {
            const spg_msg *message = &messages[i];
            if (message->tag == VALUE) {
                sum += message->value;
            } else if (message->tag == END) {
                return 0;
            } else {
                uint64_t answer = message->tag == PING ? message->value : sum;
                sum = message->tag == SUM ? 0 : sum;
                row_must(spg_send(pair->client, ACK, answer, SPG_NEVER), "spg_send");
            }
        }
    }
}

static void start_responder(struct driver *driver)
{
    struct pair *pair = (struct pair *)driver;
    spg_attr there = {.name = "responder", .place = SPG_PINNED, .shard = driver->workers - 1};
    pair->client = spg_shard_mailbox(driver->rt, 0);
    row_must(spg_mailbox_open(there.shard, 0, &pair->server), "spg_mailbox_open");
    row_must(spg_spawn(&there, respond, pair, &pair->responder), "spg_spawn");
}

static void end_responder(struct driver *driver)
{
    struct pair *pair = (struct pair *)driver;
    row_must(spg_send(pair->server, END, 0, SPG_NEVER), "spg_send");
    row_must(spg_join(pair->responder, NULL, SPG_NEVER), "spg_join");
}

static uint64_t ping(struct pair *pair, uint32_t rounds)
{
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        row_must(spg_send(pair->server, PING, i, SPG_NEVER), "spg_send");
        checksum += receive_one(pair->client).value;
    }
    return checksum;
}

static uint64_t ping_pong(struct driver *driver, bool warm_up)
{
    return ping((struct pair *)driver, warm_up ? PING_WARM_UP : PING_ROUNDS);
}

static void send_values(struct pair *pair, uint32_t count)
{
    spg_msg messages[BATCH];
    for (uint32_t i = 0; !pair->batches && i < count; i++) {
        row_must(spg_send(pair->server, VALUE, i, SPG_NEVER), "spg_send");
    }
    for (uint32_t i = 0; pair->batches && i < count; i += BATCH) {
        for (uint32_t j = 0; j < BATCH; j++) {
            messages[j] = (spg_msg){.tag = VALUE, .value = i + j};
        }
        row_must((int)spg_send_n(pair->server, messages, BATCH, SPG_NEVER), "spg_send_n");
    }
}

// The flush, then the sum that comes back.
static uint64_t one_way(struct driver *driver, bool warm_up)
{
    struct pair *pair = (struct pair *)driver;
    send_values(pair, warm_up ? ONE_WAY_WARM_UP : ONE_WAY);
    row_must(spg_flush(SPG_NEVER), "spg_flush");
    row_must(spg_send(pair->server, SUM, 0, SPG_NEVER), "spg_send");
    return receive_one(pair->client).value;
}

static void *begin_pair(const struct row_settings *settings, uint32_t workers,
                        uint64_t (*work)(struct driver *, bool), bool batches)
{
    struct pair *pair = calloc(1, sizeof *pair);
    row_must(pair ? 0 : -ENOMEM, "calloc");
    pair->driver.first = start_responder;
    pair->driver.work = work;
    pair->driver.last = end_responder;
    pair->batches = batches;
    driver_start(&pair->driver, settings, workers, true);
    return pair;
}

static void *begin_ping_pong(const struct row_settings *settings, uint32_t workers)
{
    return begin_pair(settings, workers, ping_pong, false);
}

static void *begin_one_way(const struct row_settings *settings, uint32_t workers)
{
    return begin_pair(settings, workers, one_way, false);
}

static void *begin_one_way_batched(const struct row_settings *settings, uint32_t workers)
{
    return begin_pair(settings, workers, one_way, true);
}

static void end_pair(void *state)
{
    struct pair *pair = state;
    driver_stop(&pair->driver);
    free(pair);
}

// ---- Free: both ends may be stolen, and meet on one shard ------------------------------------

enum { QUESTION = -1 }; // in place of a value: what is their sum?

static int respond_free(void *arg)
{
    const struct pair *pair = arg;
    uint32_t ping;
    while (spg_chan_receive(pair->out, &ping, SPG_NEVER) == 0) {
        row_must(spg_chan_send(pair->back, &ping, SPG_NEVER), "spg_chan_send");
    }
    return 0;
}

// Sums values up, and tells the sum when it is asked.
static int sum_up(void *arg)
{
    const struct pair *pair = arg;
    uint64_t values[BATCH];
    uint64_t sum = 0;
    for (;;) {
        ssize_t n = pair->batches ? spg_chan_receive_n(pair->out, values, BATCH, SPG_NEVER)
                                  : spg_chan_receive(pair->out, values, SPG_NEVER) + 1;
        if (n <= 0) {
            return 0;
        }
        for (ssize_t i = 0; i < n; i++) {
            if (values[i] == (uint64_t)QUESTION) {
                row_must(spg_chan_send(pair->back, &sum, SPG_NEVER), "spg_chan_send");
                sum = 0;
            } else {
                sum += values[i];
            }
        }
    }
}

static void open_free(struct pair *pair, size_t item_bytes, size_t capacity, spg_fn *responder)
{
    row_must(spg_chan_open(item_bytes, capacity, &pair->out), "spg_chan_open");
    row_must(spg_chan_open(item_bytes, capacity, &pair->back), "spg_chan_open");
    row_must(spg_spawn(NULL, responder, pair, &pair->responder), "spg_spawn");
}

static void start_ping_free(struct driver *driver)
{
    open_free((struct pair *)driver, sizeof(uint32_t), 1, respond_free);
}

static void start_one_way_free(struct driver *driver)
{
    open_free((struct pair *)driver, sizeof(uint64_t), ONE_WAY, sum_up);
}

static void end_free(struct driver *driver)
{
    struct pair *pair = (struct pair *)driver;
    row_must(spg_chan_close(pair->out), "spg_chan_close");
    row_must(spg_join(pair->responder, NULL, SPG_NEVER), "spg_join");
    row_must(spg_chan_free(pair->out), "spg_chan_free");
    row_must(spg_chan_free(pair->back), "spg_chan_free");
}

static uint64_t ping_freely(const struct pair *pair, uint32_t rounds)
{
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t ack;
        row_must(spg_chan_send(pair->out, &i, SPG_NEVER), "spg_chan_send");
        row_must(spg_chan_receive(pair->back, &ack, SPG_NEVER), "spg_chan_receive");
        checksum += ack;
    }
    return checksum;
}

static uint64_t ping_pong_free(struct driver *driver, bool warm_up)
{
    return ping_freely((struct pair *)driver, warm_up ? PING_WARM_UP : PING_ROUNDS);
}

static uint64_t one_way_free(struct driver *driver, bool warm_up)
{
    const struct pair *pair = (struct pair *)driver;
    uint32_t count = warm_up ? ONE_WAY_WARM_UP : ONE_WAY;
    uint64_t values[BATCH];
    for (uint32_t i = 0; !pair->batches && i < count; i++) {
        uint64_t value = i;
        row_must(spg_chan_send(pair->out, &value, SPG_NEVER), "spg_chan_send");
    }
    for (uint32_t i = 0; pair->batches && i < count; i += BATCH) {
        for (uint32_t j = 0; j < BATCH; j++) {
            values[j] = i + j;
        }
        row_must((int)spg_chan_send_n(pair->out, values, BATCH, SPG_NEVER), "spg_chan_send_n");
    }
    uint64_t question = (uint64_t)QUESTION;
    uint64_t sum;
    row_must(spg_chan_send(pair->out, &question, SPG_NEVER), "spg_chan_send");
    row_must(spg_chan_receive(pair->back, &sum, SPG_NEVER), "spg_chan_receive");
    return sum;
}

static void *begin_free(const struct row_settings *settings, uint32_t workers,
                        void (*first)(struct driver *), uint64_t (*work)(struct driver *, bool),
                        bool batches)
{
    struct pair *pair = calloc(1, sizeof *pair);
    row_must(pair ? 0 : -ENOMEM, "calloc");
    pair->driver.first = first;
    pair->driver.work = work;
    pair->driver.last = end_free;
    pair->batches = batches;
    driver_start(&pair->driver, settings, workers, false);
    return pair;
}

static void *begin_ping_pong_free(const struct row_settings *settings, uint32_t workers)
{
    return begin_free(settings, workers, start_ping_free, ping_pong_free, false);
}

static void *begin_one_way_free(const struct row_settings *settings, uint32_t workers)
{
    return begin_free(settings, workers, start_one_way_free, one_way_free, false);
}

static void *begin_one_way_batched_free(const struct row_settings *settings, uint32_t workers)
{
    return begin_free(settings, workers, start_one_way_free, one_way_free, true);
}

// ---- Cold start ------------------------------------------------------------------------------

struct cold {
    const struct row_settings *settings;
    uint32_t workers;
};

static uint64_t ping_cold(struct driver *driver, bool warm_up)
{
    (void)warm_up;
    return ping((struct pair *)driver, COLD_ROUNDS);
}

static void *begin_cold(const struct row_settings *settings, uint32_t workers)
{
    static struct cold cold;
    cold = (struct cold){settings, workers};
    return &cold;
}

static uint64_t start_cold(void *state, bool warm_up)
{
    struct cold *cold = state;
    struct pair *pair = begin_pair(cold->settings, cold->workers, ping_cold, false);
    uint64_t checksum = driver_iterate(pair, warm_up);
    end_pair(pair);
    return checksum;
}

static uint64_t ping_cold_free(struct driver *driver, bool warm_up)
{
    (void)warm_up;
    return ping_freely((struct pair *)driver, COLD_ROUNDS);
}

static uint64_t start_cold_free(void *state, bool warm_up)
{
    struct cold *cold = state;
    struct pair *pair =
        begin_free(cold->settings, cold->workers, start_ping_free, ping_cold_free, false);
    uint64_t checksum = driver_iterate(pair, warm_up);
    end_pair(pair);
    return checksum;
}

static void end_cold(void *state)
{
    (void)state;
}

const struct row coordination_rows[COORDINATION_ROWS] = {
    {"steady_ping_pong_rtt", 2, begin_ping_pong, driver_iterate, end_pair, false},
    {"steady_ping_pong_rtt_free", 2, begin_ping_pong_free, driver_iterate, end_pair, false},
    {"steady_one_way_send_drain", 2, begin_one_way, driver_iterate, end_pair, false},
    {"steady_one_way_send_drain_free", 2, begin_one_way_free, driver_iterate, end_pair, false},
    {"steady_one_way_send_drain_batch64", 2, begin_one_way_batched, driver_iterate, end_pair,
     false},
    {"steady_one_way_send_drain_batch64_free", 2, begin_one_way_batched_free, driver_iterate,
     end_pair, false},
    {"cold_start_ping_pong", 2, begin_cold, start_cold, end_cold, false},
    {"cold_start_ping_pong_free", 2, begin_cold, start_cold_free, end_cold, false},
};
