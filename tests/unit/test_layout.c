// SPDX-License-Identifier: MIT
// test_layout.c: structs that programs and library share grow at their end only: every field stays
// where programs that were built before look for it.
#include "support.h"

#include <stddef.h>

#define HOW_TO_MEND                                                                                \
    "fields go to the end of the struct, and then of the list in this test; if one must move, "    \
    "programs break: then the library needs another soname"

// ---- Statistics ----

// All fields of 8 bytes, in order, as they have been since version 2. New ones: at the end.
static const char *const stats_fields[] = {
    "spawned",
    "spawned_pinned",
    "spawn_refused",
    "finished",
    "switches",
    "yields",
    "suspends",
    "wakes_local",
    "wakes_remote",
    "migrations",
    "next_slot",
    "queue_overflow",
    "steal_searches",
    "steal_scans",
    "stolen",
    "stolen_by_depth",
    "stolen_by_age",
    "steal_empty",
    "steal_young",
    "steal_lost",
    "steal_backoff",
    "affinity_violations",
    "passes",
    "parks",
    "parks_cut",
    "watches",
    "spins",
    "doorbells_sent",
    "doorbells_coalesced",
    "errands_run",
    "enters",
    "ops_submitted",
    "ops_completed",
    "ops_inline",
    "ops_cancelled",
    "completions_late",
    "sq_full",
    "cq_overflow",
    "timers_armed",
    "timers_fired",
    "stacks_mapped",
    "stacks_refused",
    "stacks_reused",
    "messages_sent",
    "message_batches",
    "messages_received",
    "messages_destroyed",
    "parcels_received",
    "lanes_full",
    "blocking_jobs",
    "blocking_refused",
    "tasks",
    "ops",
    "ready",
    "timers",
    "stacks_cached",
    "steal_streak_max",
};

static const struct {
    const char *name;
    size_t offset;
} stats_now[] = {
#define FIELD(name, text) {#name, offsetof(spg_stats, name)},
    SPG_COUNTERS(FIELD) SPG_GAUGES(FIELD) SPG_MAXIMA(FIELD)
#undef FIELD
};

enum {
    FROZEN = sizeof stats_fields / sizeof stats_fields[0],
    FIELDS = sizeof stats_now / sizeof stats_now[0],
};

static size_t offset_now(const char *name)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(stats_now[i].name, name) == 0) {
            return stats_now[i].offset;
        }
    }
    ck_abort_msg("spg_stats has no %s any more: %s", name, HOW_TO_MEND);
    return 0;
}

START_TEST(statistics_stay_where_they_were)
{
    REQUIRE_EQ(SPG_STATS_VERSION, 2);
    REQUIRE_EQ(offsetof(spg_stats, version), 0);
    REQUIRE_EQ(offsetof(spg_stats, shards), 4);
    for (size_t i = 0; i < FROZEN; i++) {
        size_t wanted = 8 + 8 * i;
        size_t offset = offset_now(stats_fields[i]);
        if (offset != wanted) {
            ck_abort_msg("spg_stats.%s is at %zu and was at %zu: %s", stats_fields[i], offset,
                         wanted, HOW_TO_MEND);
        }
    }
    if (FIELDS != FROZEN) {
        ck_abort_msg("spg_stats has %d fields, this test lists %d: list the new ones here, in the "
                     "order of SPG_STATS_ADDED",
                     FIELDS, FROZEN);
    }
    REQUIRE_EQ(sizeof(spg_stats), 8 + 8 * FROZEN);
}
END_TEST

// What a program of tomorrow hands over: more than this library knows.
START_TEST(what_only_a_newer_program_knows_is_zeroed)
{
    struct {
        spg_stats stats;
        uint64_t more[2];
    } newer;
    struct {
        spg_options options;
        uint64_t more[2];
    } newer_options;
    spg_options options = test_options(2);
    spg_rt *rt = start_runtime(&options);
    memset(&newer, 0xEE, sizeof newer);
    REQUIRE_OK(spg_stats_get_sized(rt, &newer.stats, sizeof newer));
    REQUIRE_EQ(newer.stats.version, SPG_STATS_VERSION);
    REQUIRE_EQ(newer.more[0], 0);
    REQUIRE_EQ(newer.more[1], 0);
    memset(&newer, 0xEE, sizeof newer);
    REQUIRE_OK(spg_stats_shard_sized(rt, 1, &newer.stats, sizeof newer));
    REQUIRE_EQ(newer.stats.shards, 1);
    REQUIRE_EQ(newer.more[1], 0);
    memset(&newer_options, 0xEE, sizeof newer_options);
    REQUIRE_OK(spg_options_effective_sized(rt, &newer_options.options, sizeof newer_options));
    REQUIRE_EQ(newer_options.options.shards, 2);
    REQUIRE_EQ(newer_options.more[0], 0);
    REQUIRE_EQ(newer_options.more[1], 0);
    end_runtime(rt);
}
END_TEST

// ---- Options ----

// On 64 bits, which is all that there is.
static const struct {
    const char *name;
    size_t offset;
    size_t was;
} options_fields[] = {
#define OPTION(field, was)                                                                         \
    {                                                                                              \
#field, offsetof(spg_options, field), was                                                  \
    }
    OPTION(shards, 0),
    OPTION(thread_prefix, 8),
    OPTION(cpus, 16),
    OPTION(cpu_count, 24),
    OPTION(sq_entries, 32),
    OPTION(cq_entries, 36),
    OPTION(queue_entries, 40),
    OPTION(max_tasks, 44),
    OPTION(stack_bytes, 48),
    OPTION(idle, 56),
    OPTION(spin_ns, 64),
    OPTION(steal.budget, 72),
    OPTION(steal.victim_stride, 76),
    OPTION(steal.probes, 80),
    OPTION(steal.batch, 84),
    OPTION(steal.margin, 88),
    OPTION(steal.fail_cost, 92),
    OPTION(steal.backoff_min, 96),
    OPTION(steal.backoff_max, 100),
    OPTION(steal.age_ns, 104),
    OPTION(steal.watch_ns, 112),
    OPTION(steal.disabled, 120),
    OPTION(mailbox_capacity, 128),
    OPTION(blocking_threads, 132),
    OPTION(blocking_queue, 136),
    OPTION(blocking_idle_ns, 144),
    OPTION(drain_ns, 152),
    OPTION(reap_ns, 160),
    OPTION(shuffle_seed, 168),
    OPTION(no_overflow_report, 176),
    OPTION(error_text, 184),
    OPTION(error_bytes, 192),
#undef OPTION
};

START_TEST(options_stay_where_they_were)
{
    for (size_t i = 0; i < sizeof options_fields / sizeof options_fields[0]; i++) {
        if (options_fields[i].offset != options_fields[i].was) {
            ck_abort_msg("spg_options.%s is at %zu and was at %zu: %s", options_fields[i].name,
                         options_fields[i].offset, options_fields[i].was, HOW_TO_MEND);
        }
    }
    if (sizeof(spg_options) != 200) {
        ck_abort_msg("spg_options has %zu bytes, this test knows of %d: list the new fields here",
                     sizeof(spg_options), 200);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layout");
    TCase *tests = add_tests(suite, "layout", 30);
    tcase_add_test(tests, statistics_stay_where_they_were);
    tcase_add_test(tests, what_only_a_newer_program_knows_is_zeroed);
    tcase_add_test(tests, options_stay_where_they_were);
    return run_suite("test_layout", suite);
}
