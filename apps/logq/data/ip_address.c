// SPDX-License-Identifier: MIT
// ip_address.c: whether a text is an IP address.

#include "ip_address.h"

static bool is_ipv4(struct bytes text)
{
    int parts = 0;
    size_t i = 0;
    while (parts < 4) {
        int value = 0;
        size_t begin = i;
        while (i < text.len && i - begin < 3 && text.ptr[i] >= '0' && text.ptr[i] <= '9') {
            value = value * 10 + (text.ptr[i] - '0');
            i++;
        }
        bool padded = i - begin > 1 && text.ptr[begin] == '0';
        if (i == begin || value > 255 || padded) {
            return false;
        }
        parts++;
        if (parts < 4 && (i == text.len || text.ptr[i++] != '.')) {
            return false;
        }
    }
    return i == text.len;
}

static bool is_hex_digit(char c)
{
    char lower = (char)(c | 0x20);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

static bool is_ipv6(struct bytes text)
{
    const int groups_in_all = 8;
    int groups = 0;
    bool shortened = false;
    size_t i = 0;
    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
        shortened = true;
        i = 2;
    }
    while (i < text.len) {
        size_t begin = i;
        while (i < text.len && i - begin < 4 && is_hex_digit(text.ptr[i])) {
            i++;
        }
        if (i < text.len && text.ptr[i] == '.') {
            groups += 2;
            return is_ipv4(bytes_from(text, begin)) &&
                   (shortened ? groups < groups_in_all : groups == groups_in_all);
        }
        if (i == begin) {
            return false;
        }
        groups++;
        if (i == text.len) {
            break;
        }
        if (text.ptr[i++] != ':' || i == text.len) {
            return false;
        }
        if (text.ptr[i] == ':') {
            if (shortened) {
                return false;
            }
            shortened = true;
            i++;
        }
    }
    return shortened ? groups < groups_in_all : groups == groups_in_all;
}

bool ip_address_is(struct bytes text)
{
    if (is_ipv4(text)) {
        return true;
    }
    const char *zone = text.len == 0 ? NULL : memchr(text.ptr, '%', text.len);
    if (zone != NULL) {
        return zone + 1 < text.ptr + text.len && is_ipv6(bytes_between(text.ptr, zone));
    }
    return is_ipv6(text);
}
