// SPDX-License-Identifier: MIT
// memory.c: atomic objects as the threads of a model see them.
//
// The value of an object lies in the object itself, so that plain initialisation works; when it is
// not what the last recorded store left there, somebody has initialised it, and its record begins
// anew.
#include "engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOCATIONS = 4096, SLOTS = 2 * LOCATIONS }; // a power of two; a model has far fewer

static struct location locations[LOCATIONS]; // dense: every access looks one up
static struct location *table[SLOTS];
static struct location *shared[LOCATIONS];
static unsigned shared_count;
static unsigned location_count;
static bool stale_reads;
static uint64_t memory_hash; // of all shared locations

// ---- Locations -------------------------------------------------------------------------------

static struct location *location_of(uintptr_t address, unsigned size, const char *text)
{
    size_t slot = (size_t)hash_mix(address, 0) & (SLOTS - 1);
    while (table[slot] && table[slot]->address != address) {
        slot = (slot + 1) & (SLOTS - 1);
    }
    if (!table[slot]) {
        if (location_count == LOCATIONS) {
            fprintf(stderr,
                    "explorer: more than %d atomic objects: use fewer, or at fixed "
                    "addresses\n",
                    LOCATIONS);
            exit(2);
        }
        table[slot] = &locations[location_count++];
        *table[slot] = (struct location){.address = address, .size = size, .text = text};
    }
    return table[slot];
}

static uint64_t raw_load(const struct location *at)
{
    uint64_t value = 0;
    memcpy(&value, (const void *)at->address, at->size); // both CPUs are little-endian
    return value;
}

static void raw_store(const struct location *at, uint64_t value)
{
    memcpy((void *)at->address, &value, at->size);
}

static uint64_t location_state(const struct location *at)
{
    const struct record *newest = &at->kept[at->newest % KEPT_RECORDS];
    return hash_mix(at->index + 1, stale_reads ? at->history : newest->event);
}

static void record_add(struct location *at, uint64_t value, uint64_t event, uint32_t message)
{
    at->newest++;
    at->kept[at->newest % KEPT_RECORDS] = (struct record){value, event, message};
    if (at->newest - at->oldest >= KEPT_RECORDS) {
        at->oldest = at->newest - KEPT_RECORDS + 1;
    }
    at->history = hash_mix(at->history, event);
}

// First access of a run, or after a plain initialisation.
static void refresh(struct location *at)
{
    uint64_t value = raw_load(at);
    bool known = at->run == execution.run;
    if (known && at->kept[at->newest % KEPT_RECORDS].value == value) {
        return;
    }
    if (known) {
        memory_hash -= location_state(at);
    } else {
        at->run = execution.run;
        at->newest = 0;
        at->sc_floor = 0;
        at->history = 0;
    }
    record_add(at, value, hash_mix(at->index, value), NO_MESSAGE);
    at->oldest = at->newest;
    memory_hash += location_state(at);
}

// The object of an access by the running thread, if it is a shared one.
static struct location *touch(const struct explore_site *site, const volatile void *address,
                              unsigned size, bool write)
{
    unsigned self = execution.looking ? execution.looker : execution.running;
    if (self == DRIVER) {
        return NULL;
    }
    struct location *at = location_of((uintptr_t)address, size, site->text);
    execution_step();
    at->touched |= (uint8_t)(1u << self);
    at->written |= write;
    if (!at->shared && at->written && (at->touched & (at->touched - 1)) != 0) {
        at->shared = true;
        at->index = shared_count;
        shared[shared_count++] = at;
        execution_end(RUN_ANEW);
    }
    if (!at->shared) {
        return NULL;
    }
    if (at->size != size) {
        explore_fail(site->file, site->line, "an atomic object accessed with two sizes");
    }
    refresh(at);
    return at;
}

unsigned memory_shared_count(void)
{
    return shared_count;
}

void memory_search_begin(void)
{
    memset(table, 0, sizeof table);
    location_count = 0;
    shared_count = 0;
}

void memory_run_begin(bool stale)
{
    stale_reads = stale;
    memory_hash = 0;
}

