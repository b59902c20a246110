// SPDX-License-Identifier: MIT
// value_set.c: a fixed set of strings that is asked often.

#include "query/value_set.h"

#include "query/hash.h"

bool value_set_init(struct value_set *set, struct bytes *values, uint32_t count, uint64_t seed,
                    struct arena *arena)
{
    uint32_t slots = 4;
    while (slots / 2 < count) {
        slots *= 2;
    }
    *set = (struct value_set){ .values = values, .count = count, .mask = slots - 1, .seed = seed };
    set->slots = arena_alloc(arena, slots * sizeof(*set->slots), _Alignof(uint32_t));
    if (set->slots == NULL) {
        return false;
    }
    memset(set->slots, 0, slots * sizeof(*set->slots));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = (uint32_t)hash_bytes(values[i], seed) & set->mask;
        while (set->slots[slot] != 0) {
            slot = (slot + 1) & set->mask;
        }
        set->slots[slot] = i + 1;
    }
    return true;
}

bool value_set_has(const struct value_set *set, struct bytes value)
{
    uint32_t slot = (uint32_t)hash_bytes(value, set->seed) & set->mask;
    while (set->slots[slot] != 0) {
        if (bytes_equal(set->values[set->slots[slot] - 1], value)) {
            return true;
        }
        slot = (slot + 1) & set->mask;
    }
    return false;
}
