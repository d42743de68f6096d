#pragma once
/* Rows that are no data, and what is done with them. For split only. */
#include "common/base/str.h"
#include "common/data/batch.h"

struct split_policy { /* `drop`, `dead` or `keep` */
    str empty, repeated_header;
};
/* `line` is a row; `header` the header's cells as a JSON array, empty: there was none. PASS, or
 * what happens and why. */
enum verdict split_policy_of(const struct split_policy *p, str line, str header,
                             str *reason) MUST_CHECK;
