#pragma once
/* Firehose's operations: from the body of a request to the body of a reply. Nothing here knows
 * about sockets. */
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "tools/firehose_local/failure.h"
#include "tools/firehose_local/faults.h"
#include "tools/firehose_local/store.h"

struct reply {
    int status;
    const char *type;
    str body;          /* valid until the next operation */
    const char *error; /* name, or NULL */
    bool is_dropped;   /* hang up instead of answering */
    bool is_sliced;    /* in small pieces */
};
struct operations {
    struct store *store;
    struct faults faults;
    str region; /* in ARNs */
    uint64_t object_bytes, object_ms;
    struct buf body;     /* of the reply */
    struct buf bytes;    /* decoded records */
    uint64_t record_ids; /* given out */
    char record_id[221];
};
void operations_init(struct operations *o);
void operations_free(struct operations *o);

/* `target`: X-Amz-Target. */
struct reply operations_run(struct operations *o, str target, str body, struct arena *a);
struct reply operations_fail(struct operations *o, struct failure f);
struct reply operations_reply(struct operations *o); /* 200 with what stands in o->body */

/* operations_put.c */
struct reply operations_put(struct operations *o, bool is_batch, str body, struct arena *a);
struct failure operations_bad_name(struct arena *a, str name);
struct failure operations_unknown_stream(struct arena *a, str name);
