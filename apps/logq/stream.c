// SPDX-License-Identifier: MIT
// stream.c: scanning what has no length and no offsets: standard input and pipes.
//
// One task, the pump, reads; whole lines go to idle chains, each in a task with a buffer of its
// own, and what is left of a line moves to the buffer of the next chain.

#include "run_state.h"
#include "reason.h"

#include <errno.h>
#include <stdlib.h>

static size_t buffer_bytes(const struct run *run)
{
    const struct piece_stream stream = {.line_limit = run->options.line_limit};
    size_t line = piece_stream_room(&stream) + 2; // with a byte for piece_stream_cut()
    return run->options.piece_bytes > line ? run->options.piece_bytes : line;
}

bool pump_init(struct pump *pump, struct run *run)
{
    pthread_mutex_init(&pump->lock, NULL);
    size_t count = (size_t)run->shards * RUN_CHAINS_PER_SHARD;
    pump->chains = calloc(count, sizeof *pump->chains);
    if (pump->chains == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct chain *chain = &pump->chains[i];
        chain_init(chain, run, NULL);
        pump->chain_count++;
        chain->buffer = malloc(buffer_bytes(run));
        if (chain->buffer == NULL) {
            return false;
        }
        chain->next = pump->idle;
        pump->idle = chain;
        pump->idle_count++;
    }
    return true;
}

void pump_free(struct pump *pump)
{
    for (size_t i = 0; i < pump->chain_count; i++) {
        chain_free(&pump->chains[i]);
    }
    free(pump->chains);
    pthread_mutex_destroy(&pump->lock);
}

void pump_put(struct run *run, struct chain *chain)
{
    struct pump *pump = &run->pump;
    pthread_mutex_lock(&pump->lock);
    chain->next = pump->idle;
    pump->idle = chain;
    pump->idle_count++;
    pthread_mutex_unlock(&pump->lock);
    (void)spg_timer_set(&pump->event, SPG_NOW);
}

static struct chain *take_if_idle(struct pump *pump)
{
    pthread_mutex_lock(&pump->lock);
    struct chain *chain = pump->idle;
    if (chain != NULL) {
        pump->idle = chain->next;
        pump->idle_count--;
    }
    pthread_mutex_unlock(&pump->lock);
    return chain;
}

static bool all_idle(struct pump *pump)
{
    pthread_mutex_lock(&pump->lock);
    bool are_idle = pump->idle_count == pump->chain_count;
    pthread_mutex_unlock(&pump->lock);
    return are_idle;
}

// NULL when the query ends before one is idle.
static struct chain *take_idle(struct run *run)
{
    struct pump *pump = &run->pump;
    for (;;) {
        (void)spg_timer_set(&pump->event, SPG_NEVER); // before the look, so that no put is missed
        struct chain *chain = take_if_idle(pump);
        if (chain != NULL) {
            return chain;
        }
        int result = spg_timer_wait(&pump->event, SPG_NEVER);
        if (result < 0) {
            run_fail(run, result, "");
            return NULL;
        }
    }
}

static void wait_until_idle(struct run *run)
{
    struct pump *pump = &run->pump;
    int result = 0;
    while (result == 0) {
        (void)spg_timer_set(&pump->event, SPG_NEVER);
        if (all_idle(pump)) {
            return;
        }
        result = spg_timer_wait(&pump->event, SPG_NEVER);
    }
    run_fail(run, result, "");
}

static int stream_task(void *arg)
{
    struct chain *chain = arg;
    chain_scan(chain, chain->file, &chain->lines);
    if (chain->rows.length > 0) {
        chain_post(chain);
    } else {
        pump_put(chain->run, chain);
    }
    return 0;
}

// One stream as it is read.
struct reading {
    struct run *run;
    struct piece_stream stream;
    uint32_t file;
    struct chain *chain; // whose buffer is being filled
    size_t have;
    bool at_end;
};

static bool read_more(struct reading *reading)
{
    struct run *run = reading->run;
    size_t room = buffer_bytes(run) - 1 - reading->have;
    const struct source_file *file = &run->sources->files[reading->file];
    ssize_t bytes =
        spg_read_at(file->fd, reading->chain->buffer + reading->have, room, SPG_CURRENT, SPG_NEVER);
    if (bytes == -ECANCELED || bytes == -ETIME) {
        run_fail(run, (int)bytes, "");
        return false;
    }
    if (bytes < 0) {
        pthread_mutex_lock(&run->lock);
        source_fault(run->sources, "%.*s: %s", (int)file->info.file.len, file->info.file.ptr,
                     reason_text((int)bytes));
        pthread_mutex_unlock(&run->lock);
    }
    reading->at_end = bytes <= 0;
    reading->have += bytes > 0 ? (size_t)bytes : 0;
    atomic_fetch_add_explicit(&run->bytes, bytes > 0 ? (uint64_t)bytes : 0, memory_order_relaxed);
    return true;
}

// Gives the lines to a task and moves what is behind them to another chain's buffer.
static bool hand_over(struct reading *reading, const struct piece_lines *lines, size_t used)
{
    struct chain *full = reading->chain;
    full->file = reading->file;
    full->lines = *lines;
    reading->chain = take_idle(reading->run);
    if (reading->chain == NULL) {
        return false;
    }
    reading->have -= used;
    memcpy(reading->chain->buffer, full->buffer + used, reading->have);
    spg_attr attr = {.name = "scan"};
    int result = spg_spawn(&attr, stream_task, full, NULL);
    if (result < 0) {
        run_fail(reading->run, result, "");
    }
    return result == 0;
}

// Scans one stream to its end. False when the query ends first.
static bool read_stream(struct reading *reading)
{
    while (!reading->at_end || reading->have > 0) {
        struct piece_lines lines;
        size_t used = 0;
        if (atomic_load(&reading->run->stops) || (!reading->at_end && !read_more(reading))) {
            return false;
        }
        switch (piece_stream_cut(&reading->stream, reading->chain->buffer, reading->have,
                                 reading->at_end, &lines, &used)) {
        case PIECE_LINES:
            if (!hand_over(reading, &lines, used)) {
                return false;
            }
            break;
        case PIECE_EMPTY:
            reading->have -= used;
            memmove(reading->chain->buffer, reading->chain->buffer + used, reading->have);
            break;
        case PIECE_MORE:
            break;
        }
    }
    return true;
}

int pump_task(void *arg)
{
    struct run *run = arg;
    struct reading reading = {.run = run, .chain = take_idle(run)};
    bool goes_on = reading.chain != NULL;
    for (uint32_t i = 0; goes_on && i < run->sources->count; i++) {
        if (run->sources->files[i].is_stream) {
            reading.stream = (struct piece_stream){.line_limit = run->options.line_limit};
            reading.file = i;
            reading.have = 0;
            reading.at_end = false;
            goes_on = read_stream(&reading);
        }
    }
    if (goes_on) {
        pump_put(run, reading.chain);
        wait_until_idle(run);
    }
    run_leave(run);
    return 0;
}
