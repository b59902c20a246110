// SPDX-License-Identifier: MIT
// 03_echo.c: an echo server and its clients on the loopback address; it reads like blocking C.
#include <arpa/inet.h>
#include <errno.h>
#include <spargio.h>
#include <stdio.h>
#include <string.h>

enum { CLIENTS = 32, ROUNDS = 10 };

static int serve(void *handle) // one task per connection; a handle is small: it is the argument
{
    spg_fd peer = {(uint64_t)(uintptr_t)handle};
    char buffer[256];
    ssize_t n = 0;
    while ((n = spg_recv(peer, buffer, sizeof buffer, 0, SPG_NEVER)) > 0 &&
           spg_send_all(peer, buffer, (size_t)n, 0, spg_after(SPG_S)) == n) {
    }
    return spg_close(peer);
}

static int accept_all(void *listener)
{
    spg_fd peer;
    int error = 0;
    while (!(error = spg_accept(*(spg_fd *)listener, NULL, NULL, 0, &peer, SPG_NEVER))) {
        error = spg_spawn(NULL, serve, (void *)(uintptr_t)peer.v, NULL);
        if (error) {
            (void)spg_close(peer);
            return error;
        }
    }
    return error == -ECANCELED ? 0 : error;
}

static int talk(void *address)
{
    spg_fd fd;
    int error = spg_socket(AF_INET, SOCK_STREAM, 0, &fd);
    if (error) {
        return error;
    }
    spg_time deadline = spg_after(10 * SPG_S); // for the whole conversation
    error = spg_connect(fd, address, sizeof(struct sockaddr_in), deadline);
    for (int i = 0; i < ROUNDS && !error; i++) {
        char sent[32] = "", back[32] = "";
        size_t bytes = (size_t)snprintf(sent, sizeof sent, "round %d", i);
        ssize_t n = spg_send_all(fd, sent, bytes, 0, deadline);
        n = n < 0 ? n : spg_recv(fd, back, bytes, MSG_WAITALL, deadline);
        error = n < 0 ? (int)n : strcmp(sent, back) ? -EPROTO : 0;
    }
    (void)spg_close(fd);
    return error;
}

static int listen_on_any_port(spg_fd *listener, struct sockaddr_in *address)
{
    socklen_t bytes = sizeof *address;
    int error = spg_socket(AF_INET, SOCK_STREAM, 0, listener);
    error = error ? error : spg_bind(*listener, (struct sockaddr *)address, bytes);
    error = error ? error : spg_listen(*listener, CLIENTS);
    if (!error && getsockname(spg_fd_number(*listener), (struct sockaddr *)address, &bytes)) {
        error = -EIO;
    }
    return error;
}

static int root(void *unused)
{
    (void)unused;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    spg_fd listener;
    spg_task acceptor;
    spg_scope clients;
    int error = listen_on_any_port(&listener, &address), accepted = 0;
    error = error ? error : spg_spawn(NULL, accept_all, &listener, &acceptor);
    if (error || (error = spg_scope_open(&clients, SPG_NEVER))) {
        return error; // what was spawned and opened ends with the runtime
    }
    int refused = spg_spawn_n(&clients, NULL, talk, &address, 0, CLIENTS);
    int failed = spg_scope_close(&clients); // all clients have had their answers
    (void)spg_cancel(acceptor);
    error = spg_join(acceptor, &accepted, SPG_NEVER);
    (void)spg_close(listener);
    return refused ? refused : failed ? failed : error ? error : accepted;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.error_text = why, .error_bytes = sizeof why};
    int result = 0, error = spg_run(&options, root, NULL, &result);
    if (error || result) {
        fprintf(stderr, "03_echo: %s %s\n", spg_strerror(error ? error : result), why);
        return 1;
    }
    printf("%d clients, %d rounds each: all echoed\n", CLIENTS, ROUNDS);
    return 0;
}
