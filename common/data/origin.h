#pragma once
/* Where a record came from, to the byte. `sp_id` = `<src>-<row>-<offset>`: the same however
 * often a row is processed. */
#include "common/data/batch.h"

struct origin {
    str src;         /* source id */
    uint64_t row;    /* from 1 */
    uint64_t offset; /* of its first byte in the source */
};

/* From a document's `sp_id`, or from a row's offset and its entry. False: it has neither, and
 * only what the entry says is filled in, offset 0. */
bool origin_of(const struct record *r, struct origin *o);
/* Parse `<src>-<row>-<offset>`. */
bool origin_parse(str id, struct origin *o) MUST_CHECK;
