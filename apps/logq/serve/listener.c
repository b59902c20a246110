// SPDX-License-Identifier: MIT
// listener.c: where the server listens.

#include "serve/listener.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

// Connections that the kernel keeps until they are accepted.
#define BACKLOG 1024

static bool read_port(const char *text, in_port_t *port)
{
    unsigned value = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 6; digits++) {
        value = value * 10 + (unsigned)(text[digits] - '0');
    }
    *port = htons((uint16_t)value);
    return digits > 0 && text[digits] == '\0' && value <= UINT16_MAX;
}

bool listener_address_read(const char *text, struct listener_address *address)
{
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in *four = (struct sockaddr_in *)&address->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address->address;
    bool is_six = text[0] == '[';
    const char *end = is_six ? strchr(text, ']') : strchr(text, ':');
    const char *begin = text + is_six;
    if (end == NULL || (size_t)(end - begin) >= sizeof host) {
        return false;
    }
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    end += is_six;
    *address = (struct listener_address){0};
    if (*end != ':') {
        return false;
    }
    if (is_six) {
        six->sin6_family = AF_INET6;
        address->length = sizeof *six;
        return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 &&
               read_port(end + 1, &six->sin6_port);
    }
    four->sin_family = AF_INET;
    address->length = sizeof *four;
    const char *numeric = host[0] == '\0' ? "0.0.0.0"
                          : strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    return inet_pton(AF_INET, numeric, &four->sin_addr) == 1 &&
           read_port(end + 1, &four->sin_port);
}

int listener_open(const struct listener_address *address, spg_fd *out)
{
    const struct sockaddr *generic = (const struct sockaddr *)&address->address;
    int result = spg_socket(generic->sa_family, SOCK_STREAM, 0, out);
    if (result < 0) {
        return result;
    }
    // A server that is started again need not wait for the connections of the one before.
    const int on = 1;
    (void)setsockopt(spg_fd_number(*out), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    result = spg_bind(*out, generic, address->length);
    result = result == 0 ? spg_listen(*out, BACKLOG) : result;
    if (result < 0) {
        (void)spg_close(*out);
    }
    return result;
}

bool listener_name(spg_fd listener, char text[LISTENER_TEXT_LIMIT])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN];
    if (getsockname(spg_fd_number(listener), (struct sockaddr *)&address, &length) != 0) {
        return false;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
        if (inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host) == NULL) {
            return false;
        }
        (void)snprintf(text, LISTENER_TEXT_LIMIT, "[%s]:%u", host, ntohs(six->sin6_port));
        return true;
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
    if (inet_ntop(AF_INET, &four->sin_addr, host, sizeof host) == NULL) {
        return false;
    }
    (void)snprintf(text, LISTENER_TEXT_LIMIT, "%s:%u", host, ntohs(four->sin_port));
    return true;
}
