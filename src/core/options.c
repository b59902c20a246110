// SPDX-License-Identifier: MIT
// options.c: what an option may be, what it is by default, and what the user reads if it is wrong.
#include "core/options.h"

#include "sys/cpus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
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

// A field of type uint32_t: 0 is the default; else from lowest to highest.
struct number {
    const char *name;
    size_t offset;
    uint32_t lowest;
    uint32_t highest;
    uint32_t standard; // 0: depends on the machine or on other fields
    bool power_of_two;
};

// A field of type int64_t, in ns: 0 is the default; else from 1 to highest.
struct duration {
    const char *name;
    size_t offset;
    int64_t highest;
    int64_t standard;
    bool or_none; // -1 means "not at all"
};

#define NUMBER(field, lowest, highest, standard, power_of_two)                                     \
    {                                                                                              \
#field, offsetof(spg_options, field), lowest, highest, standard, power_of_two              \
    }
#define DURATION(field, highest, standard, or_none)                                                \
    {                                                                                              \
#field, offsetof(spg_options, field), highest, standard, or_none                           \
    }

static const struct number numbers[] = {
    NUMBER(shards, 1, SPG_MAX_SHARDS, 0, false),
    NUMBER(sq_entries, 8, SPG_MAX_RING_ENTRIES, 256, true),
    NUMBER(cq_entries, 8, SPG_MAX_RING_ENTRIES, 0, true),
    NUMBER(queue_entries, 8, SPG_MAX_QUEUE_ENTRIES, 1024, true),
    NUMBER(max_tasks, 1, SPG_MAX_TASKS, 1u << 20, false),
    NUMBER(blocking_threads, 1, SPG_MAX_BLOCKING_THREADS, 64, false),
    NUMBER(mailbox_capacity, 1, SPG_MAX_MAILBOX_CAPACITY, SPGI_MAILBOX_CAPACITY, false),
    NUMBER(blocking_queue, 1, SPG_MAX_BLOCKING_QUEUE, 1024, false),
    NUMBER(steal.budget, 1, SPG_MAX_STEAL_KNOB, 64, false),
    NUMBER(steal.victim_stride, 1, SPG_MAX_STEAL_KNOB, 1, false),
    NUMBER(steal.probes, 1, SPG_MAX_STEAL_KNOB, 2, false),
    NUMBER(steal.batch, 1, SPG_MAX_STEAL_BATCH, 4, false),
    NUMBER(steal.margin, 1, SPG_MAX_STEAL_KNOB, 2, false),
    NUMBER(steal.fail_cost, 1, SPG_MAX_STEAL_KNOB, 1, false),
    NUMBER(steal.backoff_min, 1, SPG_MAX_STEAL_KNOB, 1, false),
    NUMBER(steal.backoff_max, 1, SPG_MAX_STEAL_KNOB, 32, false),
};

static const struct duration durations[] = {
    DURATION(spin_ns, SPG_MAX_SPIN_NS, SPGI_SPIN_DEFAULT_NS, false),
    DURATION(steal.age_ns, SPG_MAX_STEAL_NS, 50 * SPG_US, false),
    DURATION(steal.watch_ns, SPG_MAX_STEAL_NS, 100 * SPG_US, false),
    DURATION(blocking_idle_ns, SPG_MAX_BLOCKING_IDLE_NS, 5 * SPG_S, false),
    DURATION(drain_ns, INT64_MAX, SPG_S, true),
    DURATION(reap_ns, INT64_MAX, 5 * SPG_S, false),
};

static int check_number(spg_options *options, const struct number *number)
{
    uint32_t *field = (uint32_t *)(void *)((char *)options + number->offset);
    uint32_t value = *field ? *field : number->standard;
    bool in_range = value >= number->lowest && value <= number->highest;
    bool fits = !number->power_of_two || (value & (value - 1)) == 0;
    if (!in_range || !fits) {
        spgi_options_explain(options,
                             "%s is %" PRIu32 ": it must be 0 (the default), or %sfrom "
                             "%" PRIu32 " to %" PRIu32,
                             number->name, value, number->power_of_two ? "a power of two " : "",
                             number->lowest, number->highest);
        return -EINVAL;
    }
    *field = value;
    return 0;
}

