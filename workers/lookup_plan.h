#pragma once
/* What `http:` of an `enrich` stage says, checked and compiled: from a record to the request of
 * its look-up. */
#include "common/data/url_template.h"
#include "workers/lookup.h"

extern const struct setting lookup_settings[]; /* rows of `http:` */
struct lookup_plan;

/* All mistakes go to `f`, and NULL comes back when there are any. No I/O. `name`: of the stage.
 * All in `a`, which must live as long as the plan. */
struct lookup_plan *lookup_plan_load(const struct node *http, str name, struct arena *a,
                                     struct findings *f) MUST_CHECK;
/* Read the secrets that headers name; before the first lookup_plan_fill(). */
int lookup_plan_open(struct lookup_plan *p, struct error *err) MUST_CHECK;
const struct lookup_config *lookup_plan_config(const struct lookup_plan *p);
str lookup_plan_origin(const struct lookup_plan *p); /* for `check --live` */

/* The request for one record, in `a`; its key is made of method, URL and body (the URL alone
 * for GET). Else `e` says which member is missing, or why the values are refused. */
enum url_expansion lookup_plan_fill(const struct lookup_plan *p, const struct record *r,
                                    struct arena *a, struct lookup_request *q,
                                    struct url_expanded *e) MUST_CHECK;
