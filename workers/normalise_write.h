#pragma once
/* The document that `normalise` makes of a record: its id, its fields, and what they left. For
 * normalise only. */
#include "common/data/batch.h"
#include "workers/normalise_plan.h"

struct issue {
    const struct normalise_field *field;
    str why;
};
enum { CELL_SAID = 1u << 0, CELL_KEPT = 1u << 1 };
struct source { /* a record taken apart */
    const struct plan *plan;
    const str *cells;     /* JSON values, one a column; empty: absent */
    const uint8_t *flags; /* SAID: a field says all of it; KEPT: a field could not read it */
    str offset;           /* digits */
    str id;               /* sp_id of a document, quoted; empty: to be made */
    str beyond;           /* the cells behind the last column, commas between */
    uint32_t extras;      /* their number */
    bool is_short, is_document;
};
struct outcome {
    const struct normalise_rules *rules;
    str *values; /* one a field; empty: null */
    struct issue *issues;
    uint32_t issue_count;
};

/* One line in `a`, valid JSON when the record was. */
str normalise_write(struct arena *a, const struct record *r, const struct source *src,
                    const struct outcome *o) MUST_CHECK;
