// SPDX-License-Identifier: MIT
// model_suspend.c: suspending and waking: a task is wakeable only once its context is saved.
#include "machine.h"

#include <errno.h>

enum { RESULT = 42 };

static spg_task child;
static int shared_value;
static unsigned resumed;

// The child ends on its shard while the parent, on another, is about to suspend.
static int child_main(void *arg)
{
    (void)arg;
    explore_data_write(&shared_value);
    shared_value = 7;
    return RESULT;
}

static int parent_main(void *arg)
{
    (void)arg;
    int result = 0;
    int error = spg_join(child, &result, SPG_NEVER);
    explore_assert(++resumed == 1, "the joiner resumed twice");
    explore_assert(error == 0 && result == RESULT, "a join without the result");
    explore_data_read(&shared_value);
    explore_assert(spg_join(child, &result, SPG_NEVER) == -ESRCH, "a handle is good twice");
    machine_end();
    return 0;
}

static void begin(enum machine_place place)
{
    machine_begin(&(struct machine_options){.shards = 2, .ends = 1});
    resumed = 0;
    shared_value = 0;
    child = machine_spawn(1, MACHINE_PINNED, child_main, NULL);
    machine_start(0, place, parent_main, NULL);
}

static void begin_pinned(void)
{
    begin(MACHINE_PINNED);
}

static void begin_stealable(void)
{
    begin(MACHINE_STEALABLE);
}

static void joined_once(void)
{
    explore_assert(resumed == 1, "the joiner did not resume");
    machine_check();
}

static const struct explore_model join_pinned = {
    .name = "suspend: join, pinned",
    .setup = begin_pinned,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = joined_once,
};

// The finisher's shard runs the joiner: it resumes on another thread than the one it left.
static const struct explore_model join_stealable = {
    .name = "suspend: join, migrating",
    .setup = begin_stealable,
    .threads = {machine_shard, machine_shard, machine_stopper},
    .check = joined_once,
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {&join_pinned, &join_stealable, NULL};
    return explore_main(argc, argv, models);
}
