#pragma once
/* Text of a cell to a typed JSON value: a table of small pure functions. Adding one is one
 * function, one row in the table and one table of cases in its test. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/node.h"

struct coerce_setup {          /* what a field's rule declares; the defaults in brackets */
    const str *formats;        /* of dates, strptime-like, tried in order (ISO 8601) */
    const str *truthy, *falsy; /* of booleans, folded (true yes y 1 t; false no n 0 f) */
    uint32_t format_count, truthy_count, falsy_count;
    char decimal, group; /* signs of numbers ('.', none); a ' ' is any blank that does not break
                          * a line */
};

/* The JSON value of `text` (UTF-8, trimmed, not empty), in the arena or borrowed from `text`.
 * False: it cannot be read as this type, and `why` goes on after the text, static or in the
 * arena ("is no integer"). */
typedef bool coerce_fn(const struct coerce_setup *setup, struct arena *a, str text, str *value,
                       str *why);
struct coercer {
    const char *name, *summary; /* the word behind `parse:`; a whole sentence for the manual */
    coerce_fn *run;
};
const struct coercer *coercer_find(str name); /* NULL: no such word */
extern const struct coercer coercers[];       /* ends with a NULL name */

/* NULL when `format` can be read and names a year, a month and a day; else what is wrong with
 * it, static. */
const char *coerce_check_format(str format) MUST_CHECK;

coerce_fn coerce_text, coerce_integer, coerce_number, coerce_date, coerce_boolean;
