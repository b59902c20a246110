// SPDX-License-Identifier: MIT
// options.c: what an option may be, what it is by default, and what the user reads if it is wrong.
#include "core/options.h"

#include "sys/cpus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void spgi_options_explain(const spg_options *options, const char *format, ...)
{
    if (options->error_text && options->error_bytes > 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(options->error_text, options->error_bytes, format, args);
        va_end(args);
    }
}

// ---- Checks ----------------------------------------------------------------------------------

// A number: 0 is the default; else from lowest to highest.
struct number {
    const char *name;
    uint64_t value;
    uint64_t lowest;
    uint64_t highest;
    uint64_t standard;
    bool power_of_two;
};

static int check_number(const spg_options *options, const struct number *number, uint64_t *out)
{
    uint64_t value = number->value ? number->value : number->standard;
    if (value < number->lowest || value > number->highest) {
        spgi_options_explain(options,
                             "%s is %" PRIu64 ": it must be 0 (default %" PRIu64 ") or from %" PRIu64
                             " to %" PRIu64,
                             number->name, value, number->standard, number->lowest, number->highest);
        return -EINVAL;
    }
    if (number->power_of_two && (value & (value - 1))) {
        spgi_options_explain(options,
                             "%s is %" PRIu64 ": it must be a power of two from %" PRIu64 " to %" PRIu64,
                             number->name, value, number->lowest, number->highest);
        return -EINVAL;
    }
    *out = value;
    return 0;
}

static int check_u32(const spg_options *options, const char *name, uint32_t *field, uint32_t lowest,
                     uint32_t highest, uint32_t standard, bool power_of_two)
{
    struct number number = {name, *field, lowest, highest, standard, power_of_two};
    uint64_t value = 0;
    int error = check_number(options, &number, &value);
    *field = error ? *field : (uint32_t)value;
    return error;
}

// A duration in ns: 0 is the default; none: -1 is allowed, too, and means "not at all".
static int check_ns(const spg_options *options, const char *name, int64_t *field, int64_t highest,
                    int64_t standard, bool none)
{
    if (*field == 0) {
        *field = standard;
    }
    if ((*field < 1 && !(none && *field == -1)) || *field > highest) {
        spgi_options_explain(options,
                             "%s is %" PRId64 " ns: it must be 0 (default %" PRId64
                             " ns)%s or from 1 to %" PRId64 " ns",
                             name, *field, standard, none ? ", -1 (not at all)" : "", highest);
        return -EINVAL;
    }
    return 0;
}

static int check_stack(spg_options *options)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (options->stack_bytes == 0) {
        options->stack_bytes = 65536;
    }
    size_t bytes = options->stack_bytes;
    if (bytes < SPG_MIN_STACK_BYTES || bytes > SPG_MAX_STACK_BYTES || bytes % page) {
        spgi_options_explain(options,
                             "stack_bytes is %zu: it must be 0 (default 65536) or a multiple of the "
                             "page size %zu from %u to %u",
                             bytes, page, SPG_MIN_STACK_BYTES, SPG_MAX_STACK_BYTES);
        return -EINVAL;
    }
    return 0;
}

static int check_cpus(const spg_options *options)
{
    if (!options->cpus != !options->cpu_count) {
        spgi_options_explain(options, "cpus and cpu_count belong together: cpus is %s, cpu_count is %zu",
                             options->cpus ? "given" : "NULL", options->cpu_count);
        return -EINVAL;
    }
    for (size_t i = 0; i < options->cpu_count; i++) {
        if (!spgi_cpu_is_usable(options->cpus[i])) {
            spgi_options_explain(options,
                                 "cpus[%zu] is CPU %" PRIu32
                                 ": this process may not run on it (see taskset -p)",
                                 i, options->cpus[i]);
            return -EINVAL;
        }
    }
    return 0;
}

static int check_idle(const spg_options *options)
{
    if ((unsigned)options->idle > SPG_IDLE_POLL) {
        spgi_options_explain(options, "idle is %d: it must be SPG_IDLE_PARK (0), SPIN (1) or POLL (2)",
                             (int)options->idle);
        return -EINVAL;
    }
    return 0;
}

static int check_steal(spg_options *options)
{
    spg_steal_options *steal = &options->steal;
    int error = check_u32(options, "steal.budget", &steal->budget, 1, 65536, 64, false);
    error = error ? error
                  : check_u32(options, "steal.victim_stride", &steal->victim_stride, 1, 65536, 1, false);
    error = error ? error : check_u32(options, "steal.probes", &steal->probes, 1, 65536, 2, false);
    error = error ? error : check_u32(options, "steal.batch", &steal->batch, 1, 64, 4, false);
    error = error ? error : check_u32(options, "steal.margin", &steal->margin, 1, 65536, 2, false);
    error = error ? error : check_u32(options, "steal.fail_cost", &steal->fail_cost, 1, 65536, 1, false);
    error = error ? error
                  : check_u32(options, "steal.backoff_min", &steal->backoff_min, 1, 65536, 1, false);
    error = error ? error
                  : check_u32(options, "steal.backoff_max", &steal->backoff_max, 1, 65536, 32, false);
    error = error ? error : check_ns(options, "steal.age_ns", &steal->age_ns, 3600 * SPG_S, 50 * SPG_US, false);
    error = error ? error
                  : check_ns(options, "steal.watch_ns", &steal->watch_ns, 3600 * SPG_S, 100 * SPG_US, false);
    if (!error && steal->backoff_min > steal->backoff_max) {
        spgi_options_explain(options,
                             "steal.backoff_min is %" PRIu32 ": it must not exceed steal.backoff_max, %" PRIu32,
                             steal->backoff_min, steal->backoff_max);
        error = -EINVAL;
    }
    return error;
}

