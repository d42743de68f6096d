#pragma once
/* Which addresses may be called on behalf of what others wrote: global unicast alone. Nothing
 * of this machine, of private or local networks, of documentation, and no IPv6 address that
 * carries an IPv4 one. */
#include "common/base/str.h"

struct sockaddr;

bool address_is_global(const struct sockaddr *a) MUST_CHECK;
/* `text` is an address, without brackets, and `a` is it. */
bool address_is(const struct sockaddr *a, str text) MUST_CHECK;

struct address_range {
    unsigned char bytes[16];
    unsigned n, bits; /* n: 4 or 16 bytes of the address */
};
/* "10.0.0.0/8", "::1/128", "127.0.0.1". False: it is none, or has bits behind its length. */
bool address_range_parse(str text, struct address_range *range) MUST_CHECK;
bool address_is_in(const struct sockaddr *a, const struct address_range *ranges,
                   uint32_t n) MUST_CHECK;
