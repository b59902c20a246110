// SPDX-License-Identifier: MIT
// 07_thread_pool.c: a pool of threads that serves calls of tasks, and itself calls into a task.
#include <pthread.h>
#include <spargio.h>
#include <stdio.h>

enum { THREADS = 3, CALLERS = 20, NUMBERS = 50 };

typedef struct desk {
    spg_boundary *pool; // tasks call, threads serve
    spg_boundary *sums; // threads call, a task serves
} desk;

static void *work(void *arg)
{
    desk *at = arg;
    spg_request request;
    while (spg_serve(at->pool, &request, SPG_NEVER) == 0) {
        uint64_t square = 0;
        if (request.bytes == sizeof square && spg_request_waiting(&request) == 0) {
            square = *(const uint64_t *)request.data;
            square *= square;
            // Into the runtime: waits while the boundary is full, at most as long as our caller.
            int error =
                spg_call(at->sums, NULL, &square, sizeof square, NULL, 0, NULL, request.deadline);
            (void)spg_reply(&request, error, &square, sizeof square);
        } else {
            (void)spg_request_drop(&request);
        }
    }
    return NULL; // closed
}

static int add_up(void *arg)
{
    desk *at = arg;
    uint64_t sum = 0;
    spg_request request;
    while (spg_serve(at->sums, &request, SPG_NEVER) == 0) {
        sum += *(const uint64_t *)request.data;
        (void)spg_reply(&request, 0, NULL, 0);
    }
    printf("sum of squares: %llu\n", (unsigned long long)sum);
    return 0;
}

static int call_all(void *arg)
{
    desk *at = arg;
    for (uint64_t i = 1; i <= NUMBERS; i++) {
        uint64_t square = 0;
        spg_answer answer;
        int error = spg_call(at->pool, NULL, &i, sizeof i, &square, sizeof square, &answer,
                             spg_after(30 * SPG_S));
        error = error ? error : answer.result;
        if (error || square != i * i) {
            return error ? error : -1;
        }
    }
    return 0;
}

static int call_from_many(void *arg)
{
    spg_scope scope;
    int error = spg_scope_open(&scope, SPG_NEVER);
    if (!error) {
        error = spg_spawn_n(NULL, NULL, call_all, arg, 0, CALLERS);
        int failed = spg_scope_close(&scope); // waits for all callers
        error = error ? error : failed;
    }
    return error;
}

// Runs a function as a task of the runtime, and waits for its end.
static int run(spg_rt *rt, spg_fn *fn, desk *at)
{
    spg_task task;
    int result = 0;
    int error = spg_spawn_in(rt, NULL, fn, at, &task);
    error = error ? error : spg_join(task, &result, SPG_NEVER);
    return error ? error : result;
}

static int with_pool(spg_rt *rt, desk *at)
{
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, at) == 0) {
        started++;
    }
    int error = started > 0 ? run(rt, call_from_many, at) : -1;
    (void)spg_boundary_close(at->pool); // the threads end
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return error;
}

int main(void)
{
    spg_rt *rt = NULL;
    desk at = {0};
    spg_task adder;
    char why[256] = "";
    spg_options options = {.shards = 2, .error_text = why, .error_bytes = sizeof why};
    int error = spg_create(&options, &rt);
    error = error ? error : spg_boundary_open(rt, NULL, &at.pool);
    error = error ? error : spg_boundary_open(rt, NULL, &at.sums);
    error = error ? error : spg_spawn_in(rt, NULL, add_up, &at, &adder);
    if (!error) {
        error = with_pool(rt, &at);
        (void)spg_boundary_close(at.sums); // the adder ends
        int failed = spg_join(adder, NULL, SPG_NEVER);
        error = error ? error : failed;
    }
    (void)spg_boundary_free(at.pool);
    (void)spg_boundary_free(at.sums);
    int left = spg_destroy(rt);
    error = error ? error : left;
    if (error) {
        fprintf(stderr, "07_thread_pool: %s %s\n", spg_strerror(error), why);
    }
    return error ? 1 : 0;
}
