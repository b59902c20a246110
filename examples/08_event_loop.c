// SPDX-License-Identifier: MIT
// 08_event_loop.c: a plain epoll loop that calls tasks, and serves their calls, without blocking.
#include <errno.h>
#include <spargio.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CALLS = 100, WINDOW = 8 };

typedef struct loop {
    spg_boundary *out; // the loop calls, a task serves
    spg_boundary *in;  // a task calls, the loop serves
    int submitted, answered, served;
} loop;

// ---- In the runtime ----

static int serve_loop(void *arg)
{
    loop *self = arg;
    spg_request request;
    while (spg_serve(self->out, &request, SPG_NEVER) == 0) {
        (void)spg_sleep(spg_after(SPG_MS / 4)); // or anything else that takes its time
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

static int submit_more(loop *self)
{
    while (self->submitted < CALLS && self->submitted - self->answered < WINDOW) {
        spg_ticket ticket;
        spg_call_options options = {.user = (uint64_t)self->submitted, .notify = true};
        int error = spg_submit(self->out, &options, &self->submitted, sizeof self->submitted,
                               &ticket, spg_after(30 * SPG_S));
        if (error) {
            return error == -EAGAIN ? 0 : error; // overload: again when one has ended
        }
        self->submitted++;
    }
    return 0;
}

static int take_answers(loop *self)
{
    spg_ticket ticket;
    while (spg_ticket_next(self->out, &ticket, NULL) == 0) {
        spg_answer answer;
        int error = spg_ticket_wait(self->out, ticket, NULL, 0, &answer, SPG_NOW);
        if (error || answer.result != 2 * (int)answer.user) {
            return error ? error : -EPROTO;
        }
        self->answered++;
    }
    return submit_more(self);
}

static int serve_tasks(loop *self)
{
    spg_request request;
    int error;
    while (!(error = spg_serve(self->in, &request, SPG_NOW))) {
        (void)spg_reply(&request, -*(const int *)request.data, NULL, 0);
        self->served++;
    }
    return error == -ETIME ? 0 : error;
}

enum source { ANSWERS, REQUESTS };

static int watch(int poller, int fd, enum source source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};
    if (fd < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("epoll_ctl");
        return fd < 0 ? fd : -EIO;
    }
    return 0;
}

static int turn(loop *self, int poller)
{
    int error = submit_more(self);
    while (!error && (self->answered < CALLS || self->served < CALLS)) {
        struct epoll_event events[4];
        int n = epoll_wait(poller, events, 4, -1);
        for (int i = 0; i < n && !error; i++) {
            error = events[i].data.u32 == ANSWERS ? take_answers(self) : serve_tasks(self);
        }
    }
    return error;
}

static int run_loop(loop *self)
{
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) {
        perror("epoll_create1");
        return -EIO;
    }
    int error = watch(poller, spg_boundary_reply_fd(self->out), ANSWERS);
    error = error ? error : watch(poller, spg_boundary_request_fd(self->in), REQUESTS);
    error = error ? error : turn(self, poller);
    close(poller);
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
    error = error ? error : spg_spawn_in(rt, NULL, serve_loop, &self, NULL);
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
        fprintf(stderr, "08_event_loop: %s %s\n", spg_strerror(error), why);
        return 1;
    }
    printf("%d calls out, %d calls in: all answered\n", self.answered, self.served);
    return 0;
}
