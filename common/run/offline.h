#pragma once
/* The stages of a pipeline without Redis, network and destination: a file or a record goes in,
 * batches are packed, routed and handed on as workers would do it, and whoever watches hears
 * what became of each record. What reaches a stage that is_end has arrived; nothing is written
 * anywhere. */
#include "common/run/pipeline.h"

struct offline;
struct offline_file { /* what split made of a file, before its first record */
    str uri, src, cols;
    const str *fields; /* of its job, as Redis would have them: name, value, ... */
    uint32_t field_count;
};
enum offline_fate {
    OFFLINE_OUT, /* it arrived, or left the stage where to stop */
    OFFLINE_DEAD,
    OFFLINE_FILTERED,
};
struct offline_end { /* of a record; a fork has several */
    enum offline_fate fate;
    str stage; /* that it ended in; "inbox": it came to none */
    const struct record *record;
    str reason, detail; /* of the dead and the filtered */
};
struct offline_watch { /* each may be NULL; what they are given dies when they return */
    void (*begun)(void *ctx, const struct offline_file *file);
    /* A stage has worked on a record whose line `was` this. */
    void (*worked)(void *ctx, struct worker *w, const struct record *r, str was);
    void (*ended)(void *ctx, const struct offline_end *end);
    void *ctx;
};
struct offline_setup {
    const struct pipeline *pipeline; /* outlives it */
    const struct clock *clock;
    str stop;      /* name of the stage whose records end as they leave it; empty: none */
    uint64_t rows; /* of a file that are read, at least; 0: all */
    const bool *is_enough; /* turned true by a watch: read no more of the file; may be NULL */
    struct offline_watch watch;
    enum canned (*canned)(void *ctx, str stage, str *answer); /* as in struct services */
    void *canned_ctx;
};

/* NULL: a stage cannot be opened, or `stop` is none; ERR_CONFIG. */
struct offline *offline_open(const struct offline_setup *setup, struct error *err) MUST_CHECK;
void offline_close(struct offline *o);

/* A file goes in as if it were sent: from the inbox along the routes. `folder` holds it. A file
 * that cannot be read is a dead letter and no error; ERR_DATA: a stage cannot work offline. */
int offline_file(struct offline *o, str uri, str folder, struct error *err) MUST_CHECK;

/* Records go in: `data`, one a line, rows with their `cols`, documents without. `uri`: the file
 * that they were read from, may be empty. */
enum offline_entrance {
    OFFLINE_INTO,   /* stage `at` works on them, and on they go */
    OFFLINE_ALONE,  /* stage `at` works on them; what leaves it has ended */
    OFFLINE_BEHIND, /* they come from stage `at`, or from "inbox" */
};
struct offline_records {
    str at, data, cols, uri;
    enum offline_entrance entrance;
};
int offline_records(struct offline *o, const struct offline_records *in,
                    struct error *err) MUST_CHECK;

/* A field that split has set in the job of the last file; empty: none. */
str offline_job(const struct offline *o, str name) MUST_CHECK;
uint64_t offline_rows(const struct offline *o); /* of the last file, as far as it was read */

/* Number of a record in its file, from 1. */
uint64_t offline_row(const struct record *r);
