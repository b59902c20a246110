// SPDX-License-Identifier: MIT
// mailboxes.h: what the tests of mailboxes share.
#ifndef SPARGIO_TESTS_UNIT_MAILBOXES_H
#define SPARGIO_TESTS_UNIT_MAILBOXES_H

#include "support.h"

enum { SHARDS = 2, FAR = 1 };

static inline spg_mailbox opened(unsigned shard, size_t capacity)
{
    spg_mailbox box = {0};
    REQUIRE_OK(spg_mailbox_open(shard, capacity, &box));
    REQUIRE(box.v != 0);
    return box;
}

static inline spg_msg received(spg_mailbox box)
{
    spg_msg message;
    REQUIRE_CODE(spg_receive(box, &message, 1, patience()), 1);
    return message;
}

static inline int closes(void *arg)
{
    const spg_mailbox *box = arg;
    return spg_mailbox_close(*box);
}

// From the root task, wherever it runs.
static inline void close_at(spg_mailbox box, uint32_t shard)
{
    spg_attr there = pinned_to(shard);
    REQUIRE_OK(joined(spawned(&there, closes, &box)));
}

// Runs fn(arg) on a shard, and gives its result.
static inline int run_on(uint32_t shard, spg_fn *fn, void *arg)
{
    spg_attr there = pinned_to(shard);
    return joined(spawned(&there, fn, arg));
}

#endif
