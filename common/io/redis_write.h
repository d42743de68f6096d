#pragma once
/* Commands as Redis reads them. */
#include "common/base/str.h"

struct evbuffer;
/* Long arguments are not copied: their bytes must live until they are sent. */
void redis_write(struct evbuffer *out, const str *args, uint32_t n);
