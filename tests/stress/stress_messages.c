// SPDX-License-Identifier: MIT
// stress_messages.c: messages between all shards and from threads: none is lost, doubled, or out of
// order; tallies and flushes count the same; mailboxes are closed under their senders.
#include "support.h"

#include <pthread.h>

enum { MOST_SHARDS = 16, OUTSIDERS = 3, HITS = 1 };

// ---- Everybody to everybody ----

typedef struct exchange {
    uint32_t shards;
    uint64_t count; // messages of each sender to each mailbox
    spg_mailbox boxes[MOST_SHARDS];
    _Atomic uint64_t received;
} exchange;

typedef struct member {
    exchange *all;
    uint32_t shard; // of a sender outside: its number
    uint64_t seed;
} member;

// A message tells its sender, and which of its messages to this mailbox it is.
static uint64_t word(uint32_t sender, uint64_t number)
{
    return (uint64_t)sender << 48 | number;
}

// To all mailboxes, in random portions.
static void send_all(const member *self, uint32_t sender)
{
    exchange *all = self->all;
    uint64_t state = self->seed;
    uint64_t sent[MOST_SHARDS] = {0};
    uint32_t unfinished = all->shards;
    while (unfinished > 0) {
        uint32_t to = random_below(&state, all->shards);
        uint64_t left = all->count - sent[to];
        if (left == 0) {
            continue;
        }
        spg_msg messages[100] = {{0}};
        uint64_t n = 1 + random_below(&state, 100);
        n = n < left ? n : left;
        for (uint64_t i = 0; i < n; i++) {
            messages[i].value = word(sender, sent[to] + i);
        }
        ssize_t taken = spg_send_n(all->boxes[to], messages, n, patience());
        REQUIRE(taken > 0);
        REQUIRE_OK(spg_tally_add(all->boxes[to], HITS, (uint64_t)taken));
        sent[to] += (uint64_t)taken;
        unfinished -= sent[to] == all->count;
    }
}

static int sends_all(void *arg)
{
    const member *self = arg;
    send_all(self, self->shard);
    return spg_flush(patience());
}

static void *sends_all_from_outside(void *arg)
{
    const member *self = arg;
    send_all(self, MOST_SHARDS + self->shard);
    return NULL;
}

static int receives_all(void *arg)
{
    const member *self = arg;
    exchange *all = self->all;
    uint64_t state = self->seed;
    uint64_t next[MOST_SHARDS + OUTSIDERS] = {0};
    uint64_t left = all->count * (all->shards + OUTSIDERS);
    while (left > 0) {
        spg_msg messages[64];
        ssize_t n = spg_receive(all->boxes[self->shard], messages, 1 + random_below(&state, 64),
                                patience());
        REQUIRE(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            uint32_t sender = (uint32_t)(messages[i].value >> 48);
            REQUIRE(sender < MOST_SHARDS + OUTSIDERS);
            REQUIRE_EQ(messages[i].from, sender < MOST_SHARDS ? sender : SPG_OUTSIDE);
            REQUIRE_EQ(messages[i].value, word(sender, next[sender]));
            next[sender]++;
        }
        left -= (uint64_t)n;
        if (random_below(&state, 8) == 0) {
            REQUIRE_OK(spg_yield());
        }
    }
    spg_msg more;
    REQUIRE_CODE(spg_receive(all->boxes[self->shard], &more, 1, SPG_NOW), -ETIME);
    uint64_t sum = 0;
    while (sum < all->count * (all->shards + OUTSIDERS)) { // added just after the messages
        uint64_t taken;
        REQUIRE_OK(spg_tally_take(all->boxes[self->shard], HITS, &taken, patience()));
        sum += taken;
    }
    REQUIRE_EQ(sum, all->count * (all->shards + OUTSIDERS));
    return 0;
}

static const uint32_t shard_counts[] = {2, 3, 16};

