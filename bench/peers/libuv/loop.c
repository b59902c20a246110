// SPDX-License-Identifier: MIT
// loop.c: questions go through a uv_async_t, which is how libuv is told things from other threads,
// and answers through a semaphore.
#include "loop.h"

#include <stdio.h>
#include <stdlib.h>

void uv_must(int code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(code));
        exit(1);
    }
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void take_question(uv_async_t *asked)
{
    struct loop *loop = asked->data;
    if (atomic_load(&loop->ends)) {
        uv_walk(&loop->uv, close_handle, NULL);
    } else {
        loop->work(loop, atomic_load(&loop->question));
    }
}

static void run(void *arg)
{
    struct loop *loop = arg;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_open(struct loop *loop, void (*work)(struct loop *, uint64_t))
{
    loop->work = work;
    uv_must(uv_loop_init(&loop->uv), "uv_loop_init");
    uv_must(uv_sem_init(&loop->answered, 0), "uv_sem_init");
}

void loop_start(struct loop *loop)
{
    uv_must(uv_async_init(&loop->uv, &loop->asked, take_question), "uv_async_init");
    loop->asked.data = loop;
    uv_must(uv_thread_create(&loop->thread, run, loop), "uv_thread_create");
}

uint64_t loop_ask(struct loop *loop, uint64_t question)
{
    atomic_store(&loop->question, question);
    uv_must(uv_async_send(&loop->asked), "uv_async_send");
    uv_sem_wait(&loop->answered);
    return atomic_load(&loop->answer);
}

void loop_answer(struct loop *loop, uint64_t answer)
{
    atomic_store(&loop->answer, answer);
    uv_sem_post(&loop->answered);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->ends, true);
    uv_must(uv_async_send(&loop->asked), "uv_async_send");
    uv_must(uv_thread_join(&loop->thread), "uv_thread_join");
    uv_must(uv_loop_close(&loop->uv), "uv_loop_close");
    uv_sem_destroy(&loop->answered);
}

uint64_t loop_iterate(void *state, bool warm_up)
{
    return loop_ask(state, warm_up);
}
