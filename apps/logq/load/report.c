// SPDX-License-Identifier: MIT
// report.c: what a trial found, for people and for programs.

#include "load/report.h"

#include "reason.h"

#include <inttypes.h>

#define PERCENTILES 4

static const struct {
    const char *name;
    double part;
} percentiles[PERCENTILES] = {
    {"p50", 0.50},
    {"p95", 0.95},
    {"p99", 0.99},
    {"p99.9", 0.999},
};

static double milliseconds(int64_t ns)
{
    return (double)ns / 1e6;
}

static double quantile(const struct histogram *histogram, double part)
{
    return milliseconds(histogram_quantile(histogram, part));
}

// Good answers per second.
static double throughput(const struct trial_result *result)
{
    return result->span_ns == 0 ? 0
                                : (double)result->latency.total / ((double)result->span_ns / 1e9);
}

void report_line(FILE *out, const struct trial_result *result)
{
    fprintf(out, "%10.1f/s", result->rate);
    for (int i = 0; i < PERCENTILES; i++) {
        fprintf(out, "  %s %.2f", percentiles[i].name,
                quantile(&result->latency, percentiles[i].part));
    }
    fprintf(out, " ms  %" PRIu64 " answers, %" PRIu64 " errors", result->latency.total,
            trial_error_count(&result->errors));
}

void report_print(FILE *out, const struct trial_result *result)
{
    fprintf(out, "rate        %.1f per second, %" PRIu64 " requests\n", result->rate,
            result->asked);
    fprintf(out, "answered    %" PRIu64 " (%.1f per second, %.2f MB/s)\n", result->latency.total,
            throughput(result),
            result->span_ns == 0 ? 0 : (double)result->bytes * 1e3 / (double)result->span_ns);
    for (int i = 0; i < PERCENTILES; i++) {
        fprintf(out, "%-11s %.3f ms\n", percentiles[i].name,
                quantile(&result->latency, percentiles[i].part));
    }
    fprintf(out, "largest     %.3f ms\n", milliseconds(result->latency.largest));
    fprintf(out, "lateness    p99 %.3f ms, largest %.3f ms (of the generator, in all latencies)\n",
            quantile(&result->lateness, 0.99), milliseconds(result->lateness.largest));
    fprintf(out, "errors      %" PRIu64 "\n", trial_error_count(&result->errors));
#define PRINT_(name, text)                                                                         \
    if (result->errors.name > 0) {                                                                 \
        fprintf(out, "  %-9s %" PRIu64 ": " text "\n", #name, result->errors.name);                \
    }
    TRIAL_ERRORS(PRINT_)
#undef PRINT_
    if (result->failure < 0) {
        fprintf(out, "  first     %s\n", reason_text(result->failure));
    }
}

void report_json(FILE *out, const struct trial_result *result)
{
    fprintf(out, "{\"rate\":%.3f,\"asked\":%" PRIu64 ",\"answered\":%" PRIu64
                 ",\"throughput\":%.3f,\"bytes\":%" PRIu64,
            result->rate, result->asked, result->latency.total, throughput(result),
            result->bytes);
    for (int i = 0; i < PERCENTILES; i++) {
        fprintf(out, ",\"%s\":%.6f", percentiles[i].name,
                quantile(&result->latency, percentiles[i].part));
    }
    fprintf(out, ",\"max\":%.6f,\"lateness_p99\":%.6f,\"errors\":{",
            milliseconds(result->latency.largest), quantile(&result->lateness, 0.99));
    const char *comma = "";
#define PRINT_(name, text)                                                                         \
    fprintf(out, "%s\"" #name "\":%" PRIu64, comma, result->errors.name);                          \
    comma = ",";
    TRIAL_ERRORS(PRINT_)
#undef PRINT_
    fprintf(out, "},\"latency_buckets\":[");
    comma = "";
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (result->latency.counts[i] > 0) {
            fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", comma, histogram_bucket_end(i),
                    result->latency.counts[i]);
            comma = ",";
        }
    }
    fprintf(out, "]}\n");
}
