// SPDX-License-Identifier: MIT
// channels.h: what the tests of channels share.
#ifndef SPARGIO_TESTS_UNIT_CHANNELS_H
#define SPARGIO_TESTS_UNIT_CHANNELS_H

#include "support.h"

enum { SHARDS = 2 };

// Of numbers.
static inline spg_chan *opened(size_t capacity)
{
    spg_chan *chan = NULL;
    REQUIRE_OK(spg_chan_open(sizeof(uint64_t), capacity, &chan));
    REQUIRE(chan != NULL);
    return chan;
}

static inline int send_number(spg_chan *chan, uint64_t number, spg_time deadline)
{
    return spg_chan_send(chan, &number, deadline);
}

static inline uint64_t received(spg_chan *chan)
{
    uint64_t number = UINT64_MAX;
    REQUIRE_OK(spg_chan_receive(chan, &number, patience()));
    return number;
}

static inline spg_chan_stats stats_of(spg_chan *chan)
{
    spg_chan_stats stats;
    REQUIRE_OK(spg_chan_stats_get(chan, &stats));
    return stats;
}

// In a task: until so many wait.
#define AWAIT_WAITING(chan, senders, receivers)                                                    \
    AWAIT(stats_of(chan).waiting_senders == (senders) &&                                           \
          stats_of(chan).waiting_receivers == (receivers))

// A task that sends one number, and how that went.
typedef struct sender {
    spg_chan *chan;
    uint64_t number;
    spg_time deadline;
} sender;

static inline int sends(void *arg)
{
    const sender *self = arg;
    return send_number(self->chan, self->number, self->deadline);
}

// A task that receives one.
typedef struct receiver {
    spg_chan *chan;
    uint64_t number;
    spg_time deadline;
} receiver;

static inline int receives(void *arg)
{
    receiver *self = arg;
    return spg_chan_receive(self->chan, &self->number, self->deadline);
}

#endif
