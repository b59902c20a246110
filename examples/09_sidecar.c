// SPDX-License-Identifier: MIT
// 09_sidecar.c: a separate process that serves requests over a Unix socket: deadline and trace id
// travel in the frame, and whoever waits is told when the process is gone.
//
// The main process has a boundary in front of the socket, so that tasks, threads and loops call the
// sidecar as they would call anything else. One task writes requests, one reads replies; both are
// pinned to shard 0, and so the table between them needs no lock.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <spargio.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 3, TEXT = 32, SLOTS = 64, CALLERS = 20, ROUNDS = 10, IMPATIENT = 5, HELD = 4 };

// What a request asks for.
enum work { UPPER, SLEEP_FOR_EVER, DIE };

// On the wire, in both directions. Both ends are the same program on the same machine.
typedef struct frame {
    uint32_t slot;   // of the main process's table; comes back with the reply
    int32_t result;  // of a reply
    uint64_t trace;  // the caller's, for both processes' logs
    int64_t left_ns; // what is left until the deadline: no clock has to agree; INT64_MAX: none
    uint32_t work;
    char text[TEXT];
} frame;

static bool read_frame(spg_fd fd, frame *out)
{
    return spg_recv(fd, out, sizeof *out, MSG_WAITALL, SPG_NEVER) == sizeof *out;
}

static bool write_frame(spg_fd fd, const frame *one)
{
    return spg_send_all(fd, one, sizeof *one, 0, SPG_NEVER) == sizeof *one;
}

// ---- The sidecar -----------------------------------------------------------------------------

typedef struct job {
    spg_mailbox replies;
    frame frame; // the request, then the reply
} job;

static int do_job(void *arg)
{
    job *self = arg;
    frame *own = &self->frame;
    if (own->work == DIE) {
        _exit(1);
    } else if (own->work == SLEEP_FOR_EVER) {
        int error = spg_sleep(own->left_ns == INT64_MAX ? SPG_NEVER : spg_after(own->left_ns));
        own->result = error ? error : -ETIME; // the caller's deadline: what is done is for nobody
    } else {
        for (char *c = own->text; *c; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
    }
    // Replies are written whole, one after the other, by whoever receives them here.
    int error = spg_send_owned(self->replies, 0, self, free, SPG_NEVER);
    if (error) {
        free(self);
    }
    return error;
}

typedef struct sidecar {
    spg_fd fd;
    spg_mailbox replies;
} sidecar;

static int write_replies(void *arg)
{
    sidecar *self = arg;
    spg_msg message;
    while (spg_receive(self->replies, &message, 1, SPG_NEVER) == 1) {
        job *done = (job *)(uintptr_t)message.value;
        bool written = write_frame(self->fd, &done->frame);
        free(done);
        if (!written) {
            break;
        }
    }
    return 0;
}

static int serve_socket(void *arg)
{
    (void)arg;
    sidecar self = {0};
    spg_task writer;
    spg_attr here = {.name = "replies", .place = SPG_PINNED, .shard = 0};
    int error = spg_fd_adopt(SOCKET, &self.fd);
    error = error ? error : spg_mailbox_open(0, SLOTS, &self.replies);
    error = error ? error : spg_spawn(&here, write_replies, &self, &writer);
    for (frame next; !error && read_frame(self.fd, &next);) {
        job *one = calloc(1, sizeof *one);
        if (!one) {
            return -ENOMEM;
        }
        *one = (job){.replies = self.replies, .frame = next};
        error = spg_spawn(NULL, do_job, one, NULL);
    }
    return error; // the rest ends with the runtime
}

// ---- The main process ------------------------------------------------------------------------

typedef struct front {
    spg_boundary *desk;
    spg_fd fd;
    spg_request taken[SLOTS]; // data NULL: free
} front;

static uint32_t free_slot(const front *self)
{
    uint32_t slot = 0;
    while (self->taken[slot].data) {
        slot++; // there is one: the boundary has no more calls than that
    }
    return slot;
}

static int write_requests(void *arg)
{
    front *self = arg;
    spg_request request;
    while (spg_serve(self->desk, &request, SPG_NEVER) == 0) {
        frame next = *(const frame *)request.data;
        spg_time now = spg_now();
        next.slot = free_slot(self);
        next.trace = request.trace;
        next.left_ns = request.deadline == SPG_NEVER ? INT64_MAX
                       : request.deadline > now      ? request.deadline - now
                                                     : 0;
        self->taken[next.slot] = request;
        if (!write_frame(self->fd, &next)) {
            break; // read_replies finds out, too
        }
    }
    return 0;
}

static int read_replies(void *arg)
{
    front *self = arg;
    frame reply;
    while (read_frame(self->fd, &reply)) {
        spg_request *request = &self->taken[reply.slot % SLOTS];
        if (request->data && request->trace == reply.trace) {
            (void)spg_reply(request, reply.result, reply.text, TEXT); // late: nobody waits
            request->data = NULL;
        }
    }
    // The sidecar is gone: those that wait are told at once, and nobody else is let in.
    for (int slot = 0; slot < SLOTS; slot++) {
        if (self->taken[slot].data) {
            (void)spg_request_drop(&self->taken[slot]);
        }
    }
    return spg_boundary_close(self->desk);
}

static int ask(front *self, enum work work, char text[TEXT], uint64_t trace, spg_time deadline)
{
    frame request = {.work = (uint32_t)work};
    spg_answer answer;
    spg_call_options options = {.trace = trace};
    memcpy(request.text, text, TEXT);
    int error =
        spg_call(self->desk, &options, &request, sizeof request, text, TEXT, &answer, deadline);
    return error ? error : answer.result;
}

static int ask_often(void *arg)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        char text[TEXT] = "", wanted[TEXT] = "";
        snprintf(text, sizeof text, "round %" PRIu64, i);
        snprintf(wanted, sizeof wanted, "ROUND %" PRIu64, i);
        int error = ask(arg, UPPER, text, i + 1, spg_after(30 * SPG_S));
        if (error || strcmp(text, wanted) != 0) {
            return error ? error : -EPROTO;
        }
    }
    return 0;
}

