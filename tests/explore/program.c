// SPDX-License-Identifier: MIT
// program.c: the main function of a program of models: its arguments, and what it prints.
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: %s [options]\n"
    "  --list             the models of this program\n"
    "  --only NAME        this model only\n"
    "  --bound N          at most N preemptions per run, where a model sets none itself (2)\n"
    "  --full             the full bounds: 3 preemptions and 1 stale read, or as the model says\n"
    "  --preemptions N    exactly this bound, for all models\n"
    "  --stale N          at most N stale reads per run, for all models\n"
    "  --random N         N runs at random, without a bound on preemptions\n"
    "  --seed S           of --random (1)\n"
    "  --max-runs N       stop after N runs (then nothing is proved: exit code 1)\n"
    "  --max-steps N      accesses of one run that count as a livelock (20000)\n"
    "  --unpruned         do not cut runs short at known states\n"
    "  --replay TEXT      the one run that a failure named; with --only\n"
    "  --verbose          print every run\n";

struct arguments {
    struct explore_options options;
    const char *only;
    bool list;
    bool full;
    long preemptions; // -1: not given
    long stale;
    unsigned long bound;
};

static unsigned long number(const char *program, const char *name, const char *text)
{
    char *end;
    errno = 0;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || *text == '-') {
        fprintf(stderr, "%s: %s wants a number, not '%s'\n", program, name, text ? text : "");
        exit(2);
    }
    return value;
}

static bool read_flag(struct arguments *arguments, const char *name)
{
    if (strcmp(name, "--list") == 0) {
        arguments->list = true;
    } else if (strcmp(name, "--full") == 0) {
        arguments->full = true;
    } else if (strcmp(name, "--unpruned") == 0) {
        arguments->options.unpruned = true;
    } else if (strcmp(name, "--verbose") == 0) {
        arguments->options.verbose = true;
    } else {
        return false;
    }
    return true;
}

static bool read_value(struct arguments *arguments, const char *program, const char *name,
                       const char *value)
{
    if (strcmp(name, "--only") == 0) {
        arguments->only = value;
    } else if (strcmp(name, "--replay") == 0) {
        arguments->options.replay = value;
    } else if (strcmp(name, "--bound") == 0) {
        arguments->bound = number(program, name, value);
    } else if (strcmp(name, "--preemptions") == 0) {
        arguments->preemptions = (long)number(program, name, value);
    } else if (strcmp(name, "--stale") == 0) {
        arguments->stale = (long)number(program, name, value);
    } else if (strcmp(name, "--random") == 0) {
        arguments->options.random_runs = number(program, name, value);
    } else if (strcmp(name, "--seed") == 0) {
        arguments->options.seed = number(program, name, value);
    } else if (strcmp(name, "--max-runs") == 0) {
        arguments->options.max_executions = number(program, name, value);
    } else if (strcmp(name, "--max-steps") == 0) {
        arguments->options.max_steps = number(program, name, value);
    } else {
        return false;
    }
    return value != NULL;
}

static void read_arguments(int argc, char **argv, struct arguments *arguments)
{
    *arguments =
        (struct arguments){.options = {.seed = 1}, .preemptions = -1, .stale = -1, .bound = 2};
    for (int i = 1; i < argc; i++) {
        if (read_flag(arguments, argv[i])) {
            continue;
        }
        if (!read_value(arguments, argv[0], argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            fprintf(stderr, usage, argv[0]);
            exit(2);
        }
        i++;
    }
}

static struct explore_bounds bounds_of(const struct explore_model *model,
                                       const struct arguments *arguments)
{
    struct explore_bounds bounds = arguments->full ? model->full : model->quick;
    if (bounds.preemptions == 0 && bounds.stale == 0) {
        bounds = arguments->full ? (struct explore_bounds){3, 1}
                                 : (struct explore_bounds){(unsigned)arguments->bound, 0};
    }
    if (arguments->preemptions >= 0) {
        bounds.preemptions = (unsigned)arguments->preemptions;
    }
    if (arguments->stale >= 0) {
        bounds.stale = (unsigned)arguments->stale;
    }
    return bounds;
}

// ---- Crashes ---------------------------------------------------------------------------------

// A model that crashes has failed: the run that led there is what matters.
static void crashed(int signal)
{
    printf("%-26s %9llu runs of this program: FAILED\n", execution.model->name,
           (unsigned long long)execution.run);
    printf("  the model crashed: signal %d\n", signal);
    trace_print();
    fflush(stdout);
    _exit(1);
}

static void catch_crashes(void)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = crashed, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGABRT, &action, NULL);
}

// ---- Running ---------------------------------------------------------------------------------

static void print_result(const struct explore_model *model, const struct explore_options *options,
                         const struct explore_result *result)
{
    printf("%-26s %9llu runs (%llu cut short), %llu states, depth %llu, %u shared objects, ",
           model->name, (unsigned long long)result->executions, (unsigned long long)result->cut,
           (unsigned long long)result->states, (unsigned long long)result->depth,
           result->locations);
    if (options->random_runs > 0) {
        printf("at random from seed %llu, ", (unsigned long long)options->seed);
    } else {
        printf("bound %u + %u stale, ", options->bounds.preemptions, options->bounds.stale);
    }
    const char *verdict = result->failed         ? "FAILED"
                          : options->random_runs ? "nothing found"
                          : options->replay      ? "replayed"
                          : result->complete     ? "all hold"
                                                 : "NOT COMPLETE";
    printf("%.1f s: %s\n", result->seconds, verdict);
    if (result->failed) {
        printf("  %s\n", result->what);
        trace_print();
        printf("  again: --only '%s' --preemptions %u --stale %u --replay '%s'\n", model->name,
               result->preemptions, options->bounds.stale, result->replay);
    }
    fflush(stdout);
}

static bool run_model(const struct explore_model *model, const struct arguments *arguments)
{
    struct explore_options options = arguments->options;
    struct explore_result result;
    options.bounds = bounds_of(model, arguments);
    if (options.random_runs == 0 && !options.replay && arguments->preemptions < 0) {
        options.random_runs = model->random_runs * (arguments->full ? 10 : 1);
    }
    explore_run(model, &options, &result);
    print_result(model, &options, &result);
    bool unproved = !result.complete && options.random_runs == 0 && !options.replay;
    return !result.failed && !unproved;
}

int explore_main(int argc, char **argv, const struct explore_model *const *models)
{
    struct arguments arguments;
    read_arguments(argc, argv, &arguments);
    catch_crashes();
    unsigned ran = 0;
    unsigned bad = 0;
    for (unsigned i = 0; models[i]; i++) {
        if (arguments.only && strcmp(arguments.only, models[i]->name) != 0) {
            continue;
        }
        ran++;
        if (arguments.list) {
            printf("%s\n", models[i]->name);
        } else if (!run_model(models[i], &arguments)) {
            bad++;
        }
    }
    if (ran == 0) {
        fprintf(stderr, "%s: no model is called '%s'; see --list\n", argv[0], arguments.only);
        return 2;
    }
    return bad > 0 ? 1 : 0;
}
