// SPDX-License-Identifier: MIT
// alarm.c: ringing an alarm; the protocol is in alarm.h.
#include "core/alarm.h"

#include "core/shard.h"

static void arrived(struct spgi_shard *shard, struct spgi_errand *errand)
{
    struct spgi_alarm *alarm = SPGI_CONTAINER(errand, struct spgi_alarm, errand);
    // First: a change from here on posts anew, if the alarm is armed again.
    store_seqcst(&alarm->state, (uint32_t)SPGI_ALARM_IDLE);
    alarm->rang(shard, alarm);
}

void spgi_alarm_init(struct spgi_alarm *alarm, struct spgi_shard *shard,
                     void (*rang)(struct spgi_shard *, struct spgi_alarm *))
{
    store_relaxed(&alarm->shard, shard);
    alarm->rang = rang;
    alarm->errand.run = arrived;
    store_relaxed(&alarm->state, (uint32_t)SPGI_ALARM_IDLE);
}

void spgi_alarm_post(struct spgi_alarm *alarm)
{
    uint32_t armed = SPGI_ALARM_ARMED;
    if (cas_seqcst(&alarm->state, &armed, (uint32_t)SPGI_ALARM_POSTED)) {
        spgi_shard_post(load_relaxed(&alarm->shard), &alarm->errand);
    }
}

void spgi_alarm_run(struct spgi_shard *self, struct spgi_alarm *alarm)
{
    uint32_t armed = SPGI_ALARM_ARMED;
    if (cas_seqcst(&alarm->state, &armed, (uint32_t)SPGI_ALARM_IDLE)) {
        alarm->rang(self, alarm);
    }
}
