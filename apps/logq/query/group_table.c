// SPDX-License-Identifier: MIT
// group_table.c: a hash table from byte strings to small states.

#include "query/group_table.h"

// The offset of an entry takes this many bits of a slot, its chunk the rest.
#define OFFSET_BITS 18
#define CHUNK_BYTES_MAX ((uint32_t)GROUP_UNIT << OFFSET_BITS)
#define CHUNK_BYTES_MIN ((uint32_t)1024)
#define CHUNKS_MAX ((size_t)1 << (32 - OFFSET_BITS))

// A longer key gets memory of its own.
#define KEY_INSIDE_MAX ((size_t)4096)

#define SLOTS_MIN 16

_Static_assert(sizeof(struct group_entry) == GROUP_UNIT, "the state begins on a unit");

void group_table_init(struct group_table *table, size_t state_bytes, uint64_t seed,
                      struct memory *memory)
{
    *table = (struct group_table){
        .state_bytes = (uint32_t)((state_bytes + GROUP_UNIT - 1) / GROUP_UNIT * GROUP_UNIT),
        .seed = seed,
        .memory = memory,
    };
}

static char *entry_key(const struct group_table *table, struct group_entry *entry)
{
    char *place = (char *)(entry + 1) + table->state_bytes;
    if (!entry->key_is_outside) {
        return place;
    }
    char *outside;
    memcpy(&outside, place, sizeof(outside));
    return outside;
}

static uint32_t entry_bytes(const struct group_table *table, const struct group_entry *entry)
{
    size_t key = entry->key_is_outside ? sizeof(char *) : entry->key_length;
    size_t bytes = sizeof(*entry) + table->state_bytes + key;
    return (uint32_t)((bytes + GROUP_UNIT - 1) / GROUP_UNIT * GROUP_UNIT);
}

static struct group_entry *entry_at(const struct group_table *table, uint32_t place)
{
    char *chunk = table->chunks[place >> OFFSET_BITS].memory;
    uint32_t offset = place & ((UINT32_C(1) << OFFSET_BITS) - 1);
    return (struct group_entry *)(void *)(chunk + (size_t)offset * GROUP_UNIT);
}

void group_table_free(struct group_table *table)
{
    struct group_cursor cursor = { 0 };
    void *state;
    while (table->outside_bytes > 0 && (state = group_table_next(table, &cursor)) != NULL) {
        struct group_entry *entry = (struct group_entry *)state - 1;
        if (entry->key_is_outside) {
            memory_give(table->memory, entry_key(table, entry), entry->key_length);
            table->outside_bytes -= entry->key_length;
        }
    }
    for (size_t i = 0; i < table->chunk_count; i++) {
        memory_give(table->memory, table->chunks[i].memory, table->chunks[i].capacity);
    }
    memory_give(table->memory, table->chunks, table->chunk_capacity * sizeof(*table->chunks));
    memory_give(table->memory, table->slots, (table->mask + 1) * sizeof(*table->slots));
    group_table_init(table, table->state_bytes, table->seed, table->memory);
}

static bool grow_slots(struct group_table *table)
{
    size_t old_count = table->slots == NULL ? 0 : table->mask + 1;
    size_t count = old_count == 0 ? SLOTS_MIN : old_count * 2;
    struct group_slot *slots = memory_take_pages(table->memory, count * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < old_count; i++) {
        if (table->slots[i].entry != 0) {
            size_t at = table->slots[i].hash & (count - 1);
            while (slots[at].entry != 0) {
                at = (at + 1) & (count - 1);
            }
            slots[at] = table->slots[i];
        }
    }
    memory_give(table->memory, table->slots, old_count * sizeof(*table->slots));
    table->slots = slots;
    table->mask = count - 1;
    return true;
}

static bool add_chunk(struct group_table *table, uint32_t bytes)
{
    if (table->chunk_count == CHUNKS_MAX) {
        table->memory->exhausted = true;
        return false;
    }
    struct group_chunk *chunks =
        memory_reserve(table->memory, table->chunks, &table->chunk_capacity, table->chunk_count,
                       1, sizeof(*table->chunks));
    if (chunks == NULL) {
        return false;
    }
    table->chunks = chunks;
    uint32_t capacity = CHUNK_BYTES_MIN;
    if (table->chunk_count > 0) {
        capacity = table->chunks[table->chunk_count - 1].capacity * 2;
    }
    capacity = capacity < bytes + GROUP_UNIT ? bytes + GROUP_UNIT : capacity;
    capacity = capacity > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : capacity;
    struct group_chunk chunk = { .capacity = capacity };
    chunk.memory = memory_take_pages(table->memory, capacity);
    if (chunk.memory == NULL) {
        return false;
    }
    // Place 0 of the first chunk would be the empty slot.
    chunk.used = table->chunk_count == 0 ? GROUP_UNIT : 0;
    table->chunks[table->chunk_count++] = chunk;
    return true;
}

