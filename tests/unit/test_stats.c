// SPDX-License-Identifier: MIT
// test_stats.c: the counters, their sums, and their text form.
#include "streams.h"

#include <ctype.h>

enum { SHARDS = 3, ROOM = 65536 };

static int yields_and_sleeps(void *arg CK_ATTRIBUTE_UNUSED)
{
    REQUIRE_OK(spg_yield());
    return spg_sleep(spg_after(SPG_US));
}

static int runs_in_thread(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

enum { TASKS = 300, BYTES = 50 };

// A bit of everything that is counted.
static int works(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_scope scope;
    spg_fd ends[2];
    char byte;
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (int place = SPG_STEALABLE; place <= SPG_ROUND_ROBIN; place++) {
        spg_attr attr = {.place = (enum spg_place)place, .shard = 1, .key = 7};
        REQUIRE_OK(spg_spawn_n(&scope, &attr, yields_and_sleeps, NULL, 0, TASKS / 5));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    for (int i = 0; i < BYTES; i++) {
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, spg_after(SPG_MS)), -ETIME);
        REQUIRE_CODE(spg_socket_send(ends[1], "x", 1, 0, patience()), 1);
        REQUIRE_CODE(spg_recv(ends[0], &byte, 1, 0, patience()), 1);
    }
    REQUIRE_OK(spg_blocking(runs_in_thread, NULL, NULL, SPG_NEVER));
    close_pair(ends);
    return 0;
}

// A runtime that has worked and is at rest.
static spg_rt *worked_runtime(void)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_task root;
    int result = -1;
    REQUIRE_OK(spg_spawn_in(rt, NULL, works, NULL, &root));
    REQUIRE_OK(spg_join(root, &result, SPG_NEVER));
    REQUIRE_OK(result);
    REQUIRE_OK(spg_shutdown(rt, NULL, SPG_NEVER));
    return rt;
}

