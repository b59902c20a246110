// SPDX-License-Identifier: MIT
// test_report.c: what a shutdown tells of the tasks that it had to cancel: each kind of wait has a
// name, and names its task, its shard and its age.
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

enum { SHARDS = 2, FAR = 1 };

// What the tasks wait for.
typedef struct objects {
    spg_mailbox empty;
    spg_mailbox full;   // of the other shard: nobody receives
    spg_mailbox unread; // likewise
    spg_boundary *calls;
    spg_boundary *serves;
    spg_boundary *rooms; // with one slot, which is taken
    spg_ticket taken;
    spg_chan *chan;
    int pipe[2];
    atomic_int ready; // tasks that are about to wait
} objects;

static objects all;

typedef int wait_fn(void);

typedef struct wait_case {
    const char *name; // in the report
    wait_fn *wait;
    bool has_fd;
} wait_case;

static int sleep_on(void *arg CK_ATTRIBUTE_UNUSED)
{
    return spg_sleep(SPG_NEVER);
}

static int wait_sleep(void)
{
    return spg_sleep(SPG_NEVER);
}

static int wait_join(void)
{
    spg_attr attr = {.name = "below"};
    spg_task task = spawned(&attr, sleep_on, NULL);
    int code = spg_join(task, NULL, SPG_NEVER);
    if (code == 0) {
        return -ECANCELED; // the one below was told first, and has ended
    }
    (void)spg_detach(task);
    return code;
}

static int wait_scope(void)
{
    spg_scope scope;
    spg_attr attr = {.name = "below", .scope = &scope};
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn(&attr, sleep_on, NULL, NULL));
    (void)spg_scope_close(&scope);
    return -ECANCELED;
}

static int wait_message(void)
{
    spg_msg message;
    return (int)spg_receive(all.empty, &message, 1, SPG_NEVER);
}

static int wait_tally(void)
{
    uint64_t sum;
    return spg_tally_take(all.empty, 7, &sum, SPG_NEVER);
}

static int wait_room(void)
{
    int code;
    while ((code = spg_send(all.full, 0, 1, SPG_NEVER)) == 0) {
    }
    return code;
}

static int wait_flush(void)
{
    REQUIRE_OK(spg_send(all.unread, 0, 1, SPG_NOW));
    return spg_flush(SPG_NEVER);
}

static int wait_channel(void)
{
    char item;
    return spg_chan_receive(all.chan, &item, SPG_NEVER);
}

static int wait_call(void)
{
    return spg_call(all.calls, NULL, "?", 1, NULL, 0, NULL, SPG_NEVER);
}

static int wait_serve(void)
{
    spg_request request;
    return spg_serve(all.serves, &request, SPG_NEVER);
}

static int wait_call_room(void)
{
    return spg_call(all.rooms, NULL, "?", 1, NULL, 0, NULL, SPG_NEVER);
}

static int wait_poll(void)
{
    spg_fd fd;
    REQUIRE_OK(spg_fd_adopt(all.pipe[0], &fd));
    int code = spg_poll(fd, POLLIN, SPG_NEVER);
    (void)!spg_fd_release(fd);
    return code;
}

