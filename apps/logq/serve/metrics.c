// SPDX-License-Identifier: MIT
// metrics.c: what the server has done, as Prometheus reads it.

#include "serve/metrics.h"

#include <inttypes.h>

static const double bucket_seconds[METRICS_BUCKETS] = {
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300,
};

void metrics_answer(struct metrics *metrics, int status)
{
    if (status >= 100 && status < 100 + METRICS_STATUSES) {
        METRICS_ADD(metrics, answers[status - 100], 1);
    }
}

void metrics_duration(struct metrics *metrics, int64_t ns)
{
    int bucket = 0;
    while (bucket < METRICS_BUCKETS && (double)ns > bucket_seconds[bucket] * 1e9) {
        bucket++;
    }
    METRICS_ADD(metrics, durations[bucket], 1);
    METRICS_ADD(metrics, duration_ns, (uint64_t)ns);
}

static uint64_t load(atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_head(struct text *text, const char *name, const char *kind, const char *help)
{
    text_add_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_counter(struct text *text, const char *name, uint64_t value, const char *help)
{
    write_head(text, name, "counter", help);
    text_add_format(text, "%s %" PRIu64 "\n", name, value);
}

static void write_gauge(struct text *text, const char *name, double value, const char *help)
{
    write_head(text, name, "gauge", help);
    text_add_format(text, "%s %g\n", name, value);
}

static void write_answers(struct metrics *metrics, struct text *text)
{
    write_head(text, "logq_http_answers_total", "counter", "answers by status code");
    for (int i = 0; i < METRICS_STATUSES; i++) {
        uint64_t count = load(&metrics->answers[i]);
        if (count > 0) {
            text_add_format(text, "logq_http_answers_total{code=\"%d\"} %" PRIu64 "\n", i + 100,
                            count);
        }
    }
}

static void write_durations(struct metrics *metrics, struct text *text)
{
    static const char name[] = "logq_query_duration_seconds";
    write_head(text, name, "histogram", "time from the place of a query to its end");
    uint64_t sum = 0;
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        sum += load(&metrics->durations[i]);
        text_add_format(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bucket_seconds[i], sum);
    }
    sum += load(&metrics->durations[METRICS_BUCKETS]);
    text_add_format(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    text_add_format(text, "%s_sum %.9f\n", name, (double)load(&metrics->duration_ns) / 1e9);
    text_add_format(text, "%s_count %" PRIu64 "\n", name, sum);
}

// The value that lies `offset` bytes into the statistics, for each shard.
static void write_shards(struct text *text, spg_rt *runtime, const char *name, size_t offset)
{
    for (uint32_t shard = 0; shard < spg_shards(runtime); shard++) {
        spg_stats stats;
        if (spg_stats_shard(runtime, shard, &stats) == 0) {
            uint64_t value;
            memcpy(&value, (const char *)&stats + offset, sizeof value);
            text_add_format(text, "%s{shard=\"%u\"} %" PRIu64 "\n", name, shard, value);
        }
    }
}

static void write_runtime(struct text *text, spg_rt *runtime)
{
#define WRITE_COUNTER_(name, help)                                                                 \
    write_head(text, "spargio_" #name "_total", "counter", help);                                  \
    write_shards(text, runtime, "spargio_" #name "_total", offsetof(spg_stats, name));
#define WRITE_GAUGE_(name, help)                                                                   \
    write_head(text, "spargio_" #name, "gauge", help);                                             \
    write_shards(text, runtime, "spargio_" #name, offsetof(spg_stats, name));
    SPG_COUNTERS(WRITE_COUNTER_)
    SPG_GAUGES(WRITE_GAUGE_)
    SPG_MAXIMA(WRITE_GAUGE_)
#undef WRITE_COUNTER_
#undef WRITE_GAUGE_
}

void metrics_write(struct metrics *metrics, const struct metrics_gauges *gauges, spg_rt *runtime,
                   struct text *text)
{
#define WRITE_(name, help)                                                                         \
    write_counter(text, "logq_" #name "_total", load(&metrics->name), help);
    METRICS_COUNTERS(WRITE_)
#undef WRITE_
    write_gauge(text, "logq_connections", gauges->connections, "connections that are open");
    write_gauge(text, "logq_queries_running", gauges->queries_running, "queries at work");
    write_gauge(text, "logq_queries_waiting", gauges->queries_waiting, "queries in the queue");
    write_gauge(text, "logq_uptime_seconds", gauges->uptime_seconds, "time since the start");
    write_answers(metrics, text);
    write_durations(metrics, text);
    write_runtime(text, runtime);
}