START_TEST(the_counters_tell_what_was_done)
{
    spg_rt *rt = worked_runtime();
    spg_stats stats;
    REQUIRE_OK(spg_stats_get(rt, &stats));
    REQUIRE_EQ(stats.version, SPG_STATS_VERSION);
    REQUIRE_EQ(stats.shards, SHARDS);
    REQUIRE_EQ(stats.spawned, TASKS + 1);
    REQUIRE_EQ(stats.finished, TASKS + 1);
    REQUIRE_EQ(stats.spawned_pinned, 3 * (TASKS / 5));
    REQUIRE_EQ(stats.spawn_refused, 0);
    REQUIRE_EQ(stats.yields, TASKS);
    REQUIRE(stats.switches >= TASKS + 1);
    REQUIRE(stats.suspends > 0);
    REQUIRE(stats.timers_fired > 0);
    REQUIRE(stats.timers_armed >= stats.timers_fired);
    REQUIRE(stats.ops_submitted + stats.ops_inline >= 3 * BYTES);
    REQUIRE(stats.ops_completed <= stats.ops_submitted);
    REQUIRE(stats.ops_cancelled > 0);
    REQUIRE(stats.stacks_mapped + stats.stacks_reused >= TASKS + 1);
    REQUIRE_EQ(stats.blocking_jobs, 1);
    REQUIRE_EQ(stats.blocking_refused, 0);
    REQUIRE(stats.passes > 0 && stats.enters > 0);
    REQUIRE(stats.stolen >= stats.stolen_by_age + stats.stolen_by_depth);
    require_at_rest(rt);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

START_TEST(the_shards_add_up_to_the_total)
{
    spg_rt *rt = worked_runtime();
    spg_stats total;
    spg_stats sum = {0};
    REQUIRE_OK(spg_stats_get(rt, &total));
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        spg_stats one;
        REQUIRE_OK(spg_stats_shard(rt, shard, &one));
        REQUIRE_EQ(one.version, SPG_STATS_VERSION);
        REQUIRE_EQ(one.shards, 1);
#define ADD(name, text) sum.name += one.name;
        SPG_COUNTERS(ADD)
        SPG_GAUGES(ADD)
#undef ADD
    }
    // Tasks are at rest; the loops of the shards may still turn.
#define REQUIRE_SUM(name)                                                                          \
    if (sum.name != total.name) {                                                                  \
        ck_abort_msg(#name ": the shards make %llu, the total says %llu",                          \
                     (unsigned long long)sum.name, (unsigned long long)total.name);                \
    }
    REQUIRE_SUM(spawned)
    REQUIRE_SUM(spawned_pinned)
    REQUIRE_SUM(spawn_refused)
    REQUIRE_SUM(finished)
    REQUIRE_SUM(switches)
    REQUIRE_SUM(yields)
    REQUIRE_SUM(suspends)
    REQUIRE_SUM(migrations)
    REQUIRE_SUM(stolen)
    REQUIRE_SUM(ops_inline)
    REQUIRE_SUM(ops_cancelled)
    REQUIRE_SUM(timers_armed)
    REQUIRE_SUM(timers_fired)
    REQUIRE_SUM(stacks_mapped)
    REQUIRE_SUM(stacks_reused)
    REQUIRE_SUM(blocking_jobs)
    REQUIRE_SUM(tasks)
    REQUIRE_SUM(ready)
    REQUIRE_SUM(timers)
#undef REQUIRE_SUM
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

START_TEST(counters_only_grow)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_stats before;
    REQUIRE_OK(spg_stats_get(rt, &before));
    spg_task root;
    REQUIRE_OK(spg_spawn_in(rt, NULL, works, NULL, &root));
    while (spg_done(root) == 0) {
        spg_stats now;
        REQUIRE_OK(spg_stats_get(rt, &now));
#define REQUIRE_GROWTH(name, text) REQUIRE(now.name >= before.name);
        SPG_COUNTERS(REQUIRE_GROWTH)
        SPG_MAXIMA(REQUIRE_GROWTH)
#undef REQUIRE_GROWTH
        before = now;
    }
    REQUIRE_OK(spg_join(root, NULL, SPG_NEVER));
    end_runtime(rt);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    spg_stats stats;
    char text[8];
    REQUIRE_CODE(spg_stats_get(NULL, &stats), -EINVAL);
    REQUIRE_CODE(spg_stats_get(rt, NULL), -EINVAL);
    REQUIRE_CODE(spg_stats_shard(NULL, 0, &stats), -EINVAL);
    REQUIRE_CODE(spg_stats_shard(rt, 0, NULL), -EINVAL);
    REQUIRE_CODE(spg_stats_shard(rt, 2, &stats), -EINVAL);
    REQUIRE_CODE(spg_stats_shard(rt, UINT32_MAX, &stats), -EINVAL);
    REQUIRE_CODE(spg_stats_text(NULL, text, sizeof text), -EINVAL);
    // A struct of an older header is not written beyond its end.
    memset(&stats, 0xEE, sizeof stats);
    REQUIRE_OK(spg_stats_get_sized(rt, &stats, offsetof(spg_stats, switches)));
    REQUIRE_EQ(stats.version, SPG_STATS_VERSION);
    REQUIRE_EQ(stats.spawned, 0);
    REQUIRE(stats.switches == 0xEEEEEEEEEEEEEEEE);
    end_runtime(rt);
}
END_TEST

// ---- The text ----

// The numbers of the line that starts with name; gives how many there are.
static size_t numbers_of(const char *text, const char *name, uint64_t *numbers, size_t room)
{
    size_t length = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || !isspace((unsigned char)line[length])) {
            continue;
        }
        const char *at = line + length;
        size_t count = 0;
        while (count < room) {
            at += strspn(at, " \t");
            if (!isdigit((unsigned char)*at)) {
                break;
            }
            char *end;
            numbers[count++] = strtoull(at, &end, 10);
            at = end;
        }
        return count;
    }
    return 0;
}

static void require_line(const char *text, const char *name)
{
    uint64_t numbers[SHARDS + 2];
    size_t count = numbers_of(text, name, numbers, SHARDS + 2);
    if (count != SHARDS + 1) {
        ck_abort_msg("the line of %s has %zu numbers: %s", name, count, text);
    }
    uint64_t sum = 0;
    for (size_t i = 1; i <= SHARDS; i++) {
        sum += numbers[i];
    }
    REQUIRE_EQ(numbers[0], sum);
}

// By how much the total of a line is not the largest of the shards'.
static uint64_t maximum_of(const char *text, const char *name)
{
    uint64_t numbers[SHARDS + 2];
    uint64_t most = 0;
    REQUIRE_EQ(numbers_of(text, name, numbers, SHARDS + 2), SHARDS + 1);
    for (size_t i = 1; i <= SHARDS; i++) {
        most = numbers[i] > most ? numbers[i] : most;
    }
    return numbers[0] - most;
}

