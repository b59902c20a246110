// SPDX-License-Identifier: MIT
// command.h: `logq QUERY FILE...`: one query, answered on standard output.

#ifndef LOGQ_COMMAND_H
#define LOGQ_COMMAND_H

#include "settings.h"

// The exit codes.
#define COMMAND_FOUND 0
#define COMMAND_NOTHING 1 // no record matched, and nothing was aggregated
#define COMMAND_FAILED 2

// Answers the query; returns the exit code. Messages go to standard error.
int command_run(const struct settings *settings, const char *query, char *const *paths,
                size_t path_count);

#endif
