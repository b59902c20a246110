// SPDX-License-Identifier: MIT
// report.h: what a trial found, for people and for programs.

#ifndef LOGQ_LOAD_REPORT_H
#define LOGQ_LOAD_REPORT_H

#include "load/trial.h"

#include <stdio.h>

// A few lines.
void report_print(FILE *out, const struct trial_result *result);

// One line, for a table of trials.
void report_line(FILE *out, const struct trial_result *result);

// One JSON object in a line; times in milliseconds, but latency_buckets: the largest nanoseconds
// that a bucket holds, and its count.
void report_json(FILE *out, const struct trial_result *result);

#endif
