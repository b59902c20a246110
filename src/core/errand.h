// SPDX-License-Identifier: MIT
// errand.h: the structs by which a shard is told to do something. Field tags: core/types.h.
#ifndef SPGI_CORE_ERRAND_H
#define SPGI_CORE_ERRAND_H

#include "base/atomic.h"
#include "base/list.h"

struct spgi_shard;

// Something for another shard to do: run is called there, by the scheduler. The sender owns the
// memory until then.
struct spgi_errand {
    struct spgi_link link;
    void (*run)(struct spgi_shard *shard, struct spgi_errand *errand);
};

// Posts its errand to its shard when others have changed what the shard waits for: core/alarm.h.
struct spgi_alarm {
    spgi_a32 state;  // enum spgi_alarm_state                                   [any]
    spgi_aptr shard; // of a mailbox: changes when the slot moves               [any]
    void (*rang)(struct spgi_shard *shard, struct spgi_alarm *alarm); //        [const]
    struct spgi_errand errand;
};

#endif
