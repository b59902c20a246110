// SPDX-License-Identifier: MIT
// load.c: logq-load: how fast a server answers at a rate, and which rate it can take.

#include "flags.h"
#include "load/rate_search.h"
#include "load/report.h"
#include "load/target.h"
#include "reason.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_ERRORS 1 // some requests were not answered as they should
#define EXIT_USAGE 2

#define DAY_MS ((uint64_t)24 * 3600 * 1000)

// What the flags say.
struct load {
    const char *url;
    struct flag_texts queries;
    const char *limit;
    uint64_t rate;
    uint64_t duration_s;
    uint64_t count;
    uint64_t connections;
    uint64_t seed;
    uint64_t shards;
    uint64_t timeout_ms;
    uint64_t arrivals;
    uint64_t budget_ms;
    uint64_t resolution; // percent
    uint64_t most_rate;
    bool finds_rate;
    bool is_json;
    bool allows_remote;
    bool wants_help;
    // Made from them.
    struct target target;
    struct trial_plan plan;
    struct trial_result *result;
    int exit_code;
};

static const char usage[] =
    "usage: logq-load --url http://127.0.0.1:PORT [--query QUERY]... [FLAGS]\n"
    "\n"
    "Sends requests at a rate, whether they are answered or not, and measures each from the "
    "moment\n"
    "when it was to be sent. With --find-rate it looks for the highest rate at which p99 stays\n"
    "within a budget. Exit code 0; 1 when requests were not answered; 2 on a wrong flag.\n"
    "\n";

static bool read_flags(struct load *load, int count, char **arguments)
{
    static const char *const arrivals[] = {"poisson", "fixed", NULL};
    const struct flag flags[] = {
        {"--url", FLAG_TEXT, &load->url, 0, 0, NULL, "URL",
         "server, and path (default " TARGET_PATH_DEFAULT ")"},
        {"--query", FLAG_TEXTS, &load->queries, 0, 0, NULL, "QUERY",
         "what to ask; of several each time one is drawn"},
        {"--limit", FLAG_TEXT, &load->limit, 0, 0, NULL, "N", "argument limit of each request"},
        {"--rate", FLAG_NUMBER, &load->rate, 1, 10000000, NULL, "N",
         "requests per second (default 100);\n"
         "                            with --find-rate the first that is tried"},
        {"--duration", FLAG_NUMBER, &load->duration_s, 1, DAY_MS / 1000, NULL, "S",
         "seconds in which requests are sent (default 5)"},
        {"--count", FLAG_NUMBER, &load->count, 1, UINT64_MAX / 2, NULL, "N",
         "and how many at most (default: no limit)"},
        {"--connections", FLAG_NUMBER, &load->connections, 1, 100000, NULL, "N",
         "requests on their way at once (default 256)"},
        {"--arrivals", FLAG_CHOICE, &load->arrivals, 0, 0, arrivals, "WORD",
         "poisson (default) or fixed"},
        {"--seed", FLAG_NUMBER, &load->seed, 0, UINT64_MAX, NULL, "N",
         "of arrivals and choices (default 1)"},
        {"--timeout", FLAG_NUMBER, &load->timeout_ms, 1, DAY_MS, NULL, "MS",
         "of one request (default 10000)"},
        {"--shards", FLAG_NUMBER, &load->shards, 1, SPG_MAX_SHARDS, NULL, "N",
         "threads to send from (default 1)"},
        {"--find-rate", FLAG_SWITCH, &load->finds_rate, 0, 0, NULL, NULL,
         "look for the highest rate within the budget"},
        {"--budget-ms", FLAG_NUMBER, &load->budget_ms, 1, DAY_MS, NULL, "N",
         "that p99 must keep (default 100)"},
        {"--max-rate", FLAG_NUMBER, &load->most_rate, 1, 10000000, NULL, "N",
         "where the search ends (default 100000)"},
        {"--resolution", FLAG_NUMBER, &load->resolution, 1, 100, NULL, "PERCENT",
         "of the rate that is found (default 5)"},
        {"--json", FLAG_SWITCH, &load->is_json, 0, 0, NULL, NULL, "print one JSON object"},
        {"--allow-remote", FLAG_SWITCH, &load->allows_remote, 0, 0, NULL, NULL,
         "ask other machines than this one"},
        {"--help", FLAG_SWITCH, &load->wants_help, 0, 0, NULL, NULL, "print this"},
        {0},
    };
    if (!flags_read(flags, "logq-load", arguments, &count)) {
        return false;
    }
    if (load->wants_help) {
        (void)fputs(usage, stdout);
        flags_print(flags);
    } else if (count > 0) {
        fprintf(stderr, "logq-load: %s: what is this? see logq-load --help\n", arguments[0]);
        return false;
    }
    return true;
}

