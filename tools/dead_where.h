#pragma once
/* `--where`: a condition in the language of the routes, about a dead letter. It may name the
 * letter's fields and `record`, the record itself: `reason == "required" and record.id == nil`.
 */
#include "common/base/arena.h"
#include "common/base/error.h"

struct letter;
struct dead_where;

/* ERR_USAGE with what is wrong, and where, when it does not compile. */
int where_new(struct dead_where **w, str text, struct error *err) MUST_CHECK;
void where_free(struct dead_where *w); /* may be NULL */
/* Numbers among the fields are numbers. `a` is scratch. ERR_DATA: it raised on this letter. */
int where_test(struct dead_where *w, const struct letter *l, struct arena *a, bool *holds,
               struct error *err) MUST_CHECK;
