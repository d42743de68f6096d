#pragma once
/* What sources beyond this machine may be, and what they are fetched with. One for a process.
 */
#include "common/base/clock.h"
#include "common/base/str.h"

struct credentials;
struct http;
struct loop;

struct remote {
    struct http *http;
    struct loop *loop;
    const struct clock *clock;
    uint64_t (*random)(void *ctx); /* 64 uniform bits */
    void *random_ctx;
    str http_allow;             /* HOST[:PORT][=ADDRESS],... */
    str s3_allow;               /* BUCKET[/PREFIX],... */
    str s3_endpoint, s3_region; /* empty: from the environment */
    struct credentials *credentials;
    int64_t clock_offset_ms; /* of AWS, less ours */
};

/* Is `host:port` one of `allow`? `*address`: the address that it may have though it is not
 * global; empty: none. */
bool remote_may_call(str allow, str host, str port, str *address) MUST_CHECK;
bool remote_may_read(str allow, str bucket, str key) MUST_CHECK;
