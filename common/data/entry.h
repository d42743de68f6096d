#pragma once
/* Stream fields -> entry: what an entry needs and what its defaults are. The field names stand
 * in docs/formats.md; pack.h writes them. */
#include "common/data/batch.h"

enum {
    ENTRY_DATA_MAX = 65400, /* bytes of `data` to stay under: an allocator class of Redis, where
                             * an entry of 65,536 costs 81,953 */
    ENTRY_RECORDS_MAX = 500, /* sub-records that Firehose de-aggregates */
};

/* Fill `e` from `n` strings name, value, name, value ... of stream entry `id`. Unknown fields
 * are kept in `fields`. Returns NULL, or a static word (reason of a dead letter) and a sentence
 * in `detail`: `bad_entry`, and then `e` still holds what could be read. `n` of `e` is what the
 * entry says, else the lines of its data, 1 for a job; batch_cut() sets it to the lines. */
const char *entry_decode(struct arena *a, struct entry *e, str id, str *fields, uint32_t n,
                         str *detail);
