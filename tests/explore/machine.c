// SPDX-License-Identifier: MIT
// machine.c: a runtime for models, set up by hand; its shards run the loop of core/shard.c.
#include "machine.h"

#include "core/shard.c" // its loop and its thread-local are its own

#include "core/ending.h"
#include "core/mailbox.h"
#include "core/registry.h"
#include "core/slots.h"
#include "sys/thread.h"

enum { RT_SLOT = 1, QUEUE_ENTRIES = 4, MAX_TASKS = 64, KEPT_SLOTS = 8 };

static struct spg_rt rt;
static struct spgi_shard shards[MACHINE_SHARDS];
static struct spgi_shard *shard_table[MACHINE_SHARDS];
static spgi_aptr queues[MACHINE_SHARDS][QUEUE_ENTRIES];
static struct spgi_sight sights[MACHINE_SHARDS][MACHINE_SHARDS];
static spgi_a32 alive;
static spgi_a32 ended;
static unsigned ends;

struct spg_rt *machine_rt(void)
{
    return &rt;
}

// The one runtime, which outlives its run.
struct spg_rt *spgi_registry_hold(uint32_t slot)
{
    return slot == RT_SLOT ? &rt : NULL;
}

void spgi_registry_let_go(uint32_t slot)
{
    SPGI_CHECK(slot == RT_SLOT);
}

int spgi_thread_process(void)
{
    return 1; // nobody forks
}

static void begin_shard(unsigned index)
{
    struct spgi_shard *shard = &shards[index];
    memset(shard, 0, sizeof *shard);
    memset(queues[index], 0, sizeof queues[index]);
    memset(sights[index], 0, sizeof sights[index]);
    shard->rt = &rt;
    shard->index = index;
    shard->bell_fd = -1;
    shard->takes_threads = true;
    shard->look_stride = 1;
    shard->ring = machine_ring(index);
    shard->ring_fd = (int)index;
    shard->sights = sights[index];
    shard->pass_start = MACHINE_NOW;
    spgi_stealq_init(&shard->stealable, queues[index], QUEUE_ENTRIES, true);
    spgi_outbox_init(&shard->outbox);
    spgi_ring_list_init(&shard->closed_mailboxes);
    shard->couriers = explore_alloc((rt.shard_count + 1) * sizeof *shard->couriers);
    shard->courier_credits = 1;
    spgi_timers_init(&shard->timers);
    spgi_ops_init(shard);
    spgi_random_seed(&shard->random, index + 1);
    explore_label(shard, sizeof *shard, index == 0 ? "shard0" : index == 1 ? "shard1" : "shard2");
}

// Free slots for each shard, so that no run begins with the depot.
static void fill_slots(struct spgi_shard *shard)
{
    SPGI_CHECK(spgi_slots_reserve(shard, KEPT_SLOTS) == 0);
    struct spgi_task *first = spgi_slots_draw(shard, KEPT_SLOTS);
    while (first) {
        struct spgi_link *next = first->ready.link.next;
        spgi_slot_free(shard, first);
        first = next ? SPGI_CONTAINER(next, struct spgi_task, ready.link) : NULL;
    }
    spgi_lease_return(shard);
    shard->spawned_in_pass = false;
}

void machine_begin(const struct machine_options *options)
{
    memset(&rt, 0, sizeof rt);
    machine_kernel_begin();
    explore_thread_local((void *)&current, sizeof current);
    current = NULL;
    rt.slot = RT_SLOT;
    rt.shard_count = options->shards;
    rt.shards = shard_table;
    rt.alive = &alive;
    rt.process = spgi_thread_process();
    spgi_ring_list_init(&rt.boundaries);
    atomic_init(&alive, 1);
    atomic_init(&ended, 0);
    ends = options->ends;
    rt.options.max_tasks = MAX_TASKS;
    rt.options.steal = (spg_steal_options){
        .budget = MACHINE_SHARDS,
        .victim_stride = 1,
        .probes = options->probes ? options->probes : 1,
        .batch = 2,
        .margin = options->margin ? options->margin : 1,
        .fail_cost = 1,
        .backoff_min = 1,
        .backoff_max = 1,
        .age_ns = SPG_S,
        .watch_ns = INT64_MAX / 16,
        .disabled = !options->stealing,
    };
    atomic_init(&rt.idle.watcher, 1); // somebody else watches for ever
    SPGI_CHECK(spgi_slots_init(&rt, 0) == 0);
    rt.spawn_block = KEPT_SLOTS; // for fill_slots
    for (unsigned i = 0; i < options->shards; i++) {
        shard_table[i] = &shards[i];
    }
    for (unsigned i = 0; i < options->shards; i++) {
        begin_shard(i);
        fill_slots(&shards[i]);
    }
    rt.spawn_block = options->spawn_block ? options->spawn_block : SPGI_SPAWN_BLOCK;
    explore_label(&rt, sizeof rt, "rt");
}

