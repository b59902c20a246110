// SPDX-License-Identifier: MIT
// io.c: rows on files and sockets with bare system calls, and with liburing where requests go
// together.
#include "suite/floor/rows.h"

#include "suite/blocks.h"
#include "suite/floor/worker.h"
#include "suite/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// ---- Files -----------------------------------------------------------------------------------

struct reader {
    int file;
    struct io_uring ring;
    unsigned char *buffers; // DEPTH blocks
};

static struct reader *open_reader(const struct row_settings *settings)
{
    struct reader *reader = calloc(1, sizeof *reader);
    row_must(reader ? 0 : -ENOMEM, "calloc");
    row_must(settings->file ? 0 : -EINVAL, "--file");
    reader->file = open(settings->file, O_RDONLY | O_CLOEXEC);
    row_must(reader->file < 0 ? -errno : 0, settings->file);
    row_must(io_uring_queue_init(2 * DEPTH, &reader->ring, 0), "io_uring_queue_init");
    reader->buffers = calloc(DEPTH, BLOCK);
    row_must(reader->buffers ? 0 : -ENOMEM, "calloc");
    return reader;
}

static uint64_t read_one_by_one(void *state, bool warm_up)
{
    struct reader *reader = state;
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < (warm_up ? READS_WARM_UP : READS); i++) {
        uint32_t number = i % BLOCKS;
        ssize_t n = pread(reader->file, reader->buffers, BLOCK, (off_t)number * BLOCK);
        row_must(n == BLOCK ? 0 : -EIO, "pread");
        checksum += block_result(number, reader->buffers[0]);
    }
    return checksum;
}

static uint64_t read_in_batches(void *state, bool warm_up)
{
    struct reader *reader = state;
    uint64_t checksum = 0;
    for (uint32_t first = 0; first < (warm_up ? DEEP_READS_WARM_UP : DEEP_READS); first += DEPTH) {
        for (uint32_t i = 0; i < DEPTH; i++) {
            struct io_uring_sqe *sqe = io_uring_get_sqe(&reader->ring);
            uint32_t number = (first + i) % BLOCKS;
            io_uring_prep_read(sqe, reader->file, reader->buffers + (size_t)i * BLOCK, BLOCK,
                               (uint64_t)number * BLOCK);
            io_uring_sqe_set_data64(sqe, i);
        }
        row_must(io_uring_submit_and_wait(&reader->ring, DEPTH), "io_uring_submit_and_wait");
        struct io_uring_cqe *cqe;
        unsigned head;
        unsigned seen = 0;
        io_uring_for_each_cqe(&reader->ring, head, cqe)
        {
            row_must(cqe->res == BLOCK ? 0 : -EIO, "a read");
            uint32_t i = (uint32_t)cqe->user_data;
            checksum += block_result((first + i) % BLOCKS, reader->buffers[(size_t)i * BLOCK]);
            seen++;
        }
        io_uring_cq_advance(&reader->ring, seen);
        row_must(seen == DEPTH ? 0 : -EIO, "completions");
    }
    return checksum;
}

static void *begin_one_by_one(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return worker_start(open_reader(settings), read_one_by_one);
}

static void *begin_in_batches(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return worker_start(open_reader(settings), read_in_batches);
}

static void end_reads(void *worker)
{
    struct reader *reader = worker_stop(worker);
    io_uring_queue_exit(&reader->ring);
    close(reader->file);
    free(reader->buffers);
    free(reader);
}

// ---- Sockets ---------------------------------------------------------------------------------

struct stream {
    int fd;
    uint32_t number;
    uint32_t frames; // of the coming iteration
    uint64_t checksum;
    unsigned char out[FRAME];
    unsigned char back[FRAME];
};

struct streams {
    struct stream streams[STREAMS];
};

