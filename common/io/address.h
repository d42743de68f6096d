#pragma once
/* Which addresses may be called on behalf of what others wrote: global unicast alone. Nothing
 * of this machine, of private or local networks, of documentation, and no IPv6 address that
 * carries an IPv4 one. */
#include "common/base/str.h"

struct sockaddr;

bool address_is_global(const struct sockaddr *a) MUST_CHECK;
/* `text` is an address, without brackets, and `a` is it. */
bool address_is(const struct sockaddr *a, str text) MUST_CHECK;
