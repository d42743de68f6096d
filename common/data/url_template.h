#pragma once
/* Texts with `{member}` in them, filled from a record so that no value can change what the text
 * means: percent-encoded in a URL, JSON in a body, no control characters in a header.
 * `{address.city}` reaches into an object; `{{` and `}}` are braces (in the JSON of a body, but
 * within its strings, a brace that opens no name is itself). What a call is sent to is literal.
 */
#include "common/base/error.h"
#include "common/data/batch.h"

enum url_template_kind {
    URL_TEMPLATE_URL,    /* http or https; values fill path segments and values of the query */
    URL_TEMPLATE_HEADER, /* the value of one */
    URL_TEMPLATE_JSON,   /* a body: JSON once it is filled */
};
enum {
    URL_TEMPLATE_MAX = 8192,  /* bytes of what is filled */
    URL_TEMPLATE_MEMBERS = 32 /* in one template */
};
struct url_template;

/* NULL: `err` says what is wrong and what to write instead, `*at` the byte of `text` where. All
 * in `a`; `text` is copied. */
struct url_template *url_template_compile(enum url_template_kind kind, str text,
                                          struct arena *a, size_t *at,
                                          struct error *err) MUST_CHECK;
bool url_template_is_literal(const struct url_template *t);
/* What every URL of it begins with: scheme and authority, "https://geo.example:8443". */
str url_template_origin(const struct url_template *t);

enum url_expansion {
    URL_EXPANDED,
    URL_MISSING, /* `member` is absent, null, empty, an object or a list: there is nothing to
                    ask for */
    URL_REFUSED, /* `why` says which rule the values broke */
};
struct url_expanded {
    str text;   /* in the arena, NUL-terminated */
    str member; /* MISSING: its name, as the template has it */
    str why;    /* REFUSED: a static sentence without an end */
};
enum url_expansion url_template_expand(const struct url_template *t, const struct record *r,
                                       struct arena *a, struct url_expanded *to) MUST_CHECK;

/* The member at a path: `name`, or `object.name` where no member is called so. */
bool record_find_path(const struct record *r, str path, str *value) MUST_CHECK;
