// SPDX-License-Identifier: MIT
// fdtable.c: descriptors by handle; the protocol is in fdtable.h.
#include "core/fdtable.h"

#include "base/assert.h"
#include "core/fiber.h"
#include "core/sched.h"
#include "core/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { FD_BITS = 26, RUNTIME_SHIFT = 58 };
#define REFS_MASK UINT64_C(0xFFFFFF)
#define OPEN (UINT64_C(1) << 24)
#define CLOSING (UINT64_C(1) << 25)
#define GENERATION_SHIFT 32

static uint32_t generation_of(uint64_t word)
{
    return (uint32_t)(word >> GENERATION_SHIFT);
}

static uint64_t with_generation(uint32_t generation)
{
    return (uint64_t)generation << GENERATION_SHIFT;
}

void spgi_fdtable_init(struct spgi_fdtable *table, uint32_t first_generation)
{
    pthread_mutex_init(&table->grow, NULL);
    table->first_generation = first_generation;
}

uint32_t spgi_fdtable_fini(struct spgi_fdtable *table)
{
    uint32_t used = 0; // generations wrap around: what counts is how far each entry has come
    for (uint32_t c = 0; c < table->chunks_end; c++) {
        struct spgi_fd_entry *chunk = load_acquire(&table->chunks[c]);
        for (uint32_t i = 0; chunk && i < SPGI_FD_CHUNK; i++) {
            uint64_t word = load_relaxed(&chunk[i].word);
            if (word & OPEN) {
                close((int)(c * SPGI_FD_CHUNK + i));
            }
            uint32_t own = generation_of(word) - table->first_generation + 1;
            used = own > used ? own : used;
        }
        free(chunk);
    }
    pthread_mutex_destroy(&table->grow);
    return table->first_generation + used;
}

static struct spgi_fd_entry *chunk_add(struct spgi_fdtable *table, uint32_t c)
{
    pthread_mutex_lock(&table->grow);
    struct spgi_fd_entry *chunk = load_acquire(&table->chunks[c]);
    if (!chunk) {
        chunk = calloc(SPGI_FD_CHUNK, sizeof *chunk);
        for (uint32_t i = 0; chunk && i < SPGI_FD_CHUNK; i++) {
            store_relaxed(&chunk[i].word, with_generation(table->first_generation));
        }
        store_release(&table->chunks[c], chunk); // pairs with the acquire in entry_of
        table->chunks_end = c >= table->chunks_end ? c + 1 : table->chunks_end;
    }
    pthread_mutex_unlock(&table->grow);
    return chunk;
}

static struct spgi_fd_entry *entry_of(struct spgi_fdtable *table, uint32_t fd, bool add)
{
    uint32_t c = fd / SPGI_FD_CHUNK;
    if (c >= SPGI_FD_CHUNKS) {
        return NULL;
    }
    struct spgi_fd_entry *chunk = load_acquire(&table->chunks[c]);
    if (!chunk && add) {
        chunk = chunk_add(table, c);
    }
    return chunk ? &chunk[fd % SPGI_FD_CHUNK] : NULL;
}

static spg_fd handle_of(const struct spg_rt *rt, uint32_t fd, uint32_t generation)
{
    spg_fd handle = {(uint64_t)rt->slot << RUNTIME_SHIFT | (uint64_t)generation << FD_BITS | fd};
    return handle;
}

// The entry a handle names, if it is of this runtime.
static struct spgi_fd_entry *find(struct spg_rt *rt, spg_fd handle, uint32_t *fd,
                                  uint32_t *generation)
{
    *fd = (uint32_t)handle.v & ((1u << FD_BITS) - 1);
    *generation = (uint32_t)(handle.v >> FD_BITS);
    return handle.v >> RUNTIME_SHIFT == rt->slot ? entry_of(&rt->fds, *fd, false) : NULL;
}

