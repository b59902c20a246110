// SPDX-License-Identifier: MIT
// machine_kernel.c: what the machine has instead of a kernel: rings, time, futex, stacks.
#include "machine.h"

#include "base/assert.h"
#include "core/op.h"
#include "sys/alarmfd.h"
#include "sys/bellfd.h"
#include "sys/forkword.h"
#include "sys/futex.h"
#include "sys/thread.h"

#include <errno.h>
#include <string.h>

enum { REQUESTS = 8, STACKS = 12, STACK_BYTES = 32768 };
// A sleep of this length or more lasts until a bell: nothing in a model waits so long.
static const int64_t FOR_EVER = INT64_MAX / 32;

struct spgi_ring {
    spgi_a32 bells;            // completions that others have posted
    spgi_a64 posted[REQUESTS]; // user data of those that are no bells; 0: not yet
    spgi_a32 posted_count;
    unsigned posted_seen;
    unsigned rung; // of these, counted since the run began
    struct spgi_request prepared[REQUESTS];
    uint64_t prepared_data[REQUESTS];
    unsigned prepared_count;
    uint64_t flying[REQUESTS]; // requests that the kernel works on
    unsigned flying_count;
    uint64_t polls[REQUESTS]; // of descriptors that never become ready: only a cancel ends them
    unsigned poll_count;
    struct spgi_completion done[REQUESTS];
    unsigned done_count;
    bool missed; // a cancel has come too late for a request in flight: once per run is enough
};

static struct spgi_ring rings[MACHINE_SHARDS];
static int64_t now[EXPLORE_THREADS + 1]; // each thread's clock
static spgi_a32 futex_wakes;
static char stacks[STACKS][STACK_BYTES] __attribute__((aligned(64)));
static struct spgi_stack stack_heads[STACKS];
static bool stack_runs[STACKS];
static unsigned stacks_taken;

void machine_kernel_begin(void)
{
    memset(rings, 0, sizeof rings);
    memset(stack_runs, 0, sizeof stack_runs);
    stacks_taken = 0;
    atomic_init(&futex_wakes, 0);
    for (unsigned i = 0; i <= EXPLORE_THREADS; i++) {
        now[i] = MACHINE_NOW;
    }
    explore_label(rings, sizeof rings, "rings");
}

struct spgi_ring *machine_ring(unsigned shard)
{
    return &rings[shard];
}

unsigned machine_bells(unsigned shard)
{
    return rings[shard].rung;
}

// ---- Switches --------------------------------------------------------------------------------

static bool *runs_on(const void *address)
{
    const char *at = address;
    bool on_stack = at >= stacks[0] && at < stacks[STACKS - 1] + STACK_BYTES;
    return on_stack ? &stack_runs[(size_t)(at - stacks[0]) / STACK_BYTES] : NULL;
}

// A stack that is left may be entered, by any thread; one that is in use must not be.
void machine_ctx_switch(void **save, void *load)
{
    char here = 0; // an address on the stack that is left
    bool *left = runs_on(&here);
    bool *entered = runs_on(load);
    if (left) {
        explore_point(); // whoever may wake the task already could do so now
        *left = false;
    }
    if (entered) {
        explore_assert(!*entered, "a task is entered while its stack is in use");
        *entered = true;
    }
    (spgi_ctx_switch)(save, load);
}

struct spgi_stack_batch spgi_stack_depot_take(struct spgi_stack_depot *depot)
{
    (void)depot;
    struct spgi_stack_batch batch = {0};
    if (stacks_taken == STACKS) {
        return batch;
    }
    struct spgi_stack *stack = &stack_heads[stacks_taken];
    stack->base = stacks[stacks_taken];
    stack->top = stacks[stacks_taken] + STACK_BYTES;
    stacks_taken++;
    spgi_stack_push(&batch, stack);
    return batch;
}

void spgi_stack_depot_give(struct spgi_stack_depot *depot, const struct spgi_stack_batch *batch,
                           int64_t given)
{
    (void)depot;
    (void)batch;
    (void)given;
}

bool spgi_stack_depot_trim(struct spgi_stack_depot *depot, int64_t before)
{
    (void)depot;
    (void)before;
    return false;
}

// ---- Threads ---------------------------------------------------------------------------------

int spgi_thread_account_open(void)
{
    return -1;
}

void spgi_thread_account_close(int account)
{
    (void)account;
}

int64_t spgi_thread_waited(int account)
{
    (void)account;
    return 0;
}

// ---- Rings -----------------------------------------------------------------------------------

void spgi_ring_close(struct spgi_ring *ring)
{
    (void)ring;
}

