#pragma once
/* One admission into a topic, as a MULTI with sp1_admit last: safe to repeat, because it is
 * remembered under the inbox entry and the topic. Formats: docs/formats.md. */
#include "common/data/keys.h"
#include "common/io/transaction.h"
#include "workers/dispatch_door.h"

struct admit_context {
    struct redis *redis;
    const struct keys *keys;
    uint64_t now_ms;
    struct arena *arena; /* arguments and answers; lives until `done` */
};

void admit_send(const struct admit_context *c, const struct entry *e, const struct admit *a,
                transaction_done *done, void *ctx);