// Room for an entry; *place is what its slot has to say.
static struct group_entry *take_entry(struct group_table *table, uint32_t bytes, uint32_t *place)
{
    struct group_chunk *chunk =
        table->chunk_count == 0 ? NULL : &table->chunks[table->chunk_count - 1];
    if (chunk == NULL || bytes > chunk->capacity - chunk->used) {
        if (!add_chunk(table, bytes)) {
            return NULL;
        }
        chunk = &table->chunks[table->chunk_count - 1];
    }
    *place = (uint32_t)(table->chunk_count - 1) << OFFSET_BITS | chunk->used / GROUP_UNIT;
    return (struct group_entry *)(void *)(chunk->memory + chunk->used);
}

static struct group_entry *add_entry(struct group_table *table, struct bytes key, uint32_t *place)
{
    struct group_entry header = { .key_length = (uint32_t)key.len };
    char *outside = NULL;
    if (key.len > KEY_INSIDE_MAX) {
        outside = key.len > UINT32_MAX ? NULL : memory_take(table->memory, key.len);
        if (outside == NULL) {
            return NULL;
        }
        memcpy(outside, key.ptr, key.len);
        header.key_is_outside = true;
    }
    uint32_t bytes = entry_bytes(table, &header);
    struct group_entry *entry = take_entry(table, bytes, place);
    if (entry == NULL) {
        memory_give(table->memory, outside, key.len);
        return NULL;
    }
    table->chunks[table->chunk_count - 1].used += bytes;
    *entry = header;
    char *state = (char *)(entry + 1);
    memset(state, 0, table->state_bytes);
    if (outside != NULL) {
        memcpy(state + table->state_bytes, &outside, sizeof(outside));
        table->outside_bytes += key.len;
    } else if (key.len > 0) {
        memcpy(state + table->state_bytes, key.ptr, key.len);
    }
    return entry;
}

void group_table_prefetch_entry(const struct group_table *table, uint32_t hash)
{
    if (table->slots == NULL) {
        return;
    }
    const struct group_slot *slot = &table->slots[hash & table->mask];
    if (slot->hash == hash && slot->entry != 0) {
        const char *entry = (const char *)entry_at(table, slot->entry);
        __builtin_prefetch(entry);
        __builtin_prefetch(entry + 64);
    }
}

// The slot where the key is, or the empty one where it belongs. There are slots.
static struct group_slot *find_slot(const struct group_table *table, struct bytes key,
                                    uint32_t hash)
{
    size_t at = hash & table->mask;
    for (;;) {
        struct group_slot *slot = &table->slots[at];
        if (slot->entry == 0) {
            return slot;
        }
        if (slot->hash == hash) {
            struct group_entry *entry = entry_at(table, slot->entry);
            if (entry->key_length == key.len &&
                group_table_is_same(entry_key(table, entry), key.ptr, key.len)) {
                return slot;
            }
        }
        at = (at + 1) & table->mask;
    }
}

void *group_table_put(struct group_table *table, struct bytes key, uint32_t hash)
{
    struct group_slot *slot = NULL;
    if (table->slots != NULL) {
        slot = find_slot(table, key, hash);
        if (slot->entry != 0) {
            return entry_at(table, slot->entry) + 1;
        }
    }
    if (slot == NULL || table->count + 1 > (table->mask + 1) / 2) {
        if (!grow_slots(table)) {
            return NULL;
        }
        slot = find_slot(table, key, hash);
    }
    uint32_t place = 0;
    struct group_entry *entry = add_entry(table, key, &place);
    if (entry == NULL) {
        return NULL;
    }
    *slot = (struct group_slot){ .hash = hash, .entry = place };
    table->count++;
    return entry + 1;
}

void *group_table_find(const struct group_table *table, struct bytes key, uint32_t hash)
{
    if (table->slots == NULL) {
        return NULL;
    }
    const struct group_slot *slot = find_slot(table, key, hash);
    return slot->entry == 0 ? NULL : entry_at(table, slot->entry) + 1;
}

struct bytes group_table_key(const struct group_table *table, const void *state)
{
    struct group_entry *entry = (struct group_entry *)(uintptr_t)state - 1;
    return (struct bytes){ .ptr = entry_key(table, entry), .len = entry->key_length };
}

void *group_table_next(const struct group_table *table, struct group_cursor *cursor)
{
    if (cursor->chunk == 0 && cursor->offset == 0) {
        cursor->offset = GROUP_UNIT;
    }
    while (cursor->chunk < table->chunk_count) {
        const struct group_chunk *chunk = &table->chunks[cursor->chunk];
        if (cursor->offset < chunk->used) {
            struct group_entry *entry =
                (struct group_entry *)(void *)(chunk->memory + cursor->offset);
            cursor->offset += entry_bytes(table, entry);
            return entry + 1;
        }
        cursor->chunk++;
        cursor->offset = 0;
    }
    return NULL;
}