START_TEST(the_text_has_a_line_per_counter)
{
    spg_rt *rt = worked_runtime();
    char *text = calloc(1, ROOM);
    REQUIRE(text != NULL);
    int length = spg_stats_text(rt, text, ROOM);
    REQUIRE(length > 0 && length < ROOM);
    REQUIRE_EQ(strlen(text), length);
#define REQUIRE_LINE(name, explanation) require_line(text, #name);
    SPG_COUNTERS(REQUIRE_LINE)
    SPG_GAUGES(REQUIRE_LINE)
#undef REQUIRE_LINE
#define REQUIRE_LINE(name, explanation) REQUIRE_EQ(maximum_of(text, #name), 0);
    SPG_MAXIMA(REQUIRE_LINE)
#undef REQUIRE_LINE
    uint64_t spawned[SHARDS + 1];
    REQUIRE_EQ(numbers_of(text, "spawned", spawned, SHARDS + 1), SHARDS + 1);
    REQUIRE_EQ(spawned[0], TASKS + 1);
    free(text);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

START_TEST(the_text_is_cut_to_its_room)
{
    spg_rt *rt = worked_runtime();
    char text[64];
    memset(text, '#', sizeof text);
    int length = spg_stats_text(rt, NULL, 0);
    REQUIRE(length > 1000);
    REQUIRE(spg_stats_text(rt, text, 20) > 1000); // it may have grown by a digit
    REQUIRE_EQ(strlen(text), 19);
    REQUIRE(text[20] == '#');
    REQUIRE(spg_stats_text(rt, text, 1) > 1000);
    REQUIRE_EQ(text[0], 0);
    REQUIRE_OK(spg_destroy(rt));
}
END_TEST

// Whether some line of text holds both words.
static bool line_holds(const char *text, const char *name, const char *value)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        char copy[256];
        size_t length = strcspn(line, "\n");
        length = length < sizeof copy - 1 ? length : sizeof copy - 1;
        memcpy(copy, line, length);
        copy[length] = '\0';
        if (strstr(copy, name) != NULL && strstr(copy, value) != NULL) {
            return true;
        }
    }
    return false;
}

START_TEST(the_text_echoes_the_knobs_in_force)
{
    spg_options options = test_options(2);
    options.steal = (spg_steal_options){.budget = 5171,
                                        .victim_stride = 5273,
                                        .probes = 5379,
                                        .batch = 17,
                                        .margin = 5483,
                                        .fail_cost = 5581,
                                        .backoff_min = 5689,
                                        .backoff_max = 5783,
                                        .age_ns = 5879,
                                        .watch_ns = 5981};
    spg_rt *rt = start_runtime(&options);
    char *text = calloc(1, ROOM);
    REQUIRE(text != NULL);
    REQUIRE(spg_stats_text(rt, text, ROOM) < ROOM);
    REQUIRE(line_holds(text, "budget", "5171"));
    REQUIRE(line_holds(text, "victim_stride", "5273"));
    REQUIRE(line_holds(text, "probes", "5379"));
    REQUIRE(line_holds(text, "batch", "17"));
    REQUIRE(line_holds(text, "margin", "5483"));
    REQUIRE(line_holds(text, "fail_cost", "5581"));
    REQUIRE(line_holds(text, "backoff_min", "5689"));
    REQUIRE(line_holds(text, "backoff_max", "5783"));
    REQUIRE(line_holds(text, "age_ns", "5879"));
    REQUIRE(line_holds(text, "watch_ns", "5981"));
    free(text);
    end_runtime(rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tests = add_tests(suite, "stats", 30);
    tcase_add_test(tests, the_counters_tell_what_was_done);
    tcase_add_test(tests, the_shards_add_up_to_the_total);
    tcase_add_test(tests, counters_only_grow);
    tcase_add_test(tests, wrong_arguments_are_refused);
    tcase_add_test(tests, the_text_has_a_line_per_counter);
    tcase_add_test(tests, the_text_is_cut_to_its_room);
    tcase_add_test(tests, the_text_echoes_the_knobs_in_force);
    return run_suite("test_stats", suite);
}
