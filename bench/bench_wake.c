// SPDX-License-Identifier: MIT
// bench_wake.c: what it costs a thread without a ring to reach a task on a shard.
//
// By the message lane, by a message through the kernel (register-time MSG_RING; before Linux 6.13
// there is none, and its rows are of what stands in for it), and by an eventfd that the task reads.
//
// There and back: the thread sends, the task notes it in memory, the thread spins until it sees
// that. One way: the thread sends without waiting, until the task has had all. Medians of 7 rounds
// after a warm-up round, with CPU time of both.
#include "measure.h"

#include <errno.h>
#include <spargio/uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TRIPS = 2000, ONE_WAY = 40000, BATCH = 64 };

static spg_rt *rt;
static spg_mailbox box;
static int event;
static _Alignas(64) _Atomic long seen; // messages that the task has had

// ---- Tasks -----------------------------------------------------------------------------------

static int receive_messages(void *arg)
{
    spg_msg messages[BATCH];
    for (long left = *(const long *)arg; left > 0;) {
        ssize_t n = spg_receive(box, messages, BATCH, SPG_NEVER);
        must((int)n, "spg_receive");
        left -= n;
        atomic_fetch_add(&seen, n);
    }
    return 0;
}

static int read_events(void *arg)
{
    spg_fd fd;
    must(spg_fd_adopt(event, &fd), "spg_fd_adopt");
    for (long left = *(const long *)arg; left > 0;) {
        uint64_t n;
        must((int)spg_read_at(fd, &n, sizeof n, SPG_CURRENT, SPG_NEVER), "spg_read_at");
        left -= (long)n;
        atomic_fetch_add(&seen, (long)n);
    }
    must(spg_fd_release(fd), "spg_fd_release");
    return 0;
}

// ---- The thread ------------------------------------------------------------------------------

static void send_message(void)
{
    must(spg_send(box, 0, 1, SPG_NEVER), "spg_send");
}

static void send_by_kernel(void)
{
    must(spg_uring_send(box, 0, 1, SPG_NEVER), "spg_uring_send");
}

static void write_event(void)
{
    uint64_t one = 1;
    must(write(event, &one, sizeof one) == sizeof one ? 0 : -EIO, "write");
}

struct way {
    spg_fn *receive;
    void (*send)(void);
    long count;
    bool waits;
};

static void run_way(void *arg)
{
    struct way *way = arg;
    spg_task task;
    atomic_store(&seen, 0);
    must(spg_spawn_in(rt, NULL, way->receive, &way->count, &task), "spg_spawn_in");
    for (long i = 1; i <= way->count; i++) {
        way->send();
        while (way->waits && atomic_load_explicit(&seen, memory_order_acquire) < i) {
        }
    }
    must(spg_join(task, NULL, SPG_NEVER), "spg_join");
}

int main(void)
{
    static struct way ways[] = {
        {receive_messages, send_message, TRIPS, true},
        {receive_messages, send_by_kernel, TRIPS, true},
        {read_events, write_event, TRIPS, true},
        {receive_messages, send_message, ONE_WAY, false},
        {receive_messages, send_by_kernel, ONE_WAY, false},
        {read_events, write_event, ONE_WAY, false},
    };
    struct row rows[] = {
        {.name = "there and back: message lane"}, {.name = "there and back: register-time send"},
        {.name = "there and back: eventfd"},      {.name = "one way: message lane"},
        {.name = "one way: register-time send"},  {.name = "one way: eventfd"},
    };
    enum { WAYS = sizeof ways / sizeof ways[0] };
    must(spg_create(&(spg_options){.shards = 1}, &rt), "spg_create");
    box = spg_shard_mailbox(rt, 0);
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(event < 0 ? -errno : 0, "eventfd");
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        for (int i = 0; i < WAYS; i++) {
            measure(&rows[i], round < 0 ? 0 : round, run_way, &ways[i], (double)ways[i].count);
        }
    }
    for (int i = 0; i < WAYS; i++) {
        print_row(&rows[i]);
    }
    must(spg_destroy(rt), "spg_destroy");
    close(event);
    return 0;
}
