// SPDX-License-Identifier: MIT
// test_options.c: the options of a runtime: each limit with its text, defaults, values in force.
#include "support.h"

// Options that must be refused, and what the text has to say: the field, the value, the limit.
typedef struct refused {
    spg_options options;
    const char *words[3];
} refused;

static const refused refusals[] = {
    {{.shards = 257}, {"shards", "257", "256"}},
    {{.shards = UINT32_MAX}, {"shards", "4294967295", "256"}},
    {{.sq_entries = 100}, {"sq_entries", "100", ""}},
    {{.sq_entries = 65536}, {"sq_entries", "65536", "32768"}},
    {{.cq_entries = 1000}, {"cq_entries", "1000", ""}},
    {{.cq_entries = 65536}, {"cq_entries", "65536", "32768"}},
    {{.queue_entries = 4}, {"queue_entries", "4", "8"}},
    {{.queue_entries = 24}, {"queue_entries", "24", ""}},
    {{.queue_entries = 131072}, {"queue_entries", "131072", "65536"}},
    {{.max_tasks = 4000001}, {"max_tasks", "4000001", "4000000"}},
    {{.stack_bytes = 12288}, {"stack_bytes", "12288", "16384"}},
    {{.stack_bytes = 65537}, {"stack_bytes", "65537", ""}},
    {{.stack_bytes = 1073745920}, {"stack_bytes", "1073745920", "1073741824"}},
    {{.idle = (enum spg_idle)3}, {"idle", "3", ""}},
    {{.spin_ns = -1}, {"spin_ns", "-1", ""}},
    {{.spin_ns = 1000000001}, {"spin_ns", "1000000001", "1000000000"}},
    {{.steal = {.budget = 65537}}, {"steal.budget", "65537", "65536"}},
    {{.steal = {.victim_stride = 65537}}, {"steal.victim_stride", "65537", "65536"}},
    {{.steal = {.probes = 65537}}, {"steal.probes", "65537", "65536"}},
    {{.steal = {.batch = 65}}, {"steal.batch", "65", "64"}},
    {{.steal = {.margin = 65537}}, {"steal.margin", "65537", "65536"}},
    {{.steal = {.fail_cost = 65537}}, {"steal.fail_cost", "65537", "65536"}},
    {{.steal = {.backoff_max = 65537}}, {"steal.backoff_max", "65537", "65536"}},
    {{.steal = {.age_ns = 3600000000001}}, {"steal.age_ns", "3600000000001", "3600000000000"}},
    {{.steal = {.watch_ns = 3600000000001}}, {"steal.watch_ns", "3600000000001", "3600000000000"}},
    {{.steal = {.age_ns = -1}}, {"age_ns", "-1", ""}},
    {{.steal = {.watch_ns = -1}}, {"watch_ns", "-1", ""}},
    {{.steal = {.backoff_min = 40, .backoff_max = 20}}, {"backoff_m", "40", "20"}},
    {{.blocking_threads = 1025}, {"blocking_threads", "1025", "1024"}},
    {{.blocking_queue = 1048577}, {"blocking_queue", "1048577", "1048576"}},
    {{.blocking_idle_ns = -1}, {"blocking_idle_ns", "-1", ""}},
    {{.drain_ns = -2}, {"drain_ns", "-2", ""}},
    {{.reap_ns = -1}, {"reap_ns", "-1", ""}},
    {{.cpus = NULL, .cpu_count = 1}, {"cpu", "1", ""}},
};

#define REFUSALS (sizeof refusals / sizeof refusals[0])

START_TEST(each_limit_is_refused_with_field_value_and_limit)
{
    const refused *wrong = &refusals[_i];
    char text[512] = "";
    spg_options options = wrong->options;
    options.error_text = text;
    options.error_bytes = sizeof text;
    size_t fds = count_fds();
    size_t threads = count_threads();
    spg_rt *const untouched = (spg_rt *)&options;
    spg_rt *rt = untouched;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    REQUIRE(rt == untouched);
    for (size_t i = 0; i < 3; i++) {
        if (strstr(text, wrong->words[i]) == NULL) {
            ck_abort_msg("the text for %s lacks \"%s\": \"%s\"", wrong->words[0], wrong->words[i],
                         text);
        }
    }
    int result = 5;
    REQUIRE_CODE(spg_run(&options, (spg_fn *)(uintptr_t)1, NULL, &result), -EINVAL);
    REQUIRE_EQ(result, 5);
    REQUIRE_EQ(count_fds(), fds);
    REQUIRE_THREADS(threads);
}
END_TEST

