// SPDX-License-Identifier: MIT
// stats.c: statistics for users.
#include <spargio/stats.h>

#include "base/sized.h"
#include "core/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void read_shard(struct spg_rt *rt, uint32_t shard, spg_stats *out)
{
    *out = (spg_stats){.version = SPG_STATS_VERSION, .shards = 1};
    spgi_stats_add(rt->shards[shard], out);
}

static void add(spg_stats *total, const spg_stats *one)
{
#define SPGI_ADD(name, text) total->name += one->name;
    SPG_COUNTERS(SPGI_ADD)
    SPG_GAUGES(SPGI_ADD)
#undef SPGI_ADD
#define SPGI_MAX(name, text) total->name = one->name > total->name ? one->name : total->name;
    SPG_MAXIMA(SPGI_MAX)
#undef SPGI_MAX
    total->shards += one->shards;
}

// What only the sum can tell: a task may end on another shard than the one that counted its spawn.
static void finish_total(spg_stats *total)
{
    total->version = SPG_STATS_VERSION;
    total->tasks = total->spawned > total->finished ? total->spawned - total->finished : 0;
}

int spg_stats_get_sized(spg_rt *rt, spg_stats *out, size_t size)
{
    if (!rt || !out) {
        return -EINVAL;
    }
    spg_stats total = {0};
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        spg_stats one;
        read_shard(rt, i, &one);
        add(&total, &one);
    }
    finish_total(&total);
    spgi_sized_out(out, size, &total, sizeof total);
    return 0;
}

int spg_stats_shard_sized(spg_rt *rt, uint32_t shard, spg_stats *out, size_t size)
{
    if (!rt || !out || shard >= rt->shard_count) {
        return -EINVAL;
    }
    spg_stats one;
    read_shard(rt, shard, &one);
    spgi_sized_out(out, size, &one, sizeof one);
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
    SPG_COUNTERS(SPGI_FIELD) SPG_GAUGES(SPGI_FIELD) SPG_MAXIMA(SPGI_FIELD)
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

int spg_stack_high_water(spg_rt *rt, size_t *out)
{
    if (!rt || !out) {
        return -EINVAL;
    }
    *out = spgi_stack_depot_high_water(&rt->stacks);
    return 0;
}

// A line: the total is the sum, or the maximum, of what stands beside it, read once.
static void put_field(struct spg_rt *rt, struct text *text, const char *name, size_t offset)
{
    uint64_t values[SPG_MAX_SHARDS];
    spg_stats total = {0};
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        spg_stats one;
        read_shard(rt, i, &one);
        values[i] = value_of(&one, offset);
        add(&total, &one);
    }
    finish_total(&total);
    put(text, "%s %" PRIu64, name, value_of(&total, offset));
    for (uint32_t i = 0; i < rt->shard_count; i++) {
        put(text, " %" PRIu64, values[i]);
    }
    put(text, "\n");
}

int spg_stats_text(spg_rt *rt, char *out, size_t bytes)
{
    if (!rt) {
        return -EINVAL;
    }
    struct text text = {out, out ? bytes : 0, 0};
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        put_field(rt, &text, fields[f].name, fields[f].offset);
    }
    put_knobs(&text, &rt->options.steal);
    put(&text, "stack bytes=%zu high_water=%zu\n", rt->stacks.bytes - rt->stacks.page,
        spgi_stack_depot_high_water(&rt->stacks));
    return (int)text.length;
}
