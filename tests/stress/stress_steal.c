// SPDX-License-Identifier: MIT
// stress_steal.c: trees of tasks over 2 to 16 shards. Each node runs once, wherever it is stolen
// to; the sum over the tree equals that of a plain recursion.
#include "support.h"

typedef struct forest {
    uint64_t seed;
    unsigned depth;
    atomic_ulong nodes;
} forest;

// A node, in the frame of its parent, which joins it before it goes.
typedef struct node {
    forest *in;
    uint64_t id;
    unsigned depth;
    uint64_t sum;
    atomic_int runs;
} node;

enum { MOST_CHILDREN = 6 };

static uint64_t mixed(uint64_t value)
{
    return random_next(&value);
}

static unsigned children_of(const forest *in, uint64_t id, unsigned depth)
{
    if (depth == in->depth) {
        return 0;
    }
    return 1 + (unsigned)(mixed(id ^ in->seed) % MOST_CHILDREN);
}

static uint64_t child_id(uint64_t id, unsigned number)
{
    return mixed(id * MOST_CHILDREN + number + 1);
}

// The same tree by a plain recursion.
static uint64_t expected_sum(const forest *in, uint64_t id, unsigned depth, uint64_t *nodes)
{
    uint64_t sum = id;
    unsigned count = children_of(in, id, depth);
    *nodes += 1;
    for (unsigned i = 0; i < count; i++) {
        sum += expected_sum(in, child_id(id, i), depth + 1, nodes);
    }
    return sum;
}

static int grows(void *arg);

static void grow_one_by_one(node *own, node *children, unsigned count)
{
    spg_task tasks[MOST_CHILDREN];
    for (unsigned i = 0; i < count; i++) {
        spg_attr attr = {.place = (enum spg_place)(children[i].id % 5), .key = children[i].id};
        attr.shard = (uint32_t)(children[i].id >> 32) % spg_shards(spg_runtime());
        REQUIRE_OK(spg_spawn(&attr, grows, &children[i], &tasks[i]));
    }
    for (unsigned i = count; i-- > 0;) {
        int result = -1;
        REQUIRE_OK(spg_join(tasks[i], &result, patience()));
        REQUIRE_OK(result);
        own->sum += children[i].sum;
    }
}

static void grow_as_batch(node *own, node *children, unsigned count)
{
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, grows, children, sizeof children[0], count));
    REQUIRE_OK(spg_scope_close(&scope));
    for (unsigned i = 0; i < count; i++) {
        own->sum += children[i].sum;
    }
}

static int grows(void *arg)
{
    node *own = arg;
    node children[MOST_CHILDREN];
    unsigned count = children_of(own->in, own->id, own->depth);
    REQUIRE_EQ(atomic_fetch_add(&own->runs, 1), 0);
    atomic_fetch_add(&own->in->nodes, 1);
    own->sum = own->id;
    for (unsigned i = 0; i < count; i++) {
        children[i] = (node){
            .in = own->in, .id = child_id(own->id, i), .depth = own->depth + 1};
    }
    if (own->id % 3 == 0) {
        grow_one_by_one(own, children, count);
    } else {
        grow_as_batch(own, children, count);
    }
    if (own->id % 16 == 0) {
        REQUIRE_OK(spg_yield());
    }
    for (unsigned i = 0; i < count; i++) {
        REQUIRE_EQ(atomic_load(&children[i].runs), 1);
    }
    return 0;
}

// A tree as deep as it can be with at most so many nodes: all of them may exist at once.
static void grow_forest(uint32_t shards, const spg_options *base, size_t most)
{
    forest all = {.seed = random_stream(shards)};
    spg_options options = *base;
    options.shards = shards;
    node root = {.in = &all, .id = mixed(all.seed)};
    uint64_t nodes = 1;
    while (nodes <= most) {
        all.depth++;
        nodes = 0;
        expected_sum(&all, root.id, 0, &nodes);
    }
    all.depth--;
    nodes = 0;
    uint64_t sum = expected_sum(&all, root.id, 0, &nodes);
    run_root(&options, grows, &root);
    REQUIRE_EQ(atomic_load(&all.nodes), nodes);
    REQUIRE_EQ(root.sum, sum);
}

static const uint32_t shard_counts[] = {2, 3, 4, 8, 16};

START_TEST(each_node_of_a_tree_runs_once)
{
    spg_options options = test_options(0);
    grow_forest(shard_counts[_i], &options, scaled_tasks(300000, 500));
}
END_TEST

START_TEST(each_node_runs_once_with_small_queues)
{
    spg_options options = test_options(0);
    options.queue_entries = 8;
    options.sq_entries = 8;
    options.cq_entries = 16;
    options.steal.batch = 8;
    options.steal.margin = 1;
    options.steal.age_ns = 1;
    grow_forest(shard_counts[_i], &options, scaled_tasks(100000, 500));
}
END_TEST

START_TEST(each_node_runs_once_while_all_tasks_move)
{
    spg_options options = test_options(0);
    options.shuffle_seed = random_stream(77) | 1;
    grow_forest(shard_counts[_i], &options, scaled_tasks(60000, 500));
}
END_TEST

START_TEST(each_node_runs_once_on_polling_shards)
{
    spg_options options = test_options(0);
    options.idle = SPG_IDLE_POLL;
    grow_forest(2, &options, scaled_tasks(100000, 500));
    options.idle = SPG_IDLE_SPIN;
    grow_forest(2, &options, scaled_tasks(100000, 500));
}
END_TEST

int main(void)
{
    int counts = (int)(sizeof shard_counts / sizeof shard_counts[0]);
    Suite *suite = suite_create("stress: steal");
    TCase *tests = add_tests(suite, "steal", 60);
    tcase_add_loop_test(tests, each_node_of_a_tree_runs_once, 0, counts);
    tcase_add_loop_test(tests, each_node_runs_once_with_small_queues, 0, counts);
    tcase_add_loop_test(tests, each_node_runs_once_while_all_tasks_move, 0, counts);
    tcase_add_test(tests, each_node_runs_once_on_polling_shards);
    return run_suite("stress_steal", suite);
}
