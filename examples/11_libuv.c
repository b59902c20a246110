// SPDX-License-Identifier: MIT
// 11_libuv.c: a libuv loop that calls tasks, and serves their calls, beside its own timers.
//
// The same as 08_event_loop.c, in a loop that belongs to somebody else: two descriptors are polled,
// and nothing of the loop ever blocks.
#include <errno.h>
#include <spargio.h>
#include <stdio.h>
#include <uv.h>

enum { CALLS = 100, WINDOW = 8 };

typedef struct loop {
    spg_boundary *out; // the loop calls, a task serves
    spg_boundary *in;  // a task calls, the loop serves
    uv_poll_t answers;
    uv_poll_t requests;
    uv_timer_t ticker;
    int submitted, answered, served, ticks;
    int error; // the first
} loop;

// ---- In the runtime ----

static int double_it(void *arg)
{
    loop *self = arg;
    spg_request request;
    while (spg_serve(self->out, &request, SPG_NEVER) == 0) {
        (void)spg_reply(&request, 2 * *(const int *)request.data, NULL, 0);
    }
    return 0;
}

static int call_loop(void *arg)
{
    loop *self = arg;
    for (int i = 0; i < CALLS; i++) {
        spg_answer answer;
        int error = spg_call(self->in, NULL, &i, sizeof i, NULL, 0, &answer, spg_after(30 * SPG_S));
        if (error || answer.result != -i) {
            return error ? error : -EPROTO;
        }
    }
    return 0;
}

// ---- In the loop ----

// Closing its handles is what ends uv_run.
static void end_when_done(loop *self)
{
    bool done = self->answered == CALLS && self->served == CALLS && self->ticks > 0;
    if ((done || self->error) && !uv_is_closing((uv_handle_t *)&self->ticker)) {
        uv_close((uv_handle_t *)&self->answers, NULL);
        uv_close((uv_handle_t *)&self->requests, NULL);
        uv_close((uv_handle_t *)&self->ticker, NULL);
    }
}

static void submit_more(loop *self)
{
    int error = 0;
    while (!error && self->submitted < CALLS && self->submitted - self->answered < WINDOW) {
        spg_ticket ticket;
        spg_call_options options = {.user = (uint64_t)self->submitted, .notify = true};
        error = spg_submit(self->out, &options, &self->submitted, sizeof self->submitted, &ticket,
                           spg_after(30 * SPG_S));
        self->submitted += error == 0;
    }
    // Overload is no failure: again when a call has ended.
    self->error = error && error != -EAGAIN ? error : self->error;
}

static void on_answers(uv_poll_t *handle, int status, int events)
{
    loop *self = handle->data;
    spg_ticket ticket;
    (void)events;
    self->error = status < 0 ? status : self->error;
    while (!self->error && spg_ticket_next(self->out, &ticket, NULL) == 0) {
        spg_answer answer;
        int error = spg_ticket_wait(self->out, ticket, NULL, 0, &answer, SPG_NOW);
        bool wrong = !error && answer.result != 2 * (int)answer.user;
        self->error = wrong ? -EPROTO : error;
        self->answered++;
    }
    submit_more(self);
    end_when_done(self);
}

static void on_requests(uv_poll_t *handle, int status, int events)
{
    loop *self = handle->data;
    spg_request request;
    (void)events;
    self->error = status < 0 ? status : self->error;
    while (!self->error && spg_serve(self->in, &request, SPG_NOW) == 0) {
        (void)spg_reply(&request, -*(const int *)request.data, NULL, 0);
        self->served++;
    }
    end_when_done(self);
}

static void on_tick(uv_timer_t *timer)
{
    loop *self = timer->data;
    self->ticks++;
    end_when_done(self);
}

static int run_loop(loop *self)
{
    uv_loop_t uv;
    int error = uv_loop_init(&uv);
    if (error) {
        return error;
    }
    self->answers.data = self->requests.data = self->ticker.data = self;
    error = uv_poll_init(&uv, &self->answers, spg_boundary_reply_fd(self->out));
    error = error ? error : uv_poll_init(&uv, &self->requests, spg_boundary_request_fd(self->in));
    error = error ? error : uv_timer_init(&uv, &self->ticker);
    error = error ? error : uv_poll_start(&self->answers, UV_READABLE, on_answers);
    error = error ? error : uv_poll_start(&self->requests, UV_READABLE, on_requests);
    error = error ? error : uv_timer_start(&self->ticker, on_tick, 1, 1);
    if (!error) {
        submit_more(self);
        (void)uv_run(&uv, UV_RUN_DEFAULT);
        error = self->error;
    }
    (void)uv_loop_close(&uv);
    return error;
}

int main(void)
{
    spg_rt *rt = NULL;
    loop self = {0};
    char why[256] = "";
    spg_options options = {.shards = 2, .error_text = why, .error_bytes = sizeof why};
    int error = spg_create(&options, &rt);
    error = error ? error : spg_boundary_open(rt, NULL, &self.out);
    error = error ? error : spg_boundary_open(rt, NULL, &self.in);
    error = error ? error : spg_spawn_in(rt, NULL, double_it, &self, NULL);
    error = error ? error : spg_spawn_in(rt, NULL, call_loop, &self, NULL);
    error = error ? error : run_loop(&self);
    (void)spg_boundary_close(self.out); // the serving task ends
    int left = spg_shutdown(rt, NULL, spg_after(10 * SPG_S));
    (void)spg_boundary_free(self.out);
    (void)spg_boundary_free(self.in);
    error = error ? error : left;
    left = spg_destroy(rt);
    error = error ? error : left;
    if (error) {
        fprintf(stderr, "11_libuv: %s %s\n", spg_strerror(error), why);
        return 1;
    }
    printf("%d calls out, %d calls in: all answered, while a timer ticked\n", self.answered,
           self.served);
    return 0;
}
