#pragma once
/* What the dispatcher makes of an inbox entry: which topics it goes to, as what. Pure. Jobs
 * (`uri`) go to a split stage; documents get their `sp_id`, and foreign members that begin with
 * `sp_` move under `sp_extra`; what cannot be understood or routed becomes a dead letter. */
#include "common/data/keys.h"
#include "common/data/pack.h"
#include "common/run/pipeline.h"

struct admit { /* into one topic: one sp1_admit with its XADDs */
    struct admit *next;
    str topic; /* stage name, or "dead" */
    struct pack pack;
    uint64_t high; /* 0: no bound */
    bool is_job;
    str job;                            /* id of the job's hash */
    int64_t rows, dead, filtered, open; /* moves of the source's books */
    bool is_done;
};
struct door_context {
    const struct pipeline *pipeline;
    const struct keys *keys;
    uint64_t now_ms;
};

/* `b` holds the one entry `e`; `why` (with `detail`) says that it was not understood, or is
 * NULL. The list stands in the batch's arena and has at least one element. */
struct admit *door_sort(const struct door_context *c, struct batch *b, struct entry *e,
                        const char *why, str detail);
/* Whoever put the entry in says which source it is of: it was taken from elsewhere in Redis. */
bool door_came_with_src(const struct entry *e);
