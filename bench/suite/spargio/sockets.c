// SPDX-License-Identifier: MIT
// sockets.c: rows on 8 TCP streams to the echo server: round trips, windows, moving hot spots.
#include "suite/spargio/rows.h"

#include "suite/frames.h"
#include "suite/spargio/driver.h"
#include "suite/work.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct streams;

struct stream {
    struct streams *all;
    uint32_t number;
    spg_fd fd;
    bool warm_up;
    uint64_t checksum;
    unsigned char *frames; // a window of them
    unsigned char *back;   // one
};

struct streams {
    struct driver driver;
    struct stream streams[STREAMS];
    spg_fn *run; // of each stream's task; NULL: the driver does it all on stream 0
    bool pinned; // to its stream's shard
    // Rows with owners of keys.
    spg_mailbox owners[OWNERS];
    spg_mailbox sums;
    spg_task owner_tasks[OWNERS];
};

// ---- Streams ---------------------------------------------------------------------------------

static void connect_stream(struct stream *stream, uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    row_must(spg_socket(AF_INET, SOCK_STREAM, 0, &stream->fd), "spg_socket");
    row_must(spg_connect(stream->fd, (struct sockaddr *)&address, sizeof address, SPG_NEVER),
             "spg_connect");
    setsockopt(spg_fd_number(stream->fd), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stream->frames = calloc(WINDOW, FRAME);
    stream->back = calloc(1, FRAME);
    row_must(stream->frames && stream->back ? 0 : -ENOMEM, "calloc");
}

static void connect_all(struct driver *driver)
{
    struct streams *all = (struct streams *)driver;
    for (uint32_t i = 0; i < STREAMS; i++) {
        all->streams[i].all = all;
        all->streams[i].number = i;
        connect_stream(&all->streams[i], driver->settings->port);
    }
}

static void close_all(struct driver *driver)
{
    struct streams *all = (struct streams *)driver;
    for (int i = 0; i < STREAMS; i++) {
        row_must(spg_close(all->streams[i].fd), "spg_close");
        free(all->streams[i].frames);
        free(all->streams[i].back);
    }
}

static void send_bytes(struct stream *stream, const void *bytes, size_t count)
{
    ssize_t n = spg_send_all(stream->fd, bytes, count, 0, SPG_NEVER);
    row_must(n == (ssize_t)count ? 0 : n < 0 ? (int)n : -EIO, "spg_send_all");
}

static void receive_bytes(struct stream *stream, void *bytes, size_t count)
{
    ssize_t n = spg_recv(stream->fd, bytes, count, MSG_WAITALL, SPG_NEVER);
    row_must(n == (ssize_t)count ? 0 : n < 0 ? (int)n : -EIO, "spg_recv");
}

// Frames from `first` on, `count` <= WINDOW of them, one write each.
static void send_window(struct stream *stream, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        unsigned char *frame = stream->frames + (size_t)i * FRAME;
        frame[0] = frame_byte(first + i);
        send_bytes(stream, frame, FRAME);
    }
}

// Sends and receives `count` frames from number `first` on, a window at a time.
static void exchange(struct stream *stream, uint32_t first, uint32_t count)
{
    for (uint32_t done = 0; done < count;) {
        uint32_t window = count - done < WINDOW ? count - done : WINDOW;
        send_window(stream, first + done, window);
        for (uint32_t i = 0; i < window; i++) {
            receive_bytes(stream, stream->back, FRAME);
            stream->checksum += stream->back[0];
        }
        done += window;
    }
}

// ---- On stream 0 alone -----------------------------------------------------------------------

static uint64_t echo(struct driver *driver, bool warm_up)
{
    struct stream *stream = &((struct streams *)driver)->streams[0];
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < (warm_up ? ECHO_WARM_UP : ECHO_ROUNDS); i++) {
        stream->frames[0] = frame_byte(i);
        send_bytes(stream, stream->frames, ECHO_BYTES);
        receive_bytes(stream, stream->back, ECHO_BYTES);
        checksum += stream->back[0];
    }
    return checksum;
}

