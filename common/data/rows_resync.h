#pragma once
/* Behind a quote that cannot be right: where rows begin again. Private to rows. */
#include "common/data/rows_cells.h"
#include "common/data/rows_line.h"

/* Whole lines that the scanner could not read as one row. */
struct rows_torn {
    str lines;
    struct rows_line first; /* the first of them; becomes what the bad row is */
    const char *reason;     /* in, NULL: the file ends there; out: why the row is bad */
};

/* The bad row reaches up to the next line that is a row of `cells` cells by itself. Without
 * one it is the first line; or all of them, at the end of the file. 0 cells: nobody knows how
 * many a row has, and the bad row is the first line. `c` is used and left without a row. */
void rows_resync(struct rows_torn *t, struct rows_cells *c, enum rows_newline newline,
                 uint32_t cells);
