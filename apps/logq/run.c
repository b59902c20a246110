// SPDX-License-Identifier: MIT
// run.c: carrying out a query over files: fan out over their pieces, fan in again.

#include "run_state.h"

#include "reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void run_fail(struct run *run, int result, const char *text)
{
    pthread_mutex_lock(&run->lock);
    // A chain that is cut off because the query has its answer already has not failed.
    bool is_late = result == -ECANCELED && atomic_load(&run->stops);
    if (run->result == 0 && !is_late) {
        run->result = result;
        (void)snprintf(run->failure, sizeof run->failure, "%s", text);
    }
    pthread_mutex_unlock(&run->lock);
    atomic_store(&run->stops, true);
    run_signal(run);
}

const char *run_failure(const struct run *run, int result)
{
    if (run->failure[0] != '\0') {
        return run->failure;
    }
    return result == -ENOMEM ? "the memory limit of the query (--query-memory) was reached, or the "
                               "machine is out of memory"
                             : reason_text(result);
}

struct budget *run_budget(struct run *run)
{
    return &run->budget;
}

uint64_t run_bytes(const struct run *run)
{
    return atomic_load_explicit(&run->bytes, memory_order_relaxed);
}

const struct scan_counts *run_counts(const struct run *run)
{
    static const struct scan_counts none;
    return run->merged == NULL ? &none : partial_counts(run->merged);
}

// ---- lanes

static uint64_t pieces_of(const struct run *run, const struct source_file *file)
{
    uint64_t bytes = run->options.piece_bytes;
    return file->is_stream ? 0 : file->length / bytes + (file->length % bytes > 0);
}

static void add_to_lane(struct run *run, struct lane *lane, uint32_t file)
{
    uint64_t pieces = pieces_of(run, &run->sources->files[file]);
    if (pieces > 0) {
        lane->files[lane->file_count++] = (struct lane_file){.first = lane->pieces, .file = file};
        lane->pieces += pieces;
    }
}

// A key that SPG_STICKY places on this shard.
static uint64_t key_of(uint32_t shard, uint32_t shards)
{
    uint64_t key = 0;
    while (spg_sticky_shard(key, shards) != shard) {
        key++;
    }
    return key;
}

// Placed by file, file number n belongs to the shard of key n.
static bool make_lanes(struct run *run)
{
    bool by_file = run->options.placement == RUN_PINNED;
    size_t count = by_file ? run->shards : 1;
    run->lanes = calloc(count, sizeof *run->lanes);
    if (run->lanes == NULL) {
        return false;
    }
    for (run->lane_count = 0; run->lane_count < count; run->lane_count++) {
        struct lane *lane = &run->lanes[run->lane_count];
        lane->files = calloc(run->sources->count + 1, sizeof *lane->files);
        if (lane->files == NULL) {
            return false;
        }
        lane->key = by_file ? key_of((uint32_t)run->lane_count, run->shards) : 0;
    }
    for (uint32_t file = 0; file < run->sources->count; file++) {
        size_t lane = by_file ? spg_sticky_shard(file, run->shards) : 0;
        add_to_lane(run, &run->lanes[lane], file);
    }
    return true;
}

static size_t chains_of(const struct run *run, const struct lane *lane)
{
    size_t most = (size_t)RUN_CHAINS_PER_SHARD * run->shards / run->lane_count;
    return lane->pieces < most ? (size_t)lane->pieces : most;
}

// ---- making and freeing

struct run *run_new(const struct query *query, struct source_set *sources,
                    const struct run_options *options, const struct run_output *output)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return NULL;
    }
    pthread_mutex_init(&run->lock, NULL);
    run->query = query;
    run->sources = sources;
    run->options = *options;
    run->output = *output;
    run->is_streaming = query_is_streaming(query);
    run->shards = spg_shards(spg_runtime());
    budget_init(&run->budget, options->memory_limit);
    run->partials = calloc(run->shards, sizeof(struct partial *));
    if (run->partials == NULL || !make_lanes(run)) {
        run_free(run);
        return NULL;
    }
    return run;
}

void run_free(struct run *run)
{
    if (run == NULL) {
        return;
    }
    for (uint32_t shard = 0; run->partials != NULL && shard < run->shards; shard++) {
        partial_free(run->partials[shard]);
    }
    for (size_t i = 0; i < run->chain_count; i++) {
        chain_free(&run->chains[i]);
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        free(run->lanes[i].files);
    }
    if (run->pump.chains != NULL) {
        pump_free(&run->pump);
    }
    free(run->chains);
    free(run->lanes);
    free(run->partials);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

// ---- fan out

static int start_lane(struct run *run, struct lane *lane, struct chain *chains)
{
    size_t count = chains_of(run, lane);
    for (size_t i = 0; i < count; i++) {
        chain_init(&chains[i], run, lane);
        run->chain_count++;
    }
    spg_attr attr = lane_attr(run, lane);
    atomic_fetch_add(&run->active, count);
    int result = spg_spawn_n(NULL, &attr, chain_task, chains, sizeof *chains, count);
    if (result < 0) {
        atomic_fetch_sub(&run->active, count);
    }
    return result;
}

static int start_lanes(struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->lane_count; i++) {
        count += chains_of(run, &run->lanes[i]);
    }
    run->chains = calloc(count + 1, sizeof *run->chains);
    if (run->chains == NULL) {
        return -ENOMEM;
    }
    int result = 0;
    for (size_t i = 0; result == 0 && i < run->lane_count; i++) {
        result = start_lane(run, &run->lanes[i], run->chains + run->chain_count);
    }
    return result;
}