bool spgi_ring_prepare(struct spgi_ring *ring, const struct spgi_request *request,
                       uint64_t user_data, uint32_t reserve)
{
    (void)reserve;
    if (ring->prepared_count == REQUESTS) {
        return false;
    }
    ring->prepared[ring->prepared_count] = *request;
    ring->prepared_data[ring->prepared_count++] = user_data;
    return true;
}

bool spgi_ring_prepare_bell(struct spgi_ring *ring, int target_fd, uint64_t user_data)
{
    struct spgi_request bell = {.opcode = SPGI_OP_RING_BELL, .fd = target_fd};
    return spgi_ring_prepare(ring, &bell, user_data, 0);
}

uint32_t spgi_ring_room(const struct spgi_ring *ring)
{
    return REQUESTS - ring->prepared_count;
}

uint32_t spgi_ring_unsubmitted(const struct spgi_ring *ring)
{
    return ring->prepared_count;
}

bool spgi_ring_wants_enter(const struct spgi_ring *ring)
{
    (void)ring;
    return false; // what is in flight completes only inside the kernel, and is seen at once then
}

bool spgi_ring_overflowed(const struct spgi_ring *ring)
{
    (void)ring;
    return false;
}

static spgi_a32 *bells_of(const struct spgi_ring *ring)
{
    return &rings[ring - rings].bells;
}

bool spgi_ring_has_completion(const struct spgi_ring *ring)
{
    return ring->done_count > 0 || load_acquire(bells_of(ring)) != 0;
}

int spgi_ring_bell_from_thread(int target_fd, uint64_t user_data)
{
    (void)user_data;
    rings[target_fd].rung++;
    add_seqcst(&rings[target_fd].bells, 1u);
    return 0;
}

void spgi_ring_info(const struct spgi_ring *ring, struct spgi_ring_info *out)
{
    (void)ring;
    *out = (struct spgi_ring_info){.sq_entries = REQUESTS, .cq_entries = REQUESTS};
}

static void complete(struct spgi_ring *ring, uint64_t user_data, int result)
{
    explore_assert(ring->done_count < REQUESTS, "more completions than the machine holds");
    ring->done[ring->done_count++] =
        (struct spgi_completion){.user_data = user_data, .result = result};
}

static void take_off(struct spgi_ring *ring, unsigned index)
{
    ring->flying[index] = ring->flying[--ring->flying_count];
}

// A cancel finds its request, finds it too far on, or comes too late.
static void cancel(struct spgi_ring *ring, uint64_t target, uint64_t user_data)
{
    for (unsigned i = 0; i < ring->poll_count; i++) {
        if (ring->polls[i] == target) {
            ring->polls[i] = ring->polls[--ring->poll_count];
            complete(ring, target, -ECANCELED);
            complete(ring, user_data, 0);
            return;
        }
    }
    for (unsigned i = 0; i < ring->flying_count; i++) {
        if (ring->flying[i] == target) {
            if (ring->missed || explore_choice(2) == 0) {
                take_off(ring, i);
                complete(ring, target, -ECANCELED);
                complete(ring, user_data, 0);
            } else {
                ring->missed = true;
                complete(ring, user_data, -EALREADY);
            }
            return;
        }
    }
    complete(ring, user_data, -ENOENT);
}

// A completion in another ring, as a request of the sender's own.
static void post(struct spgi_ring *ring, const struct spgi_request *request, uint64_t user_data)
{
    struct spgi_ring *target = &rings[request->fd];
    uint32_t place = add_seqcst(&target->posted_count, 1u);
    explore_assert(place < REQUESTS, "more messages than the machine holds");
    store_seqcst(&target->posted[place], request->offset);
    add_seqcst(&target->bells, 1u); // wakes it, as any completion
    complete(ring, user_data, 0);
}

static void submit(struct spgi_ring *ring)
{
    for (unsigned i = 0; i < ring->prepared_count; i++) {
        const struct spgi_request *request = &ring->prepared[i];
        if (request->opcode == SPGI_OP_RING_BELL && request->offset != 0) {
            post(ring, request, ring->prepared_data[i]);
        } else if (request->opcode == SPGI_OP_RING_BELL) {
            spgi_ring_bell_from_thread(request->fd, 0);
        } else if (request->opcode == SPGI_OP_CANCEL) {
            cancel(ring, request->address, ring->prepared_data[i]);
        } else {
            bool poll = request->opcode == SPGI_OP_POLL;
            unsigned *count = poll ? &ring->poll_count : &ring->flying_count;
            explore_assert(*count < REQUESTS, "more requests than the machine holds");
            (poll ? ring->polls : ring->flying)[(*count)++] = ring->prepared_data[i];
        }
    }
    ring->prepared_count = 0;
}

