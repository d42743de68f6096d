#pragma once
/* HTTP in front of the operations: signatures, the doors for tests under /_local, which only
 * this machine may use, and answers that are held back. */
#include "common/io/server.h"
#include "tools/firehose_local/auth.h"
#include "tools/firehose_local/operations.h"

struct late;
struct api {
    struct loop *loop;
    struct auth auth;
    struct operations ops;
    struct arena arena; /* of one request */
    struct late *late;  /* answers held back */
    uint64_t answers;
};
void api_handle(void *api, struct server_request *q); /* a server_handler */
void api_free(struct api *a); /* what it points at; answers still held back are dropped */