START_TEST(all_messages_arrive_once_and_in_order)
{
    exchange all = {.shards = shard_counts[_i]};
    bool narrow = all.shards == 3; // then nearly every message waits for room
    // In all as many as the scale says, whatever the number of shards.
    size_t messages = narrow ? scaled(1000000, 10000) : scaled(50000000, 50000);
    all.count = messages / (all.shards * (all.shards + OUTSIDERS));
    spg_options options = test_options(all.shards);
    options.mailbox_capacity = narrow ? 7 : 0;
    spg_rt *rt = start_runtime(&options);
    member senders[MOST_SHARDS + OUTSIDERS];
    member receivers[MOST_SHARDS];
    spg_task tasks[2 * MOST_SHARDS];
    pthread_t threads[OUTSIDERS];
    for (uint32_t i = 0; i < all.shards; i++) {
        all.boxes[i] = spg_shard_mailbox(rt, i);
        REQUIRE_OK(spg_tally_open(all.boxes[i], HITS, 1));
    }
    for (uint32_t i = 0; i < all.shards; i++) {
        spg_attr there = pinned_to(i);
        receivers[i] = (member){.all = &all, .shard = i, .seed = random_stream(100 + i)};
        senders[i] = (member){.all = &all, .shard = i, .seed = random_stream(200 + i)};
        REQUIRE_OK(spg_spawn_in(rt, &there, receives_all, &receivers[i], &tasks[2 * i]));
        REQUIRE_OK(spg_spawn_in(rt, &there, sends_all, &senders[i], &tasks[2 * i + 1]));
    }
    for (uint32_t i = 0; i < OUTSIDERS; i++) {
        senders[MOST_SHARDS + i] = (member){.all = &all, .shard = i, .seed = random_stream(i)};
        REQUIRE_EQ(
            pthread_create(&threads[i], NULL, sends_all_from_outside, &senders[MOST_SHARDS + i]),
            0);
    }
    for (uint32_t i = 0; i < 2 * all.shards; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    for (uint32_t i = 0; i < OUTSIDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    end_runtime(rt);
}
END_TEST

// ---- Mailboxes that come and go ----

enum { BURST = 40 };

typedef struct coming {
    _Atomic uint64_t box; // spg_mailbox.v of the one that is open
    _Atomic uint64_t sent;
    _Atomic uint64_t kept; // received, and freed by the receiver
    _Atomic uint64_t destroyed;
    _Atomic bool stop;
} coming;

static coming traffic;

static void destroy_counted(void *pointer)
{
    free(pointer);
    atomic_fetch_add(&traffic.destroyed, 1);
}

static int sends_to_what_is_open(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    while (!atomic_load(&traffic.stop)) {
        spg_mailbox box = {atomic_load(&traffic.box)};
        for (uint32_t i = random_below(&state, BURST); i > 0; i--) {
            void *memory = malloc(8);
            REQUIRE(memory != NULL);
            spg_time deadline = spg_after(random_below(&state, 100) * SPG_US);
            int code = spg_send_owned(box, i, memory, destroy_counted, deadline);
            if (code != 0) {
                REQUIRE(code == -ESRCH || code == -ETIME || code == -EAGAIN);
                free(memory);
                break;
            }
            atomic_fetch_add(&traffic.sent, 1);
        }
        REQUIRE_OK(spg_yield());
    }
    return 0;
}

static int opens_and_closes(void *arg)
{
    uint64_t state = *(uint64_t *)arg;
    size_t rounds = scaled(20000, 200);
    spg_mailbox boxes[3] = {{0}};
    for (size_t i = 0; i < rounds; i++) {
        spg_mailbox *box = &boxes[i % 3]; // so that closed slots are used again
        if (box->v != 0) {
            REQUIRE_OK(spg_mailbox_close(*box));
        }
        REQUIRE_OK(spg_mailbox_open(SPG_HERE, 1 + random_below(&state, 9), box));
        atomic_store(&traffic.box, box->v);
        for (uint32_t k = random_below(&state, 4); k > 0; k--) {
            spg_msg messages[8];
            ssize_t n = spg_receive(*box, messages, 8, spg_after(20 * SPG_US));
            REQUIRE(n > 0 || n == -ETIME);
            for (ssize_t m = 0; m < n; m++) {
                free((void *)(uintptr_t)messages[m].value);
                atomic_fetch_add(&traffic.kept, 1);
            }
        }
    }
    atomic_store(&traffic.stop, true);
    return 0;
}

START_TEST(mailboxes_are_closed_under_their_senders)
{
    enum { SHARDS = 3 };
    spg_options options = test_options(SHARDS);
    spg_rt *rt = start_runtime(&options);
    traffic = (coming){0};
    uint64_t seeds[SHARDS];
    spg_task tasks[SHARDS];
    for (uint32_t i = 0; i < SHARDS; i++) {
        spg_attr there = pinned_to(i);
        seeds[i] = random_stream(300 + i);
        REQUIRE_OK(spg_spawn_in(rt, &there, i == 0 ? opens_and_closes : sends_to_what_is_open,
                                &seeds[i], &tasks[i]));
    }
    for (uint32_t i = 0; i < SHARDS; i++) {
        REQUIRE_OK(joined(tasks[i]));
    }
    end_runtime(rt);
    REQUIRE_EQ(traffic.sent, traffic.kept + traffic.destroyed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("messages");
    TCase *tests = add_tests(suite, "messages", 400);
    tcase_add_loop_test(tests, all_messages_arrive_once_and_in_order, 0,
                        sizeof shard_counts / sizeof shard_counts[0]);
    tcase_add_test(tests, mailboxes_are_closed_under_their_senders);
    return run_suite("stress_messages", suite);
}
