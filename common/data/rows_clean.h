#pragma once
/* Cells that are copied byte for byte, because all their bytes mean themselves in CSV and in
 * JSON: no quotes, nothing that JSON escapes, nothing beyond ASCII. Sixteen at a time where the
 * machine can. Private to rows_cells. */
#include "common/data/rows_cells.h"

struct rows_cursor {
    const char *p, *end, *limit; /* in the line; its end; of the bytes that may be looked at */
    char *out;                   /* room for all that is left of the line */
};

/* Cells as long as they are clean. True: these were the last of the line. */
bool rows_take_clean(struct rows_cells *c, struct rows_cursor *k) MUST_CHECK;
/* The cell at an opening quote, when it is clean but for its two quotes and ends in this line.
 * False: nothing is taken, it may still be one. */
bool rows_take_clean_quoted(struct rows_cells *c, struct rows_cursor *k) MUST_CHECK;
