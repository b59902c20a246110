// SPDX-License-Identifier: MIT
// model_callword.c: the state word of a call at a boundary: it ends once, both sides are told the
// same, its slot is freed once, and nobody touches a payload that is another's.
#include "core/callword.h"
#include "explorer.h"

static spgi_a64 word;
static spgi_a32 freed;
static uint64_t gen;
static int request;
static int reply;

// What each side was told; PENDING: nothing.
static enum spg_outcome by_server;
static enum spg_outcome by_canceller;
static enum spg_outcome by_closer;
static enum spg_outcome by_caller;

static void free_slot(void)
{
    explore_assert(add_acqrel(&freed, 1u) == 0, "a slot is freed twice");
    spgi_call_free(&word);
}

static void begin(void)
{
    atomic_init(&word, UINT64_C(1) << SPGI_CALL_GEN_SHIFT);
    atomic_init(&freed, 0);
    explore_label(&word, sizeof word, "word");
    by_server = by_canceller = by_closer = by_caller = SPG_CALL_PENDING;
    explore_data_write(&request);
    gen = spgi_call_begin(&word);
}

static void serve(void)
{
    if (!spgi_call_take(&word, gen)) {
        return;
    }
    explore_data_read(&request);
    explore_data_write(&reply);
    uint64_t before = spgi_call_finish(&word, gen, SPG_CALL_ANSWERED);
    explore_assert(spgi_call_gen(before) == gen && before & SPGI_CALL_SERVER,
                   "a request is taken from its server");
    by_server = spgi_call_outcome(before);
    if (by_server == SPG_CALL_PENDING) {
        by_server = SPG_CALL_ANSWERED;
    } else if (!(before & SPGI_CALL_CALLER)) {
        free_slot();
    }
}

static void cancel(void)
{
    by_canceller = spgi_call_abandon(&word, gen, SPG_CALL_CANCELED);
}

static void close_all(void)
{
    by_closer = spgi_call_abandon(&word, gen, SPG_CALL_CLOSED);
}

// The caller gives up by itself, then fetches what came of it.
static void time_out(void)
{
    spgi_call_abandon(&word, gen, SPG_CALL_TIMED_OUT);
    by_caller = spgi_call_outcome(load_acquire(&word));
    if (by_caller == SPG_CALL_ANSWERED) {
        explore_data_read(&reply);
    }
    if (spgi_call_fetch(&word)) {
        free_slot();
    }
}

static void ended_once(void)
{
    explore_assert(by_caller != SPG_CALL_PENDING, "a call has not ended");
    explore_assert(load_relaxed(&freed) == 1, "a slot is not freed");
    explore_assert(spgi_call_gen(load_relaxed(&word)) == gen + 1, "a slot has its old name");
    explore_assert(by_server == SPG_CALL_PENDING || by_server == by_caller,
                   "the server is told something else");
    explore_assert(by_server != SPG_CALL_PENDING || by_caller != SPG_CALL_TIMED_OUT,
                   "a call that was not taken has timed out in a server's hands");
    explore_assert(by_canceller == SPG_CALL_PENDING || by_canceller == by_caller,
                   "a cancel that has done it is not told");
    explore_assert(by_closer == SPG_CALL_PENDING || by_closer == by_caller,
                   "a close that has done it is not told");
}

static const struct explore_model all_at_once = {
    .name = "callword: answer, time-out, cancel, close",
    .setup = begin,
    .threads = {serve, time_out, cancel, close_all},
    .check = ended_once,
};

static const struct explore_model without_cancel = {
    .name = "callword: answer, time-out, close",
    .setup = begin,
    .threads = {serve, time_out, close_all},
    .check = ended_once,
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&all_at_once, &without_cancel, NULL};
    return explore_main(argc, argv, models);
}