static int be_impatient(void *arg)
{
    char text[TEXT] = "";
    int error = ask(arg, SLEEP_FOR_EVER, text, 7, spg_after(20 * SPG_MS));
    return error == -ETIME ? 0 : -EPROTO;
}

// Ends with the sidecar: while the request was there, or before it was taken.
static int hold_on(void *arg)
{
    char text[TEXT] = "";
    int error = ask(arg, SLEEP_FOR_EVER, text, 8, SPG_NEVER);
    return error == -ENODATA || error == -ENOLINK ? 0 : -EPROTO;
}

static int all_of(spg_fn *fn, front *self, unsigned count, bool then_die)
{
    spg_scope scope;
    int error = spg_scope_open(&scope, SPG_NEVER);
    if (error) {
        return error;
    }
    error = spg_spawn_n(NULL, NULL, fn, self, 0, count);
    char text[TEXT] = "";
    if (!error && then_die) {
        int died = ask(self, DIE, text, 9, SPG_NEVER);
        error = died == -ENODATA || died == -ENOLINK ? 0 : -EPROTO;
    }
    int failed = spg_scope_close(&scope);
    return error ? error : failed;
}

static int use_sidecar(void *arg)
{
    front self = {0};
    spg_task writer, reader;
    spg_attr here = {.name = "sidecar", .place = SPG_PINNED, .shard = 0};
    spg_boundary_options sizes = {
        .calls = SLOTS, .request_bytes = sizeof(frame), .reply_bytes = TEXT};
    int error = spg_boundary_open(spg_runtime(), &sizes, &self.desk);
    error = error ? error : spg_fd_adopt(*(int *)arg, &self.fd);
    error = error ? error : spg_spawn(&here, write_requests, &self, &writer);
    error = error ? error : spg_spawn(&here, read_replies, &self, &reader);
    if (error) {
        return error;
    }
    error = all_of(ask_often, &self, CALLERS, false);
    error = error ? error : all_of(be_impatient, &self, IMPATIENT, false);
    error = error ? error : all_of(hold_on, &self, HELD, true);
    (void)spg_close(self.fd); // if it is still there, reading ends
    int ended = spg_join(reader, NULL, SPG_NEVER);
    error = error ? error : ended;
    ended = spg_join(writer, NULL, SPG_NEVER);
    (void)spg_boundary_free(self.desk);
    return error ? error : ended;
}

static int start_sidecar(char *program, int socket, pid_t *out)
{
    char *arguments[] = {program, "--sidecar", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, SOCKET);
    int error = posix_spawn(out, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

int main(int count, char **arguments)
{
    char why[256] = "";
    spg_options options = {.shards = 2, .error_text = why, .error_bytes = sizeof why};
    int result = 0;
    if (count > 1 && strcmp(arguments[1], "--sidecar") == 0) {
        int failed = spg_run(&options, serve_socket, NULL, &result);
        return failed || result ? 1 : 0; // who started it sees the end of the stream, and says so
    }
    int ends[2];
    pid_t child;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        perror("socketpair");
        return 1;
    }
    int error = start_sidecar(arguments[0], ends[1], &child);
    close(ends[1]);
    if (!error) {
        error = spg_run(&options, use_sidecar, &ends[0], &result);
        error = error ? error : result;
        (void)waitpid(child, NULL, 0);
    }
    if (error) {
        fprintf(stderr, "09_sidecar: %s %s\n", spg_strerror(error), why);
        return 1;
    }
    printf("%d answered, %d out of time, %d told that the sidecar is gone\n", CALLERS * ROUNDS,
           IMPATIENT, HELD);
    return 0;
}
