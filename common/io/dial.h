#pragma once
/* Opening sockets without waiting: a non-blocking connect whose end the loop sees as
 * "writable". */
#include "common/base/error.h"
#include "common/base/str.h"

/* A descriptor that is connecting, non-blocking and close-on-exec, or -1 with `err`. `path` and
 * `host` end with a NUL. A host name is looked up before the call returns (getaddrinfo); of its
 * addresses `attempt` chooses, round and round, because whether anybody listens is known only
 * later. */
int dial_unix(str path, struct error *err) MUST_CHECK;
int dial_tcp(str host, uint16_t port, uint32_t attempt, struct error *err) MUST_CHECK;
int dial_result(int fd); /* 0, or the errno that ended the connect */