static const spg_options largest[] = {
    {.shards = 2, .sq_entries = 8, .cq_entries = 16},
    {.shards = 2, .queue_entries = 8},
    {.shards = 2, .queue_entries = SPG_MAX_QUEUE_ENTRIES},
    {.shards = 1, .max_tasks = SPG_MAX_TASKS},
    {.shards = 1, .max_tasks = 1},
    {.shards = 1, .stack_bytes = SPG_MAX_STACK_BYTES},
    {.shards = 1, .blocking_threads = SPG_MAX_BLOCKING_THREADS},
    {.shards = 1, .blocking_queue = SPG_MAX_BLOCKING_QUEUE},
    {.shards = 1, .blocking_idle_ns = SPG_MAX_BLOCKING_IDLE_NS},
    {.shards = 1, .idle = SPG_IDLE_SPIN, .spin_ns = SPG_MAX_SPIN_NS},
    {.shards = 2, .steal = {.batch = SPG_MAX_STEAL_BATCH, .budget = SPG_MAX_STEAL_KNOB}},
    {.shards = 2, .steal = {.age_ns = SPG_MAX_STEAL_NS, .watch_ns = SPG_MAX_STEAL_NS}},
    {.shards = 2, .idle = SPG_IDLE_POLL},
    {.shards = 2, .drain_ns = -1},
};

#define LARGEST (sizeof largest / sizeof largest[0])

static int gives_seven(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 7;
}

START_TEST(each_limit_itself_is_accepted_and_works)
{
    char text[512] = "";
    spg_options options = largest[_i];
    options.error_text = text;
    options.error_bytes = sizeof text;
    int result = 0;
    int code = spg_run(&options, gives_seven, NULL, &result);
    if (code != 0) {
        ck_abort_msg("%s: %s", spg_strerror(code), text);
    }
    REQUIRE_EQ(result, 7);
}
END_TEST

START_TEST(defaults_are_those_of_the_header)
{
    spg_rt *rt = start_runtime(&(spg_options){0});
    spg_options got;
    REQUIRE_OK(spg_options_effective(rt, &got));
    REQUIRE_EQ(got.shards, spg_cpus_usable());
    REQUIRE_EQ(spg_shards(rt), spg_cpus_usable());
    REQUIRE_EQ(strcmp(got.thread_prefix, "spg"), 0);
    REQUIRE(got.cpus == NULL && got.error_text == NULL);
    // Rings may have been halved for want of lockable memory.
    REQUIRE(got.sq_entries >= 8 && got.sq_entries <= 256);
    REQUIRE(got.cq_entries >= 8 && got.cq_entries <= 1024);
    REQUIRE_EQ(got.queue_entries, 1024);
    if (light_guards()) {
        REQUIRE_EQ(got.max_tasks, 1048576);
    } else {
        REQUIRE(got.max_tasks >= 1000 && got.max_tasks < 65530 / 2);
        REQUIRE(got.shards != 2 || got.max_tasks == 15488);
    }
    REQUIRE_EQ(got.stack_bytes, 65536);
    REQUIRE_EQ(got.idle, SPG_IDLE_PARK);
    REQUIRE_EQ(got.spin_ns, 50 * SPG_US);
    REQUIRE_EQ(got.steal.budget, 64);
    REQUIRE_EQ(got.steal.victim_stride, 1);
    REQUIRE_EQ(got.steal.probes, 2);
    REQUIRE_EQ(got.steal.batch, 4);
    REQUIRE_EQ(got.steal.margin, 2);
    REQUIRE_EQ(got.steal.fail_cost, 1);
    REQUIRE_EQ(got.steal.backoff_min, 1);
    REQUIRE_EQ(got.steal.backoff_max, 32);
    REQUIRE_EQ(got.steal.age_ns, 50 * SPG_US);
    REQUIRE_EQ(got.steal.watch_ns, 100 * SPG_US);
    REQUIRE(!got.steal.disabled);
    REQUIRE_EQ(got.blocking_threads, 64);
    REQUIRE_EQ(got.blocking_queue, 1024);
    REQUIRE_EQ(got.blocking_idle_ns, 5 * SPG_S);
    REQUIRE_EQ(got.drain_ns, SPG_S);
    REQUIRE_EQ(got.reap_ns, 5 * SPG_S);
    REQUIRE_EQ(got.shuffle_seed, 0);
    REQUIRE(!got.no_overflow_report);
    end_runtime(rt);
}
END_TEST

START_TEST(null_options_are_the_defaults)
{
    spg_rt *rt = NULL;
    REQUIRE_OK(spg_create(NULL, &rt));
    REQUIRE_EQ(spg_shards(rt), spg_cpus_usable());
    end_runtime(rt);
}
END_TEST

