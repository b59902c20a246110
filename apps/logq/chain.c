// SPDX-License-Identifier: MIT
// chain.c: one piece after the other, a task for each.

#include "row_pack.h"
#include "run_state.h"
#include "reason.h"

#include <errno.h>
#include <stdlib.h>

// Rows are collected in a writer of this size before they are added to those of the piece.
#define ROWS_AT_ONCE ((size_t)64 * 1024)

static int keep_rows(void *ctx, struct bytes text)
{
    struct chain *chain = ctx;
    text_add(&chain->rows, text);
    if (!chain->rows.is_short) {
        return 0;
    }
    run_fail(chain->run, -ENOMEM,
             "the memory limit of the query (--query-memory) was reached by the rows of one piece "
             "of a file");
    return -ENOMEM;
}

void chain_init(struct chain *chain, struct run *run, struct lane *lane)
{
    *chain = (struct chain){.run = run, .lane = lane, .rows = {.budget = &run->budget}};
    writer_init(&chain->writer, ROWS_AT_ONCE, keep_rows, chain);
}

void chain_free(struct chain *chain)
{
    writer_free(&chain->writer);
    text_free(&chain->rows);
    free(chain->buffer);
}

void run_signal(struct run *run)
{
    (void)spg_timer_set(&run->event, SPG_NOW);
}

void run_leave(struct run *run)
{
    if (atomic_fetch_sub(&run->active, 1) == 1) {
        run_signal(run);
    }
}

void chain_post(struct chain *chain)
{
    struct run *run = chain->run;
    struct chain *first = atomic_load(&run->outbox);
    do {
        chain->next = first;
    } while (!atomic_compare_exchange_weak(&run->outbox, &first, chain));
    if (first == NULL) {
        run_signal(run); // whoever put one there before has done so otherwise
    }
}

// ---- scanning

static struct partial *partial_here(struct run *run)
{
    int shard = spg_shard();
    if (shard < 0 || (uint32_t)shard >= run->shards) {
        return NULL;
    }
    if (run->partials[shard] == NULL) {
        run->partials[shard] = partial_new_within(run->query, &run->budget);
    }
    return run->partials[shard];
}

void chain_scan(struct chain *chain, uint32_t file, const struct piece_lines *lines)
{
    struct run *run = chain->run;
    struct partial *partial = partial_here(run); // ours until this function returns
    if (partial == NULL) {
        run_fail(run, -ENOMEM, "no memory to begin with, or the memory limit of the query is too "
                               "small (--query-memory)");
        return;
    }
    if (run->is_streaming) {
        struct row_sink sink = run->output.rows == RUN_ROWS_PACKED
                                   ? row_pack_sink(&chain->writer)
                                   : writer_json_sink(&chain->writer);
        partial_set_sink(partial, &sink);
    }
    const struct block_info info = {
        .source = &run->sources->files[file].info,
        .offset = lines->offset,
        .file = file,
        .at_file_start = lines->offset == 0,
        .at_file_end = lines->at_file_end,
    };
    int result = partial_scan(partial, lines->block, &info);
    if (result == 0) {
        result = writer_flush(&chain->writer);
    }
    if (result != 0) {
        run_fail(run, result, partial_error(partial));
    } else if (partial_is_done(partial)) {
        atomic_store(&run->stops, true);
        run_signal(run);
    }
}

// ---- reading

// What a chain reads into: a buffer of the shard, or a larger one for a long line.
struct read_buffer {
    char *data;
    size_t capacity;
    bool is_own;
};

static bool grow_buffer(struct run *run, struct read_buffer *buffer, size_t have, size_t capacity)
{
    char *data = malloc(capacity);
    if (data == NULL) {
        run_fail(run, -ENOMEM, "no memory to read a long line");
        return false;
    }
    memcpy(data, buffer->data, have);
    if (buffer->is_own) {
        free(buffer->data);
    } else {
        buffers_give(run->options.buffers, buffer->data);
    }
    *buffer = (struct read_buffer){.data = data, .capacity = capacity, .is_own = true};
    return true;
}

static void note_fault(struct run *run, const struct source_file *file, const char *what)
{
    pthread_mutex_lock(&run->lock);
    source_fault(run->sources, "%.*s: %s", (int)file->info.file.len, file->info.file.ptr, what);
    pthread_mutex_unlock(&run->lock);
}

static void read_failed(struct run *run, const struct source_file *file, int error)
{
    if (error == -ECANCELED || error == -ETIME) {
        run_fail(run, error, "");
    } else {
        note_fault(run, file, reason_text(error));
    }
}

// Reads on until there are `want` bytes. False when that cannot be.
static bool read_up_to(struct run *run, const struct source_file *file, uint64_t from, char *data,
                       size_t *have, size_t want)
{
    while (*have < want) {
        ssize_t bytes = spg_read_at(file->fd, data + *have, want - *have, from + *have, SPG_NEVER);
        if (bytes < 0) {
            read_failed(run, file, (int)bytes);
            return false;
        }
        if (bytes == 0) {
            note_fault(run, file, "the file was truncated while it was read");
            return false;
        }
        *have += (size_t)bytes;
    }
    return true;
}

