// SPDX-License-Identifier: MIT
// waiting.c: timers that are set and unset, and calls of a thread into a loop.
#include "loop.h"

#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>

static void end(void *state)
{
    loop_stop(state);
    free(state);
}

// ---- Timers ----------------------------------------------------------------------------------

struct churn {
    struct loop loop;
    uv_timer_t timer;
};

static void never_due(uv_timer_t *timer)
{
    (void)timer;
    row_must(-ETIME, "a timer that is not due");
}

// They are due in milliseconds: libuv has no smaller unit.
static void set_and_unset(struct loop *loop, uint64_t warm_up)
{
    struct churn *churn = (struct churn *)loop;
    uint64_t count = 0;
    for (uint64_t i = 0; i < (warm_up ? TIMERS_WARM_UP : TIMERS); i++) {
        uv_must(uv_timer_start(&churn->timer, never_due, 10000 + i / 1000, 0), "uv_timer_start");
        uv_must(uv_timer_stop(&churn->timer), "uv_timer_stop");
        count++;
    }
    loop_answer(loop, count);
}

static void *begin_churn(const struct row_settings *settings, uint32_t workers)
{
    (void)settings, (void)workers;
    struct churn *churn = calloc(1, sizeof *churn);
    row_must(churn ? 0 : -ENOMEM, "calloc");
    loop_open(&churn->loop, set_and_unset);
    uv_must(uv_timer_init(&churn->loop.uv, &churn->timer), "uv_timer_init");
    loop_start(&churn->loop);
    return churn;
}

// ---- Calls -----------------------------------------------------------------------------------

static void *begin_calls(const struct row_settings *settings, uint32_t workers)
{
    (void)settings, (void)workers;
    struct loop *loop = calloc(1, sizeof *loop);
    row_must(loop ? 0 : -ENOMEM, "calloc");
    loop_open(loop, loop_answer);
    loop_start(loop);
    return loop;
}

static uint64_t call_often(void *state, bool warm_up)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (warm_up ? CALLS_WARM_UP : CALLS); i++) {
        int64_t begin = row_now();
        sum += loop_ask(state, i);
        row_latency(row_now() - begin);
    }
    return sum;
}

const struct row uv_waiting_rows[UV_WAITING_ROWS] = {
    {"timer_churn", 1, begin_churn, loop_iterate, end, false},
    {"boundary_rtt", 1, begin_calls, call_often, end, false},
};
