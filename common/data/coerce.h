#pragma once
/* Text of a cell to a typed JSON value: a table of small pure functions. Adding one is one
 * function, one row in the table and one table of cases in its test. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/node.h"

struct coerce_setup {    /* what a field's rule declares; the defaults in brackets */
    char decimal, group; /* signs of numbers ('.' ','); group 0: none */
    const str *formats;  /* of dates, strptime-like, tried in order (ISO 8601) */
    uint32_t format_count;
    const str *truthy, *falsy; /* of booleans, folded (true yes y 1 t; false no n 0 f) */
    uint32_t truthy_count, falsy_count;
};

/* Write the JSON value of `text` (UTF-8, trimmed, not empty) into the arena. False: it cannot
 * be read as this type, and `why` is a short sentence in the arena or static ("is no integer").
 */
typedef bool coerce_fn(const struct coerce_setup *setup, struct arena *a, str text, str *value,
                       str *why);
struct coercer {
    const char *name, *summary; /* the word behind `parse:`; a whole sentence for the manual */
    coerce_fn *run;
};
const struct coercer *coercer_find(str name); /* NULL: no such word */
extern const struct coercer coercers[];       /* ends with a NULL name */
