#pragma once
/* A cell of a row, or the value of a member: from its raw JSON to the value of a field. For
 * normalise only. */
#include "workers/normalise_rules.h"

struct reading {   /* of one cell for one field */
    str raw;       /* its JSON value */
    str text;      /* what a person would see, without outer blanks */
    bool is_raw;   /* the JSON string says just that */
    str value;     /* JSON value of the field; empty: its pattern found nothing */
    bool is_whole; /* the value says all that the cell says */
    str why;       /* why it cannot be read, as a coercer says it */
};

/* Begin a reading; what is not borrowed from `raw` stands in `a`. False: the cell is empty. */
bool cell_look(struct arena *a, str raw, struct reading *r) MUST_CHECK;
/* The value that the field takes from it. False: it cannot be read. */
bool cell_read(struct arena *a, const struct normalise_field *f, struct reading *r) MUST_CHECK;
