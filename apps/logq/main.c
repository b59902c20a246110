// SPDX-License-Identifier: MIT
// main.c: logq: analytics queries over the log files that are there.

#include "command.h"
#include "flags.h"
#include "serve/server.h"

#include <stdio.h>
#include <sys/resource.h>

static const char usage[] =
    "usage: logq [FLAGS] QUERY FILE...    answers a query over files and folders; - is standard\n"
    "                                     input\n"
    "       logq serve --data DIR [FLAGS] answers queries over HTTP; see logq serve --help\n"
    "\n"
    "The answer is a table on a terminal, and JSON lines elsewhere. Exit code 0; 1 when no record\n"
    "matched and nothing was counted; 2 on an error.\n"
    "\n"
    "  logq 'status:>=500 | top 5 by (request_uri)' access.log\n"
    "  logq 'error | stats by (_time:1h) count() as errors | sort by (_time)' /var/log/app\n"
    "\n";

// As many open files as this process may have: a query opens all files of a folder.
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int query_files(int count, char **arguments)
{
    struct settings settings = settings_default();
    bool wants_help = false;
    bool wants_version = false;
    const struct flag flags[] = {
        SETTINGS_FLAGS(&settings),
        {"--timeout", FLAG_NUMBER, &settings.timeout_ms, 0, SETTINGS_DAY_MS, NULL, "MS",
         "end after so long; 0 is never (default)"},
        {"--help", FLAG_SWITCH, &wants_help, 0, 0, NULL, NULL, "print this"},
        {"--version", FLAG_SWITCH, &wants_version, 0, 0, NULL, NULL, "print the version"},
        {0},
    };
    if (!flags_read(flags, "logq", arguments, &count)) {
        return COMMAND_FAILED;
    }
    if (wants_help) {
        (void)fputs(usage, stdout);
        flags_print(flags);
        return 0;
    }
    if (wants_version) {
        printf("logq %s\n", spg_version());
        return 0;
    }
    if (count < 2) {
        fprintf(stderr, "%slogq: %s is missing; see logq --help\n", usage,
                count == 0 ? "a query" : "a file, or - for standard input,");
        return COMMAND_FAILED;
    }
    return command_run(&settings, arguments[0], arguments + 1, (size_t)count - 1);
}

int main(int argc, char **argv)
{
    raise_file_limit();
    if (argc > 1 && strcmp(argv[1], "serve") == 0) {
        return server_main(argc - 2, argv + 2);
    }
    return query_files(argc - 1, argv + (argc > 0));
}
