// SPDX-License-Identifier: MIT
// execution.c: one run of a model: its threads as fibers, and who goes on at each switch point.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { STACK_BYTES = 256 * 1024, ARENA_BYTES = 1024 * 1024 };

struct execution execution;

static char stacks[CLOCKS][STACK_BYTES] __attribute__((aligned(64)));
static char arena[ARENA_BYTES] __attribute__((aligned(64)));
static size_t arena_used;
static ucontext_t search_context;   // of explore_run, while a run is on
static ucontext_t contexts[CLOCKS]; // where the threads, and setup and check, stand

static struct {
    void *address;
    size_t bytes;
} locals[LOCALS];
static unsigned local_count;

// ---- Leaving and entering --------------------------------------------------------------------

static void save_locals(unsigned thread)
{
    for (unsigned i = 0; i < local_count; i++) {
        memcpy(execution.threads[thread].locals[i], locals[i].address, locals[i].bytes);
    }
}

static void load_locals(unsigned thread)
{
    for (unsigned i = 0; i < local_count; i++) {
        memcpy(locals[i].address, execution.threads[thread].locals[i], locals[i].bytes);
    }
}

static void enter(unsigned next)
{
    unsigned from = execution.running;
    save_locals(from);
    load_locals(next);
    execution.running = next;
    swapcontext(&contexts[from], &contexts[next]);
}

_Noreturn void execution_end(enum run_end end)
{
    execution.end = end;
    execution.looking = false;
    setcontext(&search_context);
    abort();
}

_Noreturn void explore_fail(const char *file, int line, const char *what)
{
    snprintf(execution.what, sizeof execution.what, "%s:%d: %s", file, line, what);
    execution_end(RUN_FAILED);
}

// What the sources call for a check that does not hold, instead of base/assert.c.
_Noreturn void spgi_panic(const char *file, int line, const char *what);
_Noreturn void spgi_panic(const char *file, int line, const char *what)
{
    explore_fail(file, line, what);
}

void execution_step(void)
{
    if (++execution.steps > execution.max_steps) {
        char what[160];
        snprintf(what, sizeof what,
                 "livelock: no end after %llu accesses (a spin without cpu_relax, or max-steps too "
                 "low)",
                 (unsigned long long)execution.max_steps);
        explore_fail(__FILE__, __LINE__, what);
    }
}

// ---- Who can go on ---------------------------------------------------------------------------

static bool look(unsigned number, struct thread *thread)
{
    bool looking = execution.looking;
    thread->watched_count = 0;
    execution.looking = true;
    execution.looker = number;
    bool ready = thread->ready(thread->ready_arg);
    execution.looking = looking;
    return ready;
}

// *buffered: it cannot, but perhaps once a store has left another's buffer.
static bool can_go_on(unsigned number, bool *buffered)
{
    struct thread *thread = &execution.threads[number];
    *buffered = false;
    switch (thread->state) {
    case THREAD_READY:
        return true;
    case THREAD_RELAXED:
        return memory_changed(number, buffered);
    case THREAD_ASLEEP:
        if (look(number, thread)) {
            return true;
        }
        if (thread->watched_count > 0) {
            memory_changed(number, buffered);
        }
        return false;
    case THREAD_DONE:
        break;
    }
    return false;
}

static uint64_t state_now(unsigned current)
{
    uint64_t state = memory_state() + buffer_state() + race_state();
    for (unsigned i = 0; i < execution.thread_count; i++) {
        state += hash_mix(execution.threads[i].hash, i);
    }
    return hash_mix(hash_mix(state, current), execution.stale);
}

static _Noreturn void nobody_goes_on(void)
{
    char what[sizeof execution.what];
    bool asleep = false;
    size_t n = 0;
    what[0] = '\0';
    for (unsigned i = 0; i < execution.thread_count; i++) {
        const struct thread *thread = &execution.threads[i];
        if (thread->state != THREAD_DONE && n < sizeof what) {
            asleep = asleep || thread->state == THREAD_ASLEEP;
            n += (size_t)snprintf(what + n, sizeof what - n, "; thread %u %s at %s:%d", i,
                                  thread->state == THREAD_ASLEEP ? "sleeps" : "spins",
                                  thread->site->file, thread->site->line);
        }
    }
    snprintf(execution.what, sizeof execution.what, "%s%.220s",
             asleep ? "deadlock: a wake-up is lost" : "livelock: all spin for ever", what);
    execution_end(RUN_FAILED);
}

