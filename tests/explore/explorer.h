// SPDX-License-Identifier: MIT
// explorer.h: a stateless model checker for code that goes through the atomics gate.
//
// A model is a setup, some threads, and a check. Its threads are fibers on one OS thread; the
// explorer decides before every shared atomic access who goes on, and runs the model again and
// again until all decisions within its bounds have been tried, or until one run fails.
//
// Memory. Relaxed and release stores enter the store buffer of their thread, where only that thread
// sees them. A relaxed one may leave it before older ones to other addresses, a release one only
// after all older ones. Sequentially consistent stores and all read-modify-writes empty the buffer
// first, then act on memory. When a thread accesses what is waiting in another's buffer, each such
// store leaving now, or later, is a choice: deciding at the last moment that can tell covers all
// earlier moments. With a budget of stale reads, a load may also return an older value that C11
// still lets it see: this is how loads and read-modify-writes that should be sequentially
// consistent, and acquire loads of atomic data, are found to be too weak.
//
// Threads. A preemption is a switch away from a thread that could go on; the bound limits them per
// run, switches at blocking points are free. A buffered store needs no switch before it: that it
// may leave later covers that. Accesses to what only one thread uses, or nobody writes, are no
// switch points; the explorer finds out which are, and starts anew when it was wrong. A run is cut
// short when it reaches a state that has been explored before with at least as many preemptions
// left; states are told apart by who has read what from whom, which fixes all plain memory as long
// as it is free of data races.
//
// Plain data is checked for races, where a model says that it touches it, by vector clocks.
#ifndef SPGI_TESTS_EXPLORER_H
#define SPGI_TESTS_EXPLORER_H

#include "base/atomic.h"

#include <stddef.h>

#define EXPLORE_THREADS 6

struct explore_bounds {
    unsigned preemptions; // per run
    unsigned stale;       // stale reads per run
};

// One scenario. Memory that it uses is static or from explore_alloc, so that it has the same
// address in every run; setup gives it its first values.
struct explore_model {
    const char *name;
    void (*setup)(void);
    void (*threads[EXPLORE_THREADS])(void); // up to the first NULL
    void (*check)(void);                    // after all threads have ended; may be NULL
    void (*teardown)(void);                 // after every run, also one that was cut short; or NULL
    uint64_t random_runs;        // > 0: too large for bounds; ten times as many with --full
    struct explore_bounds full;  // with --full; 0, 0: 3 preemptions, 1 stale read
    struct explore_bounds quick; // without; 0, 0: 2 preemptions, no stale read
};

struct explore_options {
    struct explore_bounds bounds;
    bool unpruned;        // do not cut runs short
    bool quiet;           // print nothing
    bool verbose;         // print every interleaving
    uint64_t random_runs; // > 0: so many runs with random decisions and no bound, instead of all
    uint64_t seed;
    uint64_t max_executions; // 0: no limit
    uint64_t max_steps;      // of one run; 0: 20000
    const char *replay;      // run this interleaving only
};

struct explore_result {
    bool failed;
    bool complete;        // everything within the bounds has been tried
    char what[256];       // why it failed
    unsigned preemptions; // in the run that failed
    char replay[4096];    // its decisions, for explore_options.replay
    uint64_t executions;  // runs begun
    uint64_t cut;         // of these, cut short at a known state
    uint64_t states;
    uint64_t depth;     // most accesses to shared memory in one run
    uint64_t choices;   // most choices in one run
    unsigned locations; // shared atomic objects
    double seconds;
};

void explore_run(const struct explore_model *model, const struct explore_options *options,
                 struct explore_result *result);

// The main function of a program of models, up to the first NULL. Returns its exit code.
int explore_main(int argc, char **argv, const struct explore_model *const *models);

// ---- For setup, threads and check ------------------------------------------------------------

// Fails the run. Also called for SPGI_CHECK and SPGI_ASSERT of the sources.
_Noreturn void explore_fail(const char *file, int line, const char *what);
#define explore_assert(condition, text)                                                            \
    ((condition) ? (void)0 : explore_fail(__FILE__, __LINE__, (text)))

// The number of the calling thread, from 0.
unsigned explore_self(void);

// Zeroed memory, at the same address for the same order of calls; gone with the run.
void *explore_alloc(size_t bytes);

// A name for memory, for interleavings. Called by setup.
void explore_label(const void *address, size_t bytes, const char *name);

// Memory of which every thread has its own value, such as a thread-local variable. Called by setup,
// whose value all begin with.
void explore_thread_local(void *address, size_t bytes);

// A sleep in the kernel: returns once ready(arg) holds. ready reads memory through the gate, or
// what changes with it, and changes nothing. Nobody left who could wake the sleepers: the run
// fails.
#define explore_block_until(ready, arg)                                                            \
    explore_sleep(EXPLORE_SITE(#ready, "explore_block_until"), (ready), (arg))
typedef bool explore_ready_fn(void *arg);
void explore_sleep(const struct explore_site *site, explore_ready_fn *ready, void *arg);

// A switch point without an access: switching here is no preemption.
#define explore_yield_point() explore_yield(EXPLORE_SITE("", "explore_yield_point"))
void explore_yield(const struct explore_site *site);

// A switch point without an access, for what the model shares beside memory. Switching here is a
// preemption.
#define explore_point() explore_stop(EXPLORE_SITE("", "explore_point"))
void explore_stop(const struct explore_site *site);

// A value from 0 to n - 1: all are tried.
#define explore_choice(n) explore_choose(EXPLORE_SITE(#n, "explore_choice"), (n))
unsigned explore_choose(const struct explore_site *site, unsigned n);

// Plain accesses, told so that races are found. A plain object is named by its address.
#define explore_data_write(p) explore_data(EXPLORE_SITE(#p, "data_write"), (p), true)
#define explore_data_read(p) explore_data(EXPLORE_SITE(#p, "data_read"), (p), false)
void explore_data(const struct explore_site *site, const volatile void *address, bool write);

#endif