static size_t first_want(const struct piece *piece)
{
    uint64_t left = piece->length - piece_from(piece);
    size_t want = piece_own(piece) + RUN_PIECE_SLACK - 2; // for the byte before, and one behind
    return left < want ? (size_t)left : want;
}

// Reads a piece and what its last line needs beyond it. True when there are lines to scan.
static bool read_piece(struct run *run, const struct source_file *file, const struct piece *piece,
                       struct read_buffer *buffer, struct piece_lines *lines)
{
    size_t have = 0;
    size_t want = first_want(piece);
    for (;;) {
        if (!read_up_to(run, file, piece_from(piece), buffer->data, &have, want)) {
            return false;
        }
        size_t most;
        enum piece_state state = piece_cut(piece, buffer->data, have, lines, &most);
        if (state != PIECE_MORE) {
            return state == PIECE_LINES;
        }
        want = most - have > have ? 2 * have : most;
        if (want >= buffer->capacity && !grow_buffer(run, buffer, have, want + 1)) {
            return false;
        }
    }
}

static void do_work(struct chain *chain, const struct chain_work *work)
{
    struct run *run = chain->run;
    struct read_buffer buffer = {
        .data = buffers_take(run->options.buffers),
        .capacity = buffers_bytes(run->options.buffers),
    };
    if (buffer.data == NULL) {
        run_fail(run, -ENOMEM, "no memory to read a piece of a file");
        return;
    }
    struct piece_lines lines;
    const struct source_file *file = &run->sources->files[work->file];
    if (read_piece(run, file, &work->piece, &buffer, &lines)) {
        chain_scan(chain, work->file, &lines);
    }
    if (buffer.is_own) {
        free(buffer.data);
    } else {
        buffers_give(run->options.buffers, buffer.data);
    }
    atomic_fetch_add_explicit(&run->bytes, work->piece.end - work->piece.begin,
                              memory_order_relaxed);
}

// ---- from piece to piece

// The file of a lane that the piece of this number belongs to.
static const struct lane_file *find_file(const struct lane *lane, uint64_t number)
{
    size_t low = 0;
    size_t high = lane->file_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (lane->files[middle].first <= number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &lane->files[low];
}

static bool take_work(struct chain *chain, struct chain_work *work)
{
    struct run *run = chain->run;
    struct lane *lane = chain->lane;
    if (atomic_load_explicit(&run->stops, memory_order_relaxed)) {
        return false;
    }
    uint64_t number = atomic_fetch_add_explicit(&lane->next, 1, memory_order_relaxed);
    if (number >= lane->pieces) {
        return false;
    }
    const struct lane_file *place = find_file(lane, number);
    const struct source_file *file = &run->sources->files[place->file];
    uint64_t bytes = run->options.piece_bytes;
    uint64_t begin = (number - place->first) * bytes;
    work->file = place->file;
    work->piece = (struct piece){
        .begin = begin,
        .end = file->length - begin < bytes ? file->length : begin + bytes,
        .length = file->length,
        .line_limit = run->options.line_limit,
    };
    return true;
}

spg_attr lane_attr(const struct run *run, const struct lane *lane)
{
    static const enum spg_place places[] = {
        [RUN_STEALABLE] = SPG_STEALABLE,
        [RUN_PINNED] = SPG_STICKY,
        [RUN_ROUND_ROBIN] = SPG_ROUND_ROBIN,
    };
    return (spg_attr){
        .place = places[run->options.placement],
        .key = lane->key,
        .name = "scan",
    };
}

// Hands the chain to a new task. On failure it is still the caller's.
static int spawn_next(struct chain *chain)
{
    spg_attr attr = lane_attr(chain->run, chain->lane);
    return spg_spawn(&attr, chain_task, chain, NULL);
}

static bool has_ended(const struct chain *chain)
{
    return atomic_load_explicit(&chain->lane->next, memory_order_relaxed) >= chain->lane->pieces;
}

int chain_task(void *arg)
{
    struct chain *chain = arg;
    struct run *run = chain->run;
    struct chain_work work;
    while (take_work(chain, &work)) {
        do_work(chain, &work);
        if (chain->rows.length > 0) {
            chain_post(chain);
            return 0;
        }
        if (has_ended(chain)) {
            break;
        }
        if (spawn_next(chain) == 0) {
            return 0;
        }
        (void)spg_yield(); // no task to be had: this one goes on, after the others had their turn
    }
    run_leave(run);
    return 0;
}

void chain_resume(struct chain *chain)
{
    struct run *run = chain->run;
    text_clear(&chain->rows);
    if (chain->lane == NULL) {
        pump_put(run, chain);
        return;
    }
    if (has_ended(chain)) {
        run_leave(run);
        return;
    }
    int result = spawn_next(chain); // from here on the chain belongs to the new task
    if (result < 0) {
        run_fail(run, result, result == -EAGAIN ? "no more tasks can be started" : "");
        run_leave(run);
    }
}
