#pragma once
/* Records and the batch that owns them. Bytes that a `str` points at never change; to alter a
 * record, add a member to it or point it at a new line. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum verdict {
    VERDICT_PASS,  /* hand on along the routes (default) */
    VERDICT_DROP,  /* filtered on purpose, counted */
    VERDICT_DEAD,  /* dead letter + reason */
    VERDICT_RETRY, /* try this record again later, for a reason of its own: a destination that
                    * fails as a whole is no record's attempt. Not in split. */
};
struct entry {      /* a stream entry: the unit of hand-over and acknowledgement */
    str id;         /* stream id, "1700000000000-0" */
    str data, cols; /* records, one a line; their column names, empty when they are documents */
    str uri, to;    /* only of jobs and of entries made by hand */
    str src, run;   /* source id, 16 hex digits; replay it belongs to; both may be empty */
    str marks;      /* of its records (marks.h); empty: none */
    uint64_t row;   /* number of its first record in the source, from 1 */
    uint64_t at;    /* when it was accepted, ms since the epoch */
    uint32_t n, try; /* number of its records; attempts so far in this stage */
    uint64_t tried;  /* when the first of them was, ms since the epoch; 0: none was */
    uint32_t first;  /* index of its first record in batch.records */
    bool is_booked;  /* it came with `n`: the books know it */
    /* deliver: records that were sent, as noted in Redis; those of them whose answer left it
     * open whether they were taken, for the books; somebody else has it by now: no commit */
    uint32_t sent, ambiguous;
    bool is_gone;
    str *fields; /* all fields as they came: name, value, name, value ... */
    uint32_t field_count;
};
struct member { /* one to append before the closing brace; name and value are raw JSON text, the
                 * name without quotes and without need of escapes */
    struct member *next;
    str name, value;
};
struct record {                  /* one line: the unit of work, of counting and of delivery */
    const struct entry *entry;   /* where it came from */
    str line;                    /* a document {...} or a row [offset,"cell",...]; no newline */
    struct member *added, *last; /* members to append, oldest first */
    enum verdict verdict;
    bool is_untried; /* to be tried again, but this was no attempt: it only had to wait */
    uint32_t number; /* its place in the entry, from 0: its row is entry->row + number */
    uint8_t marks;   /* what split saw of it (marks.h), and nobody has said yet */
    str reason;      /* a static word to group by */
    str detail;      /* a sentence for whoever reads the dead letter */
    const struct route *route; /* set by the runner: where it goes */
};
struct source_note { /* what a source id stands for */
    str src, uri, version;
    uint64_t size;
    /* For the next file of its series: columns, a JSON array; how they differ from those of the
     * one before. Both may be empty. */
    str cols, drift, before;
};
enum care { /* split: what workers that died at this place of the job have taught */
            CARE_NONE,
            CARE_PASS_OVER, /* the next row killed them: it is a dead letter, nobody looks into
                               it */
            CARE_GIVE_UP,   /* passing over it did, too: the file is not touched any more */
};
struct progress {      /* split: the job moves by compare-and-set in the commit with its rows */
    str job;           /* its key */
    uint64_t from, to; /* offset the step began at; the next one */
    uint64_t row;      /* number of the next record */
    bool is_last;      /* the file is done: release the entry */
    str *fields;       /* more fields of the job to set: name, value, ...; may be NULL */
    uint32_t field_count;
    struct source_note *source; /* register it with this commit; may be NULL */
};
struct batch {
    struct arena arena; /* replies, records, members, outputs: all of it */
    struct entry *entries;
    struct record *records;
    uint32_t entry_count, record_count, record_room;
    uint64_t opened_us;        /* monotonic microseconds when it was read */
    struct progress *progress; /* NULL except in split */
    uint64_t step_bytes;       /* split: so much of the file in this step; 0: as it likes */
    enum care care;            /* split: of this step */
    const str *marks; /* keys that say which records went before, one a record; empty: none;
                       * NULL: none has one */
    bool is_cut;      /* its records go back as they are, each an entry of its own */
    bool is_alone; /* suspected of killing its workers: nothing else is under way in this stage,
                    * so nobody comes to join it */
    uint64_t reading; /* rises whenever a worker reads again what it had before */
    void *kept;       /* notes of a stage that keeps it; in the arena */
    void *owner;      /* the runner that read it */
};
/* NOLINTBEGIN(bugprone-macro-parentheses): `r` and `e` are the names that they declare. */
#define batch_each(r, b)                                                                       \
    for (struct record *r = (b)->records; r && r < (b)->records + (b)->record_count; r++)
#define batch_each_entry(e, b)                                                                 \
    for (struct entry *e = (b)->entries; e && e < (b)->entries + (b)->entry_count; e++)
/* NOLINTEND(bugprone-macro-parentheses) */

/* Cut the `data` of each entry into records. An entry whose `n` disagrees with its lines keeps
 * its lines. */
void batch_cut(struct batch *b);
/* split: a new record; the pointer is valid until the next emit. */
struct record *batch_emit(struct batch *b, const struct entry *from, str line, uint32_t number);

/* Value of a member, raw JSON text; added members first, the newest first. */
bool record_find(const struct record *r, str name, str *value) MUST_CHECK;
void record_add(struct batch *b, struct record *r, str name,
                str value); /* our `sp_` names: no look */
/* The same when a member may be called so already: its value goes, whatever comes from it. */
void record_set(struct batch *b, struct record *r, str name, str value);
void record_settle(struct record *r, enum verdict verdict, str reason, str detail);
size_t record_length(const struct record *r);
char *record_write(const struct record *r,
                   char *out); /* at most record_length() bytes; the end */
