// SPDX-License-Identifier: MIT
// operations.c: gate_operations: does one operation so many times, on one shard that never sleeps,
// so that what is executed for each can be counted from outside.
#include <errno.h>
#include <spargio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ECHO_BYTES = 256, TAG = 1 };

static void must(ssize_t code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror((int)-code));
        exit(1);
    }
}

// ---- Operations, each `count` times ----------------------------------------------------------

static int yield_often(void *arg)
{
    for (long i = *(long *)arg; i > 0; i--) {
        must(spg_yield(), "spg_yield");
    }
    return 0;
}

// Two tasks in turn: each switch is half of a round.
static void run_switch(long count)
{
    long half = count / 2;
    spg_task tasks[2];
    for (int i = 0; i < 2; i++) {
        must(spg_spawn(NULL, yield_often, &half, &tasks[i]), "spg_spawn");
    }
    for (int i = 0; i < 2; i++) {
        must(spg_join(tasks[i], NULL, SPG_NEVER), "spg_join");
    }
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void run_spawn_join(long count)
{
    for (long i = 0; i < count; i++) {
        spg_task task;
        must(spg_spawn(NULL, nothing, NULL, &task), "spg_spawn");
        must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    }
}

// Sent and received without anybody who waits.
static void run_message(long count)
{
    spg_mailbox box;
    spg_msg message;
    must(spg_mailbox_open(0, 64, &box), "spg_mailbox_open");
    for (long i = 0; i < count; i++) {
        must(spg_send(box, TAG, (uint64_t)i, SPG_NEVER), "spg_send");
        must(spg_receive(box, &message, 1, SPG_NEVER), "spg_receive");
    }
    must(spg_mailbox_close(box), "spg_mailbox_close");
}

struct ends {
    spg_mailbox box;
    spg_mailbox back;
    spg_chan *chan;
    spg_chan *answers;
    spg_fd fds[2];
    long count;
};

static int answer_messages(void *arg)
{
    const struct ends *ends = arg;
    for (long i = 0; i < ends->count; i++) {
        spg_msg message;
        must(spg_receive(ends->box, &message, 1, SPG_NEVER), "spg_receive");
        must(spg_send(ends->back, TAG, message.value, SPG_NEVER), "spg_send");
    }
    return 0;
}

// A task that waits is woken by a message, and wakes the sender by its answer.
static void run_wake(long count)
{
    struct ends ends = {.count = count};
    spg_task task;
    spg_msg message;
    must(spg_mailbox_open(0, 64, &ends.box), "spg_mailbox_open");
    must(spg_mailbox_open(0, 64, &ends.back), "spg_mailbox_open");
    must(spg_spawn(NULL, answer_messages, &ends, &task), "spg_spawn");
    for (long i = 0; i < count; i++) {
        must(spg_send(ends.box, TAG, (uint64_t)i, SPG_NEVER), "spg_send");
        must(spg_receive(ends.back, &message, 1, SPG_NEVER), "spg_receive");
    }
    must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    must(spg_mailbox_close(ends.box), "spg_mailbox_close");
    must(spg_mailbox_close(ends.back), "spg_mailbox_close");
}

// An item sent and received without anybody who waits.
static void run_channel(long count)
{
    spg_chan *chan;
    uint64_t item;
    must(spg_chan_open(sizeof item, 64, &chan), "spg_chan_open");
    for (long i = 0; i < count; i++) {
        item = (uint64_t)i;
        must(spg_chan_send(chan, &item, SPG_NEVER), "spg_chan_send");
        must(spg_chan_receive(chan, &item, SPG_NEVER), "spg_chan_receive");
    }
    must(spg_chan_free(chan), "spg_chan_free");
}

static int answer_items(void *arg)
{
    const struct ends *ends = arg;
    for (long i = 0; i < ends->count; i++) {
        uint64_t item;
        must(spg_chan_receive(ends->chan, &item, SPG_NEVER), "spg_chan_receive");
        must(spg_chan_send(ends->answers, &item, SPG_NEVER), "spg_chan_send");
    }
    return 0;
}

// As wake, by channels.
static void run_hand_over(long count)
{
    struct ends ends = {.count = count};
    spg_task task;
    uint64_t item = 0;
    must(spg_chan_open(sizeof item, 1, &ends.chan), "spg_chan_open");
    must(spg_chan_open(sizeof item, 1, &ends.answers), "spg_chan_open");
    must(spg_spawn(NULL, answer_items, &ends, &task), "spg_spawn");
    for (long i = 0; i < count; i++) {
        must(spg_chan_send(ends.chan, &item, SPG_NEVER), "spg_chan_send");
        must(spg_chan_receive(ends.answers, &item, SPG_NEVER), "spg_chan_receive");
    }
    must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    must(spg_chan_free(ends.chan), "spg_chan_free");
    must(spg_chan_free(ends.answers), "spg_chan_free");
}

static int answer_bytes(void *arg)
{
    const struct ends *ends = arg;
    char bytes[ECHO_BYTES];
    for (long i = 0; i < ends->count; i++) {
        must(spg_recv(ends->fds[1], bytes, sizeof bytes, MSG_WAITALL, SPG_NEVER), "spg_recv");
        must(spg_send_all(ends->fds[1], bytes, sizeof bytes, 0, SPG_NEVER), "spg_send_all");
    }
    return 0;
}

static void run_echo(long count)
{
    struct ends ends = {.count = count};
    char bytes[ECHO_BYTES] = {0};
    int fds[2];
    spg_task task;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ? -EMFILE : 0, "socketpair");
    for (int i = 0; i < 2; i++) {
        must(spg_fd_adopt(fds[i], &ends.fds[i]), "spg_fd_adopt");
    }
    must(spg_spawn(NULL, answer_bytes, &ends, &task), "spg_spawn");
    for (long i = 0; i < count; i++) {
        must(spg_send_all(ends.fds[0], bytes, sizeof bytes, 0, SPG_NEVER), "spg_send_all");
        must(spg_recv(ends.fds[0], bytes, sizeof bytes, MSG_WAITALL, SPG_NEVER), "spg_recv");
    }
    must(spg_join(task, NULL, SPG_NEVER), "spg_join");
    for (int i = 0; i < 2; i++) {
        must(spg_close(ends.fds[i]), "spg_close");
    }
}

// ---- The program -----------------------------------------------------------------------------

struct operation {
    const char *name;
    void (*run)(long count);
};

static const struct operation operations[] = {
    {"switch", run_switch}, {"spawn_join", run_spawn_join}, {"message", run_message},
    {"wake", run_wake},     {"channel", run_channel},       {"hand_over", run_hand_over},
    {"echo", run_echo},
};

struct order {
    const struct operation *operation;
    long count;
};

static int inside(void *arg)
{
    const struct order *order = arg;
    order->operation->run(order->count);
    return 0;
}

int main(int count, char **arguments)
{
    struct order order = {.count = count == 3 ? strtol(arguments[2], NULL, 10) : 0};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (count == 3 && strcmp(arguments[1], operations[i].name) == 0) {
            order.operation = &operations[i];
        }
    }
    if (!order.operation || order.count < 0) {
        fprintf(stderr, "usage: %s OPERATION COUNT\n", arguments[0]);
        return 2;
    }
    spg_options options = {.shards = 1, .idle = SPG_IDLE_POLL};
    int result = 0;
    must(spg_run(&options, inside, &order, &result), "spg_run");
    return result;
}