static bool check_target(struct load *load)
{
    if (load->url == NULL) {
        fprintf(stderr, "%slogq-load: --url is missing; see logq-load --help\n", usage);
        return false;
    }
    if (!target_read(load->url, &load->target)) {
        fprintf(stderr, "logq-load: --url %s: give http://ADDRESS:PORT, as http://127.0.0.1:9428\n",
                load->url);
        return false;
    }
    if (!load->target.is_loopback && !load->allows_remote) {
        fprintf(stderr,
                "logq-load: --url %s: this is another machine; load that its owner does not expect "
                "does harm. With --allow-remote it is sent all the same\n",
                load->url);
        return false;
    }
    return true;
}

// False when memory is out.
static bool make_plan(struct load *load)
{
    struct trial_plan *plan = &load->plan;
    *plan = (struct trial_plan){
        .address = (const struct sockaddr *)&load->target.address,
        .address_length = load->target.length,
        .arrivals = (enum arrivals_kind)load->arrivals,
        .duration_ns = (int64_t)load->duration_s * SPG_S,
        .count = load->count,
        .seed = load->seed,
        .connections = (uint32_t)load->connections,
        .timeout_ns = (int64_t)load->timeout_ms * SPG_MS,
    };
    size_t count = load->queries.count == 0 ? 1 : load->queries.count;
    for (size_t i = 0; i < count; i++) {
        const char *query = load->queries.count == 0 ? NULL : load->queries.texts[i];
        target_request(&load->target, query, load->limit, &plan->requests[i]);
        plan->request_count++;
        if (plan->requests[i].is_short) {
            return false;
        }
    }
    return true;
}

static void print_trial(const struct trial_result *result, bool is_good)
{
    report_line(stderr, result);
    fprintf(stderr, "  %s\n", is_good ? "within the budget" : "beyond it");
}

static void print_result(struct load *load)
{
    if (load->is_json) {
        report_json(stdout, load->result);
    } else {
        if (load->finds_rate) {
            printf("highest rate with p99 <= %" PRIu64 " ms\n", load->budget_ms);
        }
        report_print(stdout, load->result);
    }
}

static int root_task(void *arg)
{
    struct load *load = arg;
    int result;
    if (load->finds_rate) {
        const struct rate_search search = {
            .first = (double)load->rate,
            .most = (double)load->most_rate,
            .resolution = (double)load->resolution / 100,
            .budget_ns = (int64_t)load->budget_ms * SPG_MS,
            .trial = print_trial,
        };
        result = rate_search_run(&search, &load->plan, load->result);
    } else {
        result = trial_run(&load->plan, (double)load->rate, load->result);
    }
    if (result < 0) {
        fprintf(stderr, "logq-load: %s: %s\n", load->url, reason_text(result));
        load->exit_code = EXIT_ERRORS;
        return 0;
    }
    print_result(load);
    bool is_answered =
        load->result->latency.total > 0 && trial_error_count(&load->result->errors) == 0;
    load->exit_code = is_answered ? 0 : EXIT_ERRORS;
    return 0;
}

static int run(struct load *load)
{
    char error_text[256] = "";
    const spg_options options = {
        .shards = (uint32_t)load->shards,
        .thread_prefix = "load",
        .error_text = error_text,
        .error_bytes = sizeof error_text,
    };
    load->result = calloc(1, sizeof *load->result);
    if (load->result == NULL || !make_plan(load)) {
        fprintf(stderr, "logq-load: no memory to begin with\n");
        return EXIT_ERRORS;
    }
    int result = spg_run(&options, root_task, load, NULL);
    if (result < 0) {
        fprintf(stderr, "logq-load: %s\n", *error_text == '\0' ? reason_text(result) : error_text);
        return EXIT_ERRORS;
    }
    return load->exit_code;
}

int main(int argc, char **argv)
{
    struct load load = {
        .rate = 100,
        .duration_s = 5,
        .count = UINT64_MAX / 2,
        .connections = 256,
        .seed = 1,
        .shards = 1,
        .timeout_ms = 10000,
        .budget_ms = 100,
        .resolution = 5,
        .most_rate = 100000,
    };
    if (!read_flags(&load, argc - 1, argv + (argc > 0))) {
        return EXIT_USAGE;
    }
    if (load.wants_help) {
        return 0;
    }
    int exit_code = check_target(&load) ? run(&load) : EXIT_USAGE;
    for (size_t i = 0; i < load.plan.request_count; i++) {
        text_free(&load.plan.requests[i]);
    }
    free(load.result);
    return exit_code;
}