uint64_t memory_state(void)
{
    return memory_hash;
}

// ---- What threads have seen ------------------------------------------------------------------

static void watch(struct thread *thread, struct location *at, uint64_t event)
{
    for (unsigned i = 0; i < thread->watched_count && i < WATCHED; i++) {
        if (thread->watched[i].at == at) {
            return; // what it saw first decides whether the next look differs
        }
    }
    if (thread->watched_count < WATCHED) {
        thread->watched[thread->watched_count] = (struct watched){at, event};
    }
    thread->watched_count++;
}

// A store of its own is nothing that a thread waits for.
static void watch_own(struct thread *thread, const struct location *at, uint64_t event)
{
    for (unsigned i = 0; i < thread->watched_count && i < WATCHED; i++) {
        if (thread->watched[i].at == at) {
            thread->watched[i].event = event;
        }
    }
}

bool memory_changed(unsigned number, bool *buffered)
{
    struct thread *thread = &execution.threads[number];
    *buffered = false;
    if (thread->watched_count > WATCHED || thread->watched_count == 0) {
        return true;
    }
    for (unsigned i = 0; i < thread->watched_count; i++) {
        const struct location *at = thread->watched[i].at;
        const struct pending *own = buffer_newest(number, at);
        uint64_t event = own ? own->event : at->kept[at->newest % KEPT_RECORDS].event;
        if (event != thread->watched[i].event) {
            return true;
        }
        for (unsigned other = 0; other < execution.thread_count; other++) {
            *buffered = *buffered || (other != number && buffer_has(other, at));
        }
    }
    return false;
}

void memory_flush_for(unsigned number)
{
    const struct thread *thread = &execution.threads[number];
    const struct location *at[WATCHED * EXPLORE_THREADS];
    unsigned owner[WATCHED * EXPLORE_THREADS];
    unsigned n = 0;
    for (unsigned i = 0; i < thread->watched_count && i < WATCHED; i++) {
        for (unsigned other = 0; other < execution.thread_count; other++) {
            if (other != number && buffer_has(other, thread->watched[i].at)) {
                at[n] = thread->watched[i].at;
                owner[n++] = other;
            }
        }
    }
    unsigned taken = search_choose(n, CHOICE_FLUSH);
    buffer_flush_from(owner[taken], at[taken]);
}

static void acquire(unsigned number, uint32_t message, enum explore_order order)
{
    bool acquires = order != EXPLORE_RELAXED && order != EXPLORE_RELEASE;
    if (acquires && message != NO_MESSAGE) {
        message_acquire(number, message);
    }
}

// ---- Loads -----------------------------------------------------------------------------------

// Which store a load sees: the newest, or with the budget of stale reads an older one.
static const struct record *choose_record(unsigned self, struct location *at,
                                          enum explore_order order)
{
    struct thread *thread = &execution.threads[self];
    uint32_t seen = at->newest;
    if (stale_reads && at->index < VIEWED) {
        uint32_t floor = thread->view[at->index];
        if (order == EXPLORE_SEQCST && at->sc_floor > floor) {
            floor = at->sc_floor;
        }
        floor = floor < at->oldest ? at->oldest : floor;
        if (execution.stale < execution.bounds.stale && floor < at->newest) {
            seen -= search_choose(at->newest - floor + 1, CHOICE_STALE);
            execution.stale += seen != at->newest;
        }
        thread->view[at->index] = seen;
        if (order == EXPLORE_SEQCST) {
            at->sc_floor = seen;
        }
    }
    return &at->kept[seen % KEPT_RECORDS];
}

// For the condition of a sleeper: the newest value. It acquires only for the sleeper itself.
static uint64_t look_at(struct location *at, enum explore_order order)
{
    unsigned looker = execution.looker;
    const struct pending *own = buffer_newest(looker, at);
    const struct record *newest = &at->kept[at->newest % KEPT_RECORDS];
    watch(&execution.threads[looker], at, own ? own->event : newest->event);
    if (!own && looker == execution.running) {
        acquire(looker, newest->message, order);
    }
    return own ? own->value : newest->value;
}