START_TEST(values_set_come_back)
{
    char prefix[16] = "mine";
    spg_options options = {
        .shards = 3,
        .thread_prefix = prefix,
        .sq_entries = 64,
        .cq_entries = 512,
        .queue_entries = 32,
        .max_tasks = 1000,
        .stack_bytes = 131072,
        .idle = SPG_IDLE_SPIN,
        .spin_ns = 12345,
        .steal = {.budget = 5,
                  .victim_stride = 3,
                  .probes = 7,
                  .batch = 9,
                  .margin = 11,
                  .fail_cost = 13,
                  .backoff_min = 2,
                  .backoff_max = 17,
                  .age_ns = 19000,
                  .watch_ns = 23000,
                  .disabled = true},
        .blocking_threads = 4,
        .blocking_queue = 6,
        .blocking_idle_ns = 29000,
        .drain_ns = 31000,
        .reap_ns = 37000,
        .shuffle_seed = 41,
        .no_overflow_report = true,
    };
    spg_rt *rt = start_runtime(&options);
    memset(prefix, 'x', 4); // it was copied
    spg_options got;
    REQUIRE_OK(spg_options_effective(rt, &got));
    REQUIRE_EQ(got.shards, 3);
    REQUIRE_EQ(strcmp(got.thread_prefix, "mine"), 0);
    REQUIRE(got.sq_entries >= 8 && got.sq_entries <= 64);
    REQUIRE(got.cq_entries >= 8 && got.cq_entries <= 512);
    REQUIRE_EQ(got.queue_entries, 32);
    REQUIRE_EQ(got.max_tasks, 1000);
    REQUIRE_EQ(got.stack_bytes, 131072);
    REQUIRE_EQ(got.idle, SPG_IDLE_SPIN);
    REQUIRE_EQ(got.spin_ns, 12345);
    REQUIRE(memcmp(&got.steal, &options.steal, offsetof(spg_steal_options, disabled)) == 0);
    REQUIRE(got.steal.disabled);
    REQUIRE_EQ(got.blocking_threads, 4);
    REQUIRE_EQ(got.blocking_queue, 6);
    REQUIRE_EQ(got.blocking_idle_ns, 29000);
    REQUIRE_EQ(got.drain_ns, 31000);
    REQUIRE_EQ(got.reap_ns, 37000);
    REQUIRE_EQ(got.shuffle_seed, 41);
    REQUIRE(got.no_overflow_report);
    REQUIRE_CODE(spg_options_effective(NULL, &got), -EINVAL);
    REQUIRE_CODE(spg_options_effective(rt, NULL), -EINVAL);
    end_runtime(rt);
}
END_TEST

START_TEST(a_shorter_struct_of_an_older_header_is_filled_up)
{
    spg_options options = {.shards = 2, .thread_prefix = "old"};
    memset(&options.sq_entries, 0xFF, sizeof options - offsetof(spg_options, sq_entries));
    spg_rt *rt = NULL;
    REQUIRE_OK(spg_create_sized(&options, offsetof(spg_options, sq_entries), &rt));
    struct {
        char room[offsetof(spg_options, queue_entries)];
        uint32_t beyond;
    } old = {.beyond = 0xABCD};
    REQUIRE_OK(spg_options_effective_sized(rt, (spg_options *)(void *)&old, sizeof old.room));
    REQUIRE_EQ(old.beyond, 0xABCD);
    spg_options got;
    REQUIRE_OK(spg_options_effective(rt, &got));
    REQUIRE_EQ(got.shards, 2);
    REQUIRE_EQ(got.queue_entries, 1024);
    end_runtime(rt);
}
END_TEST

START_TEST(error_text_is_cut_to_its_room)
{
    char text[16];
    memset(text, '#', sizeof text);
    spg_options options = {.shards = 1000, .error_text = text, .error_bytes = 8};
    spg_rt *rt;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    REQUIRE(memchr(text, '\0', 8) != NULL);
    REQUIRE(text[8] == '#');
    options.error_bytes = 0;
    memset(text, '#', sizeof text);
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
    REQUIRE(text[0] == '#');
    options.error_text = NULL;
    REQUIRE_CODE(spg_create(&options, &rt), -EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = add_tests(suite, "options", 20);
    tcase_add_loop_test(tests, each_limit_is_refused_with_field_value_and_limit, 0, REFUSALS);
    tcase_add_loop_test(tests, each_limit_itself_is_accepted_and_works, 0, LARGEST);
    tcase_add_test(tests, defaults_are_those_of_the_header);
    tcase_add_test(tests, null_options_are_the_defaults);
    tcase_add_test(tests, values_set_come_back);
    tcase_add_test(tests, a_shorter_struct_of_an_older_header_is_filled_up);
    tcase_add_test(tests, error_text_is_cut_to_its_room);
    return run_suite("test_options", suite);
}
