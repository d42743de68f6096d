#pragma once
/* A cell of a row, or the value of a member: from its raw JSON to the value of a field. For
 * normalise only. */
#include "workers/normalise_rules.h"

struct cell {
    str raw;      /* JSON value; empty: absent */
    bool is_used; /* a field says all of it */
    bool is_kept; /* a field could not read it */
};

/* What a person would see in the cell, without outer blanks; borrowed, or in `a`. `is_raw`: its
 * JSON string says just that. Empty: nothing is there. */
str cell_text(struct arena *a, str raw, bool *is_raw) MUST_CHECK;
/* The JSON value that `f` takes from the text of a cell; empty when its pattern finds nothing.
 * False: it cannot be read, and `why` says so as a coercer does. */
bool cell_read(struct arena *a, const struct normalise_field *f, struct cell *c, str text,
               bool is_raw, str *value, str *why) MUST_CHECK;