static const wait_case cases[] = {
    {"sleep", wait_sleep, false}, {"join", wait_join, false},
    {"scope", wait_scope, false}, {"message", wait_message, false},
    {"tally", wait_tally, false}, {"room", wait_room, false},
    {"flush", wait_flush, false}, {"call", wait_call, false},
    {"serve", wait_serve, false}, {"room", wait_call_room, false},
    {"poll", wait_poll, true},    {"channel", wait_channel, false},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static int waits(void *arg)
{
    const wait_case *own = arg;
    atomic_fetch_add(&all.ready, 1);
    int code = own->wait();
    REQUIRE(code == -ECANCELED || code == -ESHUTDOWN); // boundaries end by both at once
    return 0;
}

static int return_zero(void *arg CK_ATTRIBUTE_UNUSED)
{
    return 0;
}

static int opens(void *arg CK_ATTRIBUTE_UNUSED)
{
    spg_rt *rt = spg_runtime();
    spg_boundary_options one = {.calls = 1};
    REQUIRE_OK(spg_mailbox_open(FAR, 0, &all.empty));
    REQUIRE_OK(spg_tally_open(all.empty, 7, 1));
    REQUIRE_OK(spg_mailbox_open(0, 1, &all.full));
    REQUIRE_OK(spg_mailbox_open(0, 1, &all.unread));
    REQUIRE_OK(spg_chan_open(1, 1, &all.chan));
    REQUIRE_OK(spg_boundary_open(rt, NULL, &all.calls));
    REQUIRE_OK(spg_boundary_open(rt, NULL, &all.serves));
    REQUIRE_OK(spg_boundary_open(rt, &one, &all.rooms));
    REQUIRE_OK(spg_submit(all.rooms, NULL, "?", 1, &all.taken, SPG_NEVER));
    REQUIRE_EQ(pipe2(all.pipe, O_CLOEXEC | O_NONBLOCK), 0);
    return 0;
}

// From outside: runs fn on the shard of the tasks, and waits for it.
static void run_far(spg_rt *rt, spg_fn *fn)
{
    spg_attr there = pinned_to(FAR);
    spg_task task;
    REQUIRE_OK(spg_spawn_in(rt, &there, fn, NULL, &task));
    REQUIRE_OK(joined(task));
}

static void close_all(void)
{
    REQUIRE_CODE(spg_ticket_wait(all.rooms, all.taken, NULL, 0, NULL, SPG_NOW), -ESHUTDOWN);
    spg_boundary_free(all.calls);
    spg_boundary_free(all.serves);
    spg_boundary_free(all.rooms);
    REQUIRE_OK(spg_chan_free(all.chan));
    close(all.pipe[0]);
    close(all.pipe[1]);
}

// Returns how many entries of the report are of the case.
static int entries_of(const spg_report *report, const wait_case *one, const char *task)
{
    int found = 0;
    for (uint32_t i = 0; i < report->entries; i++) {
        const spg_leftover *left = &report->left[i];
        if (strcmp(left->task, task) == 0) {
            found++;
            REQUIRE_EQ(strcmp(left->wait, one->name), 0);
            REQUIRE_EQ(left->shard, FAR);
            REQUIRE(left->age_ns > 0);
            REQUIRE_EQ(left->fd, one->has_fd ? all.pipe[0] : -1);
        }
    }
    return found;
}

static void name_of(int number, char out[24])
{
    snprintf(out, 24, "case %d", number);
}

START_TEST(each_wait_has_a_name)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_report report;
    char name[24];
    run_far(rt, opens);
    for (int i = 0; i < CASES; i++) {
        name_of(i, name);
        spg_attr attr = {.name = name, .place = SPG_PINNED, .shard = FAR};
        REQUIRE_OK(spg_spawn_in(rt, &attr, waits, (void *)(uintptr_t)&cases[i], NULL));
    }
    AWAIT_OUTSIDE(atomic_load(&all.ready) == CASES);
    run_far(rt, return_zero); // whoever was about to wait on that shard waits by now
    REQUIRE_OK(spg_shutdown(rt, &report, soon()));
    REQUIRE(report.cancelled >= CASES);
    REQUIRE_EQ(report.tasks, 0);
    REQUIRE_EQ(report.ops, 0);
    for (int i = 0; i < CASES; i++) {
        name_of(i, name);
        REQUIRE_EQ(entries_of(&report, &cases[i], name), 1);
    }
    // Nothing is left of them.
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW));
    REQUIRE_EQ(report.entries, 0);
    REQUIRE_EQ(report.cancelled, 0);
    end_runtime(rt);
    close_all();
}
END_TEST

// ---- Tasks that run --------------------------------------------------------------------------

static int hogs(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    while (!spg_cancelled()) {
    }
    return 0;
}

START_TEST(a_task_that_runs_has_an_age)
{
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    spg_attr attr = {.name = "hog", .place = SPG_PINNED, .shard = FAR};
    atomic_int running = 0;
    REQUIRE_OK(spg_spawn_in(rt, &attr, hogs, &running, NULL));
    AWAIT_OUTSIDE(atomic_load(&running) == 1);
    spg_time began = spg_now();
    AWAIT_OUTSIDE(spg_now() >= began + 5 * SPG_MS);
    spg_report report;
    REQUIRE_OK(spg_shutdown(rt, &report, SPG_NOW));
    REQUIRE_EQ(report.entries, 1);
    REQUIRE_EQ(strcmp(report.left[0].task, "hog"), 0);
    REQUIRE_EQ(strcmp(report.left[0].wait, "running"), 0);
    REQUIRE_EQ(report.left[0].shard, FAR);
    REQUIRE(report.left[0].age_ns >= 5 * SPG_MS);
    end_runtime(rt);
}
END_TEST

// ---- Several shutdowns at the same time ------------------------------------------------------

typedef struct ending {
    spg_rt *rt;
    spg_time deadline;
    spg_report report;
    int code;
} ending;

static void *shuts_down(void *arg)
{
    ending *self = arg;
    self->code = spg_shutdown(self->rt, &self->report, self->deadline);
    return NULL;
}

static int spawn_sleeper(spg_rt *rt)
{
    return spg_spawn_in(rt, &(spg_attr){.name = "sleeper"}, sleep_on, NULL, NULL);
}

// What drains for one does so no longer than another one would; each tells what it has seen.
START_TEST(an_earlier_deadline_ends_the_drain_of_another_shutdown)
{
    spg_options options = test_options(SHARDS);
    ending patient = {.rt = start_runtime(&options), .deadline = SPG_NEVER};
    REQUIRE_OK(spawn_sleeper(patient.rt));
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, shuts_down, &patient), 0);
    AWAIT_OUTSIDE(spawn_sleeper(patient.rt) == -ESHUTDOWN); // it drains
    spg_report report;
    REQUIRE_OK(spg_shutdown(patient.rt, &report, SPG_NOW));
    REQUIRE_EQ(report.tasks, 0);
    REQUIRE_EQ(report.cancelled, 0); // the other one has done it
    REQUIRE_EQ(pthread_join(thread, NULL), 0);
    REQUIRE_OK(patient.code);
    REQUIRE(patient.report.cancelled >= 1);
    REQUIRE(patient.report.entries >= 1);
    REQUIRE_EQ(strcmp(patient.report.left[0].task, "sleeper"), 0);
    end_runtime(patient.rt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = add_tests(suite, "report", 60);
    tcase_add_test(tests, each_wait_has_a_name);
    tcase_add_test(tests, a_task_that_runs_has_an_age);
    tcase_add_test(tests, an_earlier_deadline_ends_the_drain_of_another_shutdown);
    return run_suite("test_report", suite);
}