static void complete_oldest(struct spgi_ring *ring)
{
    complete(ring, ring->flying[0], 0);
    take_off(ring, 0);
}

int spgi_ring_enter(struct spgi_ring *ring)
{
    submit(ring);
    if (ring->flying_count > 0 && explore_choice(2) == 1) {
        complete_oldest(ring);
    }
    return 0;
}

static bool has_bell(void *arg)
{
    return load_acquire(bells_of(arg)) != 0;
}

int spgi_ring_wait(struct spgi_ring *ring, int64_t timeout_ns)
{
    submit(ring);
    if (spgi_ring_has_completion(ring)) {
        return 0;
    }
    bool times_out = timeout_ns < FOR_EVER;
    if (!times_out && ring->flying_count == 0) {
        explore_block_until(has_bell, ring);
        return 0;
    }
    explore_yield_point(); // others go on for as long as they like
    if (load_acquire(bells_of(ring)) != 0) {
        return 0;
    }
    if (ring->flying_count > 0 && (!times_out || explore_choice(2) == 0)) {
        complete_oldest(ring);
    } else {
        now[explore_self()] += timeout_ns;
    }
    return 0;
}

unsigned spgi_ring_reap(struct spgi_ring *ring, struct spgi_completion *out, unsigned n)
{
    unsigned taken = 0;
    for (; taken < ring->done_count && taken < n; taken++) {
        out[taken] = ring->done[taken];
    }
    ring->done_count -= taken;
    memmove(ring->done, ring->done + taken, ring->done_count * sizeof *ring->done);
    while (taken < n && ring->posted_seen < load_acquire(&ring->posted_count)) {
        uint64_t data = load_acquire(&ring->posted[ring->posted_seen]);
        if (data == 0) {
            break;
        }
        ring->posted_seen++;
        out[taken++] = (struct spgi_completion){.user_data = data};
    }
    if (taken < n && load_acquire(&ring->bells) != 0) {
        for (uint32_t bells = xchg_acqrel(&ring->bells, 0u); bells > 0 && taken < n; bells--) {
            out[taken++] = (struct spgi_completion){
                .user_data = spgi_user_data(SPGI_KIND_BELL, 0, (uint32_t)(ring - rings))};
        }
    }
    return taken;
}

void spgi_bellfd_close(int fd)
{
    (void)fd;
}

void spgi_bellfd_ring(int fd)
{
    (void)fd;
    explore_fail(__FILE__, __LINE__, "the machine has no bell descriptors");
}

spgi_a32 *spgi_forkword_map(void)
{
    spgi_a32 *word = explore_alloc(sizeof *word);
    atomic_init(word, 1);
    return word;
}

void spgi_forkword_unmap(spgi_a32 *word)
{
    (void)word;
}

void spgi_alarmfd_close(int fd)
{
    (void)fd;
}

void spgi_alarmfd_set(int fd, int64_t when)
{
    (void)fd;
    (void)when;
    explore_fail(__FILE__, __LINE__, "the machine has no alarm descriptors");
}

// ---- Time and sleeping -----------------------------------------------------------------------

void machine_clock_set(int64_t ns)
{
    now[explore_self()] = ns;
}

int machine_clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    int64_t ns = now[explore_self()];
    *out = (struct timespec){ns / SPG_S, ns % SPG_S};
    return 0;
}

struct futex_sleep {
    spgi_a64 *word;
    uint32_t expected;
    bool begun;
    uint32_t wakes;
};

// The first look is the kernel's comparison; from then on only a wake ends the sleep.
static bool futex_ready(void *arg)
{
    struct futex_sleep *sleep = arg;
    if (!sleep->begun) {
        sleep->begun = true;
        sleep->wakes = load_seqcst(&futex_wakes);
        return (uint32_t)load_seqcst(sleep->word) != sleep->expected;
    }
    return load_seqcst(&futex_wakes) != sleep->wakes;
}

void spgi_futex_wait(void *word, uint32_t expected, int64_t until_ns)
{
    struct futex_sleep sleep = {.word = word, .expected = expected};
    if (until_ns >= FOR_EVER) {
        explore_block_until(futex_ready, &sleep);
        return;
    }
    if (!futex_ready(&sleep)) {
        explore_yield_point(); // others go on for as long as they like
        bool woken = futex_ready(&sleep);
        now[explore_self()] =
            woken || now[explore_self()] > until_ns ? now[explore_self()] : until_ns;
    }
}

void spgi_futex_wake(void *word)
{
    (void)word;
    add_seqcst(&futex_wakes, 1u);
}
