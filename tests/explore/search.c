// SPDX-License-Identifier: MIT
// search.c: which runs are made: depth first over all decisions, at random, or one given.
//
// The trail holds the decisions of the run so far. After a run its last decision that has an
// untried option left takes that option, what came after it is dropped, and the model runs again.
// Preemption bounds are tried from 0 up, so that what is found has as few preemptions as possible.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRAIL = 1 << 16, DEFAULT_STEPS = 20000 };

struct choice {
    uint16_t taken;
    uint16_t options;
    uint8_t kind;
};

static struct choice trail[TRAIL];
static unsigned length;   // decisions that are fixed, or made
static unsigned position; // of the next one in this run
static bool at_random;
static bool replaying;
static uint64_t random_state;

// ---- Decisions -------------------------------------------------------------------------------

static uint64_t random_next(void)
{
    random_state += UINT64_C(0x9E3779B97F4A7C15);
    return hash_mix(random_state, 81);
}

static unsigned decide(unsigned options, enum choice_kind kind)
{
    if (!at_random) {
        return 0;
    }
    // Mostly going on, and seldom stale: else long stretches of one thread never occur.
    bool usual = (kind == CHOICE_THREAD || kind == CHOICE_STALE) && random_next() % 4 != 0;
    return usual ? 0 : (unsigned)(random_next() % options);
}

unsigned search_choose(unsigned options, enum choice_kind kind)
{
    if (options <= 1) {
        return 0;
    }
    if (position < length) {
        const struct choice *choice = &trail[position];
        if (!replaying && (choice->options != options || choice->kind != (uint8_t)kind)) {
            fprintf(stderr,
                    "explorer: the model is not deterministic: decision %u had %u options "
                    "before, and %u now\n",
                    position, choice->options, options);
            exit(2);
        }
        return trail[position++].taken % options;
    }
    if (length == TRAIL) {
        explore_fail(__FILE__, __LINE__, "a run has more decisions than the limit TRAIL");
    }
    unsigned taken = decide(options, kind);
    trail[length++] = (struct choice){(uint16_t)taken, (uint16_t)options, (uint8_t)kind};
    position = length;
    return taken;
}

bool search_at_end(void)
{
    return position == length;
}

bool search_known(uint64_t state, unsigned preemptions_left)
{
    return visited_add(state, preemptions_left);
}

// Moves on to the next untried option. False: there is none.
static bool next_trail(void)
{
    while (length > 0) {
        struct choice *last = &trail[length - 1];
        if (last->taken + 1 < last->options) {
            last->taken++;
            return true;
        }
        length--;
    }
    return false;
}

// ---- Replay ----------------------------------------------------------------------------------

// Shared objects as OFFSET:SIZE from a fixed object of the program, then the decisions.
static void write_replay(char *out, size_t bytes)
{
    size_t n = memory_write_shared(out, bytes);
    for (unsigned i = 0; i < length && n < bytes; i++) {
        n += (size_t)snprintf(out + n, bytes - n, "%c%u", i ? '.' : '/', trail[i].taken);
    }
}

static void read_replay(const char *text)
{
    const char *decisions = memory_read_shared(text);
    length = 0;
    while (*decisions && length < TRAIL) {
        char *end;
        unsigned long taken = strtoul(decisions, &end, 10);
        if (end == decisions) {
            fprintf(stderr, "explorer: --replay: a decision is no number: '%s'\n", decisions);
            exit(2);
        }
        trail[length++] = (struct choice){(uint16_t)taken, UINT16_MAX, 0};
        decisions = *end == '.' ? end + 1 : end;
    }
}

// ---- Searches --------------------------------------------------------------------------------

static void note_run(struct explore_result *result)
{
    result->executions++;
    result->cut += execution.end == RUN_CUT;
    result->depth = result->depth < execution.depth ? execution.depth : result->depth;
    result->choices = result->choices < position ? position : result->choices;
    if (execution.end == RUN_FAILED) {
        result->failed = true;
        memcpy(result->what, execution.what, sizeof result->what);
        result->preemptions = execution.preemptions;
        write_replay(result->replay, sizeof result->replay);
    }
}

static void run_once(const struct explore_options *options, struct explore_result *result)
{
    position = 0;
    execution_run();
    note_run(result);
    if (options->verbose && execution.end != RUN_ANEW) {
        static const char *const ends[] = {"done", "cut short", "failed", "anew"};
        printf("run %llu: %s\n", (unsigned long long)result->executions, ends[execution.end]);
        trace_print();
    }
}

// All runs within the bounds that execution holds. Returns false to stop.
static bool search_bound(const struct explore_options *options, struct explore_result *result)
{
    length = 0;
    do {
        if (options->max_executions > 0 && result->executions >= options->max_executions) {
            return false;
        }
        run_once(options, result);
        if (result->failed || execution.end == RUN_ANEW) {
            return false;
        }
    } while (next_trail());
    return true;
}

static void search_all(const struct explore_options *options, struct explore_result *result)
{
    do {
        visited_clear();
        bool going = true;
        for (unsigned bound = 0; going && bound <= options->bounds.preemptions; bound++) {
            execution.bounds.preemptions = bound;
            going = search_bound(options, result);
        }
        result->complete = going;
    } while (execution.end == RUN_ANEW);
    result->states = visited_count();
}

static void search_random(const struct explore_options *options, struct explore_result *result)
{
    for (uint64_t i = 0; i < options->random_runs && !result->failed; i++) {
        random_state = options->seed + i;
        length = 0;
        run_once(options, result);
        i -= execution.end == RUN_ANEW; // it has learnt only what is shared
    }
}

static double seconds_now(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void explore_run(const struct explore_model *model, const struct explore_options *options,
                 struct explore_result *result)
{
    double start = seconds_now();
    *result = (struct explore_result){0};
    execution.model = model;
    execution.bounds = options->bounds;
    execution.max_steps = options->max_steps ? options->max_steps : DEFAULT_STEPS;
    execution.thread_count = 0;
    while (execution.thread_count < EXPLORE_THREADS && model->threads[execution.thread_count]) {
        execution.thread_count++;
    }
    memory_search_begin();
    at_random = options->random_runs > 0;
    replaying = options->replay != NULL;
    execution.prune = !at_random && !replaying && !options->unpruned;
    if (replaying) {
        read_replay(options->replay);
        run_once(options, result);
    } else if (at_random) {
        execution.bounds.preemptions = UINT16_MAX;
        search_random(options, result);
    } else {
        search_all(options, result);
    }
    result->locations = memory_shared_count();
    result->seconds = seconds_now() - start;
}
