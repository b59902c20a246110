// SPDX-License-Identifier: MIT
// name.c: the name of a task, which it changes while others read.
#include "core/name.h"

#include <string.h>

static void put(struct spgi_name *at, uint32_t turn, const char *name)
{
    uint64_t words[SPGI_NAME_WORDS] = {0};
    memcpy(words, name, strnlen(name, SPGI_TASK_NAME - 1));
    for (int i = 0; i < SPGI_NAME_WORDS; i++) {
        // Release: who reads this word finds the turn, and the life, that came before. Pairs with
        // the acquires in spgi_name_read.
        store_release(&at->copies[turn % 2][i], words[i]);
    }
}

void spgi_name_init(struct spgi_name *at, const char *name)
{
    uint32_t turn = load_relaxed(&at->turn);
    if (name) {
        put(at, turn, name);
    } else {
        store_release(&at->copies[turn % 2][0], (uint64_t)0);
    }
}

void spgi_name_change(struct spgi_name *at, const char *name)
{
    uint32_t turn = load_relaxed(&at->turn) + 1;
    put(at, turn, name ? name : "");
    store_release(&at->turn, turn);
}

void spgi_name_read(struct spgi_name *at, char out[SPGI_TASK_NAME])
{
    uint64_t words[SPGI_NAME_WORDS];
    uint32_t turn, seen = load_acquire(&at->turn);
    do {
        turn = seen;
        for (int i = 0; i < SPGI_NAME_WORDS; i++) {
            words[i] = load_acquire(&at->copies[turn % 2][i]);
        }
        seen = load_acquire(&at->turn); // as the first, if there is a next round
    } while (seen != turn);
    memcpy(out, words, SPGI_TASK_NAME);
}
