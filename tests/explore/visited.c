// SPDX-License-Identifier: MIT
// visited.c: the states that have been explored, each with how many preemptions were left then.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 1 << 16 };
// 9 bytes each; beyond, new states are no longer remembered, which costs time but misses nothing.
static const uint64_t MOST_SLOTS = UINT64_C(1) << 25;

static uint64_t *keys; // 0: free
static uint8_t *lefts;
static uint64_t slots;
static uint64_t used;

uint64_t visited_count(void)
{
    return used;
}

void visited_clear(void)
{
    free(keys);
    free(lefts);
    slots = FIRST_SLOTS;
    used = 0;
    keys = calloc(slots, sizeof *keys);
    lefts = calloc(slots, sizeof *lefts);
    if (!keys || !lefts) {
        fprintf(stderr, "explorer: out of memory\n");
        exit(2);
    }
}

static uint64_t slot_of(uint64_t key)
{
    uint64_t slot = key & (slots - 1);
    while (keys[slot] != 0 && keys[slot] != key) {
        slot = (slot + 1) & (slots - 1);
    }
    return slot;
}

static void grow(void)
{
    uint64_t *old_keys = keys;
    uint8_t *old_lefts = lefts;
    uint64_t old_slots = slots;
    uint64_t *more_keys = calloc(slots * 2, sizeof *keys);
    uint8_t *more_lefts = calloc(slots * 2, sizeof *lefts);
    if (!more_keys || !more_lefts) {
        free(more_keys);
        free(more_lefts);
        return;
    }
    keys = more_keys;
    lefts = more_lefts;
    slots *= 2;
    for (uint64_t i = 0; i < old_slots; i++) {
        if (old_keys[i] != 0) {
            uint64_t slot = slot_of(old_keys[i]);
            keys[slot] = old_keys[i];
            lefts[slot] = old_lefts[i];
        }
    }
    free(old_keys);
    free(old_lefts);
}

bool visited_add(uint64_t state, unsigned left)
{
    uint64_t key = state ? state : 1;
    uint8_t budget = left > UINT8_MAX ? UINT8_MAX : (uint8_t)left;
    uint64_t slot = slot_of(key);
    if (keys[slot] == key) {
        bool known = lefts[slot] >= budget;
        lefts[slot] = known ? lefts[slot] : budget;
        return known;
    }
    if (used * 4 >= slots * 3 && slots < MOST_SLOTS) {
        grow();
        slot = slot_of(key);
    }
    if (used * 8 < slots * 7) {
        keys[slot] = key;
        lefts[slot] = budget;
        used++;
    }
    return false;
}
