// SPDX-License-Identifier: MIT
// engine.h: what the parts of the explorer share: threads, memory, decisions, records of a run.
#ifndef SPGI_TESTS_EXPLORE_ENGINE_H
#define SPGI_TESTS_EXPLORE_ENGINE_H

#include "explorer.h"

enum {
    DRIVER = EXPLORE_THREADS, // the number of setup and check among the threads
    CLOCKS = EXPLORE_THREADS + 1,
    BUFFER_STORES = 32, // stores that can wait in a buffer
    WATCHED = 64,       // reads that a spinning thread can wait for
    VIEWED = 128,       // shared atomic objects that can be read stale
    LOCALS = 4,         // regions of thread-local memory
    LOCAL_BYTES = 64,
};

// ---- Hashing ---------------------------------------------------------------------------------

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b * UINT64_C(0x9E3779B97F4A7C15))) + UINT64_C(0x632BE59BD9B4E019);
    x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    return x ^ (x >> 32);
}

// ---- Memory: memory.c, buffer.c, order.c -----------------------------------------------------

// What a release store hands to those who acquire it: all that its thread had seen.
struct message {
    uint32_t clock[CLOCKS];
    uint32_t view[VIEWED];
};

#define NO_MESSAGE UINT32_MAX

// A store that has reached memory.
struct record {
    uint64_t value;
    uint64_t event; // hash of the store and everything that led to it
    uint32_t message;
};

enum { KEPT_RECORDS = 8 };

// An atomic object. What is above the line lasts for the whole search, the rest for one run.
struct location {
    uintptr_t address;
    unsigned size;
    const char *text;
    uint8_t touched; // threads that have ever accessed it
    bool written;    // by a thread
    bool shared;     // taken for contended in this search
    uint32_t index;
    // ----
    uint64_t run;
    uint32_t newest; // number of the last store; kept[] holds the last few
    uint32_t oldest;
    uint32_t sc_floor; // no sequentially consistent load may see less
    uint64_t history;
    struct record kept[KEPT_RECORDS];
};

struct pending {
    struct location *at;
    const struct explore_site *site;
    uint64_t value;
    uint64_t event;
    uint32_t message;
    bool release;
};

void memory_search_begin(void);
void memory_run_begin(bool stale_reads);
// At the end of a run: all buffers empty into memory, and the driver has seen everything.
void memory_drain_all(void);
// Whether what a spinning or sleeping thread has seen has changed; *buffered: or could, by a store
// that waits in another's buffer.
bool memory_changed(unsigned thread, bool *buffered);
// Lets one of the buffered stores that the thread waits for leave.
void memory_flush_for(unsigned thread);
uint64_t memory_state(void);
unsigned memory_shared_count(void);
// The shared objects of this search as text, and back: returns what follows them.
size_t memory_write_shared(char *out, size_t bytes);
const char *memory_read_shared(const char *text);

// Messages: order.c.
void message_run_begin(void);
// What the thread has seen by now; its clock moves on.
uint32_t message_new(unsigned thread);
void message_acquire(unsigned thread, uint32_t message);
void message_join(uint32_t into, uint32_t from);
void message_publish(uint32_t message, const uint32_t own[VIEWED]);

// Store buffers.
struct pending *buffer_newest(unsigned thread, const struct location *at);
bool buffer_has(unsigned thread, const struct location *at);
void buffer_add(unsigned thread, const struct pending *store);
void buffer_drain(unsigned thread);
// Decides which stores to the location that wait in buffers leave them now.
void buffer_settle(unsigned thread, struct location *at);
void buffer_flush_from(unsigned owner, const struct location *at);
uint64_t buffer_state(void);
void buffer_run_begin(void);
// memory.c: a store that leaves a buffer, or needs none.
void memory_commit(unsigned thread, const struct pending *store, const char *how);

// Plain data: order.c.
void race_run_begin(void);
uint64_t race_state(void);

// ---- Threads: execution.c --------------------------------------------------------------------

enum thread_state { THREAD_READY, THREAD_RELAXED, THREAD_ASLEEP, THREAD_DONE };

struct watched {
    struct location *at;
    uint64_t event;
};

struct thread {
    enum thread_state state;
    const struct explore_site *site; // where it stands
    explore_ready_fn *ready;         // ASLEEP
    void *ready_arg;
    uint64_t hash; // of everything it has done and seen
    uint32_t clock[CLOCKS];
    uint32_t view[VIEWED]; // per shared location: the least it may still see
    uint32_t own[VIEWED];  // its own last store there
    struct watched watched[WATCHED];
    unsigned watched_count; // more than WATCHED: it cannot be told what it waits for
    char locals[LOCALS][LOCAL_BYTES];
};

enum run_end { RUN_DONE, RUN_CUT, RUN_FAILED, RUN_ANEW };

struct execution {
    const struct explore_model *model;
    struct explore_bounds bounds;
    uint64_t max_steps;
    bool prune;
    uint64_t run; // counts all runs
    unsigned thread_count;
    unsigned running; // thread number, or DRIVER
    unsigned preemptions;
    unsigned stale;
    uint64_t last_state; // at the last switch point
    uint64_t steps;
    uint64_t depth;
    bool looking;    // a sleeper's condition is being evaluated: no switch points
    unsigned looker; // by whom
    enum run_end end;
    char what[256];
    struct thread threads[CLOCKS];
};

extern struct execution execution;

void execution_run(void);
// A switch point of the running thread.
void execution_point(const struct explore_site *site);
// Leaves the run from wherever it is.
_Noreturn void execution_end(enum run_end end);
// Counts an access against the limit of a run.
void execution_step(void);

// ---- Decisions: search.c, visited.c ----------------------------------------------------------

enum choice_kind { CHOICE_THREAD, CHOICE_FLUSH, CHOICE_STALE, CHOICE_DATA };

unsigned search_choose(unsigned options, enum choice_kind kind);
// Whether the decisions of the run before have all been taken again. Until then this run is where
// that one was, and no state is new.
bool search_at_end(void);
// Whether this state need not be explored again; remembers it.
bool search_known(uint64_t state, unsigned preemptions_left);

void visited_clear(void);
// Whether the state was added before with at least this much left. Adds it.
bool visited_add(uint64_t state, unsigned left);
uint64_t visited_count(void);

// ---- Records of a run: trace.c ---------------------------------------------------------------

void trace_run_begin(void);
void trace_labels_clear(void);
void trace_access(unsigned thread, const struct explore_site *site, uintptr_t address,
                  uint64_t value, const char *note);
void trace_note(unsigned thread, const struct explore_site *site, const char *note);
void trace_print(void);
// A name for an address, in a static buffer.
const char *trace_name(uintptr_t address, const char *text);

#endif
