#pragma once
/* How a CSV file begins: its dialect, lines before its header, its columns. Pure functions on
 * its first bytes. For split only. */
#include "workers/split_reader.h"

struct split_head {
    struct rows_dialect dialect;
    uint64_t start; /* of the header, or of the first row */
    uint64_t lines; /* before it */
    str before;     /* their text, as UTF-8, at most 4 KiB */
    str chosen;     /* why this delimiter; empty: it was declared */
};
/* `head`: the first bytes of the file, a byte order mark included. */
void split_head_look(struct arena *a, const struct reader_setup *setup, str head,
                     struct split_head *h);

/* Names of `expect` that are not among the columns, as a JSON array; empty: all are. Names are
 * compared folded. Both are JSON arrays. */
str split_head_missing(struct arena *a, str expect, str cols) MUST_CHECK;
/* What is new, gone or in another order since the last file, as a JSON object; empty: nothing.
 */
str split_head_drift(struct arena *a, str last, str cols) MUST_CHECK;