uint64_t explore_load(const struct explore_site *site, const volatile void *address, unsigned size,
                      enum explore_order order)
{
    struct location *at = touch(site, address, size, false);
    if (!at) {
        struct location plain = {.address = (uintptr_t)address, .size = size};
        return raw_load(&plain);
    }
    if (execution.looking) {
        return look_at(at, order);
    }
    execution_point(site);
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    refresh(at);
    buffer_settle(self, at);
    const struct pending *own = buffer_newest(self, at);
    uint64_t value = own ? own->value : 0;
    uint64_t event = own ? own->event : 0;
    const char *note = own ? "from its buffer" : "";
    if (!own) {
        const struct record *record = choose_record(self, at, order);
        note = record != &at->kept[at->newest % KEPT_RECORDS] ? "stale" : "";
        value = record->value;
        event = record->event;
        acquire(self, record->message, order);
    }
    watch(thread, at, event);
    thread->hash = hash_mix(hash_mix(thread->hash, at->index), event);
    trace_access(self, site, at->address, value, note);
    return value;
}

// ---- Stores ----------------------------------------------------------------------------------

void memory_commit(unsigned number, const struct pending *store, const char *how)
{
    struct location *at = store->at;
    struct thread *thread = &execution.threads[number];
    refresh(at);
    memory_hash -= location_state(at);
    record_add(at, store->value, store->event, store->message);
    memory_hash += location_state(at);
    raw_store(at, store->value);
    if (stale_reads && at->index < VIEWED) {
        thread->view[at->index] = at->newest;
        thread->own[at->index] = at->newest;
        if (store->message != NO_MESSAGE) {
            // Its own earlier stores have left before it: they belong to what it publishes.
            message_publish(store->message, thread->own);
        }
    }
    if (how) {
        trace_access(number, store->site, at->address, store->value, how);
    }
}

static uint64_t event_of(struct thread *thread, const struct location *at, uint64_t value,
                         uint64_t before)
{
    thread->hash = hash_mix(hash_mix(hash_mix(thread->hash, at->index + 1), value), before);
    return hash_mix(thread->hash, 1);
}

void explore_store(const struct explore_site *site, volatile void *address, unsigned size,
                   uint64_t value, enum explore_order order)
{
    struct location plain = {.address = (uintptr_t)address, .size = size};
    value = size < 8 ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
    struct location *at = touch(site, address, size, true);
    if (!at) {
        raw_store(&plain, value);
        return;
    }
    bool at_once = order == EXPLORE_SEQCST;
    if (at_once) {
        execution_point(site);
    }
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    struct pending store = {.at = at, .site = site, .value = value, .message = NO_MESSAGE};
    if (at_once) {
        buffer_drain(self);
        buffer_settle(self, at);
    }
    store.event = event_of(thread, at, value, 0);
    store.release = order != EXPLORE_RELAXED;
    if (store.release) {
        store.message = message_new(self);
    }
    watch_own(thread, at, store.event);
    trace_access(self, site, at->address, value, at_once ? "" : "into its buffer");
    if (at_once) {
        memory_commit(self, &store, NULL);
        at->sc_floor = at->newest;
    } else {
        buffer_add(self, &store);
    }
}

// ---- Read-modify-writes ----------------------------------------------------------------------

static uint64_t changed(enum explore_change change, uint64_t value, uint64_t operand)
{
    switch (change) {
    case EXPLORE_XCHG:
        return operand;
    case EXPLORE_ADD:
        return value + operand;
    case EXPLORE_SUB:
        return value - operand;
    case EXPLORE_OR:
        return value | operand;
    case EXPLORE_AND:
        return value & operand;
    }
    return 0;
}

// Before a read-modify-write of a shared object: whose turn it is, and what is in memory by then.
static struct thread *begin_rmw(const struct explore_site *site, struct location *at)
{
    execution_point(site);
    unsigned self = execution.running;
    refresh(at);
    buffer_drain(self);
    buffer_settle(self, at);
    return &execution.threads[self];
}

