#pragma once
/* A span of a kept topic once more: what `replay --topic` does. */
#include "tools/command.h"

struct replay_span { /* all of it resolved */
    str topic, to;   /* stages */
    str first, last; /* ids, as for XRANGE */
    str run;
    uint64_t high;    /* mark of `to` */
    struct rate rate; /* of records; count 0: as fast as it goes */
};
struct replay_sum {
    uint64_t entries, records, bytes;
    str cursor; /* the last id */
};

struct redis;
/* Read the span, and change nothing. */
int replay_count(struct redis *r, const struct keys *k, const struct replay_span *s,
                 struct arena *a, struct replay_sum *sum, struct error *err) MUST_CHECK;
/* Copy it; goes on where an earlier call with the same span and run stopped. `bytes` stays 0.
 */
int replay_copy(struct redis *r, const struct keys *k, const struct replay_span *s,
                struct arena *a, struct replay_sum *sum, struct error *err) MUST_CHECK;