static uint64_t throughput(struct driver *driver, bool warm_up)
{
    struct stream *stream = &((struct streams *)driver)->streams[0];
    stream->checksum = 0;
    exchange(stream, 0, warm_up ? STREAM_WARM_UP : STREAM_FRAMES);
    return stream->checksum;
}

// ---- On all streams, a task each -------------------------------------------------------------

static int run_imbalanced(void *arg)
{
    struct stream *stream = arg;
    exchange(stream, 0, imbalanced_frames(stream->number, stream->warm_up));
    return 0;
}

static int run_rotation(void *arg)
{
    struct stream *stream = arg;
    uint32_t frame = 0;
    for (uint32_t step = 0; step < rotation_steps(stream->warm_up); step++) {
        uint32_t count = rotation_frames(stream->number, step, stream->warm_up);
        exchange(stream, frame, count);
        frame += count;
    }
    return 0;
}

static int run_pipeline(void *arg)
{
    struct stream *stream = arg;
    uint32_t frames = stream->warm_up ? PIPELINE_WARM_UP : PIPELINE_FRAMES;
    for (uint32_t first = 0; first < frames; first += WINDOW) {
        send_window(stream, first, WINDOW);
        for (uint32_t frame = first; frame < first + WINDOW; frame++) {
            receive_bytes(stream, stream->back, FRAME);
            stream->checksum +=
                pipeline_work(stream->back[0], stream->number, frame,
                              pipeline_rounds(stream->number, frame, stream->warm_up));
        }
    }
    return 0;
}

enum tag { KEY, END };

// Messages that only count are added up on the way: in batches of 64 at most, as the peers do.
static void send_keys(const struct stream *stream, uint32_t owner, uint32_t count)
{
    for (uint32_t left = count; left > 0;) {
        uint32_t batch = left < SPG_MSG_BATCH ? left : SPG_MSG_BATCH;
        row_must(spg_tally_add(stream->all->owners[owner], KEY, batch), "spg_tally_add");
        left -= batch;
    }
}

static int run_keyed(void *arg)
{
    struct stream *stream = arg;
    uint32_t frame = 0;
    for (uint32_t step = 0; step < rotation_steps(stream->warm_up); step++) {
        uint32_t count = rotation_frames(stream->number, step, stream->warm_up);
        exchange(stream, frame, count);
        send_keys(stream, step % OWNERS, count * MESSAGES_PER_FRAME);
        frame += count;
    }
    for (uint32_t owner = 0; owner < OWNERS; owner++) {
        row_must(spg_send(stream->all->owners[owner], END, 0, SPG_NEVER), "spg_send");
    }
    return 0;
}

static uint64_t run_all(struct driver *driver, bool warm_up)
{
    struct streams *all = (struct streams *)driver;
    uint64_t checksum = 0;
    spg_scope scope;
    row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
    for (uint32_t i = 0; i < STREAMS; i++) {
        spg_attr attr = {.place = all->pinned ? SPG_PINNED : SPG_STEALABLE,
                         .shard = i % driver->workers};
        all->streams[i].warm_up = warm_up;
        all->streams[i].checksum = 0;
        row_must(spg_spawn(&attr, all->run, &all->streams[i], NULL), "spg_spawn");
    }
    row_must(spg_scope_close(&scope), "spg_scope_close");
    for (int i = 0; i < STREAMS; i++) {
        checksum += all->streams[i].checksum;
    }
    return checksum;
}

// ---- Owners of keys --------------------------------------------------------------------------

// Tells what all streams have sent, once they have ended; for each iteration anew, until it is
// cancelled.
static int own_keys(void *arg)
{
    struct streams *all = arg;
    spg_mailbox own = all->owners[spg_shard()];
    spg_msg messages[STREAMS];
    ssize_t ended = 0;
    ssize_t n;
    while ((n = spg_receive(own, messages, STREAMS, SPG_NEVER)) > 0) {
        ended += n;
        if (ended == STREAMS) {
            uint64_t sum;
            row_must(spg_tally_take(own, KEY, &sum, SPG_NEVER), "spg_tally_take");
            row_must(spg_send(all->sums, 0, sum, SPG_NEVER), "spg_send");
            ended = 0;
        }
    }
    return 0;
}