// How the running thread comes to a switch point.
enum point { POINT_ACCESS, POINT_YIELD, POINT_SPIN, POINT_BLOCKED };

struct candidates {
    unsigned thread[EXPLORE_THREADS];
    bool buffered[EXPLORE_THREADS]; // goes on only once a buffered store has left
    unsigned count;
};

// The running thread first, where it stands at an access: going on is no preemption.
static void find_candidates(enum point point, struct candidates *found)
{
    unsigned self = execution.running;
    unsigned first = self == DRIVER ? 0 : self;
    found->count = 0;
    for (unsigned i = 0; i < execution.thread_count; i++) {
        unsigned thread = (first + i) % execution.thread_count;
        bool skipped = thread == self && point == POINT_SPIN;
        bool buffered = false;
        if (!skipped && (can_go_on(thread, &buffered) || buffered)) {
            found->thread[found->count] = thread;
            found->buffered[found->count] = buffered;
            found->count++;
        }
    }
    if (found->count == 0 && point == POINT_SPIN) {
        found->thread[found->count] = self;
        found->buffered[found->count++] = false;
    }
}

static bool all_done(void)
{
    for (unsigned i = 0; i < execution.thread_count; i++) {
        if (execution.threads[i].state != THREAD_DONE) {
            return false;
        }
    }
    return true;
}

static void cut_if_known(uint64_t state, unsigned preemptions_left)
{
    if (state == execution.last_state) {
        fprintf(stderr,
                "explorer: two switch points in a row have the same state: what lies between "
                "them must change the hash of its thread\n");
        exit(2);
    }
    execution.last_state = state;
    if (search_known(state, preemptions_left)) {
        execution_end(RUN_CUT);
    }
}

static unsigned pick(enum point point)
{
    unsigned self = execution.running;
    struct candidates found;
    for (;;) {
        if (all_done()) {
            return DRIVER;
        }
        find_candidates(point, &found);
        if (found.count == 0) {
            nobody_goes_on();
        }
        unsigned left = execution.bounds.preemptions - execution.preemptions;
        bool costs = point == POINT_ACCESS;
        unsigned current = costs ? self : point == POINT_SPIN ? DRIVER + 1u + self : DRIVER;
        if (execution.prune && search_at_end()) {
            cut_if_known(state_now(current), left);
        }
        unsigned options = costs && left == 0 ? 1 : found.count;
        unsigned taken = search_choose(options, CHOICE_THREAD);
        unsigned next = found.thread[taken];
        if (found.buffered[taken]) {
            memory_flush_for(next); // and see whether that was enough
            continue;
        }
        if (costs && next != self) {
            execution.preemptions++;
        }
        return next;
    }
}

static void give_way(const struct explore_site *site, enum point point)
{
    unsigned self = execution.running;
    execution.threads[self].site = site;
    unsigned next = pick(point);
    if (next != self) {
        enter(next);
    }
}

void execution_point(const struct explore_site *site)
{
    execution.depth++;
    give_way(site, POINT_ACCESS);
}

// ---- Blocking --------------------------------------------------------------------------------

static void hash_watched(struct thread *thread, uint64_t kind)
{
    thread->hash = hash_mix(thread->hash, kind);
    for (unsigned i = 0; i < thread->watched_count && i < WATCHED; i++) {
        thread->hash = hash_mix(thread->hash, thread->watched[i].event);
    }
}

void explore_relax(const struct explore_site *site)
{
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    if (self == DRIVER) {
        return;
    }
    execution_step();
    trace_note(self, site, "");
    thread->hash = hash_mix(thread->hash, 21);
    if (thread->watched_count == 0) {
        give_way(site, POINT_SPIN);
        return;
    }
    thread->state = THREAD_RELAXED;
    give_way(site, POINT_BLOCKED);
    thread->state = THREAD_READY;
    thread->hash = hash_mix(thread->hash, 22);
    thread->watched_count = 0;
}

