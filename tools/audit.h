#pragma once
/* The books of a pipeline against a recount of what stands in Redis. Nothing is written. The
 * entries are read a page at a time, so a topic of any size takes the memory of one page. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/data/keys.h"
#include "common/run/pipeline.h"

struct redis;
enum { AUDIT_LISTED_MAX = 256 };
struct audit_difference {
    str what;         /* a word to group by */
    str where;        /* a topic, or a key */
    uint64_t records; /* missing or too many, 0: unknown */
    str text;         /* the sentence */
};
struct audit_topic {
    str name, key;                      /* of the stage; of its stream */
    int64_t in, out, dead, filtered;    /* totals of the books */
    int64_t records, bytes;             /* waiting, by the books */
    int64_t found_records, found_bytes; /* by the recount */
    uint64_t entries, by_hand;          /* in the stream; of them, not in the books */
    uint64_t left_over;                 /* done, and kept by a pipeline that said so */
    int64_t stranded_bytes;
    uint64_t gone, stranded, stranded_records; /* claimed without a body; claimed by nobody */
    int64_t vanished;                /* entries that left it by a hand that is not ours */
    bool is_counted;                 /* whether anybody can know that */
    uint64_t asleep, asleep_records; /* parked, but nothing says when they are due */
    str asleep_id;
    str stranded_id;                         /* the first of them */
    bool is_kept;                            /* what was settled stays, and waits no more */
    bool has_group, is_splitter, is_letters; /* letters: no workers, and only two books */
    bool is_moving;                          /* it never stood still for a recount */
};
struct audit {
    struct redis *redis;
    const struct keys *keys;
    struct pipeline *pipeline; /* owned */
    struct arena *arena;       /* of all that is kept */
    struct arena page;         /* of what was read last */
    struct error *err;
    struct audit_topic inbox;
    struct audit_topic *topics;
    uint32_t topic_count;
    uint64_t sources, counts; /* hashes looked at */
    struct audit_difference listed[AUDIT_LISTED_MAX];
    uint64_t difference_count; /* those that are not listed as well */
};

void audit_differ(struct audit *a, const char *what, str where, uint64_t records,
                  const char *fmt, ...) PRINTF(5, 6);
int audit_topics(struct audit *a) MUST_CHECK; /* the topics, the dead letters, the inbox */
/* A topic that was recounted; without books: its claims alone. */
void audit_compare(struct audit *a, struct audit_topic *t, bool has_books);
int audit_vanished(struct audit *a) MUST_CHECK; /* streams against what was taken out of them */
int audit_sources(struct audit *a) MUST_CHECK;  /* books of each source; behind the topics */
int audit_counts(struct audit *a) MUST_CHECK;   /* counts are whole numbers */