static void start_owners(struct driver *driver)
{
    struct streams *all = (struct streams *)driver;
    connect_all(driver);
    row_must(spg_mailbox_open(0, 0, &all->sums), "spg_mailbox_open");
    for (uint32_t i = 0; i < OWNERS; i++) {
        spg_attr there = {.name = "owner", .place = SPG_PINNED, .shard = i % driver->workers};
        all->owners[i] = spg_shard_mailbox(driver->rt, i % driver->workers);
        row_must(spg_tally_open(all->owners[i], KEY, 1), "spg_tally_open");
        row_must(spg_spawn(&there, own_keys, all, &all->owner_tasks[i]), "spg_spawn");
    }
}

static void end_owners(struct driver *driver)
{
    struct streams *all = (struct streams *)driver;
    for (int i = 0; i < OWNERS; i++) {
        row_must(spg_cancel(all->owner_tasks[i]), "spg_cancel");
        row_must(spg_join(all->owner_tasks[i], NULL, SPG_NEVER), "spg_join");
    }
    close_all(driver);
}

static uint64_t run_all_keyed(struct driver *driver, bool warm_up)
{
    struct streams *all = (struct streams *)driver;
    uint64_t checksum = run_all(driver, warm_up);
    for (int i = 0; i < OWNERS; i++) {
        spg_msg sum;
        row_must((int)spg_receive(all->sums, &sum, 1, SPG_NEVER), "spg_receive");
        checksum += sum.value;
    }
    return checksum;
}

// ---- Rows ------------------------------------------------------------------------------------

static void *begin(const struct row_settings *settings, uint32_t workers, struct streams how)
{
    struct streams *all = calloc(1, sizeof *all);
    row_must(all ? 0 : -ENOMEM, "calloc");
    row_must(settings->port ? 0 : -EINVAL, "--port");
    *all = how;
    if (!all->driver.first) {
        all->driver.first = connect_all;
        all->driver.last = close_all;
    }
    driver_start(&all->driver, settings, workers, true);
    return all;
}

static void *begin_echo(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, (struct streams){.driver.work = echo});
}

static void *begin_throughput(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, (struct streams){.driver.work = throughput});
}

static void *begin_imbalanced(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers,
                 (struct streams){.driver.work = run_all, .run = run_imbalanced});
}

static void *begin_rotation(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers,
                 (struct streams){.driver.work = run_all, .run = run_rotation, .pinned = true});
}

static void *begin_pipeline(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers,
                 (struct streams){.driver.work = run_all, .run = run_pipeline, .pinned = true});
}

static void *begin_keyed(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers,
                 (struct streams){
                     .driver = {.first = start_owners, .work = run_all_keyed, .last = end_owners},
                     .run = run_keyed,
                     .pinned = true});
}

static void end(void *state)
{
    struct streams *all = state;
    driver_stop(&all->driver);
    free(all);
}

const struct row socket_rows[SOCKET_ROWS] = {
    {"net_echo_rtt_256b", 2, begin_echo, driver_iterate, end, false},
    {"net_stream_throughput_4k_window32", 2, begin_throughput, driver_iterate, end, false},
    {"net_stream_imbalanced_4k_hot1_light7", 2, begin_imbalanced, driver_iterate, end, false},
    {"net_stream_hotspot_rotation_4k", 2, begin_rotation, driver_iterate, end, false},
    {"net_pipeline_hotspot_rotation_4k_window32", 2, begin_pipeline, driver_iterate, end, false},
    {"net_keyed_hotspot_rotation_4k", 2, begin_keyed, driver_iterate, end, false},
};
