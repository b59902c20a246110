// SPDX-License-Identifier: MIT
// ip_address.h: whether a text is an IP address.

#ifndef LOGQ_DATA_IP_ADDRESS_H
#define LOGQ_DATA_IP_ADDRESS_H

#include "bytes.h"

// IPv4 as four decimal numbers up to 255 without leading zeros; IPv6 as of RFC 4291, with or
// without an embedded IPv4 address, and optionally a zone after `%`.
bool ip_address_is(struct bytes text);

#endif
