#pragma once
/* Is the request signed by our key, a short while ago? With the signer that the deliverer uses
 * (common/data/sigv4.h), which is tested against botocore. */
#include "common/data/sigv4.h"
#include "common/io/server.h"
#include "tools/firehose_local/failure.h"

struct auth {
    bool is_off;
    str id, secret;
    str region; /* empty: any */
};
/* True, or false with `failure` filled; its message stands in the arena. */
bool auth_check(const struct auth *auth, struct server_request *q, uint64_t now_ms,
                struct arena *a, struct failure *failure) MUST_CHECK;
