// SPDX-License-Identifier: MIT
// worker.c: a thread that works on orders.
#include "suite/floor/worker.h"

#include "suite/floor/word.h"
#include "suite/row.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct worker {
    struct word asked; // the number of the order, or ENDS
    struct word answered;
    bool warm_up; // of the order
    uint64_t checksum;
    uint32_t orders;
    void *state;
    uint64_t (*work)(void *state, bool warm_up);
    pthread_t thread;
};

#define ENDS UINT32_MAX

static void *work_on_orders(void *arg)
{
    struct worker *worker = arg;
    uint32_t order = 0;
    while ((order = await_change(&worker->asked, order)) != ENDS) {
        worker->checksum = worker->work(worker->state, worker->warm_up);
        set_word(&worker->answered, order);
    }
    return NULL;
}

struct worker *worker_start(void *state, uint64_t (*work)(void *state, bool warm_up))
{
    struct worker *worker = aligned_alloc(64, sizeof *worker);
    row_must(worker ? 0 : -ENOMEM, "aligned_alloc");
    *worker = (struct worker){.state = state, .work = work};
    row_must(-pthread_create(&worker->thread, NULL, work_on_orders, worker), "pthread_create");
    return worker;
}

uint64_t worker_iterate(void *arg, bool warm_up)
{
    struct worker *worker = arg;
    worker->warm_up = warm_up;
    set_word(&worker->asked, ++worker->orders);
    await_word(&worker->answered, worker->orders);
    return worker->checksum;
}

void *worker_stop(struct worker *worker)
{
    void *state = worker->state;
    set_word(&worker->asked, ENDS);
    pthread_join(worker->thread, NULL);
    free(worker);
    return state;
}
