// SPDX-License-Identifier: MIT
// order.c: what happens before what: vector clocks, and races on plain data.
//
// A release store carries a message: all that its thread had seen and done. Whoever reads the store
// with an acquire load has seen it, too. A plain access is safe when all conflicting ones have been
// seen.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct message *messages;
static uint32_t message_count;
static uint32_t message_room;

void message_run_begin(void)
{
    message_count = 0;
}

uint32_t message_new(unsigned number)
{
    if (message_count == message_room) {
        message_room = message_room ? message_room * 2 : 1024;
        messages = realloc(messages, message_room * sizeof *messages);
        if (!messages) {
            fprintf(stderr, "explorer: out of memory\n");
            exit(2);
        }
    }
    struct thread *thread = &execution.threads[number];
    struct message *message = &messages[message_count];
    memcpy(message->clock, thread->clock, sizeof message->clock);
    if (execution.bounds.stale > 0) {
        memcpy(message->view, thread->view, sizeof message->view);
    }
    thread->clock[number]++;
    return message_count++;
}

static void raise_to(uint32_t *into, const uint32_t *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        into[i] = into[i] < from[i] ? from[i] : into[i];
    }
}

void message_acquire(unsigned number, uint32_t message)
{
    struct thread *thread = &execution.threads[number];
    raise_to(thread->clock, messages[message].clock, CLOCKS);
    if (execution.bounds.stale > 0) {
        raise_to(thread->view, messages[message].view, VIEWED);
    }
}

void message_join(uint32_t into, uint32_t from)
{
    raise_to(messages[into].clock, messages[from].clock, CLOCKS);
    if (execution.bounds.stale > 0) {
        raise_to(messages[into].view, messages[from].view, VIEWED);
    }
}

void message_publish(uint32_t message, const uint32_t own[VIEWED])
{
    raise_to(messages[message].view, own, VIEWED);
}

// ---- Races -----------------------------------------------------------------------------------

enum { DATA = 256 };

// A plain object: its last write, and the last read of each thread since then.
struct datum {
    uintptr_t address;
    unsigned writer;
    uint32_t written; // the writer's clock; 0: by setup
    const struct explore_site *write_site;
    uint32_t read[CLOCKS];
    const struct explore_site *read_site[CLOCKS];
    uint64_t event; // of the last write
    uint64_t reads; // of the reads since then
};

static struct datum data[DATA];
static unsigned data_count;

void race_run_begin(void)
{
    data_count = 0;
}

uint64_t race_state(void)
{
    uint64_t state = 0;
    for (unsigned i = 0; i < data_count; i++) {
        state += hash_mix(hash_mix(data[i].address, data[i].event), data[i].reads);
    }
    return state;
}

static struct datum *datum_of(uintptr_t address)
{
    for (unsigned i = 0; i < data_count; i++) {
        if (data[i].address == address) {
            return &data[i];
        }
    }
    if (data_count == DATA) {
        explore_fail(__FILE__, __LINE__, "the model has more plain objects than the limit DATA");
    }
    data[data_count] =
        (struct datum){.address = address, .event = hash_mix(address, 7), .writer = DRIVER};
    return &data[data_count++];
}

static _Noreturn void race(const struct explore_site *site, const struct explore_site *other,
                           unsigned thread, bool other_writes)
{
    char what[200];
    snprintf(what, sizeof what, "data race with the %s of %s by thread %u at %s:%d",
             other_writes ? "write" : "read", other->text, thread, other->file, other->line);
    explore_fail(site->file, site->line, what);
}

void explore_data(const struct explore_site *site, const volatile void *address, bool write)
{
    unsigned self = execution.running;
    if (self == DRIVER) {
        return;
    }
    struct thread *thread = &execution.threads[self];
    struct datum *datum = datum_of((uintptr_t)address);
    trace_access(self, site, datum->address, 0, "");
    if (datum->writer != DRIVER && datum->writer != self &&
        thread->clock[datum->writer] < datum->written) {
        race(site, datum->write_site, datum->writer, true);
    }
    for (unsigned other = 0; write && other < execution.thread_count; other++) {
        if (other != self && thread->clock[other] < datum->read[other]) {
            race(site, datum->read_site[other], other, false);
        }
    }
    thread->hash = hash_mix(hash_mix(thread->hash, write ? 11 : 12), datum->event);
    if (!write) {
        datum->read[self] = thread->clock[self];
        datum->read_site[self] = site;
        datum->reads += hash_mix(thread->hash, self);
        return;
    }
    memset(datum->read, 0, sizeof datum->read);
    datum->writer = self;
    datum->written = thread->clock[self];
    datum->write_site = site;
    datum->event = hash_mix(thread->hash, 13);
    datum->reads = 0;
}
