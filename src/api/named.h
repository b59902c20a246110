// SPDX-License-Identifier: MIT
// named.h: a mailbox that a handle names, for as long as a call lasts.
#ifndef SPGI_API_NAMED_H
#define SPGI_API_NAMED_H

#include "core/types.h"

#include <spargio/mailbox.h>

struct spgi_named {
    struct spgi_mailbox *mailbox;
    uint64_t gen;
    struct spgi_shard *shard; // the caller's, if it is a task of the mailbox's runtime; else NULL
    bool held;
    bool other_task; // the caller is a task of another runtime: it must not block
};

// Any thread. The mailbox's runtime does not end until it is let go. Returns 0, -ESRCH or
// -EOWNERDEAD.
int spgi_named_find(spg_mailbox handle, struct spgi_named *named);
void spgi_named_let_go(const struct spgi_named *named);

#endif
