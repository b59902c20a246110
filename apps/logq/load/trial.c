// SPDX-License-Identifier: MIT
// trial.c: one run of requests at one rate, in open loop.
//
// Each connection has a task that takes the next arrival, sleeps until it is due, asks and counts.
// Results are kept per shard: between asking for the shard and counting nothing suspends.

#include "load/trial.h"

#include "load/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Time for the connections to be made before the first arrival.
#define CONNECT_NS (5 * SPG_S)

struct trial {
    const struct trial_plan *plan;
    struct arrivals arrivals;
    spg_time begin;
    struct trial_result *shards; // one result for each
    _Atomic(spg_time) last;      // answer
    atomic_int failure;
};

struct sender {
    struct trial *trial;
    struct client client;
};

uint64_t trial_error_count(const struct trial_errors *errors)
{
    uint64_t count = 0;
#define TRIAL_SUM_(name, text) count += errors->name;
    TRIAL_ERRORS(TRIAL_SUM_)
#undef TRIAL_SUM_
    return count;
}

static void note_failure(struct trial *trial, int error)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&trial->failure, &none, error);
}

static void note_last(struct trial *trial, spg_time now)
{
    spg_time last = atomic_load(&trial->last);
    while (last < now && !atomic_compare_exchange_weak(&trial->last, &last, now)) {
        // `last` is now what somebody else has set
    }
}

static void count_answer(struct trial *trial, spg_time intended, int result,
                         const struct client_answer *answer)
{
    spg_time now = spg_now();
    struct trial_result *here = &trial->shards[spg_shard()];
    here->asked++;
    here->bytes += answer->bytes;
    if (result == -ETIME || (result == 0 && answer->status == 504)) {
        here->errors.timed_out++;
    } else if (result < 0) {
        here->errors.broken++;
        note_failure(trial, result);
    } else if (answer->status == 503) {
        here->errors.refused++;
    } else if (answer->status != 200) {
        here->errors.failed++;
    } else if (answer->is_partial) {
        here->errors.partial++;
    } else {
        histogram_add(&here->latency, now - intended);
    }
    note_last(trial, now);
}

// Sends one request when it is due.
static int send_one(struct sender *sender, const struct arrival *arrival)
{
    struct trial *trial = sender->trial;
    const struct trial_plan *plan = trial->plan;
    spg_time intended = trial->begin + arrival->at_ns;
    spg_time now = spg_now();
    if (now < intended) {
        int result = spg_sleep(intended);
        if (result < 0) {
            return result;
        }
        histogram_add(&trial->shards[spg_shard()].lateness, spg_now() - intended);
    }
    const struct text *request = &plan->requests[arrival->random % plan->request_count];
    struct client_answer answer = {0};
    int result = client_ask(&sender->client, text_bytes(request), &answer,
                            spg_after(plan->timeout_ns));
    count_answer(trial, intended, result, &answer);
    return 0;
}

static int sender_task(void *arg)
{
    struct sender *sender = arg;
    struct arrival arrival;
    int result = 0;
    while (result == 0 && arrivals_next(&sender->trial->arrivals, &arrival)) {
        result = send_one(sender, &arrival);
    }
    return 0;
}

static int connect_task(void *arg)
{
    struct sender *sender = arg;
    return client_connect(&sender->client, spg_after(CONNECT_NS));
}

// Runs a task for each sender and waits for all. 0, or the first error.
static int run_all(struct sender *senders, uint32_t count, spg_fn *task)
{
    spg_scope scope;
    int result = spg_scope_open(&scope, SPG_NEVER);
    if (result < 0) {
        return result;
    }
    result = spg_spawn_n(&scope, NULL, task, senders, sizeof *senders, count);
    int ended = spg_scope_close(&scope);
    return result < 0 ? result : ended;
}

static void merge_results(struct trial *trial, struct trial_result *result)
{
    for (uint32_t shard = 0; shard < spg_shards(spg_runtime()); shard++) {
        const struct trial_result *from = &trial->shards[shard];
        histogram_merge(&result->latency, &from->latency);
        histogram_merge(&result->lateness, &from->lateness);
#define TRIAL_ADD_(name, text) result->errors.name += from->errors.name;
        TRIAL_ERRORS(TRIAL_ADD_)
#undef TRIAL_ADD_
        result->asked += from->asked;
        result->bytes += from->bytes;
    }
    spg_time last = atomic_load(&trial->last);
    result->span_ns = last > trial->begin ? last - trial->begin : 0;
    result->failure = atomic_load(&trial->failure);
}

static int run_senders(struct trial *trial, struct sender *senders, struct trial_result *result)
{
    const struct trial_plan *plan = trial->plan;
    for (uint32_t i = 0; i < plan->connections; i++) {
        senders[i].trial = trial;
        if (!client_init(&senders[i].client, plan->address, plan->address_length)) {
            return -ENOMEM;
        }
    }
    int error = run_all(senders, plan->connections, connect_task);
    if (error < 0) {
        return error;
    }
    arrivals_init(&trial->arrivals, plan->arrivals, result->rate, plan->duration_ns, plan->count,
                  plan->seed);
    trial->begin = spg_now();
    error = run_all(senders, plan->connections, sender_task);
    arrivals_destroy(&trial->arrivals);
    merge_results(trial, result);
    return error;
}

int trial_run(const struct trial_plan *plan, double rate, struct trial_result *result)
{
    struct trial trial = {.plan = plan};
    struct sender *senders = calloc(plan->connections, sizeof *senders);
    trial.shards = calloc(spg_shards(spg_runtime()), sizeof *trial.shards);
    memset(result, 0, sizeof *result); // too large for a literal on a task's stack
    result->rate = rate;
    int error = senders == NULL || trial.shards == NULL ? -ENOMEM
                                                        : run_senders(&trial, senders, result);
    for (uint32_t i = 0; senders != NULL && i < plan->connections; i++) {
        client_free(&senders[i].client);
    }
    free(senders);
    free(trial.shards);
    return error;
}
