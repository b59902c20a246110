// SPDX-License-Identifier: MIT
// sockets.c: streams to the echo server: a window of frames is sent once the one before has come
// back.
#include "loop.h"

#include "suite/frames.h"
#include "suite/work.h"

#include <errno.h>
#include <stdlib.h>

enum { INBOX = 64 * 1024 };

struct stream {
    uv_tcp_t tcp; // its data is the stream
    struct streams *all;
    uint32_t number;
    bool warm_up;
    uint32_t step;     // windows so far
    uint32_t sent;     // frames so far
    uint32_t received; // frames so far
    size_t at;         // bytes of the next one that have come
    uint32_t writing;  // frames that libuv still has
    uint64_t checksum;
    unsigned char first_byte; // of the frame that is coming
    uv_write_t writes[WINDOW];
    unsigned char *frames; // a window of them
    char *inbox;
};

// What a row does.
struct kind {
    size_t bytes; // of a frame
    uint32_t streams;
    uint32_t (*window)(const struct stream *stream); // frames that are next; 0: it is done
    uint64_t (*result)(const struct stream *stream); // of the frame that has come
};

struct streams {
    struct loop loop;
    const struct kind *kind;
    uint32_t running;
    struct stream streams[STREAMS];
};

// ---- Windows ---------------------------------------------------------------------------------

static void end_stream(struct streams *all)
{
    uint64_t checksum = 0;
    if (--all->running > 0) {
        return;
    }
    for (uint32_t i = 0; i < all->kind->streams; i++) {
        checksum += all->streams[i].checksum;
    }
    loop_answer(&all->loop, checksum);
}

static void go_on(struct stream *stream);

static void take_written(uv_write_t *write, int status)
{
    struct stream *stream = write->handle->data;
    uv_must(status, "uv_write");
    stream->writing--;
    go_on(stream);
}

// One write each.
static void send_window(struct stream *stream, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        unsigned char *frame = stream->frames + (size_t)i * FRAME;
        frame[0] = frame_byte(stream->sent++);
        uv_buf_t bytes = uv_buf_init((char *)frame, (unsigned)stream->all->kind->bytes);
        uv_must(uv_write(&stream->writes[i], (uv_stream_t *)&stream->tcp, &bytes, 1, take_written),
                "uv_write");
        stream->writing++;
    }
    stream->step++;
}

// With nothing under way, the next window, or the end.
static void go_on(struct stream *stream)
{
    if (stream->writing > 0 || stream->received < stream->sent) {
        return;
    }
    uint32_t count = stream->all->kind->window(stream);
    if (count > 0) {
        send_window(stream, count);
    } else {
        end_stream(stream->all);
    }
}

static void take_bytes(struct stream *stream, const char *bytes, size_t count)
{
    const struct kind *kind = stream->all->kind;
    while (count > 0) {
        size_t part = kind->bytes - stream->at < count ? kind->bytes - stream->at : count;
        if (stream->at == 0) {
            stream->first_byte = (unsigned char)*bytes;
        }
        stream->at += part;
        bytes += part;
        count -= part;
        if (stream->at == kind->bytes) {
            stream->checksum += kind->result(stream);
            stream->received++;
            stream->at = 0;
        }
    }
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    (void)suggested;
    *room = uv_buf_init(((struct stream *)handle->data)->inbox, INBOX);
}

static void take_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *room)
{
    struct stream *stream = tcp->data;
    uv_must((int)n, "the echo server");
    take_bytes(stream, room->base, (size_t)n);
    if (n > 0) {
        go_on(stream);
    }
}

static void run_all(struct loop *loop, uint64_t warm_up)
{
    struct streams *all = (struct streams *)loop;
    all->running = all->kind->streams;
    for (uint32_t i = 0; i < all->kind->streams; i++) {
        struct stream *stream = &all->streams[i];
        stream->warm_up = warm_up;
        stream->step = stream->sent = stream->received = 0;
        stream->checksum = 0;
        go_on(stream);
    }
}

// ---- What rows send --------------------------------------------------------------------------

static uint32_t echo_window(const struct stream *stream)
{
    return stream->sent < (stream->warm_up ? ECHO_WARM_UP : ECHO_ROUNDS);
}

static uint32_t window_of(const struct stream *stream, uint32_t frames)
{
    uint32_t left = frames - stream->sent;
    return left < WINDOW ? left : WINDOW;
}

static uint32_t throughput_window(const struct stream *stream)
{
    return window_of(stream, stream->warm_up ? STREAM_WARM_UP : STREAM_FRAMES);
}

static uint32_t imbalanced_window(const struct stream *stream)
{
    return window_of(stream, imbalanced_frames(stream->number, stream->warm_up));
}