void explore_sleep(const struct explore_site *site, explore_ready_fn *ready, void *arg)
{
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    if (self == DRIVER) {
        return;
    }
    execution_step();
    execution_point(site);
    thread->ready = ready;
    thread->ready_arg = arg;
    while (!look(self, thread)) {
        trace_note(self, site, "sleeps");
        hash_watched(thread, 31);
        thread->state = THREAD_ASLEEP;
        give_way(site, POINT_BLOCKED);
        thread->state = THREAD_READY;
    }
    hash_watched(thread, 32);
    thread->watched_count = 0;
    trace_note(self, site, "goes on");
}

void explore_yield(const struct explore_site *site)
{
    unsigned self = execution.running;
    if (self == DRIVER) {
        return;
    }
    execution_step();
    execution.threads[self].hash = hash_mix(execution.threads[self].hash, 41);
    give_way(site, POINT_YIELD);
}

void explore_stop(const struct explore_site *site)
{
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    if (self != DRIVER) {
        execution_step();
        thread->hash = hash_mix(thread->hash, 42); // the point is a state of its own,
        execution_point(site);
        thread->hash = hash_mix(thread->hash, 43); // and so is what comes after it
    }
}

unsigned explore_choose(const struct explore_site *site, unsigned n)
{
    unsigned taken = search_choose(n, CHOICE_DATA);
    struct thread *thread = &execution.threads[execution.running];
    thread->hash = hash_mix(hash_mix(thread->hash, 51), taken);
    trace_access(execution.running, site, 0, taken, "chosen");
    return taken;
}

// ---- A run -----------------------------------------------------------------------------------

unsigned explore_self(void)
{
    return execution.running;
}

void *explore_alloc(size_t bytes)
{
    size_t rounded = (bytes + 63) & ~(size_t)63;
    if (rounded > ARENA_BYTES - arena_used) {
        explore_fail(__FILE__, __LINE__, "explore_alloc: the model needs more than ARENA_BYTES");
    }
    void *memory = arena + arena_used;
    arena_used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

void explore_thread_local(void *address, size_t bytes)
{
    if (local_count == LOCALS || bytes > LOCAL_BYTES) {
        explore_fail(__FILE__, __LINE__, "explore_thread_local: beyond LOCALS or LOCAL_BYTES");
    }
    locals[local_count].address = address;
    locals[local_count++].bytes = bytes;
}

static void make_context(unsigned thread, void (*begin)(void))
{
    ucontext_t *context = &contexts[thread];
    if (!context->uc_stack.ss_sp) {
        getcontext(context); // a system call: what it fills in lasts for all runs
    }
    context->uc_stack.ss_sp = stacks[thread];
    context->uc_stack.ss_size = STACK_BYTES;
    context->uc_link = NULL;
    makecontext(context, begin, 0);
}

static void thread_main(void)
{
    unsigned self = execution.running;
    execution.model->threads[self]();
    execution.threads[self].state = THREAD_DONE;
    execution.threads[self].hash = hash_mix(execution.threads[self].hash, 61);
    enter(pick(POINT_BLOCKED));
    abort();
}

static void make_threads(void)
{
    for (unsigned i = 0; i < execution.thread_count; i++) {
        struct thread *thread = &execution.threads[i];
        make_context(i, thread_main);
        thread->hash = hash_mix(i, 71);
        thread->clock[i] = 1;
        save_locals(i);
    }
}

static void driver_main(void)
{
    const struct explore_model *model = execution.model;
    model->setup();
    make_threads();
    enter(pick(POINT_BLOCKED));
    memory_drain_all();
    if (model->check) {
        model->check();
    }
    execution_end(RUN_DONE);
}

void execution_run(void)
{
    execution.run++;
    execution.preemptions = 0;
    execution.stale = 0;
    execution.last_state = 0;
    execution.steps = 0;
    execution.depth = 0;
    execution.what[0] = '\0';
    memset(execution.threads, 0, sizeof execution.threads);
    arena_used = 0;
    local_count = 0;
    memory_run_begin(execution.bounds.stale > 0);
    buffer_run_begin();
    message_run_begin();
    race_run_begin();
    trace_run_begin();
    execution.running = DRIVER;
    make_context(DRIVER, driver_main);
    swapcontext(&search_context, &contexts[DRIVER]);
    execution.running = DRIVER;
    if (execution.model->teardown) {
        execution.model->teardown();
    }
}
