// SPDX-License-Identifier: MIT
// runtime.c: runtimes for users.
#include <spargio/runtime.h>

#include "base/sized.h"
#include "core/ending.h"
#include "core/options.h"
#include "core/runtime.h"
#include "core/shard.h"
#include "sys/cpus.h"

#include <errno.h>
#include <string.h>

// Whether the calling thread is inside the runtime.
static bool is_inside(const struct spg_rt *rt)
{
    struct spgi_shard *shard = spgi_shard_self();
    return shard && shard->rt == rt;
}

int spg_create_sized(const spg_options *given, size_t size, spg_rt **out)
{
    spg_options options;
    if (!out) {
        return -EINVAL;
    }
    int error = spgi_options_resolve(given, size, &options);
    if (error) {
        return error;
    }
    return spgi_runtime_make(&options, out);
}

int spg_shutdown_sized(spg_rt *rt, spg_report *out, size_t size, spg_time deadline)
{
    if (!rt) {
        return -EINVAL;
    }
    if (!load_relaxed(rt->alive)) {
        return -EOWNERDEAD;
    }
    if (is_inside(rt)) {
        return -EDEADLK;
    }
    spg_report report;
    int error = spgi_ending_shutdown(rt, &report, deadline);
    if (out) {
        spgi_sized_out(out, size, &report, sizeof report);
    }
    return error;
}

int spg_destroy(spg_rt *rt)
{
    if (!rt) {
        return 0;
    }
    int error = spg_shutdown(rt, NULL, SPG_NOW);
    if (!error) {
        spgi_runtime_end(rt);
    }
    return error;
}

// Ends a runtime whose root task has returned. -EBUSY: it stays alive.
static int end_run(const spg_options *options, spg_rt *rt)
{
    spg_report report;
    int64_t drain = rt->options.drain_ns;
    int error = spg_shutdown(rt, &report, drain < 0 ? SPG_NOW : spg_after(drain));
    if (error) {
        const spg_leftover *first = &report.left[0];
        spgi_options_explain(
            options,
            "%llu tasks and %llu ops did not end within reap_ns; the runtime is left "
            "alive. First: task \"%s\" in %s on descriptor %d, shard %u",
            (unsigned long long)report.tasks, (unsigned long long)report.ops,
            report.entries ? first->task : "", report.entries ? first->wait : "",
            report.entries ? first->fd : -1, report.entries ? first->shard : 0);
        return error;
    }
    return spg_destroy(rt);
}

int spg_run_sized(const spg_options *given, size_t size, spg_fn *fn, void *arg, int *result)
{
    spg_options options = {0};
    if (given) {
        memcpy(&options, given, size < sizeof options ? size : sizeof options);
    }
    if (!fn) {
        spgi_options_explain(&options, "spg_run: fn is NULL");
        return -EINVAL;
    }
    spg_rt *rt;
    int error = spg_create(&options, &rt);
    if (error) {
        return error;
    }
    spg_task root;
    spg_attr attr = {.name = "root"};
    error = spg_spawn_in(rt, &attr, fn, arg, &root);
    if (!error) {
        error = spg_join(root, result, SPG_NEVER);
    }
    int ended = end_run(&options, rt);
    return error ? error : ended;
}

int spg_options_effective_sized(spg_rt *rt, spg_options *out, size_t size)
{
    if (!rt || !out) {
        return -EINVAL;
    }
    spgi_sized_out(out, size, &rt->options, sizeof rt->options);
    return 0;
}

uint32_t spg_cpus_usable(void)
{
    return spgi_cpus_usable();
}

uint32_t spg_shards(const spg_rt *rt)
{
    return rt ? rt->shard_count : 0;
}
