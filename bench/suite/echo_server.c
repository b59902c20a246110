// SPDX-License-Identifier: MIT
// echo_server.c: what the rows on sockets talk to: blocking calls, a thread per connection. Prints
// its port, and ends with its standard input.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024 };

static void *echo(void *arg)
{
    int peer = (int)(intptr_t)arg;
    char buffer[BUFFER];
    ssize_t n;
    while ((n = read(peer, buffer, sizeof buffer)) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(peer, buffer + done, (size_t)(n - done));
            if (written <= 0) {
                close(peer);
                return NULL;
            }
            done += written;
        }
    }
    close(peer);
    return NULL;
}

static void *accept_all(void *arg)
{
    int listener = (int)(intptr_t)arg;
    int peer;
    while ((peer = accept(listener, NULL, NULL)) >= 0) {
        int on = 1;
        pthread_t thread;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (pthread_create(&thread, NULL, echo, (void *)(intptr_t)peer) != 0) {
            close(peer);
            continue;
        }
        pthread_detach(thread);
    }
    return NULL;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    pthread_t acceptor;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, bytes) < 0 ||
        listen(listener, 64) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &bytes) < 0 ||
        pthread_create(&acceptor, NULL, accept_all, (void *)(intptr_t)listener) != 0) {
        perror("echo_server");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
