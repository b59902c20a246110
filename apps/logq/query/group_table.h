// SPDX-License-Identifier: MIT
// group_table.h: a hash table from byte strings to small states, as grouping needs it: entries are
// only ever added, and never move.

#ifndef LOGQ_QUERY_GROUP_TABLE_H
#define LOGQ_QUERY_GROUP_TABLE_H

#include "data/bytes.h"
#include "query/hash.h"
#include "query/memory.h"

// A slot holds half of the key's hash, whose lowest bits say where it belongs, and where the entry
// is: its chunk, and its offset there in units of GROUP_UNIT. No entry is at 0, which is empty.
struct group_slot {
    uint32_t hash;
    uint32_t entry;
};

// What stands in a chunk: this, the state, the key.
struct group_entry {
    uint32_t key_length;
    bool key_is_outside; // a pointer to the key stands in its place
};

struct group_chunk {
    char *memory;
    uint32_t used;
    uint32_t capacity;
};

struct group_table {
    struct group_slot *slots; // [mask + 1], at most half of them in use
    size_t mask;
    size_t count;
    struct group_chunk *chunks;
    size_t chunk_count;
    size_t chunk_capacity;
    size_t outside_bytes; // held by long keys
    uint32_t state_bytes; // a multiple of GROUP_UNIT
    uint64_t seed;
    struct memory *memory;
};

// Every state is aligned to this.
#define GROUP_UNIT 8

// Takes no memory yet.
void group_table_init(struct group_table *table, size_t state_bytes, uint64_t seed,
                      struct memory *memory);

// Frees the entries; what their states own is the caller's business.
void group_table_free(struct group_table *table);

static inline uint32_t group_table_hash(const struct group_table *table, struct bytes key)
{
    return (uint32_t)(hash_bytes(key, table->seed) >> 32);
}

// memcmp() for keys, most of which are short: without a call for those.
static inline bool group_table_is_same(const char *a, const char *b, size_t length)
{
    if (length >= 8) {
        if (hash_load8(a) != hash_load8(b) ||
            hash_load8(a + length - 8) != hash_load8(b + length - 8)) {
            return false;
        }
        return length <= 16 || memcmp(a + 8, b + 8, length - 16) == 0;
    }
    if (length >= 4) {
        return hash_load4(a) == hash_load4(b) &&
               hash_load4(a + length - 4) == hash_load4(b + length - 4);
    }
    return length == 0 || (a[0] == b[0] && a[length / 2] == b[length / 2] &&
                           a[length - 1] == b[length - 1]);
}

static inline bool group_table_key_is(struct bytes a, struct bytes b)
{
    return a.len == b.len && group_table_is_same(a.ptr, b.ptr, a.len);
}

// Brings the slot of a key closer that will be asked for soon.
static inline void group_table_prefetch(const struct group_table *table, uint32_t hash)
{
    if (table->slots != NULL) {
        __builtin_prefetch(&table->slots[hash & table->mask]);
    }
}

// The same for the entry, once the slot is there.
void group_table_prefetch_entry(const struct group_table *table, uint32_t hash);

// The state of a key, added with a zeroed one if it is not there yet; NULL when memory is out.
void *group_table_put(struct group_table *table, struct bytes key, uint32_t hash);

// The state of a key, or NULL.
void *group_table_find(const struct group_table *table, struct bytes key, uint32_t hash);

// The key of a state.
struct bytes group_table_key(const struct group_table *table, const void *state);

// A walk over all entries in the order they were added. Start with a zeroed cursor.
struct group_cursor {
    size_t chunk;
    uint32_t offset;
};

// The next state, or NULL at the end.
void *group_table_next(const struct group_table *table, struct group_cursor *cursor);

#endif
