#pragma once
/* The document that `normalise` makes of a record: its id, its fields, and what they left. For
 * normalise only. */
#include "common/data/batch.h"
#include "workers/normalise_cell.h"
#include "workers/normalise_plan.h"

struct issue {
    const struct normalise_field *field; /* NULL: of the record as a whole */
    str issue, why;
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
struct share {       /* of fields that are kin */
    uint64_t record; /* whose cell it is; 0: none yet */
    uint32_t column;
    struct cell_share cell;
};
struct outcome {
    str *values; /* one a field; empty: null */
    struct issue *issues;
    uint32_t issue_count;
    struct share
        *shares;     /* one a field, of which those are used that are the first of others */
    uint64_t record; /* number of the record at hand, from 1 */
};

/* One line in `a`, valid JSON when the record was. */
str normalise_write(struct arena *a, const struct record *r, const struct source *src,
                    const struct outcome *o) MUST_CHECK;

/* What a field may take besides cells: JSON values in `a`. */
str normalise_raw(struct arena *a, const struct record *r,
                  const struct source *src) MUST_CHECK; /* {"header":"text", ...}, all cells */
str normalise_extra(struct arena *a, const struct record *r,
                    const struct source *src) MUST_CHECK; /* the same, what no field took */
str normalise_issues(struct arena *a, const struct record *r, const struct source *src,
                     const struct outcome *o) MUST_CHECK; /* ["field:issue", ...] */

/* For the writer: sp_extra and sp_issues as members, or nothing. */
char *normalise_put_extra(char *out, const struct source *src);
char *normalise_put_issues(char *out, const struct source *src, const struct outcome *o);
size_t normalise_rest_bound(const struct record *r, const struct source *src,
                            const struct outcome *o); /* bytes that both take at most */