static int start_pump(struct run *run)
{
    bool has_streams = false;
    for (size_t i = 0; i < run->sources->count; i++) {
        has_streams = has_streams || run->sources->files[i].is_stream;
    }
    if (!has_streams) {
        return 0;
    }
    if (!pump_init(&run->pump, run)) {
        return -ENOMEM;
    }
    spg_attr attr = {.name = "read"};
    atomic_fetch_add(&run->active, 1);
    int result = spg_spawn(&attr, pump_task, run, NULL);
    if (result < 0) {
        atomic_fetch_sub(&run->active, 1);
    }
    return result;
}

static void start(struct run *run)
{
    int result = start_lanes(run);
    result = result == 0 ? start_pump(run) : result;
    if (result < 0) {
        run_fail(run, result, result == -EAGAIN ? "no more tasks can be started" :
                              result == -ENOMEM ? "no memory to begin with" : "");
    }
}

// ---- fan in

// Passes on the rows that chains have in hand, and lets them go on.
static void empty_outbox(struct run *run)
{
    struct chain *chain = atomic_exchange(&run->outbox, NULL);
    while (chain != NULL) {
        struct chain *next = chain->next;
        if (!atomic_load(&run->stops)) {
            int result = run->output.write(run->output.ctx, text_bytes(&chain->rows));
            if (result < 0) {
                run_fail(run, result, "");
            }
        }
        chain_resume(chain);
        chain = next;
    }
}

// Until all chains have ended, or the query has.
static void attend(struct run *run, spg_scope *scope)
{
    for (;;) {
        (void)spg_timer_set(&run->event, SPG_NEVER); // before the look, so that nothing is missed
        empty_outbox(run);
        if (atomic_load(&run->active) == 0) {
            return;
        }
        if (atomic_load(&run->stops)) {
            (void)spg_scope_cancel(scope); // readers of pipes and slow files need not go on
            return;
        }
        int result = spg_timer_wait(&run->event, SPG_NEVER);
        if (result < 0) {
            run_fail(run, result, "");
        }
    }
}

struct merging {
    struct run *run;
    struct partial *into;
    struct partial *from;
};

static int merge_task(void *arg)
{
    struct merging *merging = arg;
    int result = partial_merge(merging->into, merging->from);
    if (result < 0) {
        run_fail(merging->run, result, partial_error(merging->into));
    }
    return 0;
}

// Merges the second half of the states into the first, pair by pair, in tasks. Consumes the second.
static int merge_halves(struct run *run, struct partial **states, uint32_t count)
{
    uint32_t pairs = count / 2;
    struct merging *mergings = calloc(pairs, sizeof *mergings);
    if (mergings == NULL) {
        return -ENOMEM;
    }
    spg_scope scope;
    int result = spg_scope_open(&scope, SPG_NEVER);
    if (result == 0) {
        for (uint32_t i = 0; i < pairs; i++) {
            mergings[i] = (struct merging){run, states[i], states[count - pairs + i]};
        }
        spg_attr attr = {.name = "merge"};
        result = spg_spawn_n(&scope, &attr, merge_task, mergings, sizeof *mergings, pairs);
        for (uint32_t i = 0; result == 0 && i < pairs; i++) {
            states[count - pairs + i] = NULL;
        }
        (void)spg_scope_close(&scope);
    }
    free(mergings);
    return result;
}

// Leaves one state in run->merged, which run->partials still owns.
static void merge(struct run *run)
{
    struct partial **states = run->partials;
    uint32_t count = 0;
    for (uint32_t shard = 0; shard < run->shards; shard++) {
        struct partial *state = states[shard];
        states[shard] = NULL;
        if (state != NULL) {
            states[count++] = state;
        }
    }
    if (count == 0) {
        states[count++] = partial_new_within(run->query, &run->budget);
        if (states[0] == NULL) {
            run_fail(run, -ENOMEM, "no memory to begin with");
            return;
        }
    }
    while (run->result == 0 && count > 1) {
        int result = merge_halves(run, states, count);
        if (result < 0) {
            run_fail(run, result, "");
        }
        count -= count / 2;
    }
    run->merged = states[0];
}

int run_scan(struct run *run)
{
    spg_scope scope;
    int result = spg_scope_open(&scope, SPG_NEVER);
    if (result < 0) {
        return result;
    }
    start(run);
    attend(run, &scope);
    (void)spg_scope_close(&scope); // results of tasks are all 0: errors went to run_fail()
    if (run->result == 0) {
        run->result = spg_cancelled();
    }
    merge(run);
    return run->result;
}

int run_finish(struct run *run, const struct row_sink *sink)
{
    int result = partial_finish(run->merged, sink);
    if (result < 0) {
        run_fail(run, result, partial_error(run->merged));
    }
    return result;
}
