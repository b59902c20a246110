// SPDX-License-Identifier: MIT
// bench_memory.c: what a parked task costs in memory, and what many sleepers cost in CPU.
//
// bench_memory [TASKS [SECONDS]]: 100000 tasks sleep; prints resident bytes and page tables per
// task, then CPU time and context switches of the idle process over the given time (5 s).
#include "measure.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

struct plan {
    size_t tasks;
    int64_t seconds;
};

static int sleeps(void *arg)
{
    (void)arg;
    return spg_sleep(SPG_NEVER) == -ECANCELED ? 0 : 1;
}

// A field of /proc/self/status, in bytes.
static double status_bytes(const char *field)
{
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kilobytes = strtod(line + strlen(field) + 1, NULL);
        }
    }
    if (file) {
        fclose(file);
    }
    return kilobytes * 1024;
}

static int inside(void *arg)
{
    const struct plan *plan = arg;
    double resident = status_bytes("VmRSS");
    double tables = status_bytes("VmPTE");
    spg_scope scope;
    must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    must(spg_spawn_n(&scope, NULL, sleeps, NULL, 0, plan->tasks), "spg_spawn_n");
    must(spg_sleep(spg_after(2 * SPG_S)), "spg_sleep"); // all have started, and sleep
    double n = (double)plan->tasks;
    resident = (status_bytes("VmRSS") - resident) / n;
    tables = (status_bytes("VmPTE") - tables) / n;
    printf("%zu parked tasks: %.0f bytes resident + %.0f bytes of page tables = %.0f per task\n",
           plan->tasks, resident, tables, resident + tables);

    struct rusage before;
    struct rusage after;
    getrusage(RUSAGE_SELF, &before);
    int64_t cpu = cpu_now();
    must(spg_sleep(spg_after(plan->seconds * SPG_S)), "spg_sleep");
    cpu = cpu_now() - cpu;
    getrusage(RUSAGE_SELF, &after);
    printf("idle for %d s: %.2f ms of CPU, %ld voluntary and %ld involuntary context switches\n",
           (int)plan->seconds, (double)cpu / SPG_MS, after.ru_nvcsw - before.ru_nvcsw,
           after.ru_nivcsw - before.ru_nivcsw);
    must(spg_scope_cancel(&scope), "spg_scope_cancel");
    return spg_scope_close(&scope);
}

int main(int argc, char **argv)
{
    struct plan plan = {
        .tasks = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000,
        .seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 5,
    };
    char text[512] = "";
    spg_options options = {
        .max_tasks = (uint32_t)plan.tasks + 2, .error_text = text, .error_bytes = sizeof text};
    int result = 0;
    int code = spg_run(&options, inside, &plan, &result);
    if (code < 0 || result != 0) {
        fprintf(stderr, "bench_memory: %s %d\n", text, result);
        return 1;
    }
    return 0;
}
