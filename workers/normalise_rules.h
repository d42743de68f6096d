#pragma once
/* What the fields of `normalise` declare, compiled: names folded, patterns compiled, defaults
 * coerced. For normalise only. */
#include <regex.h>

#include "common/data/coerce.h"
#include "common/data/findings.h"

enum { NORMALISE_TEXT_MAX = 4096 }; /* bytes that a pattern looks at */

struct normalise_alias { /* a header that a field is taken from */
    str name;            /* folded; empty when it is a pattern */
    regex_t pattern;     /* on the folded header */
};
struct normalise_field {
    str name;   /* JSON string */
    str prefix; /* ,"name": */
    struct normalise_alias *aliases;
    uint32_t alias_count;
    bool has_match;
    regex_t match;                 /* its group 1 is the text */
    const struct coercer *coercer; /* NULL: the value as it stands */
    struct coerce_setup setup;
    str fallback; /* JSON value; empty: none */
    bool is_required;
};
struct normalise_rules {
    struct normalise_field *fields;
    uint32_t n;
};

/* Compile the map `fields`, which may be NULL; all of it lives in `a`. Mistakes go to `f`, and
 * the rules are only good for normalise_rules_free() then. */
void normalise_rules_load(struct normalise_rules *rules, struct arena *a,
                          const struct node *fields, struct findings *f);
void normalise_rules_free(struct normalise_rules *rules);

/* Does the pattern fit the text? Its group 1, when it has one, in `group`: empty when that took
 * no part. `a` takes a copy of the text. */
bool normalise_match(const regex_t *pattern, struct arena *a, str text, str *group);