static int connect_to(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    row_must(fd < 0 ? -errno : 0, "socket");
    row_must(connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static struct streams *connect_streams(const struct row_settings *settings)
{
    struct streams *all = calloc(1, sizeof *all);
    row_must(all ? 0 : -ENOMEM, "calloc");
    row_must(settings->port ? 0 : -EINVAL, "--port");
    for (uint32_t i = 0; i < STREAMS; i++) {
        all->streams[i].number = i;
        all->streams[i].fd = connect_to(settings->port);
    }
    return all;
}

static void send_bytes(int fd, const void *bytes, size_t count)
{
    for (size_t done = 0; done < count;) {
        ssize_t n = send(fd, (const char *)bytes + done, count - done, MSG_NOSIGNAL);
        row_must(n < 0 ? -errno : 0, "send");
        done += (size_t)n;
    }
}

static void receive_bytes(int fd, void *bytes, size_t count)
{
    ssize_t n = recv(fd, bytes, count, MSG_WAITALL);
    row_must(n == (ssize_t)count ? 0 : -EIO, "recv");
}

static uint64_t echo(void *state, bool warm_up)
{
    struct stream *stream = &((struct streams *)state)->streams[0];
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < (warm_up ? ECHO_WARM_UP : ECHO_ROUNDS); i++) {
        stream->out[0] = frame_byte(i);
        send_bytes(stream->fd, stream->out, ECHO_BYTES);
        receive_bytes(stream->fd, stream->back, ECHO_BYTES);
        checksum += stream->back[0];
    }
    return checksum;
}

static void *exchange(void *arg)
{
    struct stream *stream = arg;
    stream->checksum = 0;
    for (uint32_t first = 0; first < stream->frames; first += WINDOW) {
        for (uint32_t i = first; i < first + WINDOW; i++) {
            stream->out[0] = frame_byte(i);
            send_bytes(stream->fd, stream->out, FRAME);
        }
        for (uint32_t i = 0; i < WINDOW; i++) {
            receive_bytes(stream->fd, stream->back, FRAME);
            stream->checksum += stream->back[0];
        }
    }
    return NULL;
}

static uint64_t throughput(void *state, bool warm_up)
{
    struct stream *stream = &((struct streams *)state)->streams[0];
    stream->frames = warm_up ? STREAM_WARM_UP : STREAM_FRAMES;
    exchange(stream);
    return stream->checksum;
}

// A thread for each stream.
static uint64_t imbalanced(void *state, bool warm_up)
{
    struct streams *all = state;
    pthread_t threads[STREAMS];
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < STREAMS; i++) {
        all->streams[i].frames = imbalanced_frames(i, warm_up);
        row_must(-pthread_create(&threads[i], NULL, exchange, &all->streams[i]), "pthread_create");
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        pthread_join(threads[i], NULL);
        checksum += all->streams[i].checksum;
    }
    return checksum;
}

static void *begin_echo(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return worker_start(connect_streams(settings), echo);
}

static void *begin_throughput(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return worker_start(connect_streams(settings), throughput);
}

static void *begin_imbalanced(const struct row_settings *settings, uint32_t workers)
{
    (void)workers;
    return worker_start(connect_streams(settings), imbalanced);
}

static void end_streams(void *worker)
{
    struct streams *all = worker_stop(worker);
    for (int i = 0; i < STREAMS; i++) {
        close(all->streams[i].fd);
    }
    free(all);
}

const struct row floor_io_rows[FLOOR_IO_ROWS] = {
    {"fs_read_rtt_4k", 1, begin_one_by_one, worker_iterate, end_reads, false},
    {"fs_read_throughput_4k_qd32", 1, begin_in_batches, worker_iterate, end_reads, false},
    {"net_echo_rtt_256b", 1, begin_echo, worker_iterate, end_streams, false},
    {"net_stream_throughput_4k_window32", 1, begin_throughput, worker_iterate, end_streams, false},
    {"net_stream_imbalanced_4k_hot1_light7", 1, begin_imbalanced, worker_iterate, end_streams,
     false},
};
