#pragma once
/* What becomes of a dead letter that is sent back: which topic, as what. Pure. */
#include "common/run/pipeline.h"
#include "tools/dead_letters.h"

struct dead_plan {
    str to;            /* a stage, or `inbox` */
    const char *form;  /* for sp1_redrive: record, job, entry */
    uint64_t high;     /* mark of its topic; 0: none */
    const char *stays; /* not NULL: it cannot go back, and what to do instead */
};

/* `to`: the stage that was asked for; empty: where it died. */
struct dead_plan dead_plan(const struct letter *l, const struct pipeline *p, str to);
