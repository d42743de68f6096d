#pragma once
/* A text of a record, from the raw JSON of a cell or member to the value of a field. For
 * normalise only. */
#include "common/data/quantity.h"
#include "workers/normalise_rules.h"

enum step { STEP_TEXT, STEP_NOTHING, STEP_UNKNOWN }; /* to be parsed; no value; an issue */

struct reading {       /* of one text for one field */
    str raw;           /* its JSON value; empty: it stands in no cell */
    str text;          /* what a person would see, without outer blanks */
    bool is_raw;       /* the JSON string says just that */
    bool is_number;    /* it is a JSON number, or a part of one: a point is its decimal sign */
    str before, after; /* text that goes around it before it is matched and parsed */
    bool has_now;      /* `now` is known, in seconds since the epoch: goes over the setup's */
    int64_t now;
    enum step step; /* how the steps before the coercer ended */
    bool is_whole;  /* the value says all that the text says */
    bool is_read;   /* a coercer took it, if only to say that there is no such part */
    /* JSON value of the field, empty: there is none; issue, empty: none, and with a value what
     * is odd about it; why, which goes on after the text. A coercer writes them here. */
    struct coerced out;
};

/* Begin a reading; what is not borrowed from `raw` stands in `a`. False: the cell is empty. */
bool cell_look(struct arena *a, str raw, struct reading *r) MUST_CHECK;
/* The steps of a field, on r->text. */
enum step cell_steps(struct arena *a, const struct normalise_steps *s, struct reading *r);

struct cell_share { /* of one cell, between the fields that read it alike */
    bool is_prepared, has_quantity, is_good; /* the members below are filled in; it was read */
    struct reading prepared;                 /* behind the steps */
    struct quantity quantity;
    struct coerced refusal;
};
/* The value that the field takes from r->text. False: it cannot be read. `share` is zeroed
 * before the first field of a cell, and NULL where a field is alone. */
bool cell_read(struct arena *a, const struct normalise_field *f, struct cell_share *share,
               struct reading *r) MUST_CHECK;
