// SPDX-License-Identifier: MIT
// bench_io.c: reads from the page cache and a TCP echo, beside the same work on raw liburing.
//
// Both ends of the echo run on one thread: two tasks of one shard, resp. one ring with two sockets
// in turn. Rows take turns, round by round; medians of 7 rounds after a warm-up round, and their
// ratio.
#include "measure.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 4096, READS = 20000, DEPTH = 32, MESSAGE = 256, ECHOES = 10000 };

struct bench {
    struct io_uring ring;
    int file;
    int ends[2]; // a connected pair of TCP sockets, for the raw row
    spg_fd handle;
    spg_fd sockets[2];
};

// ---- Reads -----------------------------------------------------------------------------------

static void read_alone(void *arg)
{
    struct bench *bench = arg;
    char block[BLOCK];
    for (int i = 0; i < READS; i++) {
        uint64_t at = (uint64_t)(i % BLOCKS) * BLOCK;
        must((int)spg_read_at(bench->handle, block, BLOCK, at, SPG_NEVER), "spg_read_at");
    }
}

static void read_alone_raw(void *arg)
{
    struct bench *bench = arg;
    char block[BLOCK];
    for (int i = 0; i < READS; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&bench->ring);
        struct io_uring_cqe *cqe;
        io_uring_prep_read(sqe, bench->file, block, BLOCK, (uint64_t)(i % BLOCKS) * BLOCK);
        must(io_uring_submit_and_wait(&bench->ring, 1), "io_uring_submit_and_wait");
        must(io_uring_peek_cqe(&bench->ring, &cqe), "io_uring_peek_cqe");
        must(cqe->res, "read");
        io_uring_cqe_seen(&bench->ring, cqe);
    }
}

struct one_read {
    spg_fd file;
    uint64_t at;
};

static int read_one(void *arg)
{
    const struct one_read *one = arg;
    char block[BLOCK];
    return (int)spg_read_at(one->file, block, BLOCK, one->at, SPG_NEVER);
}

static void read_deep(void *arg)
{
    struct bench *bench = arg;
    struct one_read reads[DEPTH];
    for (int i = 0; i < READS; i += DEPTH) {
        spg_scope scope;
        for (int k = 0; k < DEPTH; k++) {
            reads[k] = (struct one_read){bench->handle, (uint64_t)((i + k) % BLOCKS) * BLOCK};
        }
        must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
        must(spg_spawn_n(&scope, NULL, read_one, reads, sizeof reads[0], DEPTH), "spg_spawn_n");
        must(spg_scope_close(&scope), "spg_scope_close");
    }
}

static void read_deep_raw(void *arg)
{
    struct bench *bench = arg;
    static char blocks[DEPTH][BLOCK];
    for (int i = 0; i < READS; i += DEPTH) {
        for (int k = 0; k < DEPTH; k++) {
            struct io_uring_sqe *sqe = io_uring_get_sqe(&bench->ring);
            uint64_t at = (uint64_t)((i + k) % BLOCKS) * BLOCK;
            io_uring_prep_read(sqe, bench->file, blocks[k], BLOCK, at);
        }
        must(io_uring_submit_and_wait(&bench->ring, DEPTH), "io_uring_submit_and_wait");
        for (int k = 0; k < DEPTH; k++) {
            struct io_uring_cqe *cqe;
            must(io_uring_wait_cqe(&bench->ring, &cqe), "io_uring_wait_cqe");
            must(cqe->res, "read");
            io_uring_cqe_seen(&bench->ring, cqe);
        }
    }
}

// ---- Echo ------------------------------------------------------------------------------------

static void exchange(spg_fd socket, bool first)
{
    char message[MESSAGE] = {0};
    for (int i = 0; i < ECHOES; i++) {
        if (first) {
            must((int)spg_send_all(socket, message, MESSAGE, 0, SPG_NEVER), "spg_send_all");
        }
        must((int)spg_recv(socket, message, MESSAGE, 0, SPG_NEVER), "spg_recv");
        if (!first) {
            must((int)spg_send_all(socket, message, MESSAGE, 0, SPG_NEVER), "spg_send_all");
        }
    }
}

static int answers(void *arg)
{
    exchange(*(spg_fd *)arg, false);
    return 0;
}

