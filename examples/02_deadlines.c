// SPDX-License-Identifier: MIT
// 02_deadlines.c: a deadline and a cancellation reach every task of a scope, and cleaning up works.
#include <errno.h>
#include <spargio.h>
#include <stdio.h>

#define WORKERS 8

struct worker {
    int why;      // what ended its wait
    bool cleaned; // whether it got to its last line
};

// Waits for something that never comes. The result is 0: that its time ran out is no failure here.
static int wait_for_ever(void *arg)
{
    struct worker *worker = arg;
    worker->why = spg_sleep(SPG_NEVER);
    // A task that is cancelled goes on from here: it frees what it holds, and then returns.
    worker->cleaned = true;
    return 0;
}

static int count_ended_by(const struct worker *workers, int why)
{
    int count = 0;
    for (int i = 0; i < WORKERS; i++) {
        count += workers[i].why == why && workers[i].cleaned;
    }
    return count;
}

static int until_deadline(struct worker *workers)
{
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(20 * SPG_MS));
    if (error) {
        return error;
    }
    error = spg_spawn_n(&scope, NULL, wait_for_ever, workers, sizeof *workers, WORKERS);
    int failed = spg_scope_close(&scope); // returns when the deadline has ended all of them
    return error ? error : failed;
}

static int until_cancelled(struct worker *workers)
{
    spg_scope scope;
    int error = spg_scope_open(&scope, SPG_NEVER);
    if (error) {
        return error;
    }
    error = spg_spawn_n(&scope, NULL, wait_for_ever, workers, sizeof *workers, WORKERS);
    if (!error) {
        error = spg_sleep(spg_after(5 * SPG_MS));
    }
    int refused = spg_scope_cancel(&scope);
    int failed = spg_scope_close(&scope);
    return error ? error : refused ? refused : failed;
}

static int root(void *arg)
{
    (void)arg;
    struct worker late[WORKERS] = {{0}};
    struct worker cancelled[WORKERS] = {{0}};
    int error = until_deadline(late);
    if (!error) {
        error = until_cancelled(cancelled);
    }
    if (error) {
        return error;
    }
    int by_deadline = count_ended_by(late, -ETIME);
    int by_cancel = count_ended_by(cancelled, -ECANCELED);
    printf("%d ended by the deadline (%s)\n", by_deadline, spg_strerror(-ETIME));
    printf("%d ended by the cancellation (%s)\n", by_cancel, spg_strerror(-ECANCELED));
    return by_deadline == WORKERS && by_cancel == WORKERS ? 0 : -EPROTO;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.error_text = why, .error_bytes = sizeof why};
    int result = 0;
    int error = spg_run(&options, root, NULL, &result);
    if (error || result) {
        fprintf(stderr, "02_deadlines: %s %s\n", spg_strerror(error ? error : result), why);
        return 1;
    }
    return 0;
}
