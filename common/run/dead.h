#pragma once
/* Dead letters: one record, with stage, reason, its bytes and where they came from, as an entry
 * of sp:{lane}:dead. Fields: docs/formats.md. */
#include "common/data/pack.h"

struct dead_context {
    str stage;
    uint64_t now_ms;
    str uri; /* of the record's source; empty: unknown */
};

void dead_add(struct arena *a, struct pack *p, const struct record *r, str reason, str detail,
              const struct dead_context *c);