static void echo(void *arg)
{
    struct bench *bench = arg;
    spg_attr here = {.place = SPG_PINNED, .shard = SPG_HERE};
    spg_task server;
    must(spg_spawn(&here, answers, &bench->sockets[1], &server), "spg_spawn");
    spg_pin();
    exchange(bench->sockets[0], true);
    spg_unpin();
    must(spg_join(server, NULL, SPG_NEVER), "spg_join");
}

// Sends on one socket and receives on the other in one submission: what a hand-made loop would do.
static void pass_on(struct bench *bench, int from, int to, char *message)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&bench->ring);
    io_uring_prep_send(sqe, bench->ends[from], message, MESSAGE, 0);
    sqe = io_uring_get_sqe(&bench->ring);
    io_uring_prep_recv(sqe, bench->ends[to], message, MESSAGE, 0);
    must(io_uring_submit_and_wait(&bench->ring, 2), "io_uring_submit_and_wait");
    for (int k = 0; k < 2; k++) {
        struct io_uring_cqe *cqe;
        must(io_uring_wait_cqe(&bench->ring, &cqe), "io_uring_wait_cqe");
        must(cqe->res, "echo");
        io_uring_cqe_seen(&bench->ring, cqe);
    }
}

static void echo_raw(void *arg)
{
    struct bench *bench = arg;
    char message[MESSAGE] = {0};
    for (int i = 0; i < ECHOES; i++) {
        pass_on(bench, 0, 1, message);
        pass_on(bench, 1, 0, message);
    }
}

// ---- Setting up ------------------------------------------------------------------------------

static void connect_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&address, bytes), "bind");
    must(listen(listener, 1), "listen");
    must(getsockname(listener, (struct sockaddr *)&address, &bytes), "getsockname");
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(ends[0], (struct sockaddr *)&address, bytes), "connect");
    ends[1] = accept(listener, NULL, NULL);
    must(setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    must(setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    close(listener);
}

static int make_file(void)
{
    char path[] = "/tmp/spargio-bench-XXXXXX";
    char block[BLOCK];
    memset(block, 0xA5, sizeof block);
    int file = mkstemp(path);
    must(file, "mkstemp");
    unlink(path);
    for (int i = 0; i < BLOCKS; i++) {
        must((int)write(file, block, BLOCK), "write");
    }
    return file;
}

static void set_up(struct bench *bench)
{
    struct io_uring_params params = {.flags =
                                         IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
    must(io_uring_queue_init_params(256, &bench->ring, &params), "io_uring_queue_init");
    bench->file = make_file();
    must(spg_fd_adopt(dup(bench->file), &bench->handle), "spg_fd_adopt");
    connect_pair(bench->ends);
    int ours[2];
    connect_pair(ours);
    must(spg_fd_adopt(ours[0], &bench->sockets[0]), "spg_fd_adopt");
    must(spg_fd_adopt(ours[1], &bench->sockets[1]), "spg_fd_adopt");
}

static void print_pair(struct row *ours, struct row *raw)
{
    double ratios[MEASURE_ROUNDS];
    for (int i = 0; i < MEASURE_ROUNDS; i++) {
        ratios[i] = ours->wall_ns[i] / raw->wall_ns[i];
    }
    print_row(ours);
    print_row(raw);
    double middle = median(ratios, MEASURE_ROUNDS);
    printf("%-34s %10.2f     (%.2f .. %.2f)\n", "  ratio to raw liburing", middle, ratios[0],
           ratios[MEASURE_ROUNDS - 1]);
}

static int inside(void *arg)
{
    struct bench *bench = arg;
    struct row rows[] = {
        {.name = "cached read of 4 KiB"},   {.name = "  raw liburing"},
        {.name = "the same, 32 at a time"}, {.name = "  raw liburing"},
        {.name = "TCP echo of 256 B"},      {.name = "  raw liburing"},
    };
    void (*const works[])(void *) = {read_alone,    read_alone_raw, read_deep,
                                     read_deep_raw, echo,           echo_raw};
    spg_pin(); // the raw ring has one issuer
    set_up(bench);
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            measure(&rows[i], round < 0 ? 0 : round, works[i], bench, i < 4 ? READS : ECHOES);
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 2) {
        print_pair(&rows[i], &rows[i + 1]);
    }
    spg_unpin();
    return 0;
}

int main(void)
{
    static struct bench bench;
    char text[512] = "";
    spg_options options = {.shards = 1, .error_text = text, .error_bytes = sizeof text};
    if (spg_run(&options, inside, &bench, NULL) < 0) {
        fprintf(stderr, "bench_io: %s\n", text);
        return 1;
    }
    return 0;
}
