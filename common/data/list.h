#pragma once
/* What the readers of lists share. Private to coerce_list.c and list_read.c. */
#include "common/data/coerce.h"

struct list { /* the items read so far */
    const struct coerce_setup *setup;
    const struct coercer *item;
    struct arena *arena;
    struct coerced *out; /* what was wrong, when one of these returns false */
    str *values;
    uint32_t n, size;
};
bool list_add(struct list *l, str text); /* read as the items are; blank ones are left out */
bool list_add_value(struct list *l, str value); /* JSON */

/* {a,"b c"}: as PostgreSQL writes arrays; NULL is null. */
bool list_read_braces(struct list *l, str text);
/* ['a', None] to JSON, which nobody has checked; empty: a string or an escape is bad. */
str list_from_python(struct arena *a, str text) MUST_CHECK;
