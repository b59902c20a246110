// SPDX-License-Identifier: MIT
// target.c: whom to ask: the address in a URL, and requests for it.

#include "load/target.h"

#include "serve/listener.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "http://";

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool target_read(const char *url, struct target *target)
{
    struct listener_address address;
    *target = (struct target){.path = TARGET_PATH_DEFAULT};
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    const char *host = url + sizeof scheme - 1;
    size_t length = strcspn(host, "/");
    if (length == 0 || length >= sizeof target->host || host[0] == ':') {
        return false;
    }
    memcpy(target->host, host, length);
    if (!listener_address_read(target->host, &address)) {
        return false;
    }
    target->address = address.address;
    target->length = address.length;
    target->is_loopback = is_loopback(&target->address);
    if (host[length] != '\0' && host[length + 1] != '\0') {
        target->path = host + length;
    }
    return true;
}

static void add_encoded(struct text *text, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '~';
        if (is_plain) {
            text_add(text, (struct bytes){value, 1});
        } else {
            text_add_format(text, "%%%02X", c);
        }
    }
}

static void add_argument(struct text *text, const char *name, const char *value, char *mark)
{
    if (value != NULL) {
        text_add_format(text, "%c%s=", *mark, name);
        add_encoded(text, value);
        *mark = '&';
    }
}

void target_request(const struct target *target, const char *query, const char *limit,
                    struct text *request)
{
    char mark = strchr(target->path, '?') == NULL ? '?' : '&';
    text_add_format(request, "GET %s", target->path);
    add_argument(request, "query", query, &mark);
    add_argument(request, "limit", limit, &mark);
    text_add_format(request, " HTTP/1.1\r\nHost: %s\r\nUser-Agent: logq-load\r\n\r\n",
                    target->host);
}
