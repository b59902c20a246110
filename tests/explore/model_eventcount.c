// SPDX-License-Identifier: MIT
// model_eventcount.c: threads that sleep for something that others may take first all get theirs.
#include "explorer.h"
#include "sys/eventcount.h"
#include "sys/futex.h"

static struct spgi_eventcount count;
static spgi_a32 tokens;
static spgi_a32 wakes;

// ---- A futex ---------------------------------------------------------------------------------

struct sleep {
    void *word;
    uint32_t expected;
    bool begun;
    uint32_t wakes;
};

// The first look is the kernel's comparison; from then on only a wake ends the sleep.
static bool is_over(void *arg)
{
    struct sleep *sleep = arg;
    if (!sleep->begun) {
        sleep->begun = true;
        sleep->wakes = load_seqcst(&wakes);
        return (uint32_t)load_seqcst((spgi_a64 *)sleep->word) != sleep->expected;
    }
    return load_seqcst(&wakes) != sleep->wakes;
}

void spgi_futex_wait(void *word, uint32_t expected, int64_t until_ns)
{
    explore_assert(until_ns == INT64_MAX, "nobody here has a deadline");
    struct sleep sleep = {.word = word, .expected = expected};
    explore_block_until(is_over, &sleep);
}

void spgi_futex_wake(void *word)
{
    explore_assert(word == spgi_futex_low(&count.events), "a strange word");
    add_seqcst(&wakes, 1u);
}

// ---- Takers and a giver ----------------------------------------------------------------------

static void begin(void)
{
    atomic_init(&count.waiting, 0);
    atomic_init(&count.events, 0);
    atomic_init(&tokens, 0);
    atomic_init(&wakes, 0);
}

static bool take(void)
{
    uint32_t there = load_seqcst(&tokens);
    while (there > 0) {
        if (cas_seqcst(&tokens, &there, there - 1)) {
            return true;
        }
    }
    return false;
}

static void take_one(void)
{
    uint64_t key = spgi_eventcount_prepare(&count);
    while (!take()) {
        spgi_eventcount_wait(&count, key, INT64_MAX);
        key = spgi_eventcount_prepare(&count);
    }
}

static void give_two(void)
{
    for (int i = 0; i < 2; i++) {
        add_seqcst(&tokens, 1u);
        spgi_eventcount_notify(&count);
    }
}

static void all_taken(void)
{
    explore_assert(load_relaxed(&tokens) == 0, "a token is left");
}

static const struct explore_model two_takers = {
    .name = "eventcount: two sleepers, a token each",
    .setup = begin,
    .threads = {take_one, take_one, give_two},
    .check = all_taken,
    .full = {4, 0},
    .quick = {3, 0},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&two_takers, NULL};
    return explore_main(argc, argv, models);
}