spg_mailbox machine_mailbox(unsigned shard, unsigned capacity)
{
    spg_mailbox box;
    if (!rt.mailboxes) {
        rt.mailboxes = explore_alloc(SPG_MAX_MAILBOXES * sizeof *rt.mailboxes);
    }
    SPGI_CHECK(spgi_mailbox_open(&rt, shard, capacity, &box) == 0);
    return box;
}

static spg_task spawn(unsigned shard, enum machine_place place, spg_fn *fn, void *arg,
                      bool joinable)
{
    struct spgi_spawn task = {
        .attr = {.place = place == MACHINE_PINNED ? SPG_PINNED : SPG_STEALABLE_ON, .shard = shard},
        .fn = fn,
        .base = arg,
        .n = 1,
        .joinable = joinable,
    };
    spg_task handle;
    current = &shards[shard];
    SPGI_CHECK(spgi_task_spawn(&shards[shard], &task, &handle.v) == 0);
    spgi_lease_return(&shards[shard]);
    shards[shard].spawned_in_pass = false;
    current = NULL;
    return handle;
}

spg_task machine_spawn(unsigned shard, enum machine_place place, spg_fn *fn, void *arg)
{
    return spawn(shard, place, fn, arg, true);
}

void machine_start(unsigned shard, enum machine_place place, spg_fn *fn, void *arg)
{
    spawn(shard, place, fn, arg, false);
}

// ---- Threads ---------------------------------------------------------------------------------

struct spgi_shard *machine_enter(void)
{
    current = &shards[explore_self()];
    return current;
}

void machine_shard(void)
{
    loop(machine_enter());
    current = NULL;
}

void machine_end(void)
{
    add_acqrel(&ended, 1u);
}

static bool all_ended(void *arg)
{
    (void)arg;
    return load_acquire(&ended) >= ends;
}

void machine_stopper(void)
{
    explore_block_until(all_ended, NULL);
    spgi_ending_stop_threads(&rt, rt.shard_count);
}

unsigned machine_parks(unsigned shard)
{
    const struct spgi_counters *counters = &shards[shard].counters;
    return (unsigned)(load_relaxed(&counters->parks) + load_relaxed(&counters->parks_cut));
}

// Slots that threads have freed, or may spawn into.
static uint64_t count(struct spgi_link *link)
{
    uint64_t n = 0;
    for (; link && n <= MAX_TASKS; link = link->next) {
        n++;
    }
    return n;
}

// All rights to spawn that were ever given out have come back, or nobody has used them yet.
static void check_slots(void)
{
    uint64_t back = count(rt.entry_slots) + count(load_relaxed(&rt.returned.top));
    for (unsigned i = 0; i < rt.shard_count; i++) {
        back += load_relaxed(&shards[i].freed) + load_relaxed(&shards[i].lease);
    }
    explore_assert(back <= rt.leased, "a slot was freed twice");
    explore_assert(back == rt.leased, "a slot was not freed");
    explore_assert(rt.depot_promised == 0, "slots are kept for a batch that has been spawned");
}

void machine_check(void)
{
    for (unsigned i = 0; i < rt.shard_count; i++) {
        struct spgi_shard *shard = &shards[i];
        explore_assert(!shard->pinned.head, "a pinned task is left");
        explore_assert(spgi_stealq_size(&shard->stealable) == 0, "a stealable task is left");
        explore_assert(!shard->next, "a task is left in a next-slot");
        explore_assert(shard->outbox.staged == 0, "a message was not published");
        // The repetition of a cancel that came too early is let run out.
        uint64_t repeats = !spgi_timer_idle(&shard->ops.retry);
        explore_assert(load_relaxed(&shard->timers.armed) == repeats, "a timer is left armed");
        explore_assert(machine_bells(i) <= machine_parks(i), "more than one bell per park");
    }
    check_slots();
    struct spgi_task *task;
    for (uint32_t n = 0; (task = spgi_slot_nth(&rt, n)) != NULL; n++) {
        explore_assert(load_relaxed(&task->life) & SPGI_LIFE_DONE, "a task has not ended");
        explore_assert(!(load_relaxed(&task->life) & SPGI_LIFE_HANDLE), "a slot is not free");
    }
}
