// SPDX-License-Identifier: MIT
// loop.h: a loop of libuv on a thread of its own, which another thread asks things.
#ifndef SPARGIO_BENCH_PEERS_LIBUV_LOOP_H
#define SPARGIO_BENCH_PEERS_LIBUV_LOOP_H

#include "suite/row.h"

#include <stdatomic.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_thread_t thread;
    uv_async_t asked;
    uv_sem_t answered;
    _Atomic uint64_t question;
    _Atomic uint64_t answer;
    _Atomic bool ends;
    // On the loop's thread; it, or what it has begun there, is to call loop_answer.
    void (*work)(struct loop *loop, uint64_t question);
};

// Handles may be added before the thread is started; the loop must not wait for them then.
void loop_open(struct loop *loop, void (*work)(struct loop *, uint64_t));
void loop_start(struct loop *loop);

uint64_t loop_ask(struct loop *loop, uint64_t question);
void loop_answer(struct loop *loop, uint64_t answer);

// Closes all handles that there are.
void loop_stop(struct loop *loop);

// A row's iteration whose question is whether it is the warm-up; state begins with a loop.
uint64_t loop_iterate(void *state, bool warm_up);

enum { UV_SOCKET_ROWS = 5, UV_WAITING_ROWS = 2, UV_SERVERS = 2 };

extern const struct row uv_socket_rows[UV_SOCKET_ROWS];
extern const struct row uv_waiting_rows[UV_WAITING_ROWS];
extern const struct server uv_servers[UV_SERVERS];

// Ends the process with a message when code, of libuv, is an error.
void uv_must(int code, const char *what);

#endif
