#pragma once
/* The lines of a CSV file, quotes or not. Private to rows. */
#include "common/data/rows.h"

struct rows_line {
    size_t text, n; /* its length without and with the line end */
    bool is_open;   /* the file ends before its line end */
};

/* The line at the front of `rest`, whose first `searched` bytes hold no line end. `is_last`:
 * the file ends with it. False: the line's end is not there yet. */
bool rows_line_find(enum rows_newline newline, str rest, size_t searched, bool is_last,
                    struct rows_line *line) MUST_CHECK;
