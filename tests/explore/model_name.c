// SPDX-License-Identifier: MIT
// model_name.c: a task changes its name, its slot gets a next life, and a reader never finds pieces
// of two names, nor the name of a later life.
#include "core/name.h"
#include "explorer.h"

#include <string.h>

// Pieces of each differ in the first and in the last word.
static const char *const names[] = {"one.............one", "two.............two",
                                    "three...........three", "next life.......next"};

enum { NEXT_LIFE = 3 };

static struct spgi_name name;
static spgi_a32 life;

static void begin(void)
{
    memset(&name, 0, sizeof name);
    atomic_init(&name.turn, 0);
    for (int i = 0; i < SPGI_NAME_WORDS; i++) {
        atomic_init(&name.copies[0][i], 0);
        atomic_init(&name.copies[1][i], 0);
    }
    atomic_init(&life, 0);
    spgi_name_init(&name, names[0]);
}

static void change(void)
{
    spgi_name_change(&name, names[1]);
    spgi_name_change(&name, names[2]);
    // As a slot is freed, and taken again.
    store_release(&life, 1u);
    spgi_name_init(&name, names[NEXT_LIFE]);
}

static void read(void)
{
    char seen[SPGI_TASK_NAME];
    spgi_name_read(&name, seen);
    if (load_acquire(&life) != 0) {
        return; // its handle is stale
    }
    bool whole = false;
    for (int i = 0; i < NEXT_LIFE; i++) {
        whole = whole || strcmp(seen, names[i]) == 0;
    }
    explore_assert(whole, "a name is in pieces, or of another life");
}

static const struct explore_model changed_twice = {
    .name = "name: changed twice, then another life",
    .setup = begin,
    .threads = {change, read},
    .full = {5, 2},
    .quick = {3, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&changed_twice, NULL};
    return explore_main(argc, argv, models);
}
