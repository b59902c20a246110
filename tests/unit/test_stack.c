// SPDX-License-Identifier: MIT
// test_stack.c: how stacks are kept, when their memory goes back, and how deep they have been.
#include "support.h"

enum { FRAME = 1024, CROWD = 1000, ROUNDS = 20 };

// Uses about so many bytes of stack, a frame at a time.
static __attribute__((noinline)) int goes_down(size_t bytes)
{
    char frame[FRAME];
    memset(frame, (char)bytes, sizeof frame);
    __asm__ volatile("" ::"r"(frame) : "memory"); // else only what is read would be there
    int deeper = bytes > FRAME ? goes_down(bytes - FRAME) : 0;
    return deeper + (frame[0] != frame[FRAME - 1]); // after the call: no frame is reused for it
}

static int goes_down_and_waits(void *arg)
{
    const size_t *bytes = arg;
    REQUIRE_EQ(goes_down(*bytes), 0);
    return spg_yield();
}

static int crowd_of(void *arg)
{
    size_t bytes = 1024;
    for (size_t i = 0; i < *(size_t *)arg; i++) {
        spg_scope scope;
        REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
        REQUIRE_OK(spg_spawn_n(&scope, NULL, goes_down_and_waits, &bytes, 0, CROWD));
        REQUIRE_OK(spg_scope_close(&scope));
    }
    return 0;
}

static void run_task(spg_rt *rt, spg_fn *fn, void *arg)
{
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, NULL, fn, arg, &task));
    REQUIRE_OK(spg_join(task, NULL, SPG_NEVER));
}

START_TEST(stacks_go_to_others_in_batches)
{
    spg_options options = ordered_options(1);
    spg_rt *rt = start_runtime(&options);
    size_t rounds = ROUNDS;
    run_task(rt, crowd_of, &rounds);
    spg_stats before;
    spg_stats after;
    REQUIRE_OK(spg_stats_get(rt, &before));
    run_task(rt, crowd_of, &rounds);
    REQUIRE_OK(spg_stats_get(rt, &after));
    // Each crowd is larger than what a shard keeps; all stacks are there by now.
    uint64_t fetched = after.stacks_mapped - before.stacks_mapped;
    REQUIRE(fetched > 0);
    REQUIRE(fetched <= ROUNDS * (CROWD / 100));
    REQUIRE(after.stacks_cached <= 256);
    end_runtime(rt);
}
END_TEST

// ---- Memory ----

static int waits_deep(void *arg)
{
    atomic_int *count = arg;
    REQUIRE_EQ(goes_down(12288), 0);
    atomic_fetch_add(count, 1);
    return spg_sleep(SPG_NEVER);
}

static size_t burst(size_t tasks, spg_rt *rt)
{
    atomic_int count = 0;
    spg_task *handles = calloc(tasks, sizeof *handles);
    REQUIRE(handles != NULL);
    for (size_t i = 0; i < tasks; i++) {
        REQUIRE_OK(spg_spawn_in(rt, NULL, waits_deep, &count, &handles[i]));
    }
    AWAIT_OUTSIDE(atomic_load(&count) == (int)tasks);
    size_t peak = resident_kib();
    for (size_t i = 0; i < tasks; i++) {
        REQUIRE_OK(spg_cancel(handles[i]));
        REQUIRE_OK(spg_join(handles[i], NULL, SPG_NEVER));
    }
    free(handles);
    return peak;
}

START_TEST(memory_falls_back_after_a_burst)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    size_t before = resident_kib();
    size_t peak = burst(scaled_tasks(5000, 1000), rt);
    // Most of what the burst has used, stacks, not the table of tasks, goes back to the system.
    if (!under_sanitizer()) {
        REQUIRE(peak > before);
        AWAIT_OUTSIDE(resident_kib() < before + (peak - before) / 4);
    }
    spg_stats stats;
    do {
        nap();
        REQUIRE_OK(spg_stats_get(rt, &stats));
    } while (stats.stacks_cached > 0); // what an idle shard kept goes back, too
    size_t deepest = 0;
    REQUIRE_OK(spg_stack_high_water(rt, &deepest));
    REQUIRE(deepest >= 12288); // it is remembered
    burst(100, rt);            // and stacks are as good as new
    end_runtime(rt);
}
END_TEST

// ---- Depth ----

START_TEST(the_high_water_mark_tells_the_deepest_stack)
{
    spg_options options = ordered_options(1);
    options.stack_bytes = 1 << 20;
    spg_rt *rt = start_runtime(&options);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t most = options.stack_bytes - page;
    size_t deepest = 1;
    REQUIRE_OK(spg_stack_high_water(rt, &deepest));
    REQUIRE_EQ(deepest, 0);
    size_t bytes = 16384;
    size_t last = 0;
    for (; bytes <= 131072; bytes *= 2) {
        run_task(rt, goes_down_and_waits, &bytes);
        REQUIRE_OK(spg_stack_high_water(rt, &deepest));
        REQUIRE(deepest >= bytes && deepest <= most);
        REQUIRE_EQ(deepest % page, 0);
        REQUIRE(deepest > last);
        if (!under_sanitizer()) {
            REQUIRE(deepest <= 2 * bytes);
        }
        last = deepest;
    }
    bytes = 1024; // a shallow one changes nothing
    run_task(rt, goes_down_and_waits, &bytes);
    REQUIRE_OK(spg_stack_high_water(rt, &deepest));
    REQUIRE_EQ(deepest, last);

    char *text = calloc(1, 65536);
    char expected[96];
    REQUIRE(text != NULL && spg_stats_text(rt, text, 65536) < 65536);
    snprintf(expected, sizeof expected, "\nstack bytes=%zu high_water=%zu\n", most, deepest);
    REQUIRE(strstr(text, expected) != NULL);
    free(text);

    REQUIRE_CODE(spg_stack_high_water(NULL, &deepest), -EINVAL);
    REQUIRE_CODE(spg_stack_high_water(rt, NULL), -EINVAL);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stack");
    TCase *tests = add_tests(suite, "stack", 60);
    tcase_add_test(tests, stacks_go_to_others_in_batches);
    tcase_add_test(tests, memory_falls_back_after_a_burst);
    tcase_add_test(tests, the_high_water_mark_tells_the_deepest_stack);
    return run_suite("test_stack", suite);
}
