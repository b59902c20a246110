// SPDX-License-Identifier: MIT
// 05_placements.c: where tasks start, which of them may move, and what the statistics say of it.
#include <errno.h>
#include <inttypes.h>
#include <spargio.h>
#include <stdio.h>

enum { SHARDS = 2, TASKS = 64 };

struct job {
    uint64_t result;
    int shard; // where it ended
};

static int compute(void *arg)
{
    struct job *job = arg;
    for (uint64_t i = 0; i < 200000; i++) {
        job->result = job->result * 6364136223846793005u + i;
        if (i % 1024 == 0 && spg_should_yield()) {
            (void)spg_yield(); // lets others run; a stealable task may go on elsewhere
        }
    }
    job->shard = spg_shard();
    return 0;
}

// Runs TASKS jobs placed like attr says. Returns how many ended on the given shard, or an error.
static int run_placed(spg_attr attr, int shard)
{
    struct job jobs[TASKS] = {{0}};
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(60 * SPG_S));
    if (error) {
        return error;
    }
    error = spg_spawn_n(&scope, &attr, compute, jobs, sizeof *jobs, TASKS);
    int failed = spg_scope_close(&scope);
    int there = 0;
    for (int i = 0; i < TASKS; i++) {
        there += jobs[i].shard == shard;
    }
    return error ? error : failed ? failed : there;
}

static int root(void *arg)
{
    (void)arg;
    const uint64_t key = 2026;
    int sticky_shard = (int)spg_sticky_shard(key, SHARDS);
    int pinned = run_placed((spg_attr){.place = SPG_PINNED, .shard = 1}, 1);
    int sticky = run_placed((spg_attr){.place = SPG_STICKY, .key = key}, sticky_shard);
    int robin = run_placed((spg_attr){.place = SPG_ROUND_ROBIN}, 0);
    int stealable = run_placed((spg_attr){.place = SPG_STEALABLE_ON, .shard = 0}, 0);
    printf("pinned to shard 1:         %d of %d ended there\n", pinned, TASKS);
    printf("sticky, the key's shard:   %d of %d ended there\n", sticky, TASKS);
    printf("round robin:               %d of %d ended on shard 0\n", robin, TASKS);
    printf("stealable from shard 0:    %d of %d ended there, the rest moved\n", stealable, TASKS);

    spg_stats stats;
    int error = spg_stats_get(spg_runtime(), &stats);
    if (error) {
        return error;
    }
    printf("stolen %" PRIu64 ", migrations %" PRIu64 ", switches %" PRIu64 "\n", stats.stolen,
           stats.migrations, stats.switches);
    if (stealable < 0) {
        return stealable;
    }
    bool kept = pinned == TASKS && sticky == TASKS && robin == TASKS / SHARDS;
    printf("placements: %s\n", kept ? "kept" : "NOT kept");
    return kept && stats.affinity_violations == 0 ? 0 : -EPROTO;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.shards = SHARDS, .error_text = why, .error_bytes = sizeof why};
    int result = 0, error = spg_run(&options, root, NULL, &result);
    if (error || result) {
        fprintf(stderr, "05_placements: %s %s\n", spg_strerror(error ? error : result), why);
    }
    return error || result;
}
