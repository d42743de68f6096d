#pragma once
/* Records -> entries: how the outputs of a batch are packed, within the caps of entry.h. What
 * entry_decode() makes of an entry packed here are the same records. */
#include "common/data/batch.h"

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
 * their entries agree in src, cols, run and at, and rows only when their numbers follow
 * each other. `cols`: column names of the rows (split), or NULL: keep those of the record's
 * entry when its line is a row. */
void pack_records(struct arena *a, struct pack *p, struct record *const *records, uint32_t n,
                  const str *cols);

/* One that was packed elsewhere: `e` must live as long as the pack. */
void pack_append(struct pack *p, struct pack_entry *e);

struct pack_again { /* why a record goes back into its own topic */
    uint32_t try;   /* attempts so far */
    uint64_t tried; /* when the first was, ms since the epoch; 0: leave it out */
    str reason;     /* of the last one; may be empty */
    bool is_copy;   /* the entry that it came with stays in the topic, with the record in it */
};
/* Pack one record as an entry of its own, as its entry was. */
void pack_record_again(struct arena *a, struct pack *p, struct record *r,
                       const struct pack_again *again);
/* The same for many, together where pack_records() would put them so. */
void pack_records_again(struct arena *a, struct pack *p, struct record *const *records,
                        uint32_t n, const struct pack_again *again);