int spgi_fd_add(struct spg_rt *rt, int fd, spg_fd *out)
{
    if (fd < 0 || (uint32_t)fd >= SPGI_FD_CHUNK * SPGI_FD_CHUNKS) {
        return -EBADF;
    }
    struct spgi_fd_entry *entry = entry_of(&rt->fds, (uint32_t)fd, true);
    if (!entry) {
        return -ENOMEM;
    }
    uint64_t word = load_acquire(&entry->word);
    do {
        if (word & (OPEN | CLOSING)) {
            return -EEXIST;
        }
    } while (!cas_acqrel(&entry->word, &word, with_generation(generation_of(word)) | OPEN));
    *out = handle_of(rt, (uint32_t)fd, generation_of(word));
    return 0;
}

int spgi_fd_get(struct spg_rt *rt, spg_fd handle, struct spgi_fd_entry **out)
{
    uint32_t fd;
    uint32_t generation;
    struct spgi_fd_entry *entry = find(rt, handle, &fd, &generation);
    if (!entry) {
        return -EBADF;
    }
    uint64_t word = load_acquire(&entry->word);
    do {
        if (!(word & OPEN) || generation_of(word) != generation) {
            return -EBADF;
        }
        SPGI_CHECK((word & REFS_MASK) != REFS_MASK);
    } while (!cas_acqrel(&entry->word, &word, word + 1));
    *out = entry;
    return (int)fd;
}

void spgi_fd_put(struct spgi_fd_entry *entry)
{
    uint64_t before = sub_seqcst(&entry->word, 1u);
    if ((before & (CLOSING | REFS_MASK)) == (CLOSING | 1)) {
        // The last reference: either the closer has registered, or it will see that there are none.
        struct spgi_task *closer = xchg_seqcst(&entry->closer, NULL);
        if (closer) {
            spgi_ready(closer);
        }
    }
}

int spgi_fd_close_begin(struct spg_rt *rt, spg_fd handle, bool unless_used,
                        struct spgi_fd_entry **out)
{
    uint32_t fd;
    uint32_t generation;
    struct spgi_fd_entry *entry = find(rt, handle, &fd, &generation);
    if (!entry) {
        return -EBADF;
    }
    uint64_t word = load_acquire(&entry->word);
    uint64_t next;
    do {
        if (!(word & OPEN) || generation_of(word) != generation) {
            return -EBADF;
        }
        if (unless_used && (word & REFS_MASK)) {
            return -EBUSY;
        }
        next = with_generation(generation + 1) | CLOSING | (word & REFS_MASK);
    } while (!cas_acqrel(&entry->word, &word, next));
    *out = entry;
    return (int)fd;
}

bool spgi_fd_is_used(struct spgi_fd_entry *entry)
{
    return (load_seqcst(&entry->word) & REFS_MASK) != 0;
}

// Once the closer's context is saved. Registers, then looks again: pairs with spgi_fd_put, which
// drops its reference, then looks for a closer. Whoever takes the registration out wakes the
// closer.
static bool commit_wait(struct spgi_shard *shard, struct spgi_task *task, void *arg)
{
    (void)shard;
    struct spgi_fd_entry *entry = arg;
    store_seqcst(&entry->closer, task);
    if (spgi_fd_is_used(entry)) {
        return true;
    }
    return xchg_seqcst(&entry->closer, NULL) == NULL; // taken out already: it is being woken
}

void spgi_fd_wait_unused(struct spgi_shard *shard, struct spgi_task *task,
                         struct spgi_fd_entry *entry)
{
    // May return early: a put of an earlier life of the entry can take the registration. Call
    // again.
    int refused = spgi_wait_begin(shard, task, SPGI_WAIT_FD_CLOSE, SPG_NEVER, NULL);
    SPGI_CHECK(refused == 0);
    spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, commit_wait, entry);
    spgi_wait_end(task);
}

void spgi_fd_drop(struct spgi_fd_entry *entry)
{
    uint64_t word = load_acquire(&entry->word);
    SPGI_ASSERT((word & CLOSING) && !(word & REFS_MASK));
    store_release(&entry->word, with_generation(generation_of(word)));
}

bool spgi_fd_is_closing(struct spgi_fd_entry *entry)
{
    return (load_acquire(&entry->word) & CLOSING) != 0;
}