// It takes part in the release sequence that it continues.
static void commit_rmw(const struct explore_site *site, struct location *at, uint64_t value,
                       enum explore_order order)
{
    unsigned self = execution.running;
    struct thread *thread = &execution.threads[self];
    const struct record *before = &at->kept[at->newest % KEPT_RECORDS];
    uint32_t inherited = before->message;
    struct pending store = {.at = at, .site = site, .value = value, .message = inherited};
    store.event = event_of(thread, at, value, before->event);
    acquire(self, inherited, order);
    if (order == EXPLORE_RELEASE || order == EXPLORE_ACQREL || order == EXPLORE_SEQCST) {
        store.message = message_new(self);
        if (inherited != NO_MESSAGE) {
            message_join(store.message, inherited);
        }
    }
    watch_own(thread, at, store.event);
    trace_access(self, site, at->address, value, "");
    memory_commit(self, &store, NULL);
    if (order == EXPLORE_SEQCST) {
        at->sc_floor = at->newest;
    }
}

uint64_t explore_rmw(const struct explore_site *site, volatile void *address, unsigned size,
                     enum explore_change change, uint64_t operand, enum explore_order order)
{
    uint64_t mask = size < 8 ? (UINT64_C(1) << (8 * size)) - 1 : UINT64_MAX;
    struct location plain = {.address = (uintptr_t)address, .size = size};
    struct location *at = touch(site, address, size, true);
    if (!at) {
        uint64_t value = raw_load(&plain);
        raw_store(&plain, changed(change, value, operand) & mask);
        return value;
    }
    begin_rmw(site, at);
    uint64_t value = raw_load(at);
    commit_rmw(site, at, changed(change, value, operand) & mask, order);
    return value;
}

bool explore_cas(const struct explore_site *site, volatile void *address, unsigned size,
                 void *expected, uint64_t value, enum explore_order order)
{
    uint64_t wanted = 0;
    memcpy(&wanted, expected, size);
    value &= size < 8 ? (UINT64_C(1) << (8 * size)) - 1 : UINT64_MAX;
    struct location plain = {.address = (uintptr_t)address, .size = size};
    struct location *at = touch(site, address, size, true);
    if (!at) {
        uint64_t found = raw_load(&plain);
        if (found == wanted) {
            raw_store(&plain, value);
        }
        memcpy(expected, &found, size);
        return found == wanted;
    }
    struct thread *thread = begin_rmw(site, at);
    uint64_t found = raw_load(at);
    memcpy(expected, &found, size);
    if (found == wanted) {
        commit_rmw(site, at, value, order);
        return true;
    }
    const struct record *record = &at->kept[at->newest % KEPT_RECORDS];
    // A swap that fails is a load of the newest value; its order is the one for failure.
    acquire(execution.running, record->message, order);
    if (stale_reads && at->index < VIEWED) {
        thread->view[at->index] = at->newest;
    }
    watch(thread, at, record->event);
    thread->hash = hash_mix(hash_mix(thread->hash, at->index + 2), record->event);
    trace_access(execution.running, site, at->address, found, "swap failed");
    return false;
}

// ---- Replay ----------------------------------------------------------------------------------

size_t memory_write_shared(char *out, size_t bytes)
{
    size_t n = 0;
    for (unsigned i = 0; i < shared_count && n < bytes; i++) {
        n += (size_t)snprintf(out + n, bytes - n, "%s%" PRIxPTR ":%u", i ? "," : "",
                              shared[i]->address - (uintptr_t)&execution, shared[i]->size);
    }
    return n;
}

const char *memory_read_shared(const char *text)
{
    while (*text && *text != '/') {
        char *end;
        uintptr_t offset = (uintptr_t)strtoull(text, &end, 16);
        unsigned long size = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
        if (size == 0 || size > 8 || (*end != ',' && *end != '/')) {
            fprintf(stderr, "explorer: --replay: no OFFSET:SIZE: '%s'\n", text);
            exit(2);
        }
        struct location *at = location_of((uintptr_t)&execution + offset, (unsigned)size, "");
        at->shared = true;
        at->index = shared_count;
        shared[shared_count++] = at;
        text = *end == ',' ? end + 1 : end;
    }
    return *text == '/' ? text + 1 : text;
}