static int check_duration(spg_options *options, const struct duration *duration)
{
    int64_t *field = (int64_t *)(void *)((char *)options + duration->offset);
    int64_t value = *field ? *field : duration->standard;
    bool none = duration->or_none && value == -1;
    if (!none && (value < 1 || value > duration->highest)) {
        spgi_options_explain(options,
                             "%s is %" PRId64 " ns: it must be 0 (the default)%s, or from "
                             "1 to %" PRId64 " ns",
                             duration->name, value, duration->or_none ? ", -1 (not at all)" : "",
                             duration->highest);
        return -EINVAL;
    }
    *field = value;
    return 0;
}

// Defaults that depend on the machine, or on another field.
static void fill_dependent(spg_options *options)
{
    if (options->shards == 0) {
        uint32_t cpus = spgi_cpus_usable();
        options->shards = cpus < SPG_MAX_SHARDS ? cpus : SPG_MAX_SHARDS;
    }
    if (options->cq_entries == 0) {
        uint64_t cq = 4 * (uint64_t)(options->sq_entries ? options->sq_entries : 256);
        options->cq_entries = cq < SPG_MAX_RING_ENTRIES ? (uint32_t)cq : SPG_MAX_RING_ENTRIES;
    }
}

// Fields that must fit each other.
static int check_order(const spg_options *options, const char *lesser, uint32_t less,
                       const char *greater, uint32_t more)
{
    if (less > more) {
        spgi_options_explain(options, "%s is %" PRIu32 ": it must not exceed %s, %" PRIu32, lesser,
                             less, greater, more);
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
        spgi_options_explain(
            options,
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
        spgi_options_explain(options,
                             "cpus and cpu_count belong together: cpus is %s, cpu_count is %zu",
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
        spgi_options_explain(options,
                             "idle is %d: it must be SPG_IDLE_PARK (0), SPIN (1) or POLL (2)",
                             (int)options->idle);
        return -EINVAL;
    }
    return 0;
}

static int check_fields(spg_options *options)
{
    int error = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !error; i++) {
        error = check_number(options, &numbers[i]);
    }
    for (size_t i = 0; i < sizeof durations / sizeof durations[0] && !error; i++) {
        error = check_duration(options, &durations[i]);
    }
    return error;
}

int spgi_options_resolve(const spg_options *given, size_t size, spg_options *out)
{
    memset(out, 0, sizeof *out);
    if (given) {
        // An older program's struct is shorter: what it does not know is zero, the default.
        memcpy(out, given, size < sizeof *out ? size : sizeof *out);
    }
    fill_dependent(out);
    int error = check_fields(out);
    if (!error) {
        error = check_order(out, "sq_entries", out->sq_entries, "cq_entries", out->cq_entries);
    }
    if (!error) {
        error = check_order(out, "steal.backoff_min", out->steal.backoff_min, "steal.backoff_max",
                            out->steal.backoff_max);
    }
    error = error ? error : check_stack(out);
    error = error ? error : check_cpus(out);
    return error ? error : check_idle(out);
}

// ---- Why a shard did not start ---------------------------------------------------------------

void spgi_options_explain_full(const spg_options *options)
{
    spgi_options_explain(options,
                         "%u runtimes live in this process, as many as there may be "
                         "(SPG_MAX_RUNTIMES): end one with spg_destroy first, or give one runtime "
                         "more shards",
                         SPG_MAX_RUNTIMES);
}

void spgi_options_explain_start(const spg_options *options, int error)
{
    struct spgi_memlock memlock = spgi_memlock_limit();
    switch (error) {
    case -EPERM:
        spgi_options_explain(
            options,
            "io_uring is denied (EPERM): by /proc/sys/kernel/io_uring_disabled (is %d, needed 0; 1 "
            "needs CAP_SYS_ADMIN or the group in io_uring_group), or by a seccomp filter, as "
            "containers have by default: allow io_uring_setup, io_uring_enter and "
            "io_uring_register",
            spgi_uring_disabled());
        break;
    case -ENOSYS:
        spgi_options_explain(
            options, "this kernel has no io_uring (ENOSYS): Linux 6.1 or newer is needed; in "
                     "a container, its seccomp filter may answer so");
        break;
    case -ENOMEM:
        spgi_options_explain(
            options,
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
        spgi_options_explain(
            options,
            "threads are used up (EAGAIN): %" PRIu32
            " shards need one each; raise RLIMIT_NPROC (ulimit -u) or pids.max of the cgroup",
            options->shards);
        break;
    default:
        spgi_options_explain(options, "a shard could not be set up: %s", spg_strerror(error));
        break;
    }
}
