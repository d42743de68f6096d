#pragma once
/* The routing table: which row of it takes a record. First match wins; a list in `to` forks. */
#include "common/base/error.h"
#include "common/data/batch.h"
#include "common/data/script.h"

enum route_act { ROUTE_TO, ROUTE_DROP, ROUTE_DEAD };
enum { ROUTE_FORK_MAX = 16 };
#define ROUTE_ALWAYS UINT32_MAX
struct route {
    str from;           /* a stage, a source, or "inbox" */
    uint32_t condition; /* of the script; ROUTE_ALWAYS without `when` */
    enum route_act act;
    str reason; /* DROP, DEAD */
    uint32_t
        to[ROUTE_FORK_MAX]; /* TO: numbers of stages in the pipeline, ascending, distinct */
    uint32_t to_count;
};
struct routes {
    const struct route *rows;
    uint32_t n;
    struct script *script; /* borrowed */
};

/* The row that takes `r` when it comes from `from`; NULL when none does, and then the record is
 * settled as a dead letter `no_route` or `condition`. `a` takes the detail. */
const struct route *route_match(const struct routes *t, str from, struct record *r,
                                struct arena *a);