static uint32_t rotation_window(const struct stream *stream)
{
    return stream->step < rotation_steps(stream->warm_up)
               ? rotation_frames(stream->number, stream->step, stream->warm_up)
               : 0;
}

static uint32_t pipeline_window(const struct stream *stream)
{
    return window_of(stream, stream->warm_up ? PIPELINE_WARM_UP : PIPELINE_FRAMES);
}

static uint64_t first_byte(const struct stream *stream)
{
    return stream->first_byte;
}

static uint64_t pipeline_result(const struct stream *stream)
{
    return pipeline_work(stream->first_byte, stream->number, stream->received,
                         pipeline_rounds(stream->number, stream->received, stream->warm_up));
}

// ---- Rows ------------------------------------------------------------------------------------

static void take_connected(uv_connect_t *request, int status)
{
    uv_must(status, "the echo server");
    uv_must(uv_read_start(request->handle, give_room, take_read), "uv_read_start");
    uv_unref((uv_handle_t *)request->handle);
}

static void open_stream(struct stream *stream, uv_connect_t *request, uint32_t port)
{
    struct sockaddr_in address;
    stream->frames = calloc(WINDOW, FRAME);
    stream->inbox = malloc(INBOX);
    row_must(stream->frames && stream->inbox ? 0 : -ENOMEM, "calloc");
    uv_must(uv_ip4_addr("127.0.0.1", (int)port, &address), "uv_ip4_addr");
    uv_must(uv_tcp_init(&stream->all->loop.uv, &stream->tcp), "uv_tcp_init");
    stream->tcp.data = stream;
    uv_must(uv_tcp_connect(request, &stream->tcp, (struct sockaddr *)&address, take_connected),
            "uv_tcp_connect");
    uv_must(uv_tcp_nodelay(&stream->tcp, 1), "uv_tcp_nodelay");
}

// The loop runs until all are connected, and then on its thread.
static void *begin(const struct row_settings *settings, const struct kind *kind)
{
    uv_connect_t requests[STREAMS];
    struct streams *all = calloc(1, sizeof *all);
    row_must(all ? 0 : -ENOMEM, "calloc");
    row_must(settings->port ? 0 : -EINVAL, "--port");
    all->kind = kind;
    loop_open(&all->loop, run_all);
    for (uint32_t i = 0; i < STREAMS; i++) {
        all->streams[i].all = all;
        all->streams[i].number = i;
        open_stream(&all->streams[i], &requests[i], settings->port);
    }
    uv_run(&all->loop.uv, UV_RUN_DEFAULT);
    loop_start(&all->loop);
    return all;
}

static void *begin_echo(const struct row_settings *settings, uint32_t workers)
{
    static const struct kind kind = {ECHO_BYTES, 1, echo_window, first_byte};
    (void)workers;
    return begin(settings, &kind);
}

static void *begin_throughput(const struct row_settings *settings, uint32_t workers)
{
    static const struct kind kind = {FRAME, 1, throughput_window, first_byte};
    (void)workers;
    return begin(settings, &kind);
}

static void *begin_imbalanced(const struct row_settings *settings, uint32_t workers)
{
    static const struct kind kind = {FRAME, STREAMS, imbalanced_window, first_byte};
    (void)workers;
    return begin(settings, &kind);
}

static void *begin_rotation(const struct row_settings *settings, uint32_t workers)
{
    static const struct kind kind = {FRAME, STREAMS, rotation_window, first_byte};
    (void)workers;
    return begin(settings, &kind);
}

static void *begin_pipeline(const struct row_settings *settings, uint32_t workers)
{
    static const struct kind kind = {FRAME, STREAMS, pipeline_window, pipeline_result};
    (void)workers;
    return begin(settings, &kind);
}

static void end(void *state)
{
    struct streams *all = state;
    loop_stop(&all->loop);
    for (uint32_t i = 0; i < STREAMS; i++) {
        free(all->streams[i].frames);
        free(all->streams[i].inbox);
    }
    free(all);
}

const struct row uv_socket_rows[UV_SOCKET_ROWS] = {
    {"net_echo_rtt_256b", 1, begin_echo, loop_iterate, end, false},
    {"net_stream_throughput_4k_window32", 1, begin_throughput, loop_iterate, end, false},
    {"net_stream_imbalanced_4k_hot1_light7", 1, begin_imbalanced, loop_iterate, end, false},
    {"net_stream_hotspot_rotation_4k", 1, begin_rotation, loop_iterate, end, false},
    {"net_pipeline_hotspot_rotation_4k_window32", 1, begin_pipeline, loop_iterate, end, false},
};
