// SPDX-License-Identifier: MIT
// stats.c: statistics for users.
#include <spargio/stats.h>

#include "core/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_out(const spg_stats *from, spg_stats *out, size_t size)
{
    memcpy(out, from, size < sizeof *from ? size : sizeof *from);
}

static void collect(struct spg_rt *rt, uint32_t first, uint32_t n, spg_stats *out)
{
    *out = (spg_stats){.version = SPG_STATS_VERSION, .shards = n};
    for (uint32_t i = first; i < first + n; i++) {
        spgi_stats_add(rt->shards[i], out);
    }
}

int spg_stats_get_sized(spg_rt *rt, spg_stats *out, size_t size)
{
    if (!rt || !out) {
        return -EINVAL;
    }
    spg_stats all;
    collect(rt, 0, rt->shard_count, &all);
    all.tasks = all.spawned > all.finished ? all.spawned - all.finished : 0;
    copy_out(&all, out, size);
    return 0;
}

int spg_stats_shard_sized(spg_rt *rt, uint32_t shard, spg_stats *out, size_t size)
{
    if (!rt || !out || shard >= rt->shard_count) {
        return -EINVAL;
    }
    spg_stats one;
    collect(rt, shard, 1, &one);
    copy_out(&one, out, size);
    return 0;
}

// ---- Text ------------------------------------------------------------------------------------

struct text {
    char *out;
    size_t bytes;
    size_t length; // of the whole, also what did not fit
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    size_t at = text->length < text->bytes ? text->length : text->bytes;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->bytes ? text->out + at : NULL, text->bytes - at, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
}

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
#define SPGI_FIELD(name, text) {#name, offsetof(spg_stats, name)},
    SPG_COUNTERS(SPGI_FIELD) SPG_GAUGES(SPGI_FIELD)
#undef SPGI_FIELD
};

static uint64_t value_of(const spg_stats *stats, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const char *)stats + offset, sizeof value);
    return value;
}

static void put_knobs(struct text *text, const spg_steal_options *steal)
{
    put(text,
        "steal budget=%" PRIu32 " victim_stride=%" PRIu32 " probes=%" PRIu32 " batch=%" PRIu32
        " margin=%" PRIu32 " fail_cost=%" PRIu32 " backoff_min=%" PRIu32 " backoff_max=%" PRIu32
        " age_ns=%" PRId64 " watch_ns=%" PRId64 " disabled=%d\n",
        steal->budget, steal->victim_stride, steal->probes, steal->batch, steal->margin,
        steal->fail_cost, steal->backoff_min, steal->backoff_max, steal->age_ns, steal->watch_ns,
        steal->disabled);
}

int spg_stats_text(spg_rt *rt, char *out, size_t bytes)
{
    if (!rt) {
        return -EINVAL;
    }
    struct text text = {out, out ? bytes : 0, 0};
    spg_stats all;
    spg_stats_get(rt, &all);
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        put(&text, "%s %" PRIu64, fields[f].name, value_of(&all, fields[f].offset));
        for (uint32_t i = 0; i < rt->shard_count; i++) {
            spg_stats one;
            spg_stats_shard(rt, i, &one);
            put(&text, " %" PRIu64, value_of(&one, fields[f].offset));
        }
        put(&text, "\n");
    }
    put_knobs(&text, &rt->options.steal);
    return (int)text.length;
}
