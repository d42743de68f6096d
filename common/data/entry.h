#pragma once
/* Stream fields <-> entry: what an entry needs, what its defaults are, and how outputs are
 * packed. The field names stand in docs/formats.md. */
#include "common/data/batch.h"

enum {
    ENTRY_DATA_MAX = 65400, /* bytes of `data` to stay under: an allocator class of Redis, where
                             * an entry of 65,536 costs 81,953 */
    ENTRY_RECORDS_MAX = 500, /* sub-records that Firehose de-aggregates */
};

/* Fill `e` from `n` strings name, value, name, value ... of stream entry `id`. Unknown fields
 * are kept in `fields`. Returns NULL, or a static word (reason of a dead letter) and a sentence
 * in `detail`: `bad_entry`. */
const char *entry_decode(struct arena *a, struct entry *e, str id, str *fields, uint32_t n,
                         str *detail);

struct pack_entry { /* one output entry */
    struct pack_entry *next;
    str *args; /* its XADD arguments behind the id: name, value ...; in the arena */
    uint32_t arg_count;
    uint32_t records;
    size_t bytes; /* of `data`: what the books count */
};
struct pack { /* outputs for one topic, in the order they came */
    struct pack_entry *first, *last;
    uint32_t entries, records;
    size_t bytes;
};
/* Pack `n` records, all for one topic, into entries of at most ENTRY_DATA_MAX bytes and
 * ENTRY_RECORDS_MAX records; a larger record travels alone. Records share an entry only when
 * their entries agree in src, cols, run, at and try, and rows only when their numbers follow
 * each other. `cols`: column names of the rows (split), or NULL: keep those of the record's
 * entry when its line is a row. */
void pack_records(struct arena *a, struct pack *p, struct record *const *records, uint32_t n,
                  const str *cols);
