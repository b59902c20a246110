// SPDX-License-Identifier: MIT
// run_state.h: what a run is made of; for run.c, chain.c and stream.c.

#ifndef LOGQ_RUN_STATE_H
#define LOGQ_RUN_STATE_H

#include "piece.h"
#include "query/writer.h"
#include "run.h"
#include "text.h"

#include <pthread.h>
#include <stdatomic.h>

// Pieces that chains take one after the other. One lane holds all of them, but for placement by
// file: then each shard has one with the pieces of its own files.
struct lane_file {
    uint64_t first; // number of its first piece in the lane
    uint32_t file;  // number of the file in the sources
};

struct lane {
    atomic_uint_fast64_t next; // number of the next piece to be taken
    uint64_t pieces;
    struct lane_file *files;
    size_t file_count;
    uint64_t key; // of SPG_STICKY, for placement by file
};

// What a chain scans next.
struct chain_work {
    uint32_t file;
    struct piece piece;
};

struct chain {
    struct run *run;
    struct lane *lane;    // NULL: the chain belongs to the pump of a stream
    struct chain *next;   // in the outbox, or among the idle ones of the pump
    struct writer writer; // of rows; flows into `rows`
    struct text rows;     // of the last piece
    // Of a stream: what to scan, in the chain's own buffer.
    char *buffer;
    uint32_t file;
    struct piece_lines lines;
};

// Reads streams and hands what it read to idle chains.
struct pump {
    struct chain *chains;
    size_t chain_count;
    pthread_mutex_t lock; // never held across a suspension
    struct chain *idle;
    size_t idle_count;
    spg_timer event; // set when a chain becomes idle
};

struct run {
    const struct query *query;
    struct source_set *sources;
    struct run_options options;
    struct run_output output;
    bool is_streaming;
    uint32_t shards;
    struct budget budget;
    struct partial **partials; // [shards]; NULL where nothing was scanned
    struct partial *merged;
    struct lane *lanes;
    size_t lane_count;
    struct chain *chains; // of the lanes
    size_t chain_count;
    struct pump pump;
    atomic_bool stops;                // no more pieces are to be taken
    atomic_size_t active;             // chains and pumps that have not ended
    _Atomic(struct chain *) outbox;   // chains with rows in hand
    spg_timer event;                  // set when the outbox or `active` wants a look
    atomic_uint_fast64_t bytes;
    pthread_mutex_t lock;             // of what follows, and of the faults of the sources
    int result;                       // the first error
    char failure[RUN_FAILURE_LIMIT];
};

// Notes the first error, with its text if it has one, and stops the scan.
void run_fail(struct run *run, int result, const char *text);

// ---- chain.c

// lane NULL: a chain of the pump.
void chain_init(struct chain *chain, struct run *run, struct lane *lane);
void chain_free(struct chain *chain);

// A task: scans the next piece and spawns the one that goes on.
int chain_task(void *chain);

// Where tasks of this lane run.
spg_attr lane_attr(const struct run *run, const struct lane *lane);

// Goes on behind rows that have been passed on.
void chain_resume(struct chain *chain);

// Scans whole lines into the partial state of this shard. Does not suspend.
void chain_scan(struct chain *chain, uint32_t file, const struct piece_lines *lines);

// Hands the rows of a chain to the task that runs the query.
void chain_post(struct chain *chain);

// One chain or pump has ended.
void run_leave(struct run *run);

// Wakes the task that runs the query.
void run_signal(struct run *run);

// ---- stream.c

bool pump_init(struct pump *pump, struct run *run);
void pump_free(struct pump *pump);

// A task: reads the streams among the sources. arg: the run.
int pump_task(void *arg);

// A chain of the pump has nothing more to do.
void pump_put(struct run *run, struct chain *chain);

#endif