static int check_limits(spg_options *o)
{
    uint32_t cpus = spgi_cpus_usable();
    cpus = cpus < SPG_MAX_SHARDS ? cpus : SPG_MAX_SHARDS;
    int error = check_u32(o, "shards", &o->shards, 1, SPG_MAX_SHARDS, cpus, false);
    error = error ? error
                  : check_u32(o, "sq_entries", &o->sq_entries, 8, SPG_MAX_RING_ENTRIES, 256, true);
    uint32_t cq = 4 * o->sq_entries;
    cq = cq < SPG_MAX_RING_ENTRIES ? cq : SPG_MAX_RING_ENTRIES;
    error = error ? error
                  : check_u32(o, "cq_entries", &o->cq_entries, 8, SPG_MAX_RING_ENTRIES, cq, true);
    if (!error && o->cq_entries < o->sq_entries) {
        spgi_options_explain(o, "cq_entries is %" PRIu32 ": it must be at least sq_entries, %" PRIu32,
                             o->cq_entries, o->sq_entries);
        error = -EINVAL;
    }
    error = error ? error
                  : check_u32(o, "queue_entries", &o->queue_entries, 8, SPG_MAX_QUEUE_ENTRIES, 1024, true);
    error = error ? error : check_u32(o, "max_tasks", &o->max_tasks, 1, SPG_MAX_TASKS, 1u << 20, false);
    error = error ? error
                  : check_u32(o, "blocking_threads", &o->blocking_threads, 1, SPG_MAX_BLOCKING_THREADS,
                              64, false);
    error = error ? error
                  : check_u32(o, "blocking_queue", &o->blocking_queue, 1, 1u << 20, 1024, false);
    return error;
}

int spgi_options_resolve(const spg_options *given, size_t size, spg_options *out)
{
    memset(out, 0, sizeof *out);
    if (given) {
        // An older program's struct is shorter: what it does not know is zero, the default.
        memcpy(out, given, size < sizeof *out ? size : sizeof *out);
    }
    int error = check_limits(out);
    error = error ? error : check_stack(out);
    error = error ? error : check_cpus(out);
    error = error ? error : check_idle(out);
    error = error ? error : check_ns(out, "spin_ns", &out->spin_ns, SPG_S, SPGI_SPIN_DEFAULT_NS, false);
    error = error ? error
                  : check_ns(out, "blocking_idle_ns", &out->blocking_idle_ns, 3600 * SPG_S, 5 * SPG_S,
                             false);
    error = error ? error : check_ns(out, "drain_ns", &out->drain_ns, INT64_MAX, SPG_S, true);
    error = error ? error : check_ns(out, "reap_ns", &out->reap_ns, INT64_MAX, 5 * SPG_S, false);
    return error ? error : check_steal(out);
}

// ---- Why a shard did not start ---------------------------------------------------------------

void spgi_options_explain_start(const spg_options *options, int error)
{
    struct spgi_memlock memlock = spgi_memlock_limit();
    switch (error) {
    case -EPERM:
        spgi_options_explain(
            options, "io_uring is denied (EPERM): by /proc/sys/kernel/io_uring_disabled (is %d, needed 0; 1 "
                     "needs CAP_SYS_ADMIN or the group in io_uring_group), or by a seccomp filter, as "
                     "containers have by default: allow io_uring_setup, io_uring_enter and io_uring_register",
            spgi_uring_disabled());
        break;
    case -ENOSYS:
        spgi_options_explain(options, "this kernel has no io_uring (ENOSYS): Linux 6.1 or newer is needed; in "
                                      "a container, its seccomp filter may answer so");
        break;
    case -ENOMEM:
        spgi_options_explain(options,
                             "no memory for a ring (ENOMEM), even of 8 entries: RLIMIT_MEMLOCK is %" PRIu64
                             " bytes; raise it (ulimit -l), or use fewer shards than %" PRIu32,
                             memlock.bytes, options->shards);
        break;
    case -EMFILE:
    case -ENFILE:
        spgi_options_explain(options,
                             "descriptors are used up (%s): each of the %" PRIu32
                             " shards needs up to 2; raise RLIMIT_NOFILE (ulimit -n)",
                             spg_strerror(error), options->shards);
        break;
    case -EAGAIN:
        spgi_options_explain(options,
                             "threads are used up (EAGAIN): %" PRIu32
                             " shards need one each; raise RLIMIT_NPROC (ulimit -u) or pids.max of the cgroup",
                             options->shards);
        break;
    default:
        spgi_options_explain(options, "a shard could not be set up: %s", spg_strerror(error));
        break;
    }
}
