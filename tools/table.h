#pragma once
/* The parts of `standpipe table`. */
#include "common/data/keys.h"
#include "common/run/pipeline.h"
#include "tools/command.h"

enum { TABLE_KEY_MAX = 8 };
struct table_settings {
    str key;
    uint64_t limit;
    bool json, dry_run, skip_bad, yes;
};
struct table_call {
    struct command_call *call;
    const struct table_settings *options;
    struct keys keys;
    struct loop *loop;   /* NULL before table_connect() */
    struct redis *redis; /* table_disconnect() it */
    str name;            /* of the table; empty: all */
    str table, at;       /* keys */
};
int table_connect(struct table_call *t, struct error *err) MUST_CHECK;
/* What writes it in the applied pipeline; NULL: nothing, or none is applied. `*p` is to be
 * freed whatever the answer. */
const struct pipeline_table *table_writer(struct table_call *t, struct pipeline **p);
/* 0: go on. `what` is to happen, as in "throw away 12 rows". */
int table_ask(const struct table_call *t, str what, struct error *err) MUST_CHECK;

/* Each of them: an exit status, or ERR_* with `err` filled. */
int table_load(struct table_call *t, struct error *err); /* the file is argv[2] */
int table_show(struct table_call *t, struct error *err); /* a key from argv[2] on */
int table_list(struct table_call *t, struct error *err);
int table_drop(struct table_call *t, struct error *err);
